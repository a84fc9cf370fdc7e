"""Muscle strength: each course of the grades on both sides of its day, its limit and its fall."""

from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Assertion, Entry, Group, Measure, Side
from service.clinical.dates import Days
from service.clinical.findings.finding import Finding
from service.clinical.findings.strength import muscle_strength
from service.web.answer import Desk

PRESENT, POSSIBLE, UNCLEAR = Assertion.PRESENT, Assertion.POSSIBLE, Assertion.UNCLEAR
LEFT, RIGHT, BOTH, UNSTATED = Side.LEFT, Side.RIGHT, Side.BOTH, Side.UNSTATED
NO_LIMITS = dict.fromkeys(("at_least", "above", "below", "at_most"))
LOW = {"course": "low", "within_days": 14, "first_within_days": 42, "below": 4}
ONCE = {"course": "once", "within_days": 14, "below": 4, "undated": False}
FALLING = {"course": "falling", "within_days": 42, "latest_within_days": 14, "fall_at_least": 1}
ROOTS = {"course": "several-roots", "within_days": 14, "first_within_days": 14, "below": 5,
         "at_least_roots": 2}  # fmt: skip


def graded(value: float | None, when: int | Days | None, *roots: str, **fields: Any) -> Entry:
    """Make one grade, so many days back; None is a reading that has no number."""
    measure = None if value is None else Measure(value=value, unit="/5")
    written = days(when) if isinstance(when, int) else when
    usual = {"group": Group.OBSERVATIONS, "measure": measure, "asserted": written}
    concepts = ("obs-muscle-strength", *(f"root-{root}" for root in roots))
    return entry(*concepts, **(usual | fields))


@pytest.fixture
def ask(desk: Desk) -> Any:
    def found(fields: dict[str, Any], *entries: Entry, **lacking: Any) -> Finding:
        asked = NO_LIMITS | {"first_within_days": None, "fall_at_least": None} | fields
        criterion = asking(desk.guideline, "strength-low", **asked)
        return muscle_strength(criterion, chart(*entries, **lacking), desk.guideline)

    return found


@pytest.mark.parametrize(
    ("grades", "changed", "expected"),
    [([graded(3.9, 14)], {}, "met"), ([graded(3.9, 15)], {}, "not met"),
     ([graded(4, 14)], {}, "not met"), ([graded(3, days(40, 14))], {}, "met"),
     ([graded(3, None)], {}, "not met"),
     ([graded(3, None), graded(3, 3)], {}, "met"),
     ([graded(3, 42), graded(3, 3)], {}, "met"), ([graded(3, 43), graded(3, 3)], {}, "not met"),
     ([graded(4, 60), graded(3, 3)], {}, "met"), ([graded(3, 3), graded(4, 60)], {}, "met"),
     ([graded(3, 9), graded(5, 3)], {}, "not met"), ([graded(5, 3), graded(3, 9)], {}, "not met"),
     ([graded(5, 3), graded(3, 3)], {}, "met"), ([graded(3, 3), graded(5, 3)], {}, "met"),
     ([graded(3, 3, "l4"), graded(5, 2, "l5")], {}, "met"),
     ([graded(3, 3, side=LEFT), graded(5, 2, side=RIGHT)], {}, "met"),
     ([graded(3, 3, "l4", side=LEFT), graded(5, 2, "l4", side=LEFT)], {}, "not met"),
     ([graded(3, 0)], {"within_days": None}, "met"),
     ([graded(3, 1)], {"within_days": None}, "not met"),
     ([graded(3, 0)], {"first_within_days": None}, "met"),
     ([graded(3, 1)], {"first_within_days": None}, "not met")],
)  # fmt: skip
def test_a_low_grade_counts_where_it_is_the_latest_and_was_first_so_lately(
    grades: list[Entry], changed: dict[str, Any], expected: str, ask: Any
) -> None:
    assert ask(LOW | changed, *grades).status == expected


def test_the_last_low_grade_of_each_muscle_is_the_proof(ask: Any) -> None:
    first, last, other = graded(3, 9, "l4"), graded(2, 3, "l4"), graded(3, 5, "l5")
    strong = graded(5, 2, "s1")
    assert ask(LOW, first, other, last, strong).evidence == (last, other)


@pytest.mark.parametrize(
    ("when", "value", "undated", "expected"),
    [(14, 3.9, False, "met"), (15, 3.9, False, "not met"), (14, 4, False, "not met"),
     (days(40, 14), 3, False, "met"), (days(40, 15), 3, False, "not met"),
     (None, 3, False, "not met"), (None, 3, True, "met"), (None, 4, True, "not met"),
     (15, 3, True, "not met")],
)  # fmt: skip
def test_one_low_grade_of_the_window_counts(
    when: int | Days | None, value: float, undated: bool, expected: str, ask: Any
) -> None:
    assert ask(ONCE | {"undated": undated}, graded(value, when)).status == expected


