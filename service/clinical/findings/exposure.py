"""Slow facts: age, weight lost, and how long a drug was supplied."""

from datetime import date, timedelta

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between, years_between
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.findings.measured import decimal, in_unit
from service.clinical.guideline import Criterion, Guideline, Quantity

Weight = tuple[date, float, Entry]
_FAR = 0.25  # of the neighbouring weight: no patient gains and loses that between two visits
_STANDING = frozenset({Assertion.PRESENT, Assertion.HISTORICAL})


def age(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether the patient is at least, or below, an age in years; unknown without a birth."""
    known = chart.birth is not None and chart.sections[Group.PATIENT].complete
    if criterion.not_known:
        return yes_or_no(criterion, met=not known)
    if chart.birth is None or not known:
        return unknown(criterion)
    youngest = years_between(chart.birth.last, chart.as_of)
    oldest = years_between(chart.birth.first, chart.as_of)
    if criterion.at_least is not None:
        return yes_or_no(criterion, met=oldest >= criterion.at_least)
    if criterion.above is not None:
        return yes_or_no(criterion, met=oldest > criterion.above)
    return yes_or_no(criterion, met=criterion.below is not None and youngest < criterion.below)


def drug_exposure(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether a systemic drug was supplied for so many days in the window, in such a dose.

    Days count once however many prescriptions cover them. Source: cms166.
    """
    window = Days(first=days_before(chart.as_of, criterion.within_days or 0), last=chart.as_of)
    supplied = [e for e in chart.about(criterion.value_sets) if _systemic(e, criterion)]
    overlapping = [e for e in supplied if _overlap(e, window)]
    covered = _days_covered(overlapping, window)
    enough = covered >= (criterion.at_least_days or 1)
    return from_evidence(criterion, chart, overlapping if enough else ())


def _systemic(entry: Entry, criterion: Criterion) -> bool:
    if entry.assertion is not Assertion.PRESENT:
        return False
    label = entry.label.lower()
    enough = criterion.at_least is None or (entry.daily_dose or 0) >= criterion.at_least
    return (
        enough
        and entry.supply is not None
        and not any(word in label for word in criterion.not_words)
    )


def _overlap(entry: Entry, window: Days) -> bool:
    supply = entry.supply
    return supply is not None and supply.first <= window.last and supply.last >= window.first


def _days_covered(entries: list[Entry], window: Days) -> int:
    """Count the days of the window that at least one supply covers."""
    spans = sorted(
        (max(e.supply.first, window.first), min(e.supply.last, window.last))
        for e in entries
        if e.supply
    )
    covered = 0
    begin = window.first
    for first, last in spans:
        begin = max(begin, first)
        if last >= begin:
            covered += days_between(begin, last) + 1
            begin = last + timedelta(days=1)
    return covered


def weight_loss(criterion: Criterion, chart: Chart, guideline: Guideline) -> Finding:
    """Say whether measured weights show a loss that nothing explains.

    Compares the latest weight, which must be fresh, with each earlier one of the look-back: a loss
    of the criterion's share, or of its amount where that is longer ago. A weight far from both of
    its neighbours is a slip of the pen. A known reason (surgery, a diet) explains it.
    """
    weights = _plausible(_weights(chart, guideline.quantities[criterion.quantity]))
    fresh = days_before(chart.as_of, criterion.latest_within_days or 0)
    if not weights or weights[-1][0] < fresh:
        return from_evidence(criterion, chart, ())
    today, now, latest = weights[-1]
    for day, before, entry in weights[:-1]:
        apart = days_between(day, today)
        if apart < (criterion.apart_at_least_days or 0) or apart > (criterion.within_days or 0):
            continue
        if _lost(criterion, before, now) and not _explained(criterion, chart):
            return yes_or_no(criterion, met=True, evidence=(entry, latest))
    return from_evidence(criterion, chart, (), documented=len(weights) > 1)


def _lost(criterion: Criterion, before: float, now: float) -> bool:
    """Whether the loss is a share of the weight or, as absolute amount, as much as asked."""
    lost = decimal(before - now)
    share = criterion.fall_share is not None and lost >= decimal(before * criterion.fall_share)
    amount = criterion.fall_at_least is not None and lost >= criterion.fall_at_least
    return share or amount


def _explained(criterion: Criterion, chart: Chart) -> bool:
    since = days_before(chart.as_of, criterion.within_days or 0)
    return any(
        e.assertion in _STANDING and (e.written is None or e.written.last >= since)
        for e in chart.about(criterion.muted_by)
    )


def _weights(chart: Chart, quantity: Quantity) -> list[Weight]:
    """List the weights by day; of several on one day the lowest last."""
    found = []
    for entry in chart.about(quantity.value_sets):
        value = in_unit(entry.measure, quantity)
        stated = entry.assertion is Assertion.PRESENT
        if stated and entry.asserted and value is not None:
            found.append((entry.asserted.last, value, entry))
    return sorted(found, key=lambda weight: (weight[0], -weight[1]))


def _plausible(weights: list[Weight]) -> list[Weight]:
    """Leave out a weight that lies far from both of its neighbours."""
    return [
        weight
        for number, weight in enumerate(weights)
        if not (
            0 < number < len(weights) - 1
            and _far(weight[1], weights[number - 1][1])
            and _far(weight[1], weights[number + 1][1])
        )
    ]


def _far(one: float, other: float) -> bool:
    return abs(one - other) > _FAR * other
