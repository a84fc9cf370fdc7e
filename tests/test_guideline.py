"""The decision table proved as a table: what wins, what is reached, what a deferral needs."""

import csv
import random
from itertools import chain, pairwise
from pathlib import Path

import pytest
from charts import TODAY, ago, back_pain, call, condition
from conftest import Judge

from service.clinical.assessment import matches, rate
from service.clinical.findings import Duration, Finding, Findings
from service.clinical.findings.care import Care, Extent
from service.clinical.guideline import Guideline, Kind, Status, Verdict
from service.web.answer import Desk


@pytest.fixture(scope="module")
def guideline(desk: Desk) -> Guideline:
    return desk.guideline


def findings(statuses: dict[str, Status]) -> Findings:
    found = {name: Finding(criterion=name, status=status) for name, status in statuses.items()}
    return Findings(by_criterion=found, duration=Duration(), care=Care(extent=Extent.NONE))


def asked(guideline: Guideline) -> list[str]:
    """Name what any table asks of the chart or the order; the verdict is asked about later."""
    rows = [*guideline.indication, *chain(*guideline.modifiers)]
    names = {criterion for row in rows for criterion, _ in row.cells}
    return sorted(n for n in names if guideline.criteria[n].kind is not Kind.RULE_MATCHED)


def test_emergencies_stand_before_everything_else(guideline: Guideline) -> None:
    emergencies = [row.verdict is Verdict.EMERGENCY for row in guideline.indication]
    assert emergencies == sorted(emergencies, reverse=True)
    critical = [row.indicator == "critical" for row in guideline.indication]
    assert critical == emergencies


def test_louder_rows_stand_before_quieter_ones(guideline: Guideline) -> None:
    """So that one more flag can only make the card louder: the first match is the loudest."""
    indicators = ("critical", "warning", "info")
    alarms = (Verdict.EMERGENCY, Verdict.FLAG)
    quiet = [indicators.index(r.indicator) for r in guideline.indication if r.verdict in alarms]
    assert quiet == sorted(quiet)


def test_an_emergency_row_asks_only_for_what_is_there(guideline: Guideline) -> None:
    """With the order of the rows this is the proof that nothing can remove an emergency.

    A row whose cells are all "met" matches whatever any other finding is; the rows before it are
    emergencies too; so a chart with those findings gets an emergency whatever else it holds.
    """
    for row in guideline.indication:
        if row.verdict is Verdict.EMERGENCY:
            assert row.cells
            assert {status for _, status in row.cells} == {Status.MET}


# What takes an emergency back leaves a question: the row that then matches, by what it rests on.
WITHDRAWN = {
    "cauda-equina-code": "R14-unclear",
    "urinary-retention": "R14-unclear",
    "saddle-numbness": "R14-unclear",
    "faecal-incontinence": "R14-unclear",
    "anal-tone-reduced": "R14-unclear",
    "post-void-residual-high": "R14-unclear",
    "bladder-change-any": "R14-unclear",
    "bladder-change-other": "R14-unclear",
    "bladder-change-unexplained": "R14-unclear",
    "cauda-equina-denied": "R14-unclear",
    "both-legs-weak": "R14-bilateral",
    "bilateral-legs-new": "R14-bilateral",
    "bilateral-legs-unsettled": "R13",
    "cord-compression": "R67-old-compression",
    "cord-sign": "R21-unclear",
    "motor-deficit-new": "R20-unclear",
    "leg-weakness-new": "R20-unclear",
    "fever-coded": "R32-fever",
}


def test_what_takes_an_emergency_back_leaves_a_question(guideline: Guideline) -> None:
    """The criteria of emergency rows rest on entries; where others may take one back, a row asks.

    A later "no", an earlier record of the same, a chronic disorder, a documented normal function.
    """
    rows = {row.id for row in guideline.indication}
    asked_for = [
        c for row in guideline.indication for c, _ in row.cells if row.indicator == "critical"
    ]
    may_be_taken_back = set()
    while asked_for:
        criterion = guideline.criteria[asked_for.pop()]
        asked_for += criterion.of
        taken_back = (criterion.later_no_holds_days, criterion.recorded_before_days)
        if any(taken_back) or criterion.muted_by or criterion.but_not:
            may_be_taken_back.add(criterion.id)
    assert may_be_taken_back == set(WITHDRAWN)
    assert set(WITHDRAWN.values()) <= rows


def test_every_emergency_wins_over_every_single_other_finding(guideline: Guideline) -> None:
    names = asked(guideline)
    for row in (r for r in guideline.indication if r.verdict is Verdict.EMERGENCY):
        wanted = dict(row.cells)
        for other in names:
            for background in Status:
                for status in Status:
                    cells = dict.fromkeys(names, background) | {other: status} | wanted
                    assert rate(findings(cells), guideline).row.verdict is Verdict.EMERGENCY


