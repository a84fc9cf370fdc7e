"""Both legs: what makes two sides, how close they must lie, and since when there are two."""

from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Assertion, Entry, Group, Side
from service.clinical.dates import Days
from service.clinical.findings.coded import Past
from service.clinical.findings.finding import Finding
from service.clinical.findings.sides import both_sides
from service.web.answer import Desk

LEFT, RIGHT, BOTH, UNSTATED = Side.LEFT, Side.RIGHT, Side.BOTH, Side.UNSTATED
PRESENT, POSSIBLE, ABSENT = Assertion.PRESENT, Assertion.POSSIBLE, Assertion.ABSENT
UNCLEAR, SILENT, HISTORICAL = Assertion.UNCLEAR, Assertion.SILENT, Assertion.HISTORICAL
NEW = {"within_days": 14, "asserted_within_days": 14}
RECENT = {"within_days": 83, "asserted_within_days": None}
EVER = {"within_days": None, "asserted_within_days": None}
PLAIN = {"value_sets": ("leg", "other-leg"), "together_within_days": 30, "undated": False,
         "recorded_before_days": None, "muted_by": (), "groups": (Group.CONDITIONS,)}  # fmt: skip


@pytest.fixture
def ask(desk: Desk) -> Any:
    def found(fields: dict[str, Any], *entries: Entry, **lacking: Any) -> Finding:
        criterion = asking(desk.guideline, "bilateral-legs", **(PLAIN | fields))
        return both_sides(criterion, chart(*entries, **lacking))

    return found


def leg(side: Side, asserted: int | Days | None = 3, **fields: Any) -> Entry:
    when = days(asserted) if isinstance(asserted, int) else asserted
    return entry("leg", side=side, asserted=when, **fields)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [((LEFT, RIGHT), True), ((RIGHT, LEFT), True), ((BOTH,), True), ((BOTH, LEFT), True),
     ((LEFT,), False), ((RIGHT,), False), ((LEFT, LEFT), False), ((RIGHT, RIGHT), False),
     ((LEFT, UNSTATED), False), ((UNSTATED, RIGHT), False), ((UNSTATED,), False), ((), False)],
)  # fmt: skip
@pytest.mark.parametrize("fields", [NEW, RECENT, EVER])
def test_two_sides_are_left_and_right_or_both_at_once(
    sides: tuple[Side, ...], expected: bool, fields: dict[str, Any], ask: Any
) -> None:
    found = ask(fields, *(leg(side) for side in sides))
    assert (found.status == "met") is expected
    assert found.documented is expected


def test_what_is_said_of_both_sides_is_the_proof_before_any_pair(ask: Any) -> None:
    left, right, both = leg(LEFT), leg(RIGHT), leg(BOTH)
    assert ask(EVER, left, right, both).evidence == (both,)
    assert ask(EVER, right, left).evidence == (left, right)
    old = leg(BOTH, 84)
    assert ask(RECENT, old, right, left).evidence == (left, right)


def test_two_sides_may_be_of_two_matters(ask: Any) -> None:
    other = entry("other-leg", side=RIGHT, asserted=days(3))
    assert ask(EVER, leg(LEFT), other).status == "met"
    assert ask(EVER, leg(LEFT), entry("arm", side=RIGHT, asserted=days(3))).status == "not met"


@pytest.mark.parametrize(
    ("left", "right", "together", "expected"),
    [(33, 3, 30, True), (34, 3, 30, False), (3, 33, 30, True), (3, 34, 30, False),
     (days(60, 33), 3, 30, True), (days(33, 3), days(60, 33), 30, True), (3, None, 30, True),
     (None, 3, 30, True), (None, None, 30, True), (900, None, 30, True),
     (3, 3, None, True), (4, 3, None, False), (3, 4, None, False)],
)  # fmt: skip
def test_two_sides_lie_so_close_together(
    left: int | Days | None, right: int | Days | None, together: int, expected: bool, ask: Any
) -> None:
    fields = EVER | {"together_within_days": together}
    found = ask(fields, leg(LEFT, left), leg(RIGHT, right))
    assert (found.status == "met") is expected


