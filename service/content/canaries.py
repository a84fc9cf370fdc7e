"""The canaries in `cards/`: charts of emergencies, and the recommendation that each must get."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.clinical.guideline import Guideline, Verdict
from service.content.files import Content, known
from service.errors import BadContent

FILE = "canary.yaml"
_LISTS = ("conditions", "observations", "procedures", "drugs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """One chart in short notation, and the recommendation of the critical card that it must get.

    `order` and each item of `items` (by `conditions`, `observations`, `procedures`, `drugs`) hold
    `system` (a URL) and `code`, or `words`; the days in them count back from the day of the call.
    """

    id: str
    expects: str
    order: Mapping[str, Any]
    items: Mapping[str, tuple[Mapping[str, Any], ...]]
    reason: str | None = None
    note: str | None = None


def canaries(folder: Path) -> tuple[Canary, ...]:
    """Read all of them, in the order of the file; raises BadContent."""
    content = Content(folder=folder)
    path = folder / FILE
    read = content.yaml(path, "canary")
    seen: set[str] = set()
    for row in read["charts"]:
        if row["id"] in seen:
            raise BadContent(path, row["id"], "stands twice")
        seen.add(row["id"])
        used = (item["system"] for item in _parts(row) if "system" in item)
        known(path, row["id"], "system", used, read["systems"])
    return tuple(_canary(row, read["systems"]) for row in read["charts"])


def refuse_unwatched(folder: Path, guideline: Guideline, there: tuple[Canary, ...]) -> None:
    """Refuse an emergency that no canary expects, or one expected that is none; BadContent."""
    emergencies = {
        row.recommendation for row in guideline.indication if row.verdict is Verdict.EMERGENCY
    }
    for canary in there:
        known(folder / FILE, canary.id, "expects", [canary.expects], emergencies)
    for name in sorted(emergencies - {canary.expects for canary in there}):
        raise BadContent(folder / FILE, name, "is an emergency that no canary expects")


def _parts(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield row["order"]
    for name in _LISTS:
        yield from row.get(name, ())


def _canary(row: Mapping[str, Any], systems: Mapping[str, str]) -> Canary:
    def _spelt(item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**item, "system": systems[item["system"]]} if "system" in item else item

    return Canary(
        id=row["id"],
        expects=row["expects"],
        order=_spelt(row["order"]),
        items={name: tuple(_spelt(item) for item in row.get(name, ())) for name in _LISTS},
        reason=row.get("reason"),
        note=row.get("note"),
    )
