"""The figures and dates that a message may name."""

import pytest
from charts import TODAY, ago, back_pain, call
from conftest import Judge

from service.clinical.facts import Facts, facts_of


def facts(judge: Judge, days: int | None) -> Facts:
    pain = [] if days is None else [back_pain(onsetDateTime=ago(days), recordedDate=ago(days))]
    advice = judge.advice(call(*pain), TODAY)
    row = advice.assessment.row
    return facts_of(row, advice.assessment, advice.chart, judge.desk.guideline)


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "0 days"), (1, "1 day"), (2, "2 days"), (41, "41 days"), (None, "? days")],
)
def test_one_day_is_no_days_and_what_is_not_known_is_a_question_mark(
    days: int | None, said: str, judge: Judge
) -> None:
    assert facts(judge, days).days == said


def test_where_nothing_that_decided_is_dated_no_study_is(judge: Judge) -> None:
    assert facts(judge, None).imaged == "?"
