"""The duration of an episode: what says when it began, and each limit on both sides of its day."""

from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Assertion, Entry, Group, Measure
from service.clinical.dates import Days
from service.clinical.findings.duration import (
    Duration,
    duration_criterion,
    onset_after,
    symptom_durations,
)
from service.clinical.findings.finding import Finding
from service.web.answer import Desk

ABSENT, POSSIBLE, HISTORICAL = Assertion.ABSENT, Assertion.POSSIBLE, Assertion.HISTORICAL
PRESENT, PLANNED = Assertion.PRESENT, Assertion.PLANNED
ORDER, VISIT = Group.ORDER, Group.ENCOUNTERS
GAP = 180  # days without a contact, after which an episode is another one
LATELY = 30  # days for which an answer to "since when?" holds


def pain(**fields: Any) -> Entry:
    return entry("low-back-pain-radiculopathy", **fields)


def seen(*on: int, **fields: Any) -> list[Entry]:
    return [pain(group=VISIT, asserted=days(day), **fields) for day in on]


def flare(**fields: Any) -> Entry:
    return entry("acute-flare", group=ORDER, **fields)


@pytest.fixture
def found(desk: Desk) -> Any:
    return lambda *entries: symptom_durations(chart(*entries), desk.guideline)


def lasted(durations: list[Duration]) -> list[tuple[int | None, int | None]]:
    return [(one.at_least, one.at_most) for one in durations]


def test_the_numbers_of_these_tests_are_those_of_the_content(desk: Desk) -> None:
    rule = desk.guideline
    assert (rule.episode.gap_days, rule.duration.within_days) == (GAP, LATELY)


@pytest.mark.parametrize(
    ("assertion", "begins_anew"),
    [(PRESENT, True), (POSSIBLE, True), (ABSENT, False), (HISTORICAL, False)],
)
def test_only_a_flare_of_the_present_begins_a_new_episode(
    assertion: Assertion, begins_anew: bool, found: Any
) -> None:
    order = pain(group=ORDER, onset=days(50, 20))
    (one,) = found(flare(assertion=assertion), order, *seen(30))
    assert one.flare is begins_anew
    assert lasted([one]) == [(20, 50) if begins_anew else (30, 50)]


def test_of_an_order_the_flare_is_read_first_and_the_words_on_another_list_are_not(
    found: Any,
) -> None:
    order, again = pain(group=ORDER, onset=days(90)), flare(onset=days(9))
    assert found(order, again)[0].evidence == (again,)
    assert found(order, flare())[0].evidence == (order,)
    elsewhere = entry("acute-flare", group=VISIT, onset=days(9))
    assert [one.flare for one in found(elsewhere, order)] == [False]


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [((), (20, 50)), ((51,), (20, 50)), ((50,), (50, 50)), ((49,), (49, 50)), ((21,), (21, 50)),
     ((20,), (20, 50)), ((19,), (20, 50)), ((30, 60, 40), (40, 50))],
)  # fmt: skip
def test_a_contact_within_the_days_of_an_onset_shows_that_it_began_by_then(
    contacts: tuple[int, ...], expected: tuple[int, int], found: Any
) -> None:
    (one,) = found(pain(group=ORDER, onset=days(50, 20)), *seen(*contacts))
    assert lasted([one]) == [expected]
    assert one.onset == days(50, expected[0])


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, True), ({"delivered": False}, False), ({"elsewhere": True}, False),
     ({"assertion": PLANNED}, False), ({"delivered": False, "assertion": PLANNED}, False),
     ({"elsewhere": True, "assertion": PLANNED}, False), ({"group": ORDER}, False),
     ({"asserted": None}, False)],
)  # fmt: skip
@pytest.mark.parametrize("concept", ["physical-therapy", "recent-spinal-injection"])
def test_care_of_the_back_that_took_place_is_a_contact(
    concept: str, fields: dict[str, Any], counts: bool, found: Any
) -> None:
    usual = {"group": Group.PROCEDURES, "delivered": True, "asserted": days(30)}
    care = entry(concept, **(usual | fields))
    assert lasted(found(pain(group=ORDER, onset=days(50, 20)), care)) == [
        (30 if counts else 20, 50)
    ]