def test_more_flags_never_lower_the_urgency(guideline: Guideline) -> None:
    order = [row.verdict for row in guideline.indication]
    last_flag = max(i for i, v in enumerate(order) if v is Verdict.FLAG)
    first_deferral = order.index(Verdict.DEFERRAL)
    assert last_flag < first_deferral
    assert order.index(Verdict.INCOMPLETE) < first_deferral


def test_a_deferral_needs_a_complete_record_and_no_red_flag(guideline: Guideline) -> None:
    deferrals = [row for row in guideline.indication if row.verdict is Verdict.DEFERRAL]
    assert deferrals
    for row in deferrals:
        cells = dict(row.cells)
        assert cells["record-complete"] is Status.MET
        assert cells["red-flag"] is Status.NOT_MET


def test_every_flag_that_stands_alone_forbids_a_deferral(guideline: Guideline) -> None:
    """A flag row of one cell has that cell inside `red-flag`, so that its "unknown" counts too."""
    inside: set[str] = set()
    unread = ["red-flag"]
    while unread:
        criterion = guideline.criteria[unread.pop()]
        inside.add(criterion.id)
        unread += criterion.of
    alone = {
        row.cells[0][0]
        for row in guideline.indication
        if row.verdict in (Verdict.EMERGENCY, Verdict.FLAG) and len(row.cells) == 1
    }
    assert alone - inside == {
        "bilateral-legs-unsettled",  # the same entries over all time are inside: bilateral-legs
        "cord-sign",  # cord-sign-any
        "high-energy-trauma-fresh",  # high-energy-trauma
        "two-weak-cancer-flags",  # weak by definition: they soften a deferral, one by one
        "under-18",  # an unknown age is judged by the adult rules
        "recent-lumbar-surgery",  # supports imaging, is no red flag
    }


def test_the_last_row_catches_everything(guideline: Guideline) -> None:
    chance = random.Random(6)
    names = asked(guideline)
    for _ in range(3000):
        cells = {name: chance.choice(list(Status)) for name in names}
        assessment = rate(findings(cells), guideline)
        assert matches(assessment.row, cells)


def test_a_record_of_which_nothing_is_known_gets_no_deferral(guideline: Guideline) -> None:
    unknown = dict.fromkeys(asked(guideline), Status.UNKNOWN)
    assert rate(findings(unknown), guideline).row.verdict is Verdict.UNCLEAR


def test_recommendations_are_static_and_alphanumeric(guideline: Guideline) -> None:
    by_rule: dict[str, set[str]] = {}
    for row in guideline.indication:
        assert row.recommendation.isalnum()
        by_rule.setdefault(row.rule, set()).add(row.recommendation)
    assert all(len(codes) == 1 for codes in by_rule.values())


@pytest.mark.real_data
def test_the_table_agrees_with_the_published_recommendations(
    guideline: Guideline, shared: Path
) -> None:
    table = (shared / "clinical" / "recommendations.csv").read_text(encoding="utf-8")
    published = {row["rule"]: row for row in csv.DictReader(table.splitlines())}
    for row in [*guideline.indication, *chain(*guideline.modifiers)]:
        known = published[row.rule]
        assert row.recommendation == known["recommendation"]
        assert row.indicator in known["indicator"].split(" or ")
        assert (row.acr_variant or "") == known["acr_variant"]


@pytest.mark.parametrize(("days", "row"), [(40, "R60"), (41, "R60"), (42, "R61"), (43, "R61")])
def test_six_weeks_begin_on_the_forty_second_day(days: int, row: str, judge: Judge) -> None:
    assert judge.row(call(back_pain(onsetDateTime=ago(days))), TODAY) == row


@pytest.mark.parametrize("days", range(15))
def test_retention_within_fourteen_days_is_an_emergency(days: int, judge: Judge) -> None:
    retention = condition("R33.9", onsetDateTime=ago(days), recordedDate=ago(days))
    assert judge.row(call(back_pain(), retention), TODAY) == "R10"


def test_retention_of_fifteen_days_is_asked_about(judge: Judge) -> None:
    retention = condition("R33.9", onsetDateTime=ago(15), recordedDate=ago(15))
    assert judge.row(call(back_pain(), retention), TODAY) == "R14-unclear"


def test_rows_are_told_apart_by_their_findings(guideline: Guideline) -> None:
    for first, second in pairwise(guideline.indication):
        assert (first.cells, first.rule) != (second.cells, second.rule)
