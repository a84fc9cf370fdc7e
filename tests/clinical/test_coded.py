"""Entries of value sets: each window, denial and older record on both sides of its day."""

from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Assertion, Entry, Group
from service.clinical.dates import Days
from service.clinical.findings.coded import (
    Denials,
    Past,
    about,
    coded_entry,
    in_window,
    is_new,
    new_entry,
    withdrawn_entry,
)
from service.clinical.guideline import DateOf
from service.web.answer import Desk

PRESENT, ABSENT, UNCLEAR = Assertion.PRESENT, Assertion.ABSENT, Assertion.UNCLEAR
POSSIBLE, SILENT, HISTORICAL = Assertion.POSSIBLE, Assertion.SILENT, Assertion.HISTORICAL
FIRM = frozenset({PRESENT, POSSIBLE})
PLAIN = {
    "value_sets": ("matter",), "not_concepts": frozenset(), "only_in": frozenset(),
    "assertions": FIRM, "date_of": DateOf.ONSET, "within_days": 14, "undated": False,
    "note_within_days": None, "initial_encounter_only": False, "first_encounter_code": False,
    "later_no_holds_days": None, "asserted_within_days": 14, "recorded_before_days": None,
    "needs_onset_or_worse": False, "muted_by": (), "groups": (Group.CONDITIONS,),
}  # fmt: skip


@pytest.fixture
def ask(desk: Desk) -> Any:
    return lambda **fields: asking(desk.guideline, "cauda-equina-code", **(PLAIN | fields))


def matter(**fields: Any) -> Entry:
    return entry("matter", **fields)


@pytest.mark.parametrize(
    ("within", "when", "undated", "expected"),
    [(14, days(14), False, True), (14, days(15), False, False), (14, days(40, 14), False, True),
     (14, days(40, 15), False, False), (14, None, False, False), (14, None, True, True),
     (None, None, False, True), (None, days(9000), False, True), (0, days(0), False, True),
     (0, days(1), False, False)],
)  # fmt: skip
def test_a_look_back_ends_on_its_day(
    within: int | None, when: Days | None, undated: bool, expected: bool, ask: Any
) -> None:
    assert in_window(when, ask(within_days=within, undated=undated), chart()) is expected


@pytest.mark.parametrize(
    ("fields", "date_of", "expected"),
    [({"onset": days(20), "asserted": days(3)}, DateOf.ONSET, "not met"),
     ({"onset": days(20), "asserted": days(3)}, DateOf.ASSERTED, "met"),
     ({"onset": days(3), "asserted": days(20)}, DateOf.ONSET, "met"),
     ({"onset": days(3), "asserted": days(20)}, DateOf.ASSERTED, "not met"),
     ({"asserted": days(3)}, DateOf.ONSET, "met"),
     ({"onset": days(3)}, DateOf.ASSERTED, "met"),
     ({"onset": days(90), "ended": days(3)}, DateOf.ONSET, "met"),
     ({"onset": days(3), "ended": days(20)}, DateOf.ONSET, "not met")],
)  # fmt: skip
def test_a_look_back_counts_from_the_date_it_names(
    fields: dict[str, Days], date_of: DateOf, expected: str, ask: Any
) -> None:
    assert coded_entry(ask(date_of=date_of), chart(matter(**fields))).status == expected


def test_what_is_over_counts_from_its_beginning_where_no_window_asks(ask: Any) -> None:
    one = matter(onset=days(90), ended=days(3))
    assert coded_entry(ask(within_days=None), chart(one)).evidence == (one,)


@pytest.mark.parametrize(
    ("assertion", "status", "evidence", "denied"),
    [(PRESENT, "met", 1, 0), (POSSIBLE, "met", 1, 0), (HISTORICAL, "not met", 0, 0),
     (UNCLEAR, "unknown", 1, 0), (SILENT, "unknown", 1, 0), (ABSENT, "not met", 0, 1)],
)  # fmt: skip
def test_an_entry_proves_denies_or_leaves_open(
    assertion: Assertion, status: str, evidence: int, denied: int, ask: Any
) -> None:
    found = coded_entry(ask(), chart(matter(assertion=assertion, onset=days(3))))
    assert (found.status, len(found.evidence), len(found.denied)) == (status, evidence, denied)
    assert found.documented is (status == "met" or bool(denied))