def answer(value: float | None, day: int | None, unit: str = "d", **fields: Any) -> Entry:
    """Make an answer to "for how long?"."""
    measure = None if value is None else Measure(value=value, unit=unit)
    asserted = None if day is None else days(day)
    return entry("obs-symptom-duration", measure=measure, asserted=asserted, **fields)


def since(onset: Days | None, day: int) -> Entry:
    """Make an answer to "since when?"."""
    return entry("obs-symptom-onset", onset=onset, asserted=days(day))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([answer(21, 0)], (21, 21)), ([answer(3, 5, "wk")], (26, 26)), ([answer(10, 30)], (40, 40)),
     ([answer(10, 31)], None), ([answer(None, 5)], None), ([answer(10, None)], None),
     ([answer(60, 5, "h")], (7, 7)), ([answer(None, None, onset=days(50))], None),
     ([since(days(60), 30)], (60, 60)), ([since(days(60), 31)], None), ([since(None, 5)], None),
     ([since(days(60, 40), 5)], (40, 60)),
     ([answer(10, 9), answer(10, 3)], (13, 13)), ([answer(10, 3), answer(10, 9)], (13, 13)),
     ([since(days(60), 9), answer(10, 3)], (13, 13)),
     ([since(days(60), 3), answer(10, 9)], (60, 60)),
     ([since(days(60), 9), since(None, 3)], (60, 60)),
     ([answer(10, 9), answer(None, 3)], (19, 19))],
)  # fmt: skip
def test_the_latest_answer_of_the_last_days_tells_since_when(
    entries: list[Entry], expected: tuple[int, int] | None, found: Any
) -> None:
    (one,) = found(*entries)
    assert lasted([one]) == [expected or (None, None)]
    assert one.evidence == () if expected is None else one.evidence[0].onset == one.onset


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([answer(10, 3), answer(20, 3)], [(23, 23), (13, 13)]),
     ([answer(10, 3), answer(10, 3)], [(13, 13)]),
     ([answer(1, 3), answer(20, 3), answer(5, 3)], [(23, 23), (4, 4)]),
     ([since(days(60, 40), 3), since(days(60), 3)], [(60, 60), (40, 60)]),
     ([since(days(60, 40), 3), since(days(60, 40), 3)], [(40, 60)]),
     ([answer(10, 3), answer(20, 3), answer(60, 4)], [(23, 23), (13, 13)])],
)  # fmt: skip
def test_of_several_answers_of_one_day_the_longest_and_the_shortest_are_told(
    entries: list[Entry], expected: list[tuple[int, int]], found: Any
) -> None:
    assert lasted(found(*entries)) == lasted(found(*reversed(entries))) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([pain(onset=days(60, 20), relapse=True), pain(onset=days(20))], (20, 60)),
     ([pain(onset=days(60, 20), relapse=True), pain(onset=days(20), relapse=True)], (20, 60)),
     ([pain(onset=days(90)), pain(onset=days(20), relapse=True), pain(onset=days(20))], (20, 20)),
     ([pain(onset=days(60, 20)), pain(onset=days(20))], (20, 60)),
     ([pain(onset=days(60, 20)), pain(onset=days(30, 20)), pain(onset=days(10))], (20, 60))],
)  # fmt: skip
def test_the_order_of_the_problems_tells_nothing_of_the_onset(
    entries: list[Entry], expected: tuple[int, int], found: Any
) -> None:
    assert lasted(found(*entries)) == lasted(found(*reversed(entries))) == [expected]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([pain(onset=days(180), asserted=days(200))], (180, 180)),
     ([pain(onset=days(181), asserted=days(200))], None),
     ([pain(onset=days(400)), *seen(180)], (400, 400)), ([pain(onset=days(400)), *seen(181)], None),
     ([pain(onset=days(400)), pain(group=ORDER)], (400, 400)),
     ([pain(onset=days(90)), pain(onset=days(40))], (90, 90)),
     ([pain(onset=days(40)), pain(onset=days(90))], (90, 90)),
     ([pain(onset=days(100, 10), asserted=days(10)), pain(onset=days(40))], (40, 40)),
     ([pain(onset=days(90)), pain(onset=days(60)), pain(onset=days(40), relapse=True)], (40, 40)),
     ([pain(onset=days(90), relapse=True), pain(onset=days(40))], (90, 90)),
     ([pain(onset=days(400), relapse=True)], (400, 400)),
     ([pain(), pain(onset=days(40))], (40, 40)),
     ([pain(onset=days(40)), pain(onset=days(90), assertion=HISTORICAL)], (40, 40)),
     ([pain(onset=days(40), assertion=POSSIBLE)], (40, 40)),
     ([pain(onset=days(40)), pain(onset=days(90), group=VISIT, asserted=days(5))], (40, 40))],
)  # fmt: skip
def test_the_earliest_onset_of_what_is_still_seen_begins_the_episode(
    entries: list[Entry], expected: tuple[int, int] | None, found: Any
) -> None:
    (one,) = found(*entries)
    assert lasted([one]) == [expected or (None, None)]


