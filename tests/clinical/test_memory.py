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
        (CodeableConcept(coding=(coded(SNOMED, "x" * 201),)), False),
        (CodeableConcept(text=NAME), False),
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


@pytest.mark.parametrize("name", CASES[::5])
def test_what_was_remembered_changes_no_answer(name: str, judge: Judge) -> None:
    body = (FIXTURES / name / "request.json").read_bytes()
    day = date.fromisoformat(the_case(FIXTURES / name)["as_of"])
    warm = [judge(body, day) for _ in range(2)][1]
    memory.kept.cache_clear()
    assert json.dumps(judge(body, day)) == json.dumps(warm)