def test_how_close_two_sides_lie_counts_by_when_they_were_written_down(ask: Any) -> None:
    left, right = leg(LEFT, 3, onset=days(90)), leg(RIGHT, 3, onset=days(5))
    assert ask(EVER, left, right).status == "met"
    left, right = leg(LEFT, 90, onset=days(90)), leg(RIGHT, 3, onset=days(90))
    assert ask(EVER, left, right).status == "not met"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [((3, 30), (3, 14), True), ((3, 14), (3, 30), True), ((3, 15), (3, 30), False),
     ((3, 15), (3, 15), False), ((14, None), (14, None), True), ((15, None), (15, None), False),
     ((15, None), (14, None), True), ((14, None), (15, None), True),
     ((15, 40), (14, None), True), ((14, None), (15, 40), True)],
)  # fmt: skip
def test_both_legs_are_affected_since_the_second_one_is(
    left: tuple[int, int | None], right: tuple[int, int | None], expected: bool, ask: Any
) -> None:
    entries = [
        leg(side, asserted, onset=None if onset is None else days(onset))
        for side, (asserted, onset) in ((LEFT, left), (RIGHT, right))
    ]
    assert (ask(NEW, *entries).status == "met") is expected
    assert ask(EVER, *entries).status == "met"


def test_where_an_onset_is_not_known_a_pair_counts_from_when_it_was_written_down(ask: Any) -> None:
    second = leg(RIGHT, 14, onset=days(40))
    assert ask(NEW, leg(LEFT, 41), second).status == "met"
    assert ask(NEW, leg(LEFT, 41, onset=days(41)), second).status == "not met"


