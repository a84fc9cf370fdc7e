"""Conservative care and its result: what counts, for how long, and what has lapsed."""

from datetime import date
from typing import Any

import pytest
from built import asking, chart, days, entry
from charts import TODAY, ago, back_pain, call, medication, order, procedure, reading
from conftest import Judge
from msgspec.structs import replace

from service.clinical.chart import Assertion, Chart, Entry, Group, Measure
from service.clinical.dates import days_between
from service.clinical.findings.care import (
    Care,
    Extent,
    care_criterion,
    conservative_care,
    pain_trend,
)
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


PROCEDURES, STATEMENTS = Group.PROCEDURES, Group.MEDICATION_STATEMENTS
LONG_AGO = Duration(at_least=120, at_most=120, onset=days(120))


def therapy(day: int | None, concept: str = "physical-therapy", **fields: Any) -> Entry:
    asserted = None if day is None else days(day)
    usual = {"group": PROCEDURES, "asserted": asserted, "delivered": True}
    return entry(concept, **(usual | fields))


def injection(day: int, **fields: Any) -> Entry:
    return therapy(day, "recent-spinal-injection", **fields)


def drug(day: int, label: str = "naproxen 500 mg", **fields: Any) -> Entry:
    usual = {"group": Group.MEDICATION_REQUESTS, "label": label, "asserted": days(day)}
    return entry("analgesic-nsaid-acetaminophen", **(usual | fields))


def note(day: int, onset: int | None = None, **fields: Any) -> Entry:
    began = None if onset is None else days(onset + 9, onset)
    usual = {"group": Group.CONDITIONS, "narrative": True, "delivered": False, "onset": began}
    return therapy(day, **(usual | fields))


NO_THERAPY = entry("therapy-impossible")
ALLERGY = entry("analgesic-nsaid-acetaminophen", group=Group.ALLERGIES)


@pytest.fixture
def cared(desk: Desk) -> Any:
    return lambda *entries, duration=LONG_AGO: conservative_care(
        chart(*entries), duration, desk.guideline.care
    )


@pytest.mark.parametrize(
    ("entries", "extent", "lasted"),
    [([therapy(42), therapy(9)], "adequate", 42), ([therapy(41), therapy(9)], "some", 41),
     ([therapy(50), therapy(50)], "some", 50), ([therapy(50)], "some", 50),
     ([therapy(9), therapy(50)], "adequate", 50),
     ([therapy(90), therapy(60)], "adequate", 90), ([therapy(90), therapy(61)], "some", 90),
     ([injection(42)], "adequate", 42), ([injection(41)], "some", 41),
     ([injection(42, delivered=False)], "none", 0),
     ([injection(61)], "some", 61), ([injection(60)], "adequate", 60),
     ([note(5, onset=42)], "adequate", 42), ([note(5, onset=41)], "some", 41),
     ([note(45)], "some", 45), ([note(61, onset=90)], "some", 90),
     ([therapy(45, onset=days(50))], "some", 45), ([therapy(None, onset=days(50))], "some", 50),
     ([therapy(None, onset=days(90)), therapy(50)], "adequate", 90),
     ([therapy(None)], "none", 0), ([drug(50)], "some", 50), ([drug(50), therapy(5)], "some", 50),
     ([drug(50), therapy(9), therapy(5)], "adequate", 50),
     ([therapy(50, "conservative-care"), therapy(5)], "adequate", 50),
     ([injection(70), drug(80)], "some", 80),
     ([injection(70), drug(80, supply=days(80, 61))], "some", 80),
     ([injection(70), drug(80, supply=days(80, 60))], "adequate", 80),
     ([injection(70), drug(80, supply=days(80, -20))], "adequate", 80),
     ([injection(50), drug(55, supply=days(110, 61))], "adequate", 55)],
)  # fmt: skip
def test_care_is_adequate_where_it_took_place_long_enough_and_has_not_lapsed(
    entries: list[Entry], extent: str, lasted: int, cared: Any
) -> None:
    given = cared(*entries)
    assert (given.extent, given.days) == (extent, lasted)


