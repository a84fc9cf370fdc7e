"""Questions as a patient is asked them, and what "yes" and "no" to them say."""

import pytest
from charts import SUBJECT, TODAY, ago, back_pain, bundle, call, observation
from conftest import Judge


@pytest.mark.parametrize(
    ("asked", "answered", "criterion", "expected"),
    [
        ("Do you have numbness between your legs or around your back passage?", True,
         "saddle-numbness", "met"),
        ("Have you noticed any numbness in or around your genitals or bottom?", True,
         "saddle-numbness", "met"),
        ("Do you have numbness between your legs or around your back passage?", False,
         "saddle-numbness", "not met"),
        ("Can you feel the toilet paper when you wipe?", False, "saddle-numbness", "met"),
        ("Can you feel the toilet paper when you wipe?", True, "saddle-numbness", "not met"),
        ("Do you have any difficulty when you try to pass urine?", True,
         "bladder-change-any", "met"),
        ("Are you having trouble starting to pass urine?", True, "bladder-change-any", "met"),
        ("Do you inject drugs?", True, "injection-drug-use", "met"),
        ("Do you inject drugs?", False, "injection-drug-use", "not met"),
    ],
)  # fmt: skip
def test_a_question_to_the_patient_is_understood(
    asked: str, answered: bool, criterion: str, expected: str, judge: Judge
) -> None:
    told = observation(None, asked, valueBoolean=answered, effectiveDateTime=ago(0))
    advice = judge.advice(call(back_pain(), told), TODAY)
    assert advice.assessment.findings.status(criterion) == expected


@pytest.mark.parametrize(
    ("asked", "lost", "kept"),
    [
        ("Can you control your bladder and bowels normally?", "R10", "R60"),
        ("Are your bladder and bowels working normally?", "R10", "R60"),
        ("Do you have control of your bladder and bowels?", "R10", "R60"),
        ("Do you have normal feeling between your legs?", "R10", "R60"),
        ("Is the feeling around your bottom normal?", "R10", "R60"),
        ("Can you feel the toilet paper when you wipe?", "R10", "R60"),
        ("Are you still able to control your bladder?", "R11", "R60"),
        ("Can you pass urine normally?", "R11", "R60"),
        ("Is your bladder control normal?", "R11", "R60"),
        ("Can you lift your foot?", "R20", "R60"), ("Can you walk on your heels?", "R20", "R60"),
        # A symptom that is asked for is there where the answer is yes.
        ("Can you feel any numbness between your legs?", "R60", "R10"),
        ("Have you lost control of your bladder?", "R60", "R11"),
        ("Is there any difficulty passing urine normally?", "R60", "R11"),
        ("Is your bladder not working normally?", "R60", "R11"),
        ("Is the feeling in your saddle area different from normal?", "R60", "R67"),
        ("Is your urine flow slower than normal?", "R60", "R11"),
        ("Is your bladder control normal, or isn\u2019t it?", "R60", "R67"),
        ("Urinary hesitancy with a full bladder?", "R60", "R11"),
        ("Is your bladder control worse than normal?", "R60", "R67"),
        ("Can you tell me if you have urinary retention?", "R60", "R10"),
        ("3) Can you control your bladder?", "R11", "R60"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_words", [False, True])
def test_what_is_asked_for_as_normal_is_lost_where_the_answer_is_no(
    asked: str, lost: str, kept: str, as_words: bool, judge: Judge
) -> None:
    for answered, rule in ((False, lost), (True, kept)):
        said = (
            {"valueString": "Yes" if answered else "No"} if as_words else {"valueBoolean": answered}
        )
        told = observation(None, asked, effectiveDateTime=ago(0), **said)
        found = judge.advice(call(back_pain(onsetDateTime=ago(9)), told), TODAY)
        assert found.assessment.row.rule == rule


def test_what_is_no_function_is_not_asked_for_as_one(judge: Judge) -> None:
    told = observation(None, "Could you be pregnant?", valueBoolean=True, effectiveDateTime=ago(0))
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), told), TODAY).chart.entries
    assert [e.assertion for e in found if "pregnancy" in e.concepts] == ["present"]