@pytest.mark.parametrize("sides", [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_a_second_leg_that_began_lately_is_new_though_nobody_knows_since_when_the_first(
    sides: tuple[Side, Side], ask: Any
) -> None:
    """It would be a warning only, and not the emergency that it is."""
    first, second = sides
    began = leg(second, None, onset=days(3))
    assert ask(NEW, leg(first, 20), began).status == "met"
    assert ask(NEW, leg(first, None), began).status == "met"
    assert ask(NEW, leg(first, 20), leg(second, None, onset=days(15))).status == "not met"


@pytest.mark.parametrize(("side", "expected"), [(LEFT, "met"), (RIGHT, "not met"),
                                                (BOTH, "not met")])  # fmt: skip
def test_an_older_record_of_one_leg_does_not_make_the_other_an_old_matter(
    side: Side, expected: str, ask: Any
) -> None:
    fields = NEW | {"recorded_before_days": 30}
    entries = [leg(LEFT, 20), leg(side, 32), leg(RIGHT, 3)]
    assert ask(fields, *entries).status == expected


@pytest.mark.parametrize("sides", [(LEFT, RIGHT), (RIGHT, LEFT)])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_two_old_sides_of_which_one_got_worse_are_new(
    sides: tuple[Side, Side], first: bool, second: bool, expected: bool, ask: Any
) -> None:
    one = leg(sides[0], 5, onset=days(60), worse=first)
    other = leg(sides[1], 3, onset=days(40), worse=second)
    assert (ask(NEW, one, other).status == "met") is expected
    at_once = leg(sides[0], 3, worse=first, onset=days(40))
    assert (ask(NEW, at_once, other).status == "met") is expected


@pytest.mark.parametrize(
    ("when", "within", "undated", "expected"),
    [(days(83), 83, False, True), (days(84), 83, False, False), (days(200, 83), 83, False, True),
     (None, 83, False, False), (None, 83, True, True), (None, None, False, True),
     (days(9000), None, False, True)],
)  # fmt: skip
def test_without_days_of_being_new_any_picture_of_the_window_counts(
    when: Days | None, within: int | None, undated: bool, expected: bool, ask: Any
) -> None:
    fields = EVER | {"within_days": within, "undated": undated}
    assert (ask(fields, leg(BOTH, when)).status == "met") is expected
    assert (ask(fields, leg(LEFT, when), leg(RIGHT, when)).status == "met") is expected


def test_a_pair_is_as_old_as_its_second_side(ask: Any) -> None:
    assert ask(RECENT, leg(LEFT, 90), leg(RIGHT, 83)).status == "met"
    assert ask(RECENT, leg(LEFT, 83), leg(RIGHT, 90)).status == "met"
    assert ask(RECENT, leg(LEFT, 84), leg(RIGHT, 90)).status == "not met"
    assert ask(RECENT, leg(LEFT, 90), leg(RIGHT, None)).status == "not met"


def test_of_two_days_apart_the_pair_of_the_last_ones_is_shown(ask: Any) -> None:
    old, new = leg(LEFT, 20), leg(LEFT, 5)
    before, after = leg(RIGHT, 25), leg(RIGHT, 6)
    assert ask(EVER, old, new, before, after).evidence == (new, after)
    undated = leg(LEFT, None)
    assert ask(EVER, old, new, undated, after).evidence == (undated, after)


def test_a_long_record_of_one_side_hides_no_second_one(ask: Any) -> None:
    old = [leg(LEFT, 400 + n) for n in range(40)]
    last, right = leg(LEFT, 5), leg(RIGHT, 3)
    assert ask(EVER, *old, last, right).evidence == (last, right)
    old = [leg(RIGHT, 400 + n) for n in range(40)]
    last, left = leg(RIGHT, 5), leg(LEFT, 3)
    assert ask(EVER, *old, last, left).evidence == (left, last)


def test_an_older_record_or_a_chronic_disorder_makes_both_sides_old(ask: Any) -> None:
    before = entry("other-leg", asserted=days(31))
    both = entry("other-leg", side=BOTH, asserted=days(3))
    fields = NEW | {"recorded_before_days": 30}
    assert ask(fields, before, both).status == "not met"
    assert ask(NEW, before, both).status == "met"
    standing = entry("disorder")
    assert ask(NEW | {"muted_by": ("disorder",)}, standing, both).status == "not met"


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [(PRESENT, "met"), (POSSIBLE, "met"), (HISTORICAL, "not met"), (ABSENT, "not met"),
     (UNCLEAR, "unknown"), (SILENT, "unknown")],
)  # fmt: skip
def test_only_sides_that_are_stated_count(assertion: Assertion, expected: str, ask: Any) -> None:
    both = leg(BOTH, assertion=assertion)
    found = ask(NEW, both)
    assert found.status == expected
    assert found.evidence == (() if expected == "not met" else (both,))
    pair = leg(LEFT, assertion=assertion), leg(RIGHT)
    assert ask(NEW, *pair).status == ("met" if expected == "met" else "not met")


@pytest.mark.parametrize(
    ("when", "fields", "expected"),
    [(days(14), NEW, "unknown"), (days(15), NEW, "not met"), (days(30, 14), NEW, "unknown"),
     (None, NEW, "unknown"), (days(83), RECENT, "unknown"), (days(84), RECENT, "not met"),
     (days(900), EVER, "unknown")],
)  # fmt: skip
def test_unsettled_symptoms_of_both_legs_leave_the_answer_open(
    when: Days | None, fields: dict[str, Any], expected: str, ask: Any
) -> None:
    assert ask(fields, leg(BOTH, when, assertion=UNCLEAR)).status == expected
    for side in (LEFT, RIGHT, UNSTATED):
        assert ask(fields, leg(side, when, assertion=UNCLEAR)).status == "not met"


def test_a_pair_is_proof_whatever_else_is_unsettled(ask: Any) -> None:
    left, right, unclear = leg(LEFT), leg(RIGHT), leg(BOTH, assertion=UNCLEAR)
    assert ask(NEW, unclear, left, right).evidence == (left, right)


def test_what_was_not_read_to_the_end_is_no_single_side(ask: Any) -> None:
    assert ask(NEW, leg(LEFT), incomplete=(Group.CONDITIONS,)).status == "unknown"
    assert ask(NEW, leg(LEFT), incomplete=(Group.PROCEDURES,)).status == "not met"
    assert ask(NEW, leg(BOTH), incomplete=(Group.CONDITIONS,)).status == "met"


def test_an_allergy_is_no_side(ask: Any) -> None:
    assert ask(EVER, leg(BOTH, group=Group.ALLERGIES)).status == "not met"


def test_a_long_record_is_gone_through_once_for_each_side(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    whole = Past.of

    def counted(*given: Any, **fields: Any) -> Past:
        asked.append(fields)
        return whole(*given, **fields)

    monkeypatch.setattr(Past, "of", counted)
    old = [leg(side, 400 + n) for n in range(30) for side in (LEFT, RIGHT, BOTH)]
    assert ask(NEW | {"recorded_before_days": 30}, *old).status == "not met"
    assert 0 < len(asked) <= len(Side)