def test_the_evidence_of_care_stands_in_the_order_of_its_days(cared: Any) -> None:
    some = [drug(20), therapy(30), injection(10), note(5, onset=25), therapy(None, onset=days(15))]
    assert cared(*some).evidence == (some[1], some[3], some[0], some[4], some[2])


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, True), ({"delivered": False}, False), ({"delivered": False, "narrative": True}, True),
     ({"delivered": False, "group": Group.ORDER}, True),
     ({"delivered": False, "group": Group.OBSERVATIONS}, True),
     ({"delivered": False, "group": Group.QUESTIONNAIRE_RESPONSES}, True),
     ({"delivered": False, "group": Group.ENCOUNTERS}, False), ({"elsewhere": True}, False),
     ({"narrative": True, "elsewhere": True}, False), ({"assertion": Assertion.REFUSED}, False),
     ({"assertion": Assertion.POSSIBLE}, False),
     ({"concepts": frozenset({"physical-therapy", "physical-therapy-referral"})}, False)],
)  # fmt: skip
def test_therapy_counts_where_it_was_delivered_or_somebody_says_so(
    fields: dict[str, Any], counts: bool, cared: Any
) -> None:
    one = replace(therapy(50), **fields)
    assert cared(one).evidence == ((one,) if counts else ())


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, True), ({"group": STATEMENTS}, True), ({"group": Group.CONDITIONS}, False),
     ({"group": Group.CONDITIONS, "narrative": True}, True), ({"group": Group.ORDER}, True),
     ({"group": Group.OBSERVATIONS}, False), ({"label": "Diclofenac GEL"}, False),
     ({"label": "aspirin 81 mg"}, False), ({"label": "aspirin 500 mg"}, True),
     ({"label": "lidocaine patch", "narrative": True}, False),
     ({"assertion": Assertion.REFUSED}, False)],
)  # fmt: skip
def test_a_drug_is_care_where_it_is_taken_for_pain(
    fields: dict[str, Any], counts: bool, cared: Any
) -> None:
    one = drug(50, **fields)
    assert cared(one).evidence == ((one,) if counts else ())


@pytest.mark.parametrize(
    ("entries", "extent", "evidence"),
    [([], "none", 0), ([ALLERGY], "some", 1), ([NO_THERAPY], "some", 1),
     ([ALLERGY, NO_THERAPY], "some", 2),
     ([replace(ALLERGY, assertion=Assertion.ABSENT)], "none", 0),
     ([replace(NO_THERAPY, assertion=Assertion.ABSENT)], "none", 0),
     ([replace(ALLERGY, group=Group.CONDITIONS)], "none", 0),
     ([drug(42), NO_THERAPY], "adequate", 1), ([drug(41), NO_THERAPY], "some", 1),
     ([drug(61), NO_THERAPY], "some", 1), ([drug(42), ALLERGY], "some", 1),
     ([therapy(50), NO_THERAPY], "some", 1),
     ([drug(42), replace(NO_THERAPY, assertion=Assertion.HISTORICAL)], "some", 1)],
)  # fmt: skip
def test_drugs_alone_are_enough_where_therapy_cannot_be_had(
    entries: list[Entry], extent: str, evidence: int, cared: Any
) -> None:
    given = cared(*entries)
    assert (given.extent, given.evidence) == (extent, tuple(entries[:evidence]))


@pytest.mark.parametrize(
    ("duration", "last_day"),
    [(LONG_AGO, 134), (Duration(), 365), (Duration(onset=days(120, 60)), 134),
     (Duration(first_contact=days(30).first), 44), (Duration(onset=days(120), flare=True), 365),
     (Duration(onset=days(351)), 365), (Duration(onset=days(360)), 365)],
)  # fmt: skip
def test_care_belongs_to_the_episode_from_two_weeks_before_its_onset(
    duration: Duration, last_day: int, cared: Any
) -> None:
    within, before = therapy(last_day), therapy(last_day + 1)
    reaching = therapy(0, asserted=days(last_day + 9, last_day))
    assert cared(within, before, reaching, duration=duration).evidence == (within, reaching)


@pytest.mark.parametrize(
    ("criterion", "extent", "incomplete", "expected"),
    [("adequate-care", Extent.ADEQUATE, False, "met"),
     ("adequate-care", Extent.SOME, False, "not met"),
     ("adequate-care", Extent.SOME, True, "unknown"),
     ("adequate-care", Extent.NONE, True, "unknown"),
     ("adequate-care", Extent.ADEQUATE, True, "met"), ("any-care", Extent.SOME, True, "met"),
     ("any-care", Extent.NONE, False, "not met"), ("any-care", Extent.NONE, True, "unknown")],
)  # fmt: skip
def test_care_is_certainly_too_little_only_where_all_was_read(
    criterion: str, extent: Extent, incomplete: bool, expected: str, desk: Desk
) -> None:
    care = Care(extent=extent, days=9, evidence=(therapy(9),))
    there = chart(incomplete=(PROCEDURES,) if incomplete else ())
    found = care_criterion(asking(desk.guideline, criterion), there, care)
    assert (found.criterion, found.status) == (criterion, expected)
    assert found.evidence == (care.evidence if expected == "met" else ())


