"""Measured values: is a reading at or beyond a limit, in its unit, in its window?"""

from collections.abc import Iterable

from service.clinical.chart import Assertion, Chart, Entry, Measure
from service.clinical.dates import years_between
from service.clinical.findings.coded import in_window
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion, Guideline, Quantity, Unit

_DECIMALS = 6  # finer than anything measured
_STANDING = frozenset({Assertion.PRESENT, Assertion.HISTORICAL})


def measured_value(criterion: Criterion, chart: Chart, guideline: Guideline) -> Finding:
    """Say whether a reading reaches the criterion's limit; any reading in the window may.

    A reading that cannot be turned into a number of the quantity leaves the answer open.
    """
    quantity = guideline.quantities[criterion.quantity]
    readings = [e for e in chart.about(quantity.value_sets) if _considered(e, criterion, chart)]
    if criterion.latest_only:
        readings = latest(readings)
    known = [(e, in_unit(e.measure, quantity)) for e in readings]
    limit = _by_age(criterion, chart)
    high = [e for e, v in known if _flagged(e, criterion) or reaches(v, criterion, limit)]
    if high and _explained(criterion, chart, quantity):
        high = []
    return from_evidence(
        criterion,
        chart,
        high,
        unsettled=[e for e, value in known if value is None],
        documented=any(value is not None for _, value in known),
    )


def _considered(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    said = entry.assertion in criterion.assertions or entry.assertion is Assertion.UNCLEAR
    return said and in_window(entry.written, criterion, chart)


def latest(entries: Iterable[Entry]) -> list[Entry]:
    """Keep the readings of the last day; undated ones stay, since they may be of today."""
    some = list(entries)
    last = max((e.written.last for e in some if e.written), default=None)
    return [e for e in some if e.written is None or e.written.last == last]


def _by_age(criterion: Criterion, chart: Chart) -> float | None:
    """Give a limit that grows with age: half of it, plus what the criterion says.

    Without a birth date there is none, and the fixed limit decides.
    """
    if criterion.above_half_of_age is None or chart.birth is None:
        return None
    return years_between(chart.birth.first, chart.as_of) / 2 + criterion.above_half_of_age


def _explained(criterion: Criterion, chart: Chart, quantity: Quantity) -> bool:
    """Whether a chronic disorder may explain a reading, and no lower one stood before it."""
    if not any(e.assertion in _STANDING for e in chart.about(criterion.muted_by)):
        return False
    values = [in_unit(e.measure, quantity) for e in chart.about(quantity.value_sets)]
    return not any(v is not None and not reaches(v, criterion) for v in values)


def _flagged(entry: Entry, criterion: Criterion) -> bool:
    """Whether the laboratory itself called the reading as high as the criterion asks."""
    if entry.measure is None:
        return False
    return (criterion.flagged == "high" and entry.measure.high) or (
        criterion.flagged == "very-high" and entry.measure.very_high
    )


def reaches(value: float | None, criterion: Criterion, above: float | None = None) -> bool:
    """Whether a number, in the unit of the criterion, lies at or beyond its limits.

    Where a criterion has a lower and an upper limit, both hold; `above` takes the place of its own.
    """
    if value is None:
        return False
    limit = criterion.above if above is None else above
    tests = (
        criterion.at_least is None or value >= criterion.at_least,
        limit is None or value > limit,
        criterion.below is None or value < criterion.below,
        criterion.at_most is None or value <= criterion.at_most,
    )
    return all(tests)


def decimal(number: float) -> float:
    """Undo what binary arithmetic adds to a conversion, a difference or a share."""
    return round(number, _DECIMALS)


def in_unit(measure: Measure | None, quantity: Quantity) -> float | None:
    """Convert a reading to the quantity's own unit.

    None when there is no number, its unit is not known, or no living patient has it.
    """
    unit = _unit_of(measure, quantity) if measure else None
    if measure is None or unit is None:
        return None
    value = decimal((measure.value - unit.minus) * unit.times)
    if quantity.lowest is not None and value < quantity.lowest:
        return None
    if quantity.highest is not None and value > quantity.highest:
        return None
    return value


def _unit_of(measure: Measure, quantity: Quantity) -> Unit | None:
    """Find a reading's unit: as written or, where none is, as its size suggests."""
    written = (measure.unit or "").strip().lower()
    sized = (unit for low, high, unit in quantity.bare if low <= measure.value <= high)
    names = {written} if written else set(sized)
    return next((unit for unit in quantity.units if not names.isdisjoint(unit.names)), None)
