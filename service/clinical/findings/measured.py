"""Measured values: is a reading at or beyond a limit, in its unit, in its window?"""

from service.clinical.chart import Chart, Entry, Measure
from service.clinical.findings.coded import in_window
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion


def measured_value(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether a reading reaches the criterion's limit; any reading in the window may."""
    readings = [e for e in chart.about(criterion.value_sets) if _reaches(e, criterion, chart)]
    return from_evidence(criterion, chart, readings)


def _reaches(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    if entry.measure is None or entry.assertion not in criterion.assertions:
        return False
    if not in_window(entry.asserted, criterion, chart):
        return False
    if criterion.flagged_high == "high" and entry.measure.high:
        return True
    if criterion.flagged_high == "very-high" and entry.measure.very_high:
        return True
    return _beyond(in_unit(entry.measure, criterion), criterion)


def _beyond(value: float | None, criterion: Criterion) -> bool:
    if value is None:
        return False
    if criterion.at_least is not None and value >= criterion.at_least:
        return True
    return criterion.below is not None and value < criterion.below


def in_unit(measure: Measure, criterion: Criterion) -> float | None:
    """Convert a reading to the criterion's own unit; None when its unit is not known.

    Fahrenheit is told from Celsius by size where the unit is missing: 95 to 110 is Fahrenheit.
    """
    unit = (measure.unit or "").strip().lower()
    if unit in _FAHRENHEIT and "cel" in criterion.units:
        return _plausible((measure.value - 32) * 5 / 9)
    if not unit and "cel" in criterion.units:
        guess = (measure.value - 32) * 5 / 9 if measure.value > _CELSIUS_MAX else measure.value
        return _plausible(guess)
    if "cel" in criterion.units:
        return _plausible(measure.value) if unit in criterion.units else None
    factor = criterion.units.get(unit)
    return measure.value * factor if factor is not None else None


_FAHRENHEIT = frozenset({"[degf]", "degf", "f", "°f", "deg f"})
_CELSIUS_MIN, _CELSIUS_MAX = 30.0, 45.0


def _plausible(celsius: float) -> float | None:
    """Drop a body temperature that no living patient has: it is a slip of the pen."""
    rounded = round(celsius, 1)
    return rounded if _CELSIUS_MIN <= rounded <= _CELSIUS_MAX else None
