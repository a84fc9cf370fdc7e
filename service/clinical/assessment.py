"""The step `rate`: the first row of each decision table that the findings match."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from service.clinical.findings import Finding, Findings
from service.clinical.guideline import Criterion, Guideline, Kind, Row, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """The row that decided, the other rows that matched, and the findings behind them.

    `modifiers` are the rows on the study itself, the most important first.
    """

    row: Row
    also: tuple[Row, ...]
    modifiers: tuple[Row, ...]
    findings: Findings


def rate(findings: Findings, guideline: Guideline) -> Assessment:
    """Give the verdict: rows are tried from the top, and the last row catches everything.

    Then the tables on the study are asked, which may look at the verdict; of what they say only
    the most important is kept, since more cards are not read.
    """
    said = {name: finding.status for name, finding in findings.by_criterion.items()}
    matched = [row for row in guideline.indication if matches(row, said)]
    verdict = _of_verdict(guideline, matched)
    said |= {name: finding.status for name, finding in verdict.items()}
    firsts = [_first(table, said) for table in guideline.modifiers]
    modifiers = sorted(
        (row for row in firsts if row is not None),
        key=lambda row: guideline.priority.index(row.rule),
    )
    return Assessment(
        row=matched[0],
        also=tuple(matched[1:]),
        modifiers=tuple(modifiers[: guideline.most_modifiers]),
        findings=replace(findings, by_criterion={**findings.by_criterion, **verdict}),
    )


def matches(row: Row, said: Mapping[str, Status]) -> bool:
    """Whether every cell of a row is as the findings say."""
    for criterion, wanted in row.cells:  # noqa: SIM110 - `all` takes twice as long on every row
        if said[criterion] is not wanted:
            return False
    return True


def _first(table: Iterable[Row], said: Mapping[str, Status]) -> Row | None:
    return next((row for row in table if matches(row, said)), None)


def _of_verdict(guideline: Guideline, matched: list[Row]) -> dict[str, Finding]:
    """Answer the criteria that ask for the verdict: which rules matched, or came first."""
    rows = {False: matched, True: matched[:1]}
    return {
        criterion.id: _rule_matched(criterion, rows[criterion.first_only])
        for criterion in guideline.criteria.values()
        if criterion.kind is Kind.RULE_MATCHED
    }


def _rule_matched(criterion: Criterion, rows: list[Row]) -> Finding:
    met = any(row.rule in criterion.rules or row.id in criterion.rules for row in rows)
    return Finding(
        criterion=criterion.id,
        status=Status.MET if met else Status.NOT_MET,
        documented=True,
    )
