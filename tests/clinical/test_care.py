"""Conservative care and its result: what counts, for how long, and what has lapsed."""

from datetime import date
from typing import Any

import pytest
from built import asking, chart, days, entry
from charts import TODAY, ago, back_pain, call, medication, procedure, reading
from conftest import Judge

from service.clinical.chart import Chart, Entry, Group, Measure
from service.clinical.dates import days_between
from service.clinical.findings.care import pain_trend
from service.clinical.findings.duration import Duration
from service.clinical.findings.finding import Finding
from service.web.answer import Desk

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
     (80, 300, 70, "met"), (70, 180, 80, "not met"), (82, 180, 77.9, "met"),
     (82, 180, 78.0, "not met")],
)  # fmt: skip
def test_weight_is_lost_from_five_percent(
    before: float, apart: int, now: float, expected: str, judge: Judge
) -> None:
    earlier = {**reading("29463-7", "Weight", before, "kg", apart), "id": "earlier"}
    found = judge.advice(call(PAIN, earlier, reading("29463-7", "Weight", now, "kg", 2)), TODAY)
    assert found.assessment.findings.status("weight-loss") == expected


def score(points: float | None, day: int | None, unit: str = "/10", **fields: Any) -> Entry:
    measure = Measure(value=points, unit=unit) if points is not None else None
    asserted = days(day) if day is not None else None
    usual = {"group": Group.OBSERVATIONS, "asserted": asserted, "measure": measure}
    return entry("obs-pain-score", **(usual | fields))


@pytest.fixture
def trend(desk: Desk) -> Any:
    """Ask for a rise or a fall of which nothing is asked but what a test names."""
    plain = {"within_days": 14, "at_most": None, "fall_at_least": None, "fall_share": None}

    def ask(there: Chart, duration: Duration | None = None, **fields: Any) -> Finding:
        name = "score-rising" if "rise_at_least" in fields else "score-falling"
        criterion = asking(desk.guideline, name, **(plain | fields))
        return pain_trend(criterion, there, duration or Duration(), desk.guideline)

    return ask


@pytest.mark.parametrize(
    ("first", "last", "unit", "asked", "expected"),
    [(4, 6, "/10", {"rise_at_least": 2}, "met"), (4, 5.9, "/10", {"rise_at_least": 2}, "not met"),
     (21, 41, "mm", {"rise_at_least": 2}, "met"), (21, 40, "mm", {"rise_at_least": 2}, "not met"),
     (6, 4, "/10", {"fall_at_least": 2}, "met"), (6, 4.1, "/10", {"fall_at_least": 2}, "not met"),
     (41, 21, "mm", {"fall_at_least": 2}, "met"), (41, 22, "mm", {"fall_at_least": 2}, "not met"),
     (10, 7, "/10", {"fall_share": 0.3}, "met"), (10, 7.1, "/10", {"fall_share": 0.3}, "not met"),
     (90, 63, "mm", {"fall_share": 0.3}, "met"), (2, 1.4, "/10", {"fall_share": 0.3}, "met"),
     (10, 8, "/10", {"fall_share": 0.3, "fall_at_least": 2}, "not met"),
     (6, 4.2, "/10", {"fall_share": 0.3, "fall_at_least": 2}, "not met"),
     (6, 4, "/10", {"fall_share": 0.3, "fall_at_least": 2}, "met"),
     (4, 4, "/10", {"at_most": 4}, "met"), (4, 5, "/10", {}, "not met"),
     (9, 5, "/10", {"fall_at_least": 2, "at_most": 4}, "not met"),
     (9, 4, "/10", {"fall_at_least": 2, "at_most": 4}, "met")],
)  # fmt: skip
def test_a_score_moves_by_as_many_points_and_by_such_a_share(
    first: float, last: float, unit: str, asked: dict[str, float], expected: str, trend: Any
) -> None:
    before, now = score(first, 60, unit), score(last, 5, unit)
    found = trend(chart(before, now), **asked)
    assert (found.status, found.documented) == (expected, True)
    assert found.evidence == ((before, now) if expected == "met" else ())


def test_therapy_without_a_date_counts_from_what_its_words_say(judge: Judge) -> None:
    undated = procedure(THERAPY, 0, performedDateTime=None)
    undated["code"]["text"] = "Physical therapy since September 2026"
    care = judge.advice(call(PAIN, undated), TODAY).assessment.findings.care
    assert (care.extent, care.days) == ("some", days_between(date(2026, 9, 30), TODAY))
