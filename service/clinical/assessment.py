"""The step `rate`: the first row of the decision table that the findings match."""

from dataclasses import dataclass

from service.clinical.findings import Findings
from service.clinical.guideline import Guideline, Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """The row that decided, the other rows that matched, and the findings behind them."""

    row: Row
    also: tuple[Row, ...]
    findings: Findings


def rate(findings: Findings, guideline: Guideline) -> Assessment:
    """Give the verdict: rows are tried from the top, and the last row catches everything."""
    matched = [row for row in guideline.indication if matches(row, findings)]
    return Assessment(row=matched[0], also=tuple(matched[1:]), findings=findings)


def matches(row: Row, findings: Findings) -> bool:
    """Whether every cell of a row is as the findings say."""
    return all(findings.status(criterion) is wanted for criterion, wanted in row.cells)