@pytest.mark.parametrize("assertion", [UNCLEAR, SILENT])
def test_an_unsettled_entry_without_a_date_leaves_the_answer_open(
    assertion: Assertion, ask: Any
) -> None:
    assert coded_entry(ask(), chart(matter(assertion=assertion))).status == "unknown"
    old = chart(matter(assertion=assertion, asserted=days(15)))
    assert coded_entry(ask(), old).status == "not met"
    just = chart(matter(assertion=assertion, asserted=days(14)))
    assert coded_entry(ask(), just).status == "unknown"


def test_what_was_not_read_to_the_end_is_never_a_no(ask: Any) -> None:
    assert coded_entry(ask(), chart(incomplete=(Group.CONDITIONS,))).status == "unknown"
    assert coded_entry(ask(), chart(incomplete=(Group.PROCEDURES,))).status == "not met"


@pytest.mark.parametrize(
    ("group", "only_in", "kept"),
    [(Group.CONDITIONS, frozenset(), True), (Group.ALLERGIES, frozenset(), False),
     (Group.ALLERGIES, frozenset({Group.ALLERGIES}), True),
     (Group.CONDITIONS, frozenset({Group.ALLERGIES}), False)],
)  # fmt: skip
def test_only_the_lists_that_are_asked_for_are_looked_into(
    group: Group, only_in: frozenset[Group], kept: bool, ask: Any
) -> None:
    one = matter(group=group)
    assert list(about(ask(only_in=only_in), chart(one))) == ([one] if kept else [])


def test_an_entry_about_something_else_as_well_is_left_out(ask: Any) -> None:
    one, other = matter(), entry("matter", "excused")
    criterion = ask(not_concepts=frozenset({"excused"}))
    assert list(about(criterion, chart(one, other))) == [one]
    assert list(about(criterion, chart(other, one))) == [one]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"narrative": True, "assertion": POSSIBLE, "asserted": days(3)}, "met"),
     ({"narrative": True, "assertion": POSSIBLE, "asserted": days(4)}, "not met"),
     ({"narrative": True, "assertion": POSSIBLE, "asserted": days(9, 3)}, "met"),
     ({"narrative": True, "assertion": POSSIBLE, "asserted": days(4), "group": Group.ORDER}, "met"),
     ({"narrative": True, "assertion": PRESENT, "asserted": days(4)}, "met"),
     ({"narrative": False, "assertion": POSSIBLE, "asserted": days(4)}, "met"),
     ({"narrative": True, "assertion": POSSIBLE}, "met")],
)  # fmt: skip
def test_a_suspicion_in_a_note_lasts_some_days(
    fields: dict[str, Any], expected: str, ask: Any
) -> None:
    criterion = ask(note_within_days=3, undated=True)
    assert coded_entry(criterion, chart(matter(**fields))).status == expected
    assert coded_entry(ask(undated=True), chart(matter(**fields))).status == "met"


@pytest.mark.parametrize(
    ("entry_fields", "no_fields", "taken_back"),
    [({"asserted": days(9)}, {"asserted": days(8)}, True),
     ({"asserted": days(9)}, {"asserted": days(9)}, False),
     ({"asserted": days(9)}, {"asserted": days(12, 9)}, False),
     ({"asserted": days(9)}, {"asserted": days(12, 8)}, False),
     ({"asserted": days(9, 7)}, {"asserted": days(7)}, False),
     ({"asserted": days(9)}, {"asserted": days(8), "group": Group.CONDITIONS}, False),
     ({"asserted": days(9)}, {}, False),
     ({}, {"asserted": days(1)}, False),
     ({"asserted": days(9)}, {"asserted": days(8), "assertion": UNCLEAR}, False),
     ({"asserted": days(9)}, {"asserted": days(8), "narrative": True}, True),
     ({"asserted": days(4)}, {"asserted": days(2), "narrative": True}, True),
     ({"asserted": days(3)}, {"asserted": days(2), "narrative": True}, False),
     ({"asserted": days(3), "narrative": True}, {"asserted": days(2), "narrative": True}, True),
     ({"asserted": days(3)}, {"asserted": days(2)}, True)],
)  # fmt: skip
def test_a_later_no_takes_back_what_it_may(
    entry_fields: dict[str, Any], no_fields: dict[str, Any], taken_back: bool, ask: Any
) -> None:
    one = matter(**entry_fields)
    no = matter(**({"assertion": ABSENT, "group": Group.OBSERVATIONS} | no_fields))
    criterion = ask(later_no_holds_days=3, undated=True)
    there = chart(one, no)
    assert Denials.of(criterion, there).take_back(one) is taken_back
    assert (one in coded_entry(criterion, there).evidence) is not taken_back
    assert (one in withdrawn_entry(criterion, there).evidence) is taken_back
    assert not Denials.of(ask(later_no_holds_days=None), there).take_back(one)