@pytest.mark.parametrize(
    ("heading", "asked", "answered", "rule"),
    [
        # A question that names nothing by itself is of what its heading names.
        ("Saddle area", "Numbness", True, "R10"), ("Saddle area", "Numbness", False, "R60"),
        ("Bladder", "Cannot empty", True, "R10"), ("Bladder:", "Unable to hold", True, "R11"),
        ("Left foot", "Weakness", True, "R20"), ("Left foot", "Cannot lift", True, "R20"),
        ("Saddle area", "Sensation", "reduced", "R10"), ("Saddle area", "Numbness", "Yes.", "R10"),
        ("Rectal exam", "Tone", "reduced", "R10"), ("Saddle sensation", "Left", "reduced", "R10"),
        ("Saddle area", "Sensation", "normal", "R60"),
        # What is said under a heading that names a symptom says nothing of all of it.
        ("Bladder symptoms", "Anything else?", False, "R60"),
        ("Bladder symptoms", "Reviewed", True, "R60"), ("Saddle sensation", "Tested", False, "R60"),
        ("Foot drop", "Tested", True, "R60"),
        ("Cauda equina", "None of these", True, "R60"), ("Arms", "Weakness", True, "R60"),
        # Words that go on are read as words.
        ("Weight loss", "Notes", "New saddle numbness", "R10"),
        ("No red flags", "Comments", "Left foot drop since Friday", "R20"),
        ("Bladder", "Comments", "yes, saddle numbness", "R10"),
        # One that names something is of that, whatever stands above it.
        ("Bladder", "Foot drop", True, "R20"), ("Red flags", "Foot drop", True, "R20"),
        ("Section 2", "Saddle numbness", True, "R10"), ("", "Saddle numbness", True, "R10"),
        # What is told of the family is not of the patient.
        ("Family history", "Cancer", True, "R60"), ("Family history of:", "Cancer", True, "R60"),
        ("Has anyone in your family had any of these?", "Cauda equina syndrome", True, "R60"),
        ("Do any close relatives have", "Cancer", True, "R60"),
        ("Section 2", "Has anyone in your family had cancer?", True, "R60"),
        ("Family history", "Personal history of cancer", True, "R41"),
        ("Family history and red flags", "Saddle numbness", True, "R10"),
        ("Completed by mother", "Saddle numbness", True, "R10"),
        ("Interpreter: daughter", "Saddle numbness", True, "R10"),
        ("Family hx / PMH", "Saddle numbness", True, "R10"), ("x" * 201, "Foot drop", True, "R20"),
        ("x" * 188 + " Saddle area", "Numbness", True, "R10"),
        ("x" * 189 + " Saddle area", "Numbness", True, "R60"),
        ("About you", "Cancer", True, "R41"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_components", [False, True])
def test_a_question_is_read_under_its_heading(
    heading: str, asked: str, answered: bool | str, rule: str, as_components: bool, judge: Judge
) -> None:
    value = {"valueBoolean" if isinstance(answered, bool) else "valueString": answered}
    if as_components:
        told = observation(None, heading, effectiveDateTime=ago(0))
        told["component"] = [{"code": {"text": asked}, **value}]
    else:
        item = {"linkId": "1.1", "text": asked, "answer": [value]}
        within = {"linkId": "1.0", "item": [item]}  # a group without words between the two
        told = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
                "authored": ago(0), "subject": SUBJECT,
                "item": [{"linkId": "1", "text": heading, "item": [within]}]}  # fmt: skip
    charted = {"questionnaireResponses": bundle(told)} if not as_components else {}
    seen = [told] if as_components else []
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), *seen, **charted), TODAY)
    assert found.assessment.row.rule == rule


def test_a_question_below_another_does_not_answer_that_one(judge: Judge) -> None:
    below = {"linkId": "1.1", "text": "Any pain there?", "answer": [{"valueBoolean": True}]}
    above = {"linkId": "1", "text": "Do you have numbness of the saddle area?",
             "answer": [{"valueBoolean": False, "item": [below]}]}  # fmt: skip
    told = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
            "authored": ago(0), "subject": SUBJECT, "item": [above]}  # fmt: skip
    call_ = call(back_pain(onsetDateTime=ago(9)), questionnaireResponses=bundle(told))
    assert judge.advice(call_, TODAY).assessment.row.rule == "R60"


def test_the_family_s_heading_is_of_all_below_it(judge: Judge) -> None:
    cancer = {"linkId": "1.1.1", "text": "Breast cancer", "answer": [{"valueBoolean": True}]}
    cancers = {"linkId": "1.1", "text": "Cancers", "item": [cancer]}
    for heading, rule in (("Family history", "R60"), ("History", "R41")):
        told = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
                "authored": ago(0), "subject": SUBJECT,
                "item": [{"linkId": "1", "text": heading, "item": [cancers]}]}  # fmt: skip
        chart = call(back_pain(onsetDateTime=ago(9)), questionnaireResponses=bundle(told))
        assert judge.advice(chart, TODAY).assessment.row.rule == rule


def test_a_group_below_an_answer_and_a_question_with_one_are_headings(judge: Judge) -> None:
    numb = {"linkId": "1.1.1", "text": "Numbness", "answer": [{"valueBoolean": True}]}
    group = {"linkId": "1.1", "text": "Saddle area", "item": [numb]}
    above = {"linkId": "1", "text": "Anything new?",
             "answer": [{"valueBoolean": True, "item": [group]}]}  # fmt: skip
    asked = {**group, "answer": [{"valueBoolean": True, "item": [numb]}], "item": []}
    for item in (above, asked):
        told = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
                "authored": ago(0), "subject": SUBJECT, "item": [item]}  # fmt: skip
        chart = call(back_pain(onsetDateTime=ago(9)), questionnaireResponses=bundle(told))
        assert judge.advice(chart, TODAY).assessment.row.rule == "R10"


@pytest.mark.parametrize("answered", [{"valueBoolean": False}, {"valueString": "normal"}])
@pytest.mark.parametrize("asked", ["Numbness", "Sensation"])
def test_a_part_that_is_well_does_not_deny_the_whole(
    asked: str, answered: dict[str, object], judge: Judge
) -> None:
    told = observation(None, "Saddle area", effectiveDateTime=ago(0))
    told["component"] = [{"code": {"text": asked}, **answered}]
    entries = judge.advice(call(back_pain(), told), TODAY).chart.entries
    lost = asked == "Sensation" and "valueBoolean" in answered
    said = [e.assertion for e in entries if "saddle-anaesthesia" in e.concepts]
    assert said == (["present"] if lost else [])


def test_whatever_a_doubtful_question_names_is_asked_about(judge: Judge) -> None:
    asked = "Is your bladder control worse when wiping, with the foot drop?"
    told = observation(None, asked, valueBoolean=True, effectiveDateTime=ago(0))
    entries = judge.advice(call(back_pain(), told), TODAY).chart.entries
    (found,) = [e for e in entries if "motor-deficit" in e.concepts]
    assert found.assertion == "unclear"
    assert {"bladder-function", "saddle-anaesthesia"} <= found.concepts