def test_one_low_grade_counts_whatever_came_after_it(ask: Any) -> None:
    low, strong, old = graded(3, 9), graded(5, 3), graded(3, 20)
    assert ask(ONCE, low, strong, old).evidence == (low,)


def test_without_days_only_a_grade_of_today_counts_once(ask: Any) -> None:
    assert ask(ONCE | {"within_days": None}, graded(3, 0)).status == "met"
    assert ask(ONCE | {"within_days": None}, graded(3, 1)).status == "not met"


@pytest.mark.parametrize(
    ("grades", "changed", "expected"),
    [([graded(5, 9), graded(4, 3)], {}, True), ([graded(4, 3), graded(5, 9)], {}, True),
     ([graded(5, 9), graded(4.1, 3)], {}, False), ([graded(4, 9), graded(5, 3)], {}, False),
     ([graded(5, 44), graded(4, 2)], {}, True), ([graded(5, 45), graded(4, 2)], {}, False),
     ([graded(5, 3), graded(4, 2)], {}, True), ([graded(5, 2), graded(4, 2)], {}, False),
     ([graded(5, 20), graded(4, 14)], {}, True), ([graded(5, 20), graded(4, 15)], {}, False),
     ([graded(5, None), graded(4, 3)], {}, False), ([graded(5, 3), graded(4, None)], {}, False),
     ([graded(5, None), graded(4, None)], {}, False),
     ([graded(5, 9, side=LEFT), graded(4, 3, side=RIGHT)], {}, False),
     ([graded(5, 9, "l4"), graded(4, 3, "l5")], {}, False),
     ([graded(5, 40), graded(4.5, 20), graded(4, 3)], {}, True),
     ([graded(5, 90), graded(4, 40), graded(4, 3)], {}, False),
     ([graded(5, 9), graded(4.5, 3)], {"fall_at_least": None}, True),
     ([graded(5, 3), graded(4, 3)], {"within_days": None}, False),
     ([graded(5, 4), graded(4, 3)], {"within_days": None}, False),
     ([graded(5, 9), graded(4, 0)], {"latest_within_days": None}, True),
     ([graded(5, 9), graded(4, 1)], {"latest_within_days": None}, False)],
)  # fmt: skip
def test_strength_falls_where_a_muscle_loses_so_much_in_so_many_days(
    grades: list[Entry], changed: dict[str, Any], expected: bool, ask: Any
) -> None:
    found = ask(FALLING | changed, *grades)
    assert (found.status == "met") is expected
    assert found.documented


def test_a_muscle_that_was_not_tested_lately_hides_no_other_one(ask: Any) -> None:
    old = [graded(5, 60, "l4"), graded(4, 50, "l4")]
    before, after = graded(5, 9, "l5"), graded(3, 3, "l5")
    assert ask(FALLING, *old, before, after).evidence == (before, after)
    assert ask(FALLING, graded(5, None, "l4"), before, after).evidence == (before, after)


@pytest.mark.parametrize(
    ("grades", "changed", "expected"),
    [([graded(4.9, 14, "l4"), graded(4, 3, "l5")], {}, 2),
     ([graded(4.9, 15, "l4"), graded(4, 3, "l5")], {}, 0),
     ([graded(5, 14, "l4"), graded(4, 3, "l5")], {}, 0),
     ([graded(4, 3, "l4")], {}, 0),
     ([graded(4, 3, "l4"), graded(4, 3, "l4", side=LEFT)], {}, 0),
     ([graded(4, 3, "l4", "l5"), graded(4, 3, "s1")], {}, 0),
     ([graded(4, 3), graded(4, 3, "s1")], {}, 0),
     ([graded(5, 60, "l4"), graded(4, 3, "l4"), graded(4, 3, "l5")], {}, 2),
     ([graded(4, 20, "l4"), graded(3, 3, "l4"), graded(4, 3, "l5")], {}, 0),
     ([graded(4, 9, "l4"), graded(5, 3, "l4"), graded(4, 3, "l5")], {}, 0),
     ([graded(5, 3, "l4"), graded(4, 3, "l4"), graded(4, 3, "l5")], {}, 2),
     ([graded(4, None, "l4"), graded(4, 3, "l5")], {}, 0),
     ([graded(4, None, "l4"), graded(4, 3, "l4"), graded(4, 3, "l5")], {}, 2),
     ([graded(4, 3, "l4"), graded(4, 3, "l5")], {"at_least_roots": 3}, 0),
     ([graded(4, 3, root) for root in ("l4", "l5", "s1")], {"at_least_roots": 3}, 3),
     ([graded(4, 3, "l4"), graded(4, 3, "l5")], {"at_least_roots": None}, 2),
     ([graded(4, 3, "l4")], {"at_least_roots": None}, 0),
     ([graded(4, 0, "l4"), graded(4, 0, "l5")], {"first_within_days": None}, 2),
     ([graded(4, 0, "l4"), graded(4, 1, "l5")], {"first_within_days": None}, 0)],
)  # fmt: skip
def test_several_roots_are_weak_where_each_is_so_since_lately(
    grades: list[Entry], changed: dict[str, Any], expected: int, ask: Any
) -> None:
    found = ask(ROOTS | changed, *grades)
    assert (found.status, len(found.evidence)) == ("met" if expected else "not met", expected)