def test_the_order_is_believed_first_then_an_answer_then_a_diagnosis(found: Any) -> None:
    diagnosis, told, order = (
        pain(onset=days(90)),
        since(days(20), 0),
        pain(group=ORDER, onset=days(50)),
    )
    said = found(diagnosis, told, order)
    assert lasted(said) == [(50, 50), (20, 20), (90, 90)]
    assert [one.evidence for one in said] == [(order,), (told,), (diagnosis,)]
    assert not any(one.flare for one in said)


@pytest.mark.parametrize(
    ("contacts", "first"),
    [((10,), 10), ((180,), 180), ((181,), None), ((190, 10), 190), ((191, 10), 10),
     ((10, 190), 190), ((370, 190, 10), 370), ((371, 190, 10), 190), ((), None)],
)  # fmt: skip
def test_without_an_onset_the_first_contact_before_a_long_gap_is_a_minimum(
    contacts: tuple[int, ...], first: int | None, found: Any
) -> None:
    some = [*seen(*contacts), pain()]
    (one,) = found(*some)
    assert (one.at_least, one.at_most, one.onset) == (first, None, None)
    assert one.first_contact == one.begun == (None if first is None else days(first).first)
    assert one.evidence == (
        tuple(some) if first is None else tuple(e for e in some if e.asserted == days(first))
    )


def test_an_old_diagnosis_that_nobody_sees_any_more_dates_nothing(found: Any) -> None:
    old, undated = pain(onset=days(400)), pain()
    (one,) = found(undated, old)
    assert (one, one.begun) == (Duration(evidence=(old,)), None)


@pytest.mark.parametrize(
    ("limit", "at_least", "at_most", "expected"),
    [({"at_least_days": 42}, 42, 60, "met"), ({"at_least_days": 42}, 41, 60, "unknown"),
     ({"at_least_days": 42}, 41, 41, "not met"), ({"at_least_days": 42}, 41, 42, "unknown"),
     ({"at_least_days": 42}, 42, None, "met"), ({"at_least_days": 42}, 41, None, "unknown"),
     ({"below_days": 42}, 0, 41, "met"), ({"below_days": 42}, 0, 42, "unknown"),
     ({"below_days": 42}, 42, 60, "not met"), ({"below_days": 42}, 41, 60, "unknown"),
     ({"below_days": 42}, 0, None, "unknown"), ({"at_least_days": 0}, 0, 0, "met"),
     ({}, 42, 60, "unknown")],
)  # fmt: skip
def test_symptoms_have_lasted_so_long_where_all_their_days_say_so(
    limit: dict[str, int], at_least: int, at_most: int | None, expected: str, desk: Desk
) -> None:
    none = {"at_least_days": None, "below_days": None}
    criterion = asking(desk.guideline, "six-weeks-or-more", **(none | limit))
    one = pain()
    found = duration_criterion(
        criterion, chart(), Duration(at_least=at_least, at_most=at_most, evidence=(one,))
    )
    assert (found.criterion, found.status) == (criterion.id, expected)
    assert found.evidence == (() if expected == "not met" or not limit else (one,))
    assert found.documented is (expected != "unknown")


def test_what_could_not_be_dated_is_shown_where_no_duration_is_known(desk: Desk) -> None:
    criterion, one = asking(desk.guideline, "six-weeks-or-more"), pain()
    found = duration_criterion(criterion, chart(), Duration(evidence=(one,)))
    assert (found.criterion, found.status, found.evidence) == (criterion.id, "unknown", (one,))


def first_seen(day: int) -> Duration:
    return Duration(at_least=day, first_contact=days(day).first, evidence=tuple(seen(day)))


