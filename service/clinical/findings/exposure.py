"""Slow facts: age, weight lost, and how long a drug was supplied."""

from datetime import date, timedelta

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.findings.measured import in_unit
from service.clinical.guideline import Criterion, Guideline, Quantity


def age(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether the patient is at least, or below, an age in years; unknown without a birth."""
    if chart.birth is None or not chart.sections[Group.PATIENT].complete:
        return unknown(criterion)
    youngest = years_between(chart.birth.last, chart.as_of)
    oldest = years_between(chart.birth.first, chart.as_of)
    if criterion.at_least is not None:
        return yes_or_no(criterion, met=oldest >= criterion.at_least)
    if criterion.above is not None:
        return yes_or_no(criterion, met=oldest > criterion.above)
    return yes_or_no(criterion, met=criterion.below is not None and youngest < criterion.below)


def years_between(birth: date, as_of: date) -> int:
    """Count completed years of life."""
    return as_of.year - birth.year - ((as_of.month, as_of.day) < (birth.month, birth.day))


def drug_exposure(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether a systemic drug was supplied for so many days in the window.

    Days count once however many prescriptions cover them. Source: cms166.
    """
    window = Days(first=days_before(chart.as_of, criterion.within_days or 0), last=chart.as_of)
    supplied = [e for e in chart.about(criterion.value_sets) if _systemic(e, criterion)]
    overlapping = [e for e in supplied if _overlap(e, window)]
    covered = _days_covered(overlapping, window)
    enough = covered >= (criterion.at_least_days or 1)
    return from_evidence(criterion, chart, overlapping if enough else ())


def _systemic(entry: Entry, criterion: Criterion) -> bool:
    label = entry.label.lower()
    return entry.supply is not None and not any(word in label for word in criterion.not_words)


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
    """Say whether measured weights show a loss of at least the criterion's share of the weight.

    Compares the latest weight, which must be fresh, with each earlier one of the look-back.
    """
    weights = _weights(chart, guideline.quantities[criterion.quantity or ""])
    fresh = days_before(chart.as_of, criterion.latest_within_days or 0)
    if not weights or weights[-1][0] < fresh:
        return from_evidence(criterion, chart, ())
    today, now, latest = weights[-1]
    for day, before, entry in weights[:-1]:
        apart = days_between(day, today)
        if apart < (criterion.apart_at_least_days or 0) or apart > (criterion.within_days or 0):
            continue
        if before > 0 and (before - now) / before >= (criterion.fall_share or 1):
            return from_evidence(criterion, chart, (entry, latest))
    return from_evidence(criterion, chart, (), documented=len(weights) > 1)


def _weights(chart: Chart, quantity: Quantity) -> list[tuple[date, float, Entry]]:
    """List the plausible weights by day."""
    found = []
    for entry in chart.about(quantity.value_sets):
        value = in_unit(entry.measure, quantity)
        stated = entry.assertion is Assertion.PRESENT
        if stated and entry.asserted and value is not None:
            found.append((entry.asserted.last, value, entry))
    return sorted(found, key=lambda weight: weight[0])
