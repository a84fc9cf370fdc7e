"""What a short answer says of a symptom, and of a function, by its whole or by how it begins."""

import json

import pytest
from charts import TODAY, ago, back_pain, call, observation

from service.clinical.chart import Assertion, Side
from service.web.answer import Desk, advices

SYMPTOM, FUNCTION = "Saddle numbness", "Saddle sensation"
CONCEPT = "saddle-anaesthesia"
THERE, NOT, OPEN = Assertion.PRESENT, Assertion.ABSENT, Assertion.UNCLEAR
MAYBE = Assertion.POSSIBLE


def read(desk: Desk, label: str, **value: object) -> list:
    told = observation(None, label, effectiveDateTime=ago(1), **value)
    (given,) = advices(json.dumps(call(back_pain(), told)).encode(), desk, TODAY)
    return [e for e in given.chart.entries if CONCEPT in e.concepts]


@pytest.mark.parametrize(
    ("label", "said", "expected"),
    [
        (SYMPTOM, "yes", THERE),
        (SYMPTOM, "Yes, since Monday", THERE),
        (SYMPTOM, "left side", THERE),
        (SYMPTOM, "mild", THERE),
        (SYMPTOM, "new", THERE),
        (SYMPTOM, "no", NOT),
        (SYMPTOM, "never", NOT),
        (SYMPTOM, "not at all", NOT),
        (SYMPTOM, "pt denies any", NOT),
        (SYMPTOM, "none on direct questions", NOT),
        (SYMPTOM, "no change", OPEN),
        (SYMPTOM, "no longer", OPEN),
        (SYMPTOM, "no data", OPEN),
        (SYMPTOM, "lost", OPEN),
        (FUNCTION, "lost", THERE),
        (FUNCTION, "normal on right", OPEN),
        (SYMPTOM, "no?", OPEN),
        (SYMPTOM, "see note", OPEN),
        (FUNCTION, "normal", NOT),
        (FUNCTION, "normal bilaterally", NOT),
        (FUNCTION, "intact to light touch", NOT),
        (FUNCTION, "intact except on the left", MAYBE),
        (FUNCTION, "normal until yesterday", MAYBE),
        (FUNCTION, "intact to light touch, reduced to pinprick", OPEN),
        (FUNCTION, "left", OPEN),
        (FUNCTION, "reduced", THERE),
        (FUNCTION, "diminished on right", THERE),
        (FUNCTION, "absent", THERE),
    ],
)
def test_an_answer_says_whether_a_symptom_is_there(
    label: str, said: str, expected: Assertion, desk: Desk
) -> None:
    found = {entry.assertion for entry in read(desk, label, valueString=said)}
    worst = next(a for a in (THERE, MAYBE, OPEN, NOT) if a in found)
    assert worst is expected


@pytest.mark.parametrize(
    "said",
    ["no feeling", "no sensation at all", "absent sensation", "lost feeling", "full numbness",
     "none felt when wiping", "good deal of numbness", "no urge", "ok sometimes, numb at others"],
)  # fmt: skip
def test_an_answer_that_begins_like_a_no_denies_nothing_by_that(said: str, desk: Desk) -> None:
    found = {entry.assertion for entry in read(desk, SYMPTOM, valueString=said)}
    assert found & {THERE, OPEN}
    assert NOT not in found


def test_an_answer_says_on_which_side(desk: Desk) -> None:
    assert read(desk, SYMPTOM, valueString="left side")[0].side is Side.LEFT


def test_what_was_never_asked_says_nothing(desk: Desk) -> None:
    assert read(desk, SYMPTOM, dataAbsentReason={"text": "not asked"}) == []


def test_a_bare_name_without_a_value_is_no_no(desk: Desk) -> None:
    assert [e.assertion for e in read(desk, SYMPTOM)] == [Assertion.SILENT]


@pytest.mark.parametrize("answer", [{"valueBoolean": True}, {"valueString": "yes"}])
def test_a_yes_to_a_question_nobody_foresaw_is_not_lost(answer: dict, desk: Desk) -> None:
    asked = "Has anything felt odd between your legs of late?"
    assert [e.assertion for e in read(desk, asked, **answer)] == [OPEN]


def test_a_no_to_a_question_nobody_foresaw_says_nothing(desk: Desk) -> None:
    asked = "Has anything felt odd between your legs of late?"
    assert read(desk, asked, valueBoolean=False) == []


@pytest.mark.parametrize(
    ("label", "both"),
    [
        ("Acute bilateral low back pain with right-sided sciatica", False),
        ("Chronic bilateral low back pain without sciatica", False),
        ("Low back pain with bilateral sciatica", True),
    ],
)
def test_both_sides_of_the_back_are_not_both_legs(label: str, both: bool, desk: Desk) -> None:
    pain = back_pain(onsetDateTime=ago(9), recordedDate=ago(9))
    pain["code"] = {"coding": pain["code"]["coding"], "text": label}
    (given,) = advices(json.dumps(call(pain)).encode(), desk, TODAY)
    assert (given.assessment.row.rule == "R12") is both
