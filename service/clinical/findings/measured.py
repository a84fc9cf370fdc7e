"""Measured values: is a reading at or beyond a limit, in its unit, in its window?"""

from service.clinical.chart import Assertion, Chart, Entry, Measure
from service.clinical.findings.coded import in_window
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion, Guideline, Quantity, Unit

# Enough to undo what binary arithmetic adds to a conversion, and finer than anything measured.
_DECIMALS = 6


def measured_value(criterion: Criterion, chart: Chart, guideline: Guideline) -> Finding:
    """Say whether a reading reaches the criterion's limit; any reading in the window may.

    A reading that cannot be turned into a number of the quantity leaves the answer open.
    """
    quantity = guideline.quantities[criterion.quantity or ""]
    readings = [e for e in chart.about(quantity.value_sets) if _considered(e, criterion, chart)]
    known = [(e, in_unit(e.measure, quantity)) for e in readings]
    return from_evidence(
        criterion,
        chart,
        [e for e, value in known if _flagged(e, criterion) or reaches(value, criterion)],
        unsettled=[e for e, value in known if value is None],
        documented=any(value is not None for _, value in known),
    )


def _considered(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    said = entry.assertion in criterion.assertions or entry.assertion is Assertion.UNCLEAR
    return said and in_window(entry.asserted, criterion, chart)


def _flagged(entry: Entry, criterion: Criterion) -> bool:
    """Whether the laboratory itself called the reading as high as the criterion asks."""
    if entry.measure is None:
        return False
    return (criterion.flagged == "high" and entry.measure.high) or (
        criterion.flagged == "very-high" and entry.measure.very_high
    )


def reaches(value: float | None, criterion: Criterion) -> bool:
    """Whether a number, in the unit of the criterion, lies at or beyond its limit."""
    if value is None:
        return False
    return (
        (criterion.at_least is not None and value >= criterion.at_least)
        or (criterion.above is not None and value > criterion.above)
        or (criterion.below is not None and value < criterion.below)
        or (criterion.at_most is not None and value <= criterion.at_most)
    )


def in_unit(measure: Measure | None, quantity: Quantity) -> float | None:
    """Convert a reading to the quantity's own unit.

    None when there is no number, its unit is not known, or no living patient has it.
    """
    unit = _unit_of(measure, quantity) if measure else None
    if measure is None or unit is None:
        return None
    value = round((measure.value - unit.minus) * unit.times, _DECIMALS)
    if quantity.lowest is not None and value < quantity.lowest:
        return None
    if quantity.highest is not None and value > quantity.highest:
        return None
    return value


def _unit_of(measure: Measure, quantity: Quantity) -> Unit | None:
    """Find a reading's unit: as written or, where none is, as its size suggests."""
    name = (measure.unit or "").strip().lower()
    if not name:
        sizes = (unit for low, high, unit in quantity.bare if low <= measure.value <= high)
        name = next(sizes, "")
    return next((unit for unit in quantity.units if name in unit.names), None)