def test_the_last_grade_of_each_root_is_the_proof(ask: Any) -> None:
    first, last, other = graded(4, 9, "l4"), graded(4, 3, "l4"), graded(4, 3, "l5")
    right = graded(3, 2, "l4", side=RIGHT)
    assert ask(ROOTS, first, last, other, right).evidence == (last, other)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [((LEFT, RIGHT), 2), ((RIGHT, LEFT), 2), ((BOTH,), 1), ((LEFT,), 0), ((RIGHT,), 0),
     ((LEFT, UNSTATED), 0), ((UNSTATED,), 0), ((BOTH, LEFT), 2), ((), 0)],
)  # fmt: skip
def test_both_legs_are_weak_where_each_is_or_both_are_said_to_be(
    sides: tuple[Side, ...], expected: int, ask: Any
) -> None:
    grades = [graded(3, 3, side=side) for side in sides]
    assert len(ask(LOW | {"course": "low-both-sides"}, *grades).evidence) == expected


def test_a_strong_leg_makes_no_second_side(ask: Any) -> None:
    low, strong = graded(3, 3, side=LEFT), graded(4, 3, side=RIGHT)
    assert ask(LOW | {"course": "low-both-sides"}, low, strong).status == "not met"


@pytest.mark.parametrize(
    ("one", "expected"),
    [(graded(None, 14, assertion=UNCLEAR), "unknown"),
     (graded(None, 15, assertion=UNCLEAR), "not met"),
     (graded(None, None, assertion=UNCLEAR), "unknown"),
     (graded(None, days(40, 14), assertion=UNCLEAR), "unknown"),
     (graded(9, 14), "unknown"), (graded(9, 15), "not met"), (graded(9, None), "unknown"),
     (graded(9, 14, assertion=POSSIBLE), "unknown"),
     (graded(9, 14, assertion=Assertion.HISTORICAL), "not met"),
     (graded(None, 3, assertion=Assertion.ABSENT), "not met")],
)  # fmt: skip
@pytest.mark.parametrize("fields", [LOW, ONCE])
def test_a_grade_of_the_window_that_cannot_be_read_leaves_the_answer_open(
    one: Entry, expected: str, fields: dict[str, Any], ask: Any
) -> None:
    found = ask(fields, one)
    assert (found.status, found.documented) == (expected, False)
    assert found.evidence == ((one,) if expected == "unknown" else ())


def test_without_days_only_a_grade_of_today_that_cannot_be_read_counts(ask: Any) -> None:
    never = ONCE | {"within_days": None}
    assert ask(never, graded(9, 0)).status == "unknown"
    assert ask(never, graded(9, 1)).status == "not met"


def test_a_low_grade_is_proof_whatever_else_cannot_be_read(ask: Any) -> None:
    low, odd = graded(3, 3), graded(9, 3)
    assert ask(LOW, odd, low).evidence == (low,)


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [(PRESENT, "met"), (POSSIBLE, "met"), (Assertion.HISTORICAL, "not met"),
     (Assertion.FAMILY, "not met"), (Assertion.PLANNED, "not met")],
)  # fmt: skip
def test_only_a_grade_that_is_stated_counts(assertion: Assertion, expected: str, ask: Any) -> None:
    assert ask(LOW, graded(3, 3, assertion=assertion)).status == expected


def test_a_grade_without_the_day_of_its_record_counts_from_its_onset(ask: Any) -> None:
    assert ask(LOW, graded(3, None, onset=days(14))).status == "met"
    assert ask(LOW, graded(3, None, onset=days(15))).status == "not met"


def test_a_full_grade_documents_the_matter_and_silence_does_not(ask: Any) -> None:
    assert ask(LOW, graded(5, 3)).documented
    assert ask(LOW, graded(5, 90)).documented
    assert not ask(LOW).documented
    assert ask(LOW).status == "not met"
    assert ask(LOW, incomplete=(Group.OBSERVATIONS,)).status == "unknown"
    assert ask(LOW, incomplete=(Group.CONDITIONS,)).status == "not met"
