"""The questions of `cards/guideline/criteria.yaml`, each one of its kind."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service.clinical.chart import Assertion, Group
from service.clinical.guideline import Criterion, DateOf, Kind, Quantity, Source
from service.content.files import Content, known
from service.errors import BadContent

_MADE_OF_OTHERS = ("of", "but_not")


def criteria(
    content: Content,
    sources: Mapping[str, Source],
    concepts: Iterable[str],
    quantities: Mapping[str, Quantity],
) -> dict[str, Criterion]:
    """Read the questions; one made of others stands after them. Raises BadContent."""
    path = content.guideline / "criteria.yaml"
    there = set(concepts)
    for quantity in quantities.values():
        known(content.guideline / "quantities.yaml", quantity.id, "it", quantity.value_sets, there)
    found: dict[str, Criterion] = {}
    for row in content.yaml(path, "criteria"):
        _checked(path, row, sources, there, quantities)
        for name in _MADE_OF_OTHERS:
            known(path, row["id"], name, row.get(name, ()), _askable(found))
        if row["id"] in found:
            raise BadContent(path, row["id"], "stands twice")
        found[row["id"]] = _criterion(row)
    _check_look_backs(content, found, quantities)
    return found


def _askable(found: Mapping[str, Criterion]) -> set[str]:
    """Name the questions that another may be made of: not those about the verdict, asked later."""
    return {name for name, c in found.items() if c.kind is not Kind.RULE_MATCHED}


def _check_look_backs(
    content: Content, found: Mapping[str, Criterion], quantities: Mapping[str, Quantity]
) -> None:
    """Refuse a question that looks further back into readings than they are read."""
    row = content.yaml(content.guideline / "reading.yaml", "reading")
    longest, timeless = row["look_back_days"]["observations"], set(row["read_at_any_age"])
    for criterion in found.values():
        quantity = quantities.get(criterion.quantity)
        read_anyway = quantity is None or timeless.issuperset(quantity.value_sets)
        if not read_anyway and not 0 <= (criterion.within_days or longest + 1) <= longest:
            path = content.guideline / "criteria.yaml"
            raise BadContent(path, criterion.id, f"looks further back than {longest} days")


def _checked(
    path: Path,
    row: Mapping[str, Any],
    sources: Mapping[str, Source],
    concepts: set[str],
    quantities: Mapping[str, Quantity],
) -> None:
    known(path, row["id"], "sources", row["sources"], sources)
    for name in ("value_sets", "muted_by", "not_concepts"):
        known(path, row["id"], name, row.get(name, ()), concepts)
    known(path, row["id"], "quantity", filter(None, [row.get("quantity")]), quantities)


def _criterion(row: Mapping[str, Any]) -> Criterion:
    converted = {
        "kind": Kind(row["kind"]),
        "sources": tuple(row["sources"]),
        "value_sets": tuple(row.get("value_sets", ())),
        "muted_by": tuple(row.get("muted_by", ())),
        "groups": tuple(Group(name) for name in row.get("groups", ())),
        "only_in": frozenset(Group(name) for name in row.get("only_in", ())),
        "assertions": frozenset(
            Assertion(name) for name in row.get("assertions", ("present", "possible"))
        ),
        "date_of": DateOf(row.get("date_of", "onset")),
        "of": tuple(row.get("of", ())),
        "but_not": tuple(row.get("but_not", ())),
    }
    sets = ("extents", "not_words", "not_concepts", "contrast", "rules")
    converted |= {name: frozenset(row.get(name, ())) for name in sets}
    return Criterion(**{**row, **converted})
