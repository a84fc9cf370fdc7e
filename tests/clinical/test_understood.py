"""What was understood of the chart of every case, on the way to its answer.

A change that reads a chart in another way and happens to give the same cards would be seen by
nobody. `pytest --update-golden` writes the file: read its diff beside that of the answers.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pytest
from conftest import ROOT, Judge
from msgspec import structs
from test_cases import CASES, FIXTURES, the_case

from service.clinical.advise import Advice
from service.clinical.chart import Entry, Measure
from service.clinical.dates import Days
from service.clinical.guideline import Status
from service.clinical.order import Order
from service.web.answer import advices

GOLDEN = ROOT / "tests" / "data" / "understood.json"
KEPT = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
PLAIN = {field.name: field.default for field in structs.fields(Entry)}


def told(value: Any) -> str:
    """Give a value of an entry in a word or two."""
    if isinstance(value, Days):
        return str(value.first) if value.exact else f"{value.first}..{value.last}"
    if isinstance(value, Measure):
        marks = f"{' high' * value.high}{' very high' * value.very_high}"
        return f"{value.value} {value.unit}{marks}"
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def entry(one: Entry) -> str:
    """Give all that an entry says beyond the usual, in one line."""
    fields = [
        f"{name}={told(value)}"
        for name, value in structs.asdict(one).items()
        if name != "reference" and value != PLAIN[name]
    ]
    return f"{one.reference}: {', '.join(fields)}"


def references(entries: Iterable[Entry]) -> str:
    return " ".join(one.reference for one in entries)


def findings(advice: Advice) -> Iterator[str]:
    """Give the answers to the criteria that are more than a silent no."""
    plain_no = []
    for name, one in sorted(advice.assessment.findings.by_criterion.items()):
        if one.status is Status.NOT_MET and not one.denied:
            plain_no += [name] if one.documented else []
            continue
        said = "" if one.documented else ", not documented"
        denied = f"; denied {references(one.denied)}" if one.denied else ""
        parts = f"; parts {' '.join(one.parts)}" if one.parts else ""
        yield f"{name}: {one.status}{said}: {references(one.evidence)}{denied}{parts}"
    yield f"documented, and not met: {' '.join(plain_no)}"


def order(one: Order) -> str:
    fields = {"concepts": one.concepts, "contrast": one.contrast, "whole spine": one.whole_spine}
    return f"{one.id}: {', '.join(f'{name} {told(value)}' for name, value in fields.items())}"


def clocks(advice: Advice) -> Iterator[str]:
    """Give how long the episode has lasted by each source, and the care so far."""
    found = advice.assessment.findings
    for one in (found.duration, *found.disputed):
        onset = told(one.onset) if one.onset else None
        yield (
            f"{one.at_least}..{one.at_most} days, onset {onset}, contact {one.first_contact}"
            f"{', a flare' * one.flare}: {references(one.evidence)}"
        )
    care = found.care
    yield f"care {care.extent} for {care.days} days: {references(care.evidence)}"


def understood(advice: Advice) -> dict[str, Any]:
    return {
        "order": order(advice.order),
        "sections": [
            f"{group}: {' '.join(section.limits)}{' empty' * section.asserted_empty}"
            for group, section in advice.chart.sections.items()
            if section.limits or section.asserted_empty
        ],
        "entries": [entry(one) for one in advice.chart.entries],
        "clocks": list(clocks(advice)),
        "findings": list(findings(advice)),
        "rows": [row.id for row in (advice.assessment.row, *advice.assessment.also)],
    }


@pytest.mark.parametrize("name", CASES)
def test_the_chart_of_a_case_is_understood_as_before(
    name: str, judge: Judge, request: pytest.FixtureRequest
) -> None:
    as_of = date.fromisoformat(the_case(FIXTURES / name)["as_of"])
    given = advices((FIXTURES / name / "request.json").read_bytes(), judge.desk, as_of)
    shown = [understood(advice) for advice in given]
    if request.config.getoption("--update-golden"):
        KEPT[name] = shown
        there = {one: KEPT[one] for one in sorted(KEPT.keys() & set(CASES))}
        text = json.dumps(there, indent=1, ensure_ascii=False, sort_keys=True)
        GOLDEN.write_text(f"{text}\n", encoding="utf-8")
    assert shown == KEPT[name]


def test_nothing_is_kept_of_a_case_that_is_gone() -> None:
    assert KEPT.keys() == set(CASES)
