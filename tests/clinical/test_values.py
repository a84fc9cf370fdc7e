"""What a short answer says of a symptom, and of a function, by its whole or by how it begins."""

import json
from datetime import timedelta

import pytest
from charts import TODAY, ago, back_pain, call, observation
from conftest import Judge
from shown import lines, made

from service.clinical import memory
from service.clinical.chart import Assertion, Side
from service.web.answer import Desk, advices

SYMPTOM, FUNCTION = "Saddle numbness", "Saddle sensation"
CONCEPT = "saddle-anaesthesia"
THERE, NOT, OPEN = Assertion.PRESENT, Assertion.ABSENT, Assertion.UNCLEAR
MAYBE = Assertion.POSSIBLE


def read(desk: Desk, label: str, **value: object) -> list:
    told = {**observation(None, label, effectiveDateTime=ago(1)), **value}
    (given,) = advices(json.dumps(call(back_pain(), told)).encode(), desk, TODAY)
    return [e for e in given.chart.entries if CONCEPT in e.concepts]


def coded(code: str | None = None, **words: str) -> dict:
    text = {"text": words.pop("text")} if "text" in words else {}
    return {"valueCodeableConcept": {"coding": [{"code": code, **words}], **text}}


def mark(code: str) -> dict:
    return {"interpretation": [{"coding": [{"code": code}]}]}


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
        (SYMPTOM, "Saddle numbness", THERE),
        (SYMPTOM, "reports numbness in saddle area", THERE),
        (SYMPTOM, "Saddle numbness?", Assertion.POSSIBLE),
        (SYMPTOM, "no saddle numbness", NOT),
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
        (FUNCTION, "No.", THERE),
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


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [(FUNCTION, {"valueBoolean": False}, {THERE}), (FUNCTION, {"valueBoolean": True}, {NOT}),
     (FUNCTION, coded("LA32-8"), {THERE}), (FUNCTION, coded("LA33-6"), {NOT}),
     (FUNCTION, coded(display="Reduced"), {THERE}), (FUNCTION, coded("?"), {OPEN}),
     (SYMPTOM, coded("LA33-6", text="no saddle numbness now"), {THERE, NOT}),
     (SYMPTOM, {"valueString": "since Monday", **mark("NEG")}, {THERE, NOT})],
)  # fmt: skip
def test_a_code_or_a_mark_counts_whatever_words_stand_beside_it(
    label: str, value: dict, expected: set[Assertion], desk: Desk
) -> None:
    assert {entry.assertion for entry in read(desk, label, **value)} == expected


def test_an_answer_without_words_shows_none(desk: Desk) -> None:
    assert [entry.value for entry in read(desk, SYMPTOM, **coded("?"))] == [""]


def test_a_question_is_named_by_any_of_its_names(desk: Desk) -> None:
    names = {"text": SYMPTOM, "coding": [{"display": "Paresthesia"}]}
    assert [e.assertion for e in read(desk, SYMPTOM, code=names, valueBoolean=True)] == [THERE]


def test_an_answer_says_on_which_side(desk: Desk) -> None:
    assert read(desk, SYMPTOM, valueString="left side")[0].side is Side.LEFT


def test_what_was_never_asked_says_nothing(desk: Desk) -> None:
    assert read(desk, SYMPTOM, dataAbsentReason={"text": "not asked"}) == []


def test_a_bare_name_without_a_value_is_no_no(desk: Desk) -> None:
    assert [e.assertion for e in read(desk, SYMPTOM)] == [Assertion.SILENT]


@pytest.mark.parametrize(
    "answer",
    [{"valueBoolean": True}, {"valueString": "yes"}, {"valueString": "left"},
     {"valueString": "reduced"}],
)  # fmt: skip
def test_a_yes_to_a_question_nobody_foresaw_is_not_lost(answer: dict, desk: Desk) -> None:
    asked = "Has anything felt odd between your legs of late?"
    said = answer.get("valueString")
    assert [(e.assertion, e.value) for e in read(desk, asked, **answer)] == [(OPEN, said)]


def test_a_no_to_a_question_nobody_foresaw_says_nothing(desk: Desk) -> None:
    asked = "Has anything felt odd between your legs of late?"
    assert read(desk, asked, valueBoolean=False) == []


GAIT = "concepts=gait-disturbance, label=Gait, code=None, assertion=unclear, "
FEVERISH = "concepts=fever, label=Fever: {}, code=None, assertion={}, "