def test_the_last_no_counts_and_only_on_its_own_matter(ask: Any) -> None:
    criterion = ask(value_sets=("matter", "other"), later_no_holds_days=0)
    one = matter(asserted=days(9))
    noes = [
        entry("other", assertion=ABSENT, group=Group.OBSERVATIONS, asserted=days(2)),
        matter(assertion=ABSENT, group=Group.OBSERVATIONS, asserted=days(12)),
    ]
    assert not Denials.of(criterion, chart(one, *noes)).take_back(one)
    later = matter(assertion=ABSENT, group=Group.OBSERVATIONS, asserted=days(5))
    assert Denials.of(criterion, chart(one, later, *noes)).take_back(one)
    assert Denials.of(criterion, chart(one, *noes, later)).take_back(one)


def test_what_was_never_stated_cannot_be_withdrawn(ask: Any) -> None:
    no = matter(assertion=ABSENT, group=Group.OBSERVATIONS, asserted=days(2))
    doubtful = matter(assertion=UNCLEAR, asserted=days(5))
    criterion = ask(later_no_holds_days=3)
    assert withdrawn_entry(criterion, chart(no, doubtful)).evidence == ()
    old = matter(asserted=days(30))
    assert withdrawn_entry(criterion, chart(no, old)).evidence == ()


@pytest.mark.parametrize(
    ("fields", "asked", "expected"),
    [({"onset": days(14)}, {}, True), ({"onset": days(15)}, {}, False),
     ({"onset": days(15), "asserted": days(1)}, {}, False),
     ({"onset": days(15), "asserted": days(14), "worse": True}, {}, True),
     ({"onset": days(15), "asserted": days(15), "worse": True}, {}, False),
     ({"onset": days(3), "asserted": days(20)}, {}, True),
     ({"asserted": days(14)}, {}, True), ({"asserted": days(15)}, {}, False),
     ({}, {}, False), ({"worse": True}, {}, False),
     ({"asserted": days(3)}, {"needs_onset_or_worse": True}, False),
     ({"onset": days(3)}, {"needs_onset_or_worse": True}, True),
     ({"asserted": days(3), "worse": True}, {"needs_onset_or_worse": True}, True),
     ({"asserted": days(5)}, {"asserted_within_days": 4}, False),
     ({"onset": days(5)}, {"asserted_within_days": 4}, True),
     ({"onset": days(5)}, {"within_days": 4}, False),
     ({"asserted": days(0)}, {"asserted_within_days": None}, True),
     ({"asserted": days(1)}, {"asserted_within_days": None}, False)],
)  # fmt: skip
def test_what_is_new_began_or_was_first_written_down_lately(
    fields: dict[str, Any], asked: dict[str, Any], expected: bool, ask: Any
) -> None:
    assert is_new(matter(**fields), ask(**asked), chart(), Past()) is expected
    status = new_entry(ask(**asked), chart(matter(**fields))).status
    assert status == ("met" if expected else "not met")


@pytest.mark.parametrize(
    ("past", "expected"),
    [(Past(), True), (Past(chronic=True), False),
     (Past(recorded_before=frozenset({"matter"})), False),
     (Past(recorded_before=frozenset({"other"})), True)],
)  # fmt: skip
def test_an_older_record_or_a_chronic_disorder_makes_the_undated_old(
    past: Past, expected: bool, ask: Any
) -> None:
    assert is_new(matter(asserted=days(2)), ask(), chart(), past) is expected
    assert is_new(matter(onset=days(2)), ask(), chart(), past)


