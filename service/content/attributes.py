"""The source attributes in `cards/`: what the guideline rests on, and what it looks at."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from service.clinical.guideline import Criterion, Source, SourceAttribute
from service.content.files import Content, known
from service.errors import BadContent

_CITATION = "bibliographic_citation"


def source_attributes(
    content: Content, sources: Mapping[str, Source], criteria: Mapping[str, Criterion]
) -> tuple[SourceAttribute, ...]:
    """Read all of them, each with the facts that the rest of `cards/` knows; raises BadContent."""
    path = content.folder / "source-attributes.yaml"
    found = []
    for name, row in content.yaml(path, "source-attributes").items():
        try:
            places = [place for _, place, _, _ in Formatter().parse(row["statement"])]
        except ValueError as problem:
            raise BadContent(path, name, "holds a brace that stands alone") from problem
        known(path, name, "a place", (p for p in places if p is not None), ("version",))
        asking = {word for c in criteria.values() for word in (c.kind, c.quantity) if word}
        known(path, name, "asked_by", row.get("asked_by", ()), asking)
        found.append(_attribute(name, row, sources, criteria))
    return tuple(found)


def _attribute(
    name: str,
    row: Mapping[str, Any],
    sources: Mapping[str, Source],
    criteria: Mapping[str, Criterion],
) -> SourceAttribute:
    asked_by = set(row.get("asked_by", ()))
    asked = [c.asks for c in criteria.values() if asked_by & {c.kind, c.quantity}]
    cited = sources.values() if name == _CITATION else ()
    return SourceAttribute(
        id=name,
        name=row["name"],
        statement=row["statement"],
        used=row.get("used"),
        facts=(*((f"{s.label} ({s.year})", s.url) for s in cited), *((a, None) for a in asked)),
    )
