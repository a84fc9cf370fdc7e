"""The decision tables of `cards/guideline/*.csv`: rows with their cells, card and sources."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from service.clinical.facts import FLAGS_SAID
from service.clinical.guideline import Criterion, Row, Source, Status, Verdict
from service.clinical.identity import RULE
from service.content.files import known, text
from service.errors import BadContent

_FIXED_COLUMNS = (
    "row", "rule", "verdict", "card", "recommendation", "indicator", "acr_variant", "rating",
    "sources",
)  # fmt: skip
_CELLS = {"met": Status.MET, "not met": Status.NOT_MET, "unknown": Status.UNKNOWN}
_INDICATORS = ("info", "warning", "critical")


def table(
    path: Path,
    criteria: Mapping[str, Criterion],
    sources: Mapping[str, Source],
    *,
    catches_all: bool,
) -> tuple[Row, ...]:
    """Read one table; raises BadContent naming the row and the column of what is wrong.

    The table of the indication must catch everything with its last row; the others need not.
    """
    reader = csv.DictReader(text(path).splitlines(), restval="", restkey="more")
    columns = tuple(reader.fieldnames or ())
    if columns[: len(_FIXED_COLUMNS)] != _FIXED_COLUMNS:
        raise BadContent(path, "header", f"must begin with {', '.join(_FIXED_COLUMNS)}")
    asked = columns[len(_FIXED_COLUMNS) :]
    known(path, "header", "a column", asked, criteria)
    rows = tuple(_row(path, line, asked, sources) for line in reader)
    if catches_all and (not rows or rows[-1].cells):
        raise BadContent(path, "last row", "must hold only '-', so that it catches everything")
    twice = {row.id for row in rows if sum(row.id == other.id for other in rows) > 1}
    if twice:
        raise BadContent(path, min(twice), "stands twice")
    return rows


def _row(
    path: Path, line: dict[str, str], asked: tuple[str, ...], sources: Mapping[str, Source]
) -> Row:
    named = tuple(line["sources"].split())
    known(path, line["row"], "sources", named, sources)
    _one_of(path, line, "verdict", tuple(Verdict))
    _one_of(path, line, "indicator", _INDICATORS)
    for column in asked:
        _one_of(path, line, column, (*_CELLS, "-"))
    if not RULE.fullmatch(line["rule"]):
        raise BadContent(path, f"{line['row']}/rule", "must be like R60 or R67b")
    if "more" in line or not named:
        raise BadContent(path, line["row"], "has too many cells, or names no source")
    cells = tuple((c, _CELLS[line[c]]) for c in asked if line[c] != "-")
    if line["verdict"] == Verdict.EMERGENCY and {wanted for _, wanted in cells} != {Status.MET}:
        problem = "an emergency asks only for 'met', so that nothing else can remove it"
        raise BadContent(path, line["row"], problem)
    return Row(
        id=line["row"],
        table=path.stem,
        rule=line["rule"],
        verdict=Verdict(line["verdict"]),
        card=line["card"],
        recommendation=line["recommendation"],
        indicator=line["indicator"],
        acr_variant=line["acr_variant"] or None,
        rating=line["rating"] or None,
        sources=named,
        cells=cells,
    )


def _one_of(path: Path, line: Mapping[str, str], column: str, allowed: tuple[str, ...]) -> None:
    if line[column] not in allowed:
        problem = f"must be one of: {', '.join(allowed)}"
        raise BadContent(path, f"{line['row']}/{column}", problem)


def flags_named(rows: Iterable[Row], criteria: Mapping[str, Criterion]) -> dict[str, str]:
    """Give for each card the longest list of flags that a row of it can name in its summary."""
    longest: dict[str, str] = {}
    for row in rows:
        asked = [criteria[criterion] for criterion, wanted in row.cells if wanted is Status.MET]
        parts = {criteria[part].says for criterion in asked for part in criterion.of}
        said = ", ".join(sorted(parts, key=len)[-FLAGS_SAID:])
        longest[row.card] = max(longest.get(row.card, ""), said, key=len)
    return longest