@pytest.mark.parametrize(
    ("fields", "is_old"),
    [({"asserted": days(31)}, True), ({"asserted": days(30)}, False),
     ({"asserted": days(60, 30)}, False), ({"asserted": days(60, 31)}, True), ({}, False),
     ({"onset": days(31), "asserted": days(1)}, True),
     ({"asserted": days(31), "assertion": HISTORICAL}, True),
     ({"asserted": days(31), "assertion": POSSIBLE}, True),
     ({"asserted": days(31), "assertion": ABSENT}, False),
     ({"asserted": days(31), "assertion": UNCLEAR}, False)],
)  # fmt: skip
def test_a_record_of_well_before_makes_a_matter_old(
    fields: dict[str, Any], is_old: bool, ask: Any
) -> None:
    there = chart(matter(**fields))
    expected = frozenset({"matter"}) if is_old else frozenset()
    assert Past.of(ask(recorded_before_days=30), there).recorded_before == expected
    assert Past.of(ask(), there).recorded_before == frozenset()


@pytest.mark.parametrize(
    ("assertion", "chronic"),
    [(PRESENT, True), (HISTORICAL, True), (POSSIBLE, False), (ABSENT, False)],
)
def test_a_standing_disorder_mutes(assertion: Assertion, chronic: bool, ask: Any) -> None:
    there = chart(entry("disorder", assertion=assertion))
    assert Past.of(ask(muted_by=("disorder",)), there).chronic is chronic
    assert not Past.of(ask(), there).chronic


@pytest.mark.parametrize(
    ("code", "fresh", "says_so"),
    [("S32.010A", True, True), ("S32.010B", True, True), ("s32.010a", True, True),
     ("S32.010D", False, False), ("S32.010S", False, False), ("S32.010", True, False),
     ("S32010A", True, True), ("1234567", True, False), (None, True, False),
     ("S32.010AX", True, False)],
)  # fmt: skip
def test_the_end_of_an_injury_code_tells_which_encounter(
    code: str | None, fresh: bool, says_so: bool, ask: Any
) -> None:
    there = chart(matter(code=code, onset=days(1)))
    initial = coded_entry(ask(initial_encounter_only=True), there)
    assert (initial.status == "met") is fresh
    coded = coded_entry(ask(first_encounter_code=True), there)
    assert (coded.status == "met") is says_so
    assert coded_entry(ask(), there).status == "met"


def test_a_short_code_that_ends_like_a_first_encounter_says_nothing_of_it(ask: Any) -> None:
    there = chart(matter(code="S32.01A", onset=days(1)))
    assert coded_entry(ask(first_encounter_code=True), there).status == "not met"
    assert coded_entry(ask(initial_encounter_only=True), there).status == "met"


@pytest.mark.parametrize(("asserted", "expected"), [(14, "unknown"), (15, "not met")])
def test_what_was_left_open_long_ago_leaves_nothing_new_open(
    asserted: int, expected: str, ask: Any
) -> None:
    there = chart(matter(assertion=UNCLEAR, asserted=days(asserted)))
    assert new_entry(ask(), there).status == expected


def test_a_no_without_a_date_hides_no_other(ask: Any) -> None:
    one = matter(asserted=days(9))
    undated, later = (
        matter(assertion=ABSENT, group=Group.OBSERVATIONS, asserted=when)
        for when in (None, days(5))
    )
    assert Denials.of(ask(later_no_holds_days=3), chart(one, undated, later)).take_back(one)


def test_words_take_back_what_was_coded_yesterday_where_no_day_holds(ask: Any) -> None:
    one = matter(asserted=days(1))
    no = matter(assertion=ABSENT, group=Group.OBSERVATIONS, asserted=days(0), narrative=True)
    assert Denials.of(ask(later_no_holds_days=0), chart(one, no)).take_back(one)
    assert not Denials.of(ask(later_no_holds_days=1), chart(one, no)).take_back(one)


def test_all_that_was_recorded_well_before_is_old(ask: Any) -> None:
    there = chart(matter(asserted=days(40)), entry("other", asserted=days(50)))
    criterion = ask(value_sets=("matter", "other"), recorded_before_days=30)
    assert Past.of(criterion, there).recorded_before == {"matter", "other"}