@pytest.mark.parametrize(
    ("entries", "duration", "below", "expected"),
    [([], first_seen(41), 42, "met"), ([], first_seen(42), 42, "not met"),
     ([], first_seen(5), None, "not met"),
     ([], Duration(at_least=5, at_most=5, onset=days(5)), 42, "not met"),
     ([pain(asserted=days(10))], first_seen(10), 42, "met"),
     ([pain(asserted=days(11))], first_seen(10), 42, "unknown"),
     ([pain(asserted=days(30, 10))], first_seen(10), 42, "unknown"),
     ([pain(asserted=days(9))], first_seen(10), 42, "met"),
     ([pain()], first_seen(10), 42, "unknown"), ([pain()], first_seen(42), 42, "not met"),
     ([pain(assertion=POSSIBLE)], first_seen(10), 42, "unknown"),
     ([pain(assertion=HISTORICAL)], first_seen(10), 42, "met"),
     ([pain(group=VISIT)], first_seen(10), 42, "met"),
     ([entry("osteoporosis")], first_seen(10), 42, "met")],
)  # fmt: skip
def test_a_problem_is_new_where_nothing_on_the_list_may_be_older_than_its_first_contact(
    entries: list[Entry], duration: Duration, below: int | None, expected: str, desk: Desk
) -> None:
    criterion = asking(desk.guideline, "recorded-under-six-weeks", below_days=below)
    found = duration_criterion(criterion, chart(*entries), duration)
    assert (found.criterion, found.status) == (criterion.id, expected)
    assert found.evidence == (duration.evidence if expected == "met" else ())
    assert found.documented is (expected != "unknown")


def treated(on: Days | None, concept: str = "recent-spinal-injection", **fields: Any) -> Entry:
    usual = {"group": Group.PROCEDURES, "asserted": on, "delivered": True}
    return entry(concept, **(usual | fields))


BEGAN = Duration(at_least=10, at_most=20, onset=days(20, 10), evidence=(pain(),))


@pytest.mark.parametrize(
    ("entries", "duration", "expected"),
    [([treated(days(21))], BEGAN, 0), ([treated(days(20))], BEGAN, 0),
     ([treated(days(19))], BEGAN, None), ([treated(days(30, 19))], BEGAN, 0),
     ([treated(days(30)), treated(days(5))], BEGAN, None),
     ([treated(days(5)), treated(days(30))], BEGAN, None),
     ([treated(days(40)), treated(days(30))], BEGAN, 1),
     ([treated(days(30)), treated(days(40))], BEGAN, 0),
     ([treated(days(30)), treated(days(30), "prior-lumbar-surgery")], BEGAN, 0),
     ([treated(None)], BEGAN, None), ([treated(days(30), delivered=False)], BEGAN, None),
     ([treated(days(30)), treated(days(5), delivered=False)], BEGAN, 0),
     ([treated(days(40, 15)), treated(days(15))], BEGAN, 0),
     ([treated(days(15)), treated(days(40, 15))], BEGAN, 1),
     ([treated(days(30)), treated(None)], BEGAN, 0), ([], BEGAN, None),
     ([treated(days(30))], Duration(), None), ([treated(days(10))], first_seen(10), 0),
     ([treated(days(9))], first_seen(10), None)],
)  # fmt: skip
def test_pain_began_after_the_last_procedure_or_with_it(
    entries: list[Entry], duration: Duration, expected: int | None, desk: Desk
) -> None:
    criterion = asking(desk.guideline, "pain-after-procedure")
    found: Finding = onset_after(criterion, chart(*entries), duration)
    assert found.status == ("not met" if expected is None else "met")
    proof = () if expected is None else (entries[expected], *duration.evidence)
    assert found.evidence == proof


def test_where_procedures_were_not_read_nobody_knows_what_came_first(desk: Desk) -> None:
    criterion = asking(desk.guideline, "pain-after-procedure")
    there = chart(treated(days(5)), incomplete=(Group.PROCEDURES,))
    for duration in (Duration(), BEGAN):
        found = onset_after(criterion, there, duration)
        assert (found.criterion, found.status) == (criterion.id, "unknown")
    found = onset_after(criterion, chart(incomplete=(Group.PROCEDURES,)), BEGAN)
    assert found.status == "unknown"
