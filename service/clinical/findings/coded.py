"""Coded entries: does the chart hold an entry of these value sets, of this age and assertion?"""

from itertools import product

from service.clinical.chart import Chart, Entry, Group, Side
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion, DateOf

# ICD-10-CM injury codes end in the kind of encounter: A and B are the first for the injury.
_FIRST_ENCOUNTER = ("A", "B")
_INJURY_CODE_LENGTH = 7
_SIDES_WITHIN_DAYS = 30


def coded_entry(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether an entry of the criterion's value sets stands in the chart, in its window."""
    matching = [e for e in chart.about(criterion.value_sets) if matches(e, criterion, chart)]
    return from_evidence(criterion, chart, matching)


def matches(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    """Whether one entry asserts what the criterion asks for, in its window."""
    if entry.assertion not in criterion.assertions:
        return False
    if criterion.groups and entry.group not in (*criterion.groups, Group.ORDER):
        return False
    if criterion.initial_encounter_only and not _first_encounter(entry):
        return False
    return in_window(_date(entry, criterion), criterion, chart)


def in_window(days: Days | None, criterion: Criterion, chart: Chart) -> bool:
    """Whether a date lies in the criterion's look-back; a partial date may, so it does."""
    if days is None:
        return criterion.undated or _unbounded(criterion)
    if criterion.within_days is not None:
        earliest = days_before(chart.as_of, criterion.within_days)
        if days.last < earliest:
            return False
    if criterion.older_than_days is not None:
        return days.first < days_before(chart.as_of, criterion.older_than_days)
    return True


def _unbounded(criterion: Criterion) -> bool:
    return criterion.within_days is None and criterion.older_than_days is None


def _date(entry: Entry, criterion: Criterion) -> Days | None:
    """Pick the date the look-back counts from; what is over counts from its end."""
    if entry.ended is not None and criterion.within_days is not None:
        return entry.ended
    return entry.dated if criterion.date_of is DateOf.ONSET else entry.written


def _first_encounter(entry: Entry) -> bool:
    code = (entry.code or "").replace(".", "")
    if len(code) != _INJURY_CODE_LENGTH or code.isdigit():
        return True
    return code.upper().endswith(_FIRST_ENCOUNTER)


def both_sides(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether both legs are affected: said so, or left and right within thirty days.

    The onset of bilateral symptoms is that of the second side. Source: girft-ces-2023.
    """
    entries = [e for e in chart.about(criterion.value_sets) if e.assertion in criterion.assertions]
    both = [e for e in entries if e.side is Side.BOTH and in_window(e.dated, criterion, chart)]
    if both:
        return from_evidence(criterion, chart, both)
    left = [e for e in entries if e.side is Side.LEFT]
    right = [e for e in entries if e.side is Side.RIGHT]
    for one, other in product(left, right):
        second = _second_side(one, other)
        if _together(one, other) and in_window(second, criterion, chart):
            return from_evidence(criterion, chart, (one, other))
    return from_evidence(criterion, chart, ())


def _second_side(one: Entry, other: Entry) -> Days | None:
    """Give the date of the side that came second; undated if either is."""
    if one.dated is None or other.dated is None:
        return None
    return max(one.dated, other.dated, key=lambda days: days.last)


def _together(one: Entry, other: Entry) -> bool:
    """Whether two sides were written down close enough to be one picture, or may have been."""
    if one.written is None or other.written is None:
        return True
    return abs(days_between(one.written.last, other.written.last)) <= _SIDES_WITHIN_DAYS
