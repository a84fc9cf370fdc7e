"""Questions as a patient is asked them, answered in an Observation: what "yes" and "no" say."""

import pytest
from charts import TODAY, ago, back_pain, call, observation
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
