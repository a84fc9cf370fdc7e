"""What a card says of the onset, of red flags that were denied, and of what could not be read."""

from dataclasses import replace
from typing import Any

import pytest
from built import entry
from charts import TODAY, ago, back_pain, bundle, call, condition, observation, procedure
from conftest import Judge

from service.clinical.advise import Advice
from service.clinical.assessment import Assessment
from service.clinical.cards import EXTENSION, Card, write
from service.clinical.chart import Assertion
from service.clinical.evidence import gather_evidence
from service.clinical.findings import Finding
from service.clinical.suggestions import Issue
from service.clinical.words import Line

DENIED, UNREAD = "Documented as absent or normal", "Could not be read, so not judged on"
PAIN = back_pain(onsetDateTime=ago(9), recordedDate=ago(9))


def listed(card: Card, heading: str) -> list[str]:
    """Give the lines of a list of a card; none where the card has no such list."""
    parts = card["detail"].split("\n\n")
    title = f"**{heading}**"
    return parts[parts.index(title) + 1].splitlines() if title in parts else []


def written(advice: Advice, judge: Judge, **fields: Any) -> Card:
    """Write the first card of an advice again, with some parts as a test wants them."""
    parts = {"assessment": advice.assessment, "chart": advice.chart, "order": advice.order,
             "guideline": judge.desk.guideline,
             "issue": Issue(key=b"k" * 32, hook_instance="h")}  # fmt: skip
    return write(**(parts | fields))[0]


@pytest.mark.parametrize(
    ("chart", "onset"),
    [([back_pain(onsetDateTime="2026-11")],
      {"days": 0, "low": "2026-11-01", "high": "2026-11-22", "source": "Condition/back-pain"}),
     ([back_pain(onsetDateTime="2026-10-01")],
      {"days": 52, "low": "2026-10-01", "high": "2026-10-01", "source": "Condition/back-pain"}),
     ([back_pain(recordedDate="2026-10-01")],
      {"days": 52, "high": "2026-10-01", "source": "Condition/back-pain"}),
     ([back_pain(recordedDate="2026-11-12"), procedure("97110", 20)],
      {"days": 20, "high": "2026-11-02"}),
     ([back_pain()], None), ([], None)],
)  # fmt: skip
def test_the_card_tells_machines_when_it_began(
    chart: list[Any], onset: dict[str, Any] | None, judge: Judge
) -> None:
    card = judge(call(*chart), TODAY)["cards"][0]
    assert card["extension"][EXTENSION].get("onset") == onset


def denial(name: str, day: str | None) -> dict[str, Any]:
    when = {"effectiveDateTime": day} if day else {}
    return observation(None, "Saddle numbness", id=name, valueBoolean=False, **when)


@pytest.mark.parametrize(
    ("denials", "shown"),
    [([denial("old", "2026-11-18"), denial("new", "2026-11-20")], "new"),
     ([denial("new", "2026-11-20"), denial("old", "2026-11-18")], "new"),
     ([denial("new", "2026-11-20"), denial("undated", None)], "new"),
     ([denial("undated", None), denial("new", "2026-11-20")], "new"),
     ([denial("first", "2026-11-20"), denial("second", "2026-11-20")], "first")],
)  # fmt: skip
def test_of_several_denials_of_a_red_flag_the_latest_is_shown(
    denials: list[Any], shown: str, judge: Judge
) -> None:
    lines = judge(call(PAIN, *denials), TODAY)["cards"][0]["detail"].splitlines()
    assert [line for line in lines if "numbness" in line] == [
        "- saddle or perineal sensation: Saddle numbness, recorded 2026-11-20 \u2014 "
        f"Observation/{shown}"
    ]


def test_two_denials_of_one_red_flag_that_say_different_things_are_both_shown(judge: Judge) -> None:
    fever, drugs = (observation(None, name, id=name[:5], valueBoolean=False,
                                effectiveDateTime=ago(2))
                    for name in ("Fever", "Intravenous drug use"))  # fmt: skip
    card = judge(call(PAIN, fever, drugs), TODAY)["cards"][0]
    of = "- fever, infection risk or injection drug use:"
    assert listed(card, DENIED) == [
        f"{of} Fever, recorded 2026-11-20 \u2014 Observation/Fever",
        f"{of} Intravenous drug use, recorded 2026-11-20 \u2014 Observation/Intra",
    ]


# Red flags in general


def in_general(text: str, day: int | None = 1, name: str = "rf") -> dict[str, Any]:
    return condition(None, text, id=name, **({} if day is None else {"recordedDate": ago(day)}))


def flags(**value: Any) -> dict[str, Any]:
    return observation(None, "Red flags", id="rf", effectiveDateTime=ago(1), **value)


def silent(card: Card) -> bool:
    """Whether a card says of every red flag that it is not documented."""
    said = "**Not documented in the record:** bladder; saddle" in card["detail"]
    assert said is bool(card["extension"][EXTENSION].get("notDocumented"))
    return said


