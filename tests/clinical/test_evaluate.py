"""All questions of a chart: how they are joined, which source of the onset counts, what fails."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from built import asking, chart, days, entry
from test_imaging import ordering

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days
from service.clinical.findings import Duration, Findings, evaluate
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.guideline import Kind, Status
from service.web.answer import Desk

EVALUATE = import_module("service.clinical.findings.evaluate")  # a function has its name, too
PART = {"kind": Kind.CODED_ENTRY, "within_days": None, "not_concepts": frozenset(), "of": (),
        "only_in": frozenset(), "groups": (Group.CONDITIONS,)}  # fmt: skip
SAYS = {"+": Assertion.PRESENT, "?": Assertion.UNCLEAR, "-": Assertion.ABSENT}
MET, NOT_MET, UNKNOWN = Status.MET, Status.NOT_MET, Status.UNKNOWN


@pytest.fixture
def evaluated(desk: Desk) -> Any:
    """Ask of a chart the parts a, b, c and d, and a question made of them."""

    def found(there: Chart, kind: Kind, of: str, but_not: str = "") -> Finding:
        fields = {name: PART | {"id": name, "value_sets": (name,)} for name in "abcd"}
        fields["all"] = {"kind": kind, "of": tuple(of), "but_not": tuple(but_not), "id": "all"}
        criteria = {n: asking(desk.guideline, "cauda-equina-code", **f) for n, f in fields.items()}
        guideline = replace(desk.guideline, criteria=criteria)
        return evaluate(there, ordering(), guideline).by_criterion["all"]

    return found


def saying(said: str) -> tuple[Entry, ...]:
    """Make an entry for each of a, b and c: there, not clear, denied; a dot says nothing."""
    return tuple(
        entry(name, assertion=SAYS[sign])
        for name, sign in zip("abc", said, strict=True)
        if sign != "."
    )


@pytest.mark.parametrize(
    ("said", "one", "two", "every"),
    [("...", NOT_MET, NOT_MET, NOT_MET), ("+..", MET, NOT_MET, NOT_MET),
     ("++.", MET, MET, NOT_MET), ("+++", MET, MET, MET), ("?..", UNKNOWN, NOT_MET, NOT_MET),
     ("??.", UNKNOWN, UNKNOWN, NOT_MET), ("???", UNKNOWN, UNKNOWN, UNKNOWN),
     ("+?.", MET, UNKNOWN, NOT_MET), ("+??", MET, UNKNOWN, UNKNOWN), ("++?", MET, MET, UNKNOWN),
     ("-..", NOT_MET, NOT_MET, NOT_MET), ("-?+", MET, UNKNOWN, NOT_MET)],
)  # fmt: skip
def test_so_many_parts_are_met_or_may_still_be(
    said: str, one: Status, two: Status, every: Status, evaluated: Any
) -> None:
    there = chart(*saying(said))
    assert evaluated(there, Kind.ONE_OF, "abc").status is one
    assert evaluated(there, Kind.TWO_OF, "abc").status is two
    assert evaluated(there, Kind.ALL_OF, "abc").status is every


@pytest.mark.parametrize(
    ("said", "evidence", "denied", "parts", "documented"),
    [("+?-", "a", "c", "a", True), ("?-+", "c", "b", "c", True), ("++.", "ab", "", "ab", True),
     ("?.?", "ac", "", "", False), ("?-.", "a", "b", "", False), ("-..", "", "a", "", False),
     ("---", "", "abc", "", True), ("...", "", "", "", False)],
)  # fmt: skip
def test_behind_the_whole_stand_the_parts_that_decide(
    said: str, evidence: str, denied: str, parts: str, documented: bool, evaluated: Any
) -> None:
    found = evaluated(chart(*saying(said)), Kind.ONE_OF, "abc")
    assert "".join(c for one in found.evidence for c in one.concepts) == evidence
    assert "".join(c for one in found.denied for c in one.concepts) == denied
    assert (found.criterion, "".join(found.parts)) == ("all", parts)
    assert found.documented is documented


def test_what_two_parts_rest_on_is_shown_once(evaluated: Any) -> None:
    both, no = entry("a", "b"), entry("a", "b", assertion=Assertion.ABSENT)
    found = evaluated(chart(both, no), Kind.TWO_OF, "ab")
    assert (found.evidence, found.denied, found.parts) == ((both,), (no,), ("a", "b"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [("+..", MET), ("?..", UNKNOWN), ("...", NOT_MET), ("-..", NOT_MET),
     ("++.", NOT_MET), ("?+.", NOT_MET), ("+.+", NOT_MET), ("+?.", MET), ("+-.", MET),
     ("??.", UNKNOWN), ("+?+", NOT_MET), (".+.", NOT_MET)],
)  # fmt: skip
def test_an_answer_holds_unless_something_else_is_certain(
    said: str, expected: Status, evaluated: Any
) -> None:
    found = evaluated(chart(*saying(said)), Kind.UNLESS, "a", "bc")
    assert found.status is expected
    assert [one.concepts for one in found.evidence] == [{"a"}] * (expected is not NOT_MET)


def test_what_something_else_explains_is_documented(evaluated: Any) -> None:
    assert evaluated(chart(*saying("++.")), Kind.UNLESS, "a", "b").documented
    assert not evaluated(chart(*saying("...")), Kind.UNLESS, "a", "b").documented


@pytest.mark.usefixtures("_caught")
def test_a_question_that_cannot_be_asked_is_unknown_and_named(desk: Desk) -> None:
    criteria = {
        "a": asking(
            desk.guideline, "cauda-equina-code", **PART | {"id": "a", "value_sets": ("a",)}
        ),
        "broken": asking(desk.guideline, "crp-high", id="broken", quantity="no such quantity"),
        "b": asking(
            desk.guideline, "cauda-equina-code", **PART | {"id": "b", "value_sets": ("b",)}
        ),
    }
    one = entry("b")
    found = evaluate(chart(one), ordering(), replace(desk.guideline, criteria=criteria))
    assert found.failed == ("broken",)
    assert found.by_criterion["broken"] == Finding(criterion="broken", status=UNKNOWN)
    assert [found.status(name) for name in ("a", "b")] == [NOT_MET, MET]


def pain(onset: int | Days, group: Group = Group.CONDITIONS) -> Entry:
    begun = days(onset) if isinstance(onset, int) else onset
    return entry("low-back-pain-radiculopathy", group=group, onset=begun, asserted=days(0))


def treated(*when: int) -> list[Entry]:
    return [
        entry("physical-therapy", group=Group.PROCEDURES, asserted=days(n), delivered=True)
        for n in when
    ]


@pytest.fixture
def asked(desk: Desk) -> Callable[..., Findings]:
    return lambda *entries: evaluate(chart(*entries), ordering(), desk.guideline)


@pytest.mark.parametrize(
    ("ordered", "diagnosed", "care", "chosen", "disputed"),
    [(10, 42, (42, 5), 42, (10,)), (10, 41, (42, 5), 10, (41,)), (10, 42, (41, 5), 10, (42,)),
     (10, 42, (42,), 10, (42,)), (10, 42, (), 10, (42,)),
     (50, 50, (42, 5), 50, ()), (days(50, 10), days(90, 50), (95, 5), 10, ()),
     (days(50, 10), days(90, 51), (95, 5), 51, (10,)), (days(90, 51), days(50, 10), (), 51, (10,)),
     (days(50, 10), 50, (), 10, ())],
)  # fmt: skip
def test_of_sources_that_disagree_the_one_that_does_not_discourage_counts(
    ordered: int | Days,
    diagnosed: int | Days,
    care: tuple[int, ...],
    chosen: int,
    disputed: tuple[int, ...],
    asked: Callable[..., Findings],
) -> None:
    found = asked(pain(ordered, Group.ORDER), pain(diagnosed), *treated(*care))
    assert found.duration.at_least == chosen
    assert tuple(one.at_least for one in found.disputed) == disputed


def test_a_flare_is_as_young_as_the_order_says(asked: Callable[..., Findings]) -> None:
    flare = entry("acute-flare", group=Group.ORDER, onset=days(10))
    found = asked(flare, pain(42), *treated(42, 5))
    assert (found.duration.flare, found.duration.at_least) == (True, 10)
    assert [one.at_least for one in found.disputed] == [42]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_source_that_knows_no_onset_disputes_nothing(
    turn: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    durations = [Duration(at_least=10, onset=days(10)), Duration(at_least=50)][::turn]
    monkeypatch.setattr(EVALUATE, "symptom_durations", lambda *_: durations)
    found = evaluate(chart(*treated(60, 5)), ordering(), desk.guideline)
    assert (found.duration, found.disputed) == (durations[0], ())


@pytest.mark.parametrize(
    ("evidence", "unsettled", "denied", "complete", "status", "documented"),
    [(1, 0, 0, True, MET, True), (1, 1, 1, False, MET, True), (0, 1, 0, True, UNKNOWN, False),
     (0, 0, 0, False, UNKNOWN, False), (0, 0, 0, True, NOT_MET, False),
     (0, 0, 1, True, NOT_MET, True), (0, 1, 1, True, UNKNOWN, True),
     (0, 0, 1, False, UNKNOWN, True)],
)  # fmt: skip
def test_entries_prove_leave_open_or_deny(
    evidence: int, unsettled: int, denied: int, complete: bool, status: Status, documented: bool,
    desk: Desk,
) -> None:  # fmt: skip
    criterion = asking(desk.guideline, "cauda-equina-code", groups=(Group.CONDITIONS,))
    there = chart() if complete else chart(incomplete=(Group.CONDITIONS,))
    proof, doubt, no = ([entry(name)] * n for name, n in
                        (("proof", evidence), ("doubt", unsettled), ("no", denied)))  # fmt: skip
    found = from_evidence(criterion, there, proof, unsettled=doubt, denied=no)
    assert found == Finding(
        criterion="cauda-equina-code",
        status=status,
        evidence=tuple(proof or doubt),
        denied=tuple(no),
        documented=documented,
    )
    assert from_evidence(criterion, there, proof, documented=True).documented


def test_a_known_answer_is_documented_and_an_unknown_one_is_not(desk: Desk) -> None:
    criterion, one = desk.guideline.criteria["age-over-50"], entry("age")
    yes = yes_or_no(criterion, met=True, evidence=(one,))
    assert yes == Finding(criterion="age-over-50", status=MET, evidence=(one,), documented=True)
    no = yes_or_no(criterion, met=False)
    assert no == Finding(criterion="age-over-50", status=NOT_MET, documented=True)
    doubt = unknown(criterion, (one,))
    assert doubt == Finding(criterion="age-over-50", status=UNKNOWN, evidence=(one,))
    assert unknown(criterion) == Finding(criterion="age-over-50", status=UNKNOWN)
