"""Conservative care and its result: what counts, for how long, and what has lapsed."""

import pytest
from charts import TODAY, ago, back_pain, call, medication, procedure, reading
from conftest import Judge

PAIN = back_pain(onsetDateTime=ago(120))
THERAPY = "97110"
INJECTION = "62323"


def visits(*days: int, **fields: str) -> list[dict]:
    return [procedure(THERAPY, day, **fields) for day in days]


@pytest.mark.parametrize(
    ("care", "adequate", "some"),
    [
        ([], "not met", "not met"),
        (visits(41, 10), "not met", "met"),
        (visits(42, 10), "met", "met"),
        (visits(43, 10), "met", "met"),
        (visits(60), "not met", "met"),  # one visit
        ([*visits(60), {**procedure(THERAPY, 60), "id": "again"}], "not met", "met"),  # one day
        (visits(100, 60), "met", "met"),
        (visits(100, 61), "not met", "met"),  # lapsed
        (visits(60, 10, status="not-done"), "not met", "not met"),
        (visits(60, 10, status="entered-in-error"), "not met", "not met"),
        ([procedure(INJECTION, 50)], "met", "met"),
        ([procedure(INJECTION, 30)], "not met", "met"),
        ([medication("naproxen 500 mg", 90, supply=90)], "not met", "met"),  # drugs alone
        ([medication("naproxen 500 mg", 60, supply=30), *visits(20, 10)], "met", "met"),
        (visits(135, 40), "not met", "met"),  # the first belongs to an earlier episode
        (visits(134, 40), "met", "met"),  # two weeks before the onset still belong to it
    ],
)
def test_care_is_adequate_from_the_forty_second_day(
    care: list[dict], adequate: str, some: str, judge: Judge
) -> None:
    found = judge.advice(call(PAIN, *care), TODAY).assessment.findings
    assert (found.status("adequate-care"), found.status("any-care")) == (adequate, some)


def test_care_that_was_not_sent_is_unknown(judge: Judge) -> None:
    found = judge.advice(call(PAIN, procedures=...), TODAY).assessment.findings
    assert (found.status("adequate-care"), found.status("any-care")) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("first", "last", "day", "expected"),
    [
        (8, 4, 5, "met"),
        (8, 5, 5, "not met"),  # still 5
        (6, 4, 5, "met"),  # two points and a third
        (5, 4, 5, "not met"),  # one point
        (8, 4, 14, "met"),
        (8, 4, 15, "unknown"),  # the last score is old
    ],
)
def test_pain_improves_clearly_or_not(
    first: int, last: int, day: int, expected: str, judge: Judge
) -> None:
    scores = [
        reading("72514-3", "Pain", first, None, 90),
        reading("72514-3", "Pain", last, None, day),
    ]
    scores[1]["id"] = "latest"
    found = judge.advice(call(PAIN, *scores), TODAY).assessment.findings
    assert found.status("improving") == expected


@pytest.mark.parametrize(
    ("care", "expected"),
    [
        ([medication("prednisone 20 mg", 100, supply=89)], "not met"),
        ([medication("prednisone 20 mg", 100, supply=90)], "met"),
        ([medication("prednisone 20 mg", 100, supply=60), medication("prednisone", 99, supply=60)],
         "not met"),  # the same days count once
        ([medication("prednisone 20 mg", 100, supply=45), medication("prednisone", 55, supply=45)],
         "met"),
        ([medication("hydrocortisone cream", 100, supply=100)], "not met"),
        ([medication("prednisone 20 mg", 100, supply=100, status="cancelled")], "not met"),
    ],
)  # fmt: skip
def test_steroids_count_from_ninety_days_of_supply(
    care: list[dict], expected: str, judge: Judge
) -> None:
    found = judge.advice(call(PAIN, *care), TODAY).assessment.findings
    assert found.status("steroid-supplied") == expected


@pytest.mark.parametrize(
    ("before", "apart", "now", "expected"),
    [(80, 180, 76.1, "not met"), (80, 180, 76.0, "met"), (80, 20, 70, "not met"),
     (80, 300, 70, "met"), (70, 180, 80, "not met")],
)  # fmt: skip
def test_weight_is_lost_from_five_percent(
    before: float, apart: int, now: float, expected: str, judge: Judge
) -> None:
    earlier = {**reading("29463-7", "Weight", before, "kg", apart), "id": "earlier"}
    found = judge.advice(call(PAIN, earlier, reading("29463-7", "Weight", now, "kg", 2)), TODAY)
    assert found.assessment.findings.status("weight-loss") == expected
