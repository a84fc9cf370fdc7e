"""The tables of the report as CSV files, which no spreadsheet takes for formulas."""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from service.pages.counted.ink import Cell, Column, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNSEEN = re.compile(r"^[\s\ufeff\u200b-\u200f\u2060]+")


def write(tables: Iterable[Table], folder: Path) -> tuple[Path, ...]:
    """Write one file a table into a folder, which is made; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_write(table, folder / f"{table.id}.csv") for table in tables)


def _write(table: Table, path: Path) -> Path:
    path.write_text(lines(table), encoding="utf-8", newline="")
    return path


def lines(table: Table) -> str:
    """Give the lines of a table's file."""
    file = StringIO(newline="")
    # Words in quotes: a semicolon in them parts no cells where that is the list separator.
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_head(column) for column in table.columns])
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _head(column: Column) -> str:
    return inert(f"{column.title} ({column.unit})" if column.unit else column.title)


def _cell(cell: Cell) -> str | float | int:
    return inert(cell.text) if cell.value is None else cell.value


def inert(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would compute, blanks before it or not."""
    begins = text.startswith(_FORMULA) or _UNSEEN.sub("", text).startswith(_FORMULA)
    return f"'{text}" if begins else text
