"""What is remembered between calls: codes under their own names, and no words of any chart."""

import json
from datetime import date, timedelta

import pytest
from charts import ICD, SNOMED, TODAY, ago, back_pain, call, condition
from conftest import Judge
from test_cases import CASES, FIXTURES, the_case

from service.clinical import memory
from service.clinical.fhir import CodeableConcept, CodeableReference, Coding

OURS = "urn:oid:1.2.3.4"
NAME = "Acute low back pain"


def coded(system: str, display: str | None = NAME, code: str | None = "279039007") -> Coding:
    return Coding(system=system, code=code, display=display)


@pytest.mark.parametrize(
    ("concept", "kept"),
    [
        (CodeableConcept(coding=(coded(SNOMED),)), True),
        (CodeableConcept(coding=(coded(SNOMED),), text=NAME), True),
        (CodeableConcept(coding=(coded(SNOMED, None), coded(ICD, code="M54.50"))), True),
        (CodeableConcept(coding=(coded(SNOMED),), text="Since Ada fell from her horse"), False),
        (CodeableConcept(coding=(coded(OURS),)), False),
        (CodeableConcept(coding=(coded(SNOMED), coded(OURS))), False),
        (CodeableConcept(coding=(coded(SNOMED, code=None),)), False),
        (CodeableConcept(coding=(coded(SNOMED, None),), text=""), True),
        (CodeableConcept(coding=(coded(SNOMED, "x" * 200),)), True),
        (CodeableConcept(coding=(coded(SNOMED, "x" * 201),)), False),
        (CodeableConcept(text=NAME), False),
        (CodeableConcept(coding=(coded(SNOMED, code="1" * 21),)), False),
        (CodeableConcept(coding=(coded(SNOMED, code="John Smith"),)), False),
        (CodeableConcept(coding=(coded(SNOMED),) * 8), True),
        (CodeableConcept(coding=(coded(SNOMED),) * 9), False),
        (CodeableReference(coding=(coded(SNOMED),)), False),
    ],
)  # fmt: skip
def test_only_published_codes_under_their_own_names_are_kept(
    concept: CodeableConcept, kept: bool, judge: Judge
) -> None:
    terms = judge.desk.guideline.reading.terms
    assert memory.may_be_kept(memory.Memory(), terms, concept) is kept


def test_nothing_written_about_a_patient_outlives_the_call(judge: Judge) -> None:
    words = "Pain since Ada fell from her horse"
    day = TODAY + timedelta(days=400)  # of which no other test has asked
    own = condition("M54.50", words, onsetDateTime=ago(3))
    judge(call(own, back_pain(note=[{"text": words}]), condition(None, words)), day)
    kept = memory.kept(judge.desk.guideline.reading, day)
    assert words not in repr([(m.words, m.known) for m in kept.meanings.values()])
    assert words not in repr(kept.names)


def test_the_memory_is_bounded(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_CODES", 3)
    day = TODAY + timedelta(days=401)
    some = [
        condition(f"M54.{n}", None, id=f"c{n}", onsetDateTime=ago(3)) for n in range(10)
    ]  # fmt: skip
    judge(call(back_pain(), *some), day)
    assert len(memory.kept(judge.desk.guideline.reading, day).meanings) == 3


def test_of_a_day_that_is_over_nothing_is_kept(judge: Judge) -> None:
    reading = judge.desk.guideline.reading
    for number in range(5):
        judge(call(condition("M54.50", None)), TODAY + timedelta(days=500 + number))
    assert memory.kept(reading, TODAY + timedelta(days=504)).meanings
    assert not memory.kept(reading, TODAY + timedelta(days=500)).meanings


@pytest.mark.parametrize("name", CASES[::5])
def test_what_was_remembered_changes_no_answer(name: str, judge: Judge) -> None:
    body = (FIXTURES / name / "request.json").read_bytes()
    day = date.fromisoformat(the_case(FIXTURES / name)["as_of"])
    warm = [judge(body, day) for _ in range(2)][1]
    memory.forget()
    assert json.dumps(judge(body, day)) == json.dumps(warm)


@pytest.mark.parametrize(
    ("name", "before", "recorded", "rule"),
    [
        ("Foot drop since November 2026", "2025-10-01", "2026-11-05", "R20"),
        ("Leg weakness since November 2026", "2025-10-01", "2026-11-05", "R20"),
        ("Low back pain since October 2026", "2025-10-01", "2026-11-05", "R67"),
        ("Cauda equina syndrome 2020", "2019-10-01", "2026-11-21", "R60"),
    ],
)
@pytest.mark.parametrize("same_call", [False, True])
def test_a_date_in_a_name_is_read_for_each_patient_anew(
    name: str, before: str, recorded: str, rule: str, same_call: bool, judge: Judge
) -> None:
    """Written before that date it says nothing of it; on a later day it does."""
    day = date(2026, 11, 26) + timedelta(days=same_call)

    def named(recorded_on: str, number: int) -> dict:
        return condition(
            "999000001", name, system=SNOMED, id=f"c{number}", recordedDate=recorded_on,
            clinicalStatus={"coding": [{"code": "active"}]},
        )  # fmt: skip

    def call_with(*conditions: dict) -> dict:
        for one in conditions:
            one["code"]["coding"][0]["display"] = name
        pain = () if "pain" in name else (back_pain(onsetDateTime=ago(10)),)
        return call(*pain, *conditions)

    memory.forget()
    alone = judge.advice(call_with(named(recorded, 1)), day)
    memory.forget()
    if same_call:
        judge(call_with(named(before, 2), named(recorded, 1)), day)
    else:
        judge(call_with(named(before, 2)), day)
    after = judge.advice(call_with(named(recorded, 1)), day)
    assert alone.assessment.row.rule == rule
    assert after.assessment.row.id == alone.assessment.row.id
    assert [e.onset for e in after.chart.entries] == [e.onset for e in alone.chart.entries]


def test_each_way_of_reading_has_a_memory_of_its_own_for_two_days() -> None:
    first, second, third = (TODAY + timedelta(days=600 + number) for number in range(3))
    one = memory.kept("one", first)
    assert memory.kept("other", first) is not one
    two = memory.kept("one", second)
    assert (memory.kept("one", first) is one, memory.kept("one", second) is two) == (True, True)
    memory.kept("one", third)
    assert memory.kept("one", first) is not one
