"""Coded entries: does the chart hold an entry of these value sets, of this age and assertion?"""

from itertools import product

from service.clinical.chart import Assertion, Chart, Entry, Group, Side
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion, DateOf

# ICD-10-CM injury codes end in the kind of encounter: A and B are the first for the injury.
_FIRST_ENCOUNTER = ("A", "B")
_INJURY_CODE_LENGTH = 7
UNSETTLED = frozenset({Assertion.UNCLEAR, Assertion.SILENT})


def coded_entry(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether an entry of the criterion's value sets stands in the chart, in its window.

    An entry of that window which names the matter but does not settle it leaves the answer open.
    """
    entries = [e for e in chart.about(criterion.value_sets) if _considered(e, criterion, chart)]
    return from_evidence(
        criterion,
        chart,
        [e for e in entries if e.assertion in criterion.assertions],
        unsettled=[e for e in entries if e.assertion in UNSETTLED],
        documented=any(e.assertion is Assertion.ABSENT for e in entries),
    )


def _considered(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    """Whether one entry stands where and when the criterion looks."""
    if criterion.groups and entry.group not in (*criterion.groups, Group.ORDER):
        return False
    if criterion.initial_encounter_only and not _first_encounter(entry):
        return False
    when = _date(entry, criterion)
    if when is None and entry.assertion in UNSETTLED:
        return True
    return in_window(when, criterion, chart)


def in_window(days: Days | None, criterion: Criterion, chart: Chart) -> bool:
    """Whether a date lies in the criterion's look-back; a partial date may, so it does."""
    if criterion.within_days is None:
        return True
    if days is None:
        return criterion.undated
    return days.last >= days_before(chart.as_of, criterion.within_days)


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
    """Say whether both legs are affected: said so, or left and right close together.

    The onset of bilateral symptoms is that of the second side. Source: girft-ces-2023.
    """
    said = list(chart.about(criterion.value_sets))
    entries = [e for e in said if e.assertion in criterion.assertions]
    both = [e for e in entries if e.side is Side.BOTH and in_window(e.dated, criterion, chart)]
    if both:
        return from_evidence(criterion, chart, both)
    left = [e for e in entries if e.side is Side.LEFT]
    right = [e for e in entries if e.side is Side.RIGHT]
    for one, other in product(left, right):
        second = _second_side(one, other)
        if _together(one, other, criterion) and in_window(second, criterion, chart):
            return from_evidence(criterion, chart, (one, other))
    open_ = [e for e in said if e.assertion in UNSETTLED and e.side is Side.BOTH]
    unsettled = [e for e in open_ if in_window(e.dated, criterion, chart)]
    return from_evidence(criterion, chart, (), unsettled=unsettled)


def _second_side(one: Entry, other: Entry) -> Days | None:
    """Give the date of the side that came second; undated if either is."""
    if one.dated is None or other.dated is None:
        return None
    return max(one.dated, other.dated, key=lambda days: days.last)


def _together(one: Entry, other: Entry, criterion: Criterion) -> bool:
    """Whether two sides were written down close enough to be one picture, or may have been."""
    if one.written is None or other.written is None:
        return True
    apart = abs(days_between(one.written.last, other.written.last))
    return apart <= (criterion.together_within_days or 0)