@pytest.mark.parametrize(
    ("said", "shown"),
    [([flags(valueBoolean=False)], "- Red flags, recorded 2026-11-21 \u2014 Observation/rf"),
     ([in_general("No red flags")], "- No red flags, recorded 2026-11-21 \u2014 Condition/rf"),
     ([in_general("No red flags", 5, "a"), in_general("No red flags", 2, "b"),
       in_general("No red flags", 3, "c")],
      "- No red flags, recorded 2026-11-20 \u2014 Condition/b"),
     ([in_general("No red flags", 2, "a"), in_general("No red flags", 5, "b")],
      "- No red flags, recorded 2026-11-20 \u2014 Condition/a")],
)  # fmt: skip
def test_that_there_is_no_red_flag_is_shown_once_as_it_was_said_last(
    said: list[Any], shown: str, judge: Judge
) -> None:
    card = judge(call(PAIN, *said), TODAY)["cards"][0]
    assert listed(card, DENIED) == [shown]
    assert "Not documented" not in card["detail"]
    assert not silent(card)


@pytest.mark.parametrize(
    "said",
    [[flags(valueBoolean=True)], [flags(valueString="positive")], [flags()],
     [flags(valueString="see below")], [in_general("Red flags present")],
     [in_general("Red flags: yes")], [in_general("No red flags", None)],
     [in_general("No red flags", 15)],
     [in_general("No red flags", 3, "a"), flags(valueBoolean=True)],
     [flags(valueBoolean=True), in_general("No red flags", 0, "a")], []],
)  # fmt: skip
def test_red_flags_that_are_there_or_left_open_are_no_denial_of_any(
    said: list[Any], judge: Judge
) -> None:
    card = judge(call(PAIN, *said), TODAY)["cards"][0]
    assert listed(card, DENIED) == []
    assert silent(card)


# What could not be read


def test_a_question_that_failed_is_told_to_readers_and_machines(judge: Judge) -> None:
    advice = judge.advice(call(PAIN), TODAY)
    findings = replace(advice.assessment.findings, failed=("crp-high",))
    card = written(advice, judge, assessment=replace(advice.assessment, findings=findings))
    assert card["extension"][EXTENSION]["unavailable"][-1] == {
        "group": "crp-high", "reason": "question-failed"
    }  # fmt: skip
    assert listed(card, UNREAD) == [
        "- crp-high: a question of the guideline that could not be answered"
    ]


def test_a_resource_that_failed_is_told_to_readers_and_machines(judge: Judge) -> None:
    advice = judge.advice(call(PAIN), TODAY)
    card = written(advice, judge, chart=replace(advice.chart, failed=("Condition",)))
    assert card["extension"][EXTENSION]["unavailable"][-1] == {
        "group": "Condition", "reason": "reading-failed"
    }  # fmt: skip
    assert listed(card, UNREAD) == [
        "- Condition: holds an entry that this service failed to read, by a fault of its own"
    ]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [({"procedures": None}, ["- Procedures: sent as null, taken to be empty"]),
     ({"devices": None}, []), ({}, []),
     ({"procedures": ...}, ["- Procedures: not sent by the EHR"]),
     ({"devices": {**bundle(), "total": 9}}, ["- Devices: further pages were not sent"])],
)  # fmt: skip
def test_a_helpful_list_that_was_not_sent_is_no_list_that_could_not_be_read(
    sent: dict[str, Any], shown: list[str], judge: Judge
) -> None:
    assert listed(judge(call(PAIN, **sent), TODAY)["cards"][0], UNREAD) == shown


# What else is on a card


@pytest.mark.parametrize(
    ("hosts", "linked"),
    [(None, True), (("acsearch.acr.org",), True), (("a.example", "acsearch.acr.org"), True),
     (("a.example",), False), ((), False)],
)  # fmt: skip
def test_a_card_links_to_the_hosts_that_its_client_allows(
    hosts: tuple[str, ...] | None, linked: bool, judge: Judge
) -> None:
    issue = Issue(key=b"k" * 32, hook_instance="h", link_hosts=hosts)
    card = written(judge.advice(call(PAIN), TODAY), judge, issue=issue)
    assert ("url" in card["source"]) is linked


def test_a_sentence_that_a_finding_adds_may_name_a_fact(judge: Judge) -> None:
    line = Line(id="x", says="Sore for {days}.", rules=frozenset(), when=("under-six-weeks",),
                unless=())  # fmt: skip
    guideline = replace(judge.desk.guideline, lines=(line,))
    card = written(judge.advice(call(PAIN), TODAY), judge, guideline=guideline)
    assert "Sore for 9 days." in card["detail"].split("\n\n")


@pytest.mark.parametrize(("row", "against"), [("R10", 1), ("R20-unclear", 1), ("R90", 0)])
def test_only_an_alarm_shows_what_was_documented_to_the_contrary(
    row: str, against: int, judge: Judge
) -> None:
    advice, guideline = judge.advice(call(PAIN), TODAY), judge.desk.guideline
    one = next(r for r in guideline.rows if r.id == row)
    no = entry("a", assertion=Assertion.ABSENT)
    said = {c: Finding(c, wanted, denied=(no,)) for c, wanted in one.cells}
    findings = advice.assessment.findings
    found = replace(findings, by_criterion={**findings.by_criterion, **said})
    assessment = Assessment(row=one, also=(), modifiers=(), findings=found)
    assert gather_evidence(one, assessment, guideline).against == (no,) * against


def test_every_answer_names_its_question(judge: Judge) -> None:
    found = judge.advice(call(PAIN), TODAY).assessment.findings.by_criterion
    assert {name: finding.criterion for name, finding in found.items()} == {n: n for n in found}
