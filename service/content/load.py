"""From the files of `cards/` to the Guideline: its questions, its table, its words."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service.clinical.chart import Assertion, Group
from service.clinical.guideline import (
    CareRule,
    Criterion,
    DateOf,
    EpisodeRule,
    Guideline,
    Kind,
    Quantity,
    Row,
    Source,
    Status,
    Verdict,
)
from service.content import vocabulary
from service.content.attributes import source_attributes
from service.content.files import Content, known, none_unused, text
from service.content.messages import frame, messages
from service.content.vocabulary import ValueSets
from service.errors import BadContent

_FIXED_COLUMNS = (
    "row", "rule", "verdict", "card", "recommendation", "indicator", "acr_variant", "rating",
    "sources",
)  # fmt: skip
_CELLS = {"met": Status.MET, "not met": Status.NOT_MET, "unknown": Status.UNKNOWN}
_INDICATORS = ("info", "warning", "critical")


def load(folder: Path) -> Guideline:
    """Read all of `cards/`; raises BadContent naming the file, the key and the problem."""
    content = Content(folder=folder)
    path = content.guideline / "guideline.yaml"
    settings = content.yaml(path, "guideline")
    sources = _sources(content)
    sets = vocabulary.value_sets(content)
    quantities = vocabulary.quantities(content)
    names = _names(content, sets)
    criteria = _criteria(content, sources, names, quantities)
    rows = _rows(content.guideline / "indication.csv", criteria, sources)
    screened = [name for item in settings["screening"] for name in item["criteria"]]
    known(path, "screening", "it", screened, criteria)
    known(path, "episode", "it", settings["episode"]["symptoms"], sets)
    _all_used(content, sources, criteria, rows, settings)
    return Guideline(
        version=f"{settings['version']}+{content.digest()}",
        topic_system=settings["topic_system"],
        sources=sources,
        source_attributes=source_attributes(content, sources, criteria),
        criteria=criteria,
        quantities=quantities,
        indication=rows,
        messages=messages(content, _flags_named(rows, criteria), sets),
        frame=frame(content),
        reading=vocabulary.reading(content, sets),
        trigger=vocabulary.trigger(content, sets),
        needed=tuple(Group(name) for name in settings["needed"]),
        required=tuple(Group(name) for name in settings["required"]),
        episode=EpisodeRule(**_rule(settings["episode"])),
        care=CareRule(**_rule(settings["care"])),
        screening=tuple((item["name"], tuple(item["criteria"])) for item in settings["screening"]),
        studies=vocabulary.studies(sets),
    )


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the lists of a rule into tuples; its sources are for readers only."""
    kept = {name: value for name, value in row.items() if name != "sources"}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in kept.items()}


def _sources(content: Content) -> dict[str, Source]:
    rows = content.yaml(content.guideline / "sources.yaml", "sources")
    return {row["id"]: Source(**row) for row in rows}


def _names(content: Content, sets: ValueSets) -> set[str]:
    """List every concept that a criterion may ask for: value sets, and names without codes."""
    return set(sets) | set(content.yaml(content.guideline / "names.yaml", "names")["names"])


def _criteria(
    content: Content,
    sources: Mapping[str, Source],
    names: set[str],
    quantities: Mapping[str, Quantity],
) -> dict[str, Criterion]:
    """Read the questions; one made of others stands after them."""
    path = content.guideline / "criteria.yaml"
    for quantity in quantities.values():
        known(content.guideline / "quantities.yaml", quantity.id, "it", quantity.value_sets, names)
    criteria: dict[str, Criterion] = {}
    for row in content.yaml(path, "criteria"):
        known(path, row["id"], "sources", row["sources"], sources)
        known(path, row["id"], "value_sets", row.get("value_sets", ()), names)
        known(path, row["id"], "of", row.get("of", ()), criteria)
        known(path, row["id"], "quantity", filter(None, [row.get("quantity")]), quantities)
        if row["id"] in criteria:
            raise BadContent(path, row["id"], "stands twice")
        criteria[row["id"]] = _criterion(row)
    return criteria


def _criterion(row: Mapping[str, Any]) -> Criterion:
    converted = {
        "kind": Kind(row["kind"]),
        "sources": tuple(row["sources"]),
        "value_sets": tuple(row.get("value_sets", ())),
        "groups": tuple(Group(name) for name in row.get("groups", ())),
        "assertions": frozenset(
            Assertion(name) for name in row.get("assertions", ("present", "possible"))
        ),
        "date_of": DateOf(row.get("date_of", "onset")),
        "extents": frozenset(row.get("extents", ())),
        "of": tuple(row.get("of", ())),
        "not_words": frozenset(row.get("not_words", ())),
    }
    return Criterion(**{**row, **converted})


def _rows(
    path: Path, criteria: Mapping[str, Criterion], sources: Mapping[str, Source]
) -> tuple[Row, ...]:
    reader = csv.DictReader(text(path).splitlines(), restval="", restkey="more")
    columns = tuple(reader.fieldnames or ())
    if columns[: len(_FIXED_COLUMNS)] != _FIXED_COLUMNS:
        raise BadContent(path, "header", f"must begin with {', '.join(_FIXED_COLUMNS)}")
    asked = columns[len(_FIXED_COLUMNS) :]
    known(path, "header", "a column", asked, criteria)
    rows = tuple(_row(path, line, asked, sources) for line in reader)
    if not rows or rows[-1].cells:
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
    if "more" in line or not named:
        raise BadContent(path, line["row"], "has too many cells, or names no source")
    return Row(
        id=line["row"],
        rule=line["rule"],
        verdict=Verdict(line["verdict"]),
        card=line["card"],
        recommendation=line["recommendation"],
        indicator=line["indicator"],
        acr_variant=line["acr_variant"] or None,
        rating=line["rating"] or None,
        sources=named,
        cells=tuple((c, _CELLS[line[c]]) for c in asked if line[c] != "-"),
    )


def _flags_named(rows: Iterable[Row], criteria: Mapping[str, Criterion]) -> dict[str, str]:
    """Give for each card the longest list of flags that a row of it can name in its summary."""
    longest: dict[str, str] = {}
    for row in rows:
        asked = [criteria[criterion] for criterion, wanted in row.cells if wanted is Status.MET]
        said = ", ".join(criteria[part].says for criterion in asked for part in criterion.of)
        longest[row.card] = max(longest.get(row.card, ""), said, key=len)
    return longest


def _one_of(path: Path, line: Mapping[str, str], column: str, allowed: tuple[str, ...]) -> None:
    if line[column] not in allowed:
        problem = f"must be one of: {', '.join(allowed)}"
        raise BadContent(path, f"{line['row']}/{column}", problem)


def _all_used(
    content: Content,
    sources: Mapping[str, Source],
    criteria: Mapping[str, Criterion],
    rows: Iterable[Row],
    settings: Mapping[str, Any],
) -> None:
    """Refuse a criterion that nothing asks, or a source that nothing cites."""
    asked = {criterion for row in rows for criterion, _ in row.cells}
    asked |= {part for criterion in criteria.values() for part in criterion.of}
    asked |= {name for item in settings["screening"] for name in item["criteria"]}
    cited = {source for row in rows for source in row.sources}
    cited |= {source for criterion in criteria.values() for source in criterion.sources}
    cited |= {source for rule in ("episode", "care") for source in settings[rule]["sources"]}
    known(content.guideline / "guideline.yaml", "sources", "a rule", cited, sources)
    none_unused(content.guideline / "criteria.yaml", set(criteria) - asked)
    none_unused(content.guideline / "sources.yaml", set(sources) - cited)
