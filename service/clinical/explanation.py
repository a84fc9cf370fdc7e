"""Why each row of each table did or did not match: the tables, read aloud for one chart."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.clinical.findings import Finding
from service.clinical.guideline import Guideline, Row, Status

DECIDES, ALSO, NO = "matches", "also matches", "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One question of a row: the answer that the row asks for, and the answer of the chart."""

    criterion: str
    wanted: Status
    status: Status

    @property
    def fits(self) -> bool:
        """Whether the chart answers as the row asks."""
        return self.wanted is self.status


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One row: it matches and decides its table, also matches further down, or does not match."""

    row: Row
    verdict: str
    cells: tuple[Cell, ...]


def explain(guideline: Guideline, found: Mapping[str, Finding]) -> list[Explained]:
    """Go through every row of every table from the top; the first that matches decides."""
    explained = []
    for table in (guideline.indication, *guideline.modifiers):
        decided = False
        for row in table:
            cells = tuple(
                Cell(criterion=criterion, wanted=wanted, status=found[criterion].status)
                for criterion, wanted in row.cells
            )
            matches = all(cell.fits for cell in cells)
            verdict = (ALSO if decided else DECIDES) if matches else NO
            decided = decided or matches
            explained.append(Explained(row=row, verdict=verdict, cells=cells))
    return explained