def test_what_rises_within_a_day_is_no_course(trend: Any) -> None:
    there = chart(score(3, 5), score(8, 5))
    assert trend(there, rise_at_least=2).status == "not met"


def test_enough_care_is_not_called_unknown_where_less_was_asked_for(desk: Desk) -> None:
    criterion = asking(desk.guideline, "any-care", extents=frozenset({"some"}))
    care = Care(extent=Extent.ADEQUATE, days=50, evidence=(therapy(50),))
    assert care_criterion(criterion, chart(incomplete=(PROCEDURES,)), care).status == "not met"


@pytest.mark.parametrize(
    ("scores", "within", "begun", "expected"),
    [([score(8, 60), score(4, 14)], 14, None, (0, 1)),
     ([score(8, 60), score(4, 15)], 14, None, ()),
     ([score(8, 60), score(4, 0)], 0, None, (0, 1)), ([score(8, 60), score(4, 1)], 0, None, ()),
     ([score(8, 60), score(4, 1)], None, None, ()),
     ([score(8, 60), score(4, 0)], None, None, (0, 1)),
     ([score(8, 60), score(4, 5)], 14, 60, (0, 1)), ([score(8, 61), score(4, 5)], 14, 60, None),
     ([score(8, 61), score(7, 60), score(4, 5)], 14, 60, (1, 2)),
     ([score(4, 5), score(8, 60)], 14, None, (1, 0)),
     ([score(8, 60), score(4, 9), score(8, 5)], 14, None, None),
     ([score(8, 60), score(4, 5), score(9, 5)], 14, None, None),
     ([score(8, 60), score(9, 5), score(4, 5)], 14, None, None),
     ([score(8, 60), score(4, 5), score(4, 5, label="NRS")], 14, None, (0, 2)),
     ([score(8, 60), score(4, 5, label="x"), score(4, 5, label="NRS")], 14, None, (0, 2)),
     ([score(8, 60), score(4, 5), score(3, 5)], 14, None, (0, 1)),
     ([score(8, 60), score(2, 60), score(4, 5)], 14, None, None),
     ([score(2, 60), score(8, 60), score(4, 5)], 14, None, None),
     ([score(9, 60), score(8, 60), score(4, 5)], 14, None, (1, 2)),
     ([score(8, 5), score(3, 5)], 14, None, None),
     ([score(None, 60), score(8, 50), score(4, 9), score(None, 5)], 14, None, (1, 2)),
     ([score(8, None), score(4, 5)], 14, None, None),
     ([score(8, 60), score(4, None)], 14, None, ()),
     ([score(8, 60), score(4, 20), score(None, 5)], 14, None, ()), ([], 14, None, ()),
     ([score(4, 5)], 14, None, None)],
)  # fmt: skip
def test_the_first_score_of_the_episode_is_held_against_the_latest_which_is_fresh(
    scores: list[Entry], within: int | None, begun: int | None, expected: Any, trend: Any
) -> None:
    duration = Duration(onset=days(begun, 2)) if begun is not None else Duration()
    found = trend(chart(*scores), duration, within_days=within, fall_at_least=2, at_most=4)
    assert found.criterion == "score-falling"
    assert found.status == ("not met" if expected is None else "met" if expected else "unknown")
    assert found.evidence == tuple(scores[n] for n in expected or ())


@pytest.mark.parametrize("where", ["note", "reasonCode"])
@pytest.mark.parametrize(
    ("words", "rule"),
    [("Completed 8 weeks of PT", "R65"), ("PT x 8 weeks, no better", "R65"), ("PT ordered", "R61")],
)
def test_care_in_the_words_of_an_order_counts_wherever_they_stand(
    words: str, rule: str, where: str, judge: Judge
) -> None:
    asked = call(back_pain(onsetDateTime=ago(120)), orders=[order(**{where: [{"text": words}]})])
    assert judge.advice(asked, TODAY).assessment.row.rule == rule