@pytest.mark.parametrize(
    ("label", "said", "expected"),
    [("Gait", "fever", [f"{GAIT}DAY, value=fever", "concepts=fever, label=Gait: fever, code=None, "
                        "assertion=present, DAY, narrative=True"]),
     ("Gait", "no fever seen", [f"{GAIT}DAY, value=no fever seen",
                                "concepts=fever, label=Gait: no fever seen, code=None, "
                                "assertion=absent, DAY, narrative=True"]),
     ("Fever", "see note", ["concepts=fever, label=Fever, code=None, assertion=unclear, DAY, "
                            "value=see note"]),
     ("Fever", "worse", [
         f"{FEVERISH.replace('=fever', f'={what}').format('worse', 'present')}DAY, worse=True, "
         "narrative=True" for what in ("fever", "pain-worse")]),
     ("Fever", "since last week", [
         f"{FEVERISH.format('since last week', 'present')}onset=2026-11-03, DAY, narrative=True"]),
     ("Fever", "absent?", [f"{FEVERISH.format('absent', 'unclear')}DAY, narrative=True"]),
     ("Body temperature", "38.9 C for two days", [
         "concepts=obs-body-temperature, label=Body temperature: 38.9 C for two days, code=None, "
         "assertion=present, onset=2026-11-08, DAY, measure=38.9 C, narrative=True"]),
     ("Leg strength", None, [f"concepts={what}, label=Leg strength, code=None, assertion=silent, "
                             "DAY" for what in ("obs-muscle-strength", "leg-weakness")])],
)  # fmt: skip
def test_a_longer_answer_is_read_for_what_it_adds(
    label: str, said: str | None, expected: list[str], judge: Judge
) -> None:
    told = observation(None, label, id="o", effectiveDateTime="2026-11-10", valueString=said)
    head = "Observation/o: group=observations, "
    assert lines(judge, "observations", told) == [
        head + line.replace("DAY", "asserted=2026-11-10") for line in expected
    ]


def test_a_strength_in_words_is_of_the_side_that_any_name_tells(judge: Judge) -> None:
    names = {"text": "Dorsiflexion", "coding": [{"display": "Left foot"}]}
    told = {**observation(None, None, valueString="3/5 on exertion"), "code": names}
    (one,) = made(judge, "observations", told)
    assert (one.side, one.measure.value) == ("left", 3)


def test_a_name_in_words_is_forgotten_with_its_call_and_a_published_code_is_not(
    judge: Judge,
) -> None:
    day = TODAY + timedelta(days=402)  # of which no other test has asked
    words = observation(None, "Saddle numbness of Ada", valueBoolean=False)
    code = observation("8310-5", None, valueQuantity={"value": 37, "unit": "Cel"})
    judge(call(back_pain(), words, code), day)
    names = repr(memory.kept(judge.desk.guideline.reading, day).names)
    assert "Ada" not in names
    assert "8310-5" in names


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


ABSENT = {"dataAbsentReason": {"text": "not performed"}}


@pytest.mark.parametrize(
    ("value", "said", "rule"),
    [
        ({}, Assertion.SILENT, "R60"), (ABSENT, Assertion.SILENT, "R60"),
        ({"valueQuantity": {}}, OPEN, "R67"), ({"valueQuantity": {"unit": "Cel"}}, OPEN, "R67"),
        ({"valueQuantity": {"unit": "Cel"}, **ABSENT}, Assertion.SILENT, "R60"),
        ({"valueRange": {"low": {"value": 37}, "high": {"value": 39}}}, OPEN, "R67"),
        ({"valueRatio": {"numerator": {"value": 38}}}, OPEN, "R67"),
        ({"valueString": "see note"}, OPEN, "R67"),
    ],
)  # fmt: skip
def test_a_measurement_whose_number_was_not_read_leaves_the_answer_open(
    value: dict, said: Assertion, rule: str, desk: Desk
) -> None:
    told = {**observation("8310-5", "Body temperature", effectiveDateTime=ago(0)), **value}
    sent = call(back_pain(onsetDateTime=ago(9)), told, birth="1972-01-01")
    (given,) = advices(json.dumps(sent).encode(), desk, TODAY)
    first = next(e for e in given.chart.entries if "obs-body-temperature" in e.concepts)
    assert (first.assertion, given.assessment.row.rule) == (said, rule)


@pytest.mark.parametrize(
    ("label", "said", "rule"),
    [
        ("Bladder function", "impaired", "R11"), ("Bladder control", "lost", "R11"),
        ("Urination", "abnormal", "R11"), ("Continence", "reduced", "R11"),
        ("Bladder function", "straining", "R67"), ("Bladder function", "normal", "R60"),
        ("Bowel function", "impaired", "R10"), ("Anal sphincter", "reduced", "R10"),
        ("Anal sphincter", "normal", "R60"),
    ],
)  # fmt: skip
def test_a_function_that_is_lost_is_the_symptom(
    label: str, said: str, rule: str, desk: Desk
) -> None:
    told = observation(None, label, effectiveDateTime=ago(0), valueString=said)
    sent = call(back_pain(onsetDateTime=ago(9)), told)
    (given,) = advices(json.dumps(sent).encode(), desk, TODAY)
    assert given.assessment.row.rule == rule
