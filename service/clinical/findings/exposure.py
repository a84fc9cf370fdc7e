"""Slow facts: age, weight lost, and how long a drug was supplied."""

from datetime import date

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.findings.measured import in_unit
from service.clinical.guideline import Criterion

_YEAR_DAYS = 365
_NOW_DAYS = 30
_LIGHTEST_KG, _HEAVIEST_KG = 20.0, 400.0
_WEIGHT = ("obs-body-weight",)


def age(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether the patient is at least, or below, an age in years; unknown without a birth."""
    if chart.birth is None or not chart.sections[Group.PATIENT].complete:
        return unknown(criterion)
    youngest = years_between(chart.birth.last, chart.as_of)
    oldest = years_between(chart.birth.first, chart.as_of)
    if criterion.at_least is not None:
        return yes_or_no(criterion, met=oldest >= criterion.at_least)
    return yes_or_no(criterion, met=youngest < (criterion.below or 0))


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
    enough = covered >= (criterion.minimum_days or 1)
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
    covered, until = 0, None
    for first, last in spans:
        begin = first if until is None or first > until else until
        covered += max(days_between(begin, last) + (1 if begin == first else 0), 0)
        until = last if until is None else max(until, last)
    return covered


def weight_loss(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether measured weights show a loss of at least the criterion's share of the weight.

    Compares the latest weight (of the last 30 days) with each 30 to 365 days old; the
    share must be lost within a year. Values that no adult weighs are dropped.
    """
    weights = _weights(chart, criterion)
    if not weights or weights[-1][0] < days_before(chart.as_of, _NOW_DAYS):
        return from_evidence(criterion, chart, ())
    today, now, latest = weights[-1]
    for day, before, entry in weights[:-1]:
        apart = days_between(day, today)
        if _NOW_DAYS <= apart <= _YEAR_DAYS and before > 0:
            share = (before - now) / before
            if share >= (criterion.at_least or 1):
                return from_evidence(criterion, chart, (entry, latest))
    return from_evidence(criterion, chart, ())


def _weights(chart: Chart, criterion: Criterion) -> list[tuple[date, float, Entry]]:
    found = []
    for entry in chart.about(_WEIGHT):
        kilograms = _kilograms(entry, criterion)
        if entry.asserted and kilograms is not None:
            found.append((entry.asserted.last, kilograms, entry))
    return sorted(found, key=lambda weight: weight[0])


def _kilograms(entry: Entry, criterion: Criterion) -> float | None:
    if entry.measure is None or entry.assertion is not Assertion.PRESENT:
        return None
    kilograms = in_unit(entry.measure, criterion)
    if kilograms is None or not _LIGHTEST_KG <= kilograms <= _HEAVIEST_KG:
        return None
    return kilograms
