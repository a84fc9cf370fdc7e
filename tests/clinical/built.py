"""Charts and questions made by hand, for tests of one question at a time."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from charts import TODAY

from service.clinical.chart import Assertion, Chart, Entry, Group, Section
from service.clinical.dates import Days
from service.clinical.guideline import Criterion, Guideline


def days(first: int, last: int | None = None) -> Days:
    """Give the days that lie so many days back: one, or all from the first to the last."""
    until = first if last is None else last
    return Days(first=TODAY - timedelta(days=first), last=TODAY - timedelta(days=until))


def entry(*concepts: str, **fields: Any) -> Entry:
    """Make an entry; what it is about counts only where a test says so."""
    usual = {
        "reference": "Condition/c",
        "group": Group.CONDITIONS,
        "label": "words",
        "code": None,
        "assertion": Assertion.PRESENT,
    }
    return Entry(concepts=frozenset(concepts), **(usual | fields))


def chart(*entries: Entry, incomplete: tuple[Group, ...] = (), birth: date | None = None) -> Chart:
    """Make the chart of some entries, in which all was read but what is named."""
    by_concept: dict[str, tuple[Entry, ...]] = {}
    for one in entries:
        for concept in sorted(one.concepts):
            by_concept[concept] = (*by_concept.get(concept, ()), one)
    return Chart(
        as_of=TODAY,
        birth=Days(first=birth, last=birth) if birth else None,
        sections={group: Section(group=group) for group in Group},
        entries=entries,
        by_concept=by_concept,
        incomplete=frozenset(incomplete),
    )


def asking(guideline: Guideline, criterion: str, **fields: Any) -> Criterion:
    """Give a criterion of the content, with some of its fields as a test wants them."""
    return replace(guideline.criteria[criterion], **fields)
