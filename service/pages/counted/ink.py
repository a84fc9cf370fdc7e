"""Cells and tables of the report, written twice: to see what must stay hidden, and to tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from service.pages.counted.small_cells import Count, Hidden, Sum, hidden

WITHHELD = "withheld"
NOTHING = "–"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What stands in a table: a text, and for a number that is told its exact value."""

    text: str
    value: float | int | None = None
    kind: Literal["text", "number", "hidden"] = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """The head of a column; `unit` goes behind it in a file, where numbers stand alone."""

    title: str
    is_number: bool = True
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table: `id` names its file, `note` says how it is counted. The first column heads."""

    id: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, title: str) -> tuple[Cell, ...]:
        """Give the cells of a column."""
        place = [column.title for column in self.columns].index(title)
        return tuple(row[place] for row in self.rows)


def text(said: str | None) -> Cell:
    """Write a text."""
    return Cell(text=said or NOTHING)


@dataclass(kw_only=True)
class Ink:
    """Writes cells, and keeps small counts hidden.

    What must be hidden is known only when everything was written once: then `settle`, and write
    all of it again.
    """

    smallest: int = 1
    _counts: dict[tuple[str, ...], Count] = field(default_factory=dict)
    _sums: list[Sum] = field(default_factory=list)
    _hidden: dict[tuple[str, ...], Hidden] = field(default_factory=dict)

    def settle(self) -> None:
        """Decide what is hidden of all that was written."""
        self._hidden = dict(hidden(self._counts.values(), self._sums, self.smallest))

    def tells(self, *counts: Count) -> bool:
        """Whether all of these may be told."""
        return not any(count.key in self._hidden for count in counts)

    def count(self, count: Count) -> Cell:
        """Write a count, or that it is small."""
        self._counts[count.key] = count
        why = self._hidden.get(count.key)
        if why is Hidden.SMALL:
            return Cell(text=f"< {self.smallest}", kind="hidden")
        if why is Hidden.WITHHELD:
            return Cell(text=WITHHELD, kind="hidden")
        return Cell(text=f"{count.number:,}", value=count.number, kind="number")

    def share(self, part: Count, whole: Count) -> Cell:
        """Write which share one count is of another, unless one of them is hidden."""
        self._keep(part, whole)
        if not self.tells(part, whole):
            return Cell(text=WITHHELD, kind="hidden")
        return percent(part.number / whole.number if whole.number else None)

    def made_of(self, cell: Cell, *counts: Count) -> Cell:
        """Write what was computed from counts, unless one of them is hidden."""
        self._keep(*counts)
        return cell if self.tells(*counts) else Cell(text=WITHHELD, kind="hidden")

    def adds_up(self, total: Count, parts: Iterable[Count]) -> None:
        """Note that a reader can compute a total from its parts, and a part from the rest."""
        parts = tuple(parts)
        self._keep(total, *parts)
        self._sums.append(Sum(total=total, parts=parts))

    def _keep(self, *counts: Count) -> None:
        self._counts.update({count.key: count for count in counts})


def percent(share: float | None) -> Cell:
    """Write a share, to a tenth of a percent."""
    if share is None:
        return Cell(text=NOTHING)
    return Cell(text=f"{share * 100:.1f} %", value=round(share * 100, 1), kind="number")


def milliseconds(ms: float) -> Cell:
    """Write a duration, to a tenth of a millisecond."""
    return Cell(text=f"{ms:,.1f}", value=ms, kind="number")
