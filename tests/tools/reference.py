"""Write the reference for content owners, from `cards/`: every row, every question, every code."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml
from expand_icd_10_cm import ICD_10_CM, codes_under

from service.clinical.guideline import Criterion, Guideline
from service.content import content_folder, load

FOLDER = content_folder() / "reference"
MADE = "*Made from `cards/` by `make reference`; change the content there, not this page.*"
SYSTEMS = {
    ICD_10_CM: "ICD-10-CM",
    "http://snomed.info/sct": "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "http://radlex.org": "RadLex",
}
SAID = {"met": "{}", "not met": "**not** {}", "unknown": "**not known whether** {}"}
ALREADY_SAID = ("id", "asks", "says", "kind", "sources")
ASSUMED = {"assertions": {"present", "possible"}}  # what a question takes unless it says otherwise
# Keys of YAML files under which a text is never the name of a value set.
NAME_OTHER_THINGS = ("id", "criteria", "quantity", "kind", "name", "names", "cues", "sides")


def rules(cards: Path) -> str:
    """Tell every row of every decision table, then every question, then every source."""
    guideline = load(cards)
    lines = ["# The rules, row by row", "", MADE, ""]
    lines += ["A table is read from the top, and its first row that matches decides.", ""]
    asked: dict[str, list[str]] = {}
    for path in sorted((cards / "guideline").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        lines += [f"## {path.name}", "", *_table(cards, rows, guideline), ""]
        for row in rows:
            for criterion in _cells(row, guideline):
                asked.setdefault(criterion, []).append(row["row"])
    lines += ["## The questions", ""]
    for criterion in guideline.criteria.values():
        lines += [*_question(criterion, guideline, asked.get(criterion.id, [])), ""]
    lines += ["## The sources", "", "| source | what | year |", "|---|---|---|"]
    for source in guideline.sources.values():
        label = f"[{source.label}]({source.url})" if source.url else source.label
        lines.append(_row(source.id, label, source.year))
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, str], guideline: Guideline) -> dict[str, str]:
    return {c: cell for c, cell in row.items() if c in guideline.criteria and cell != "-"}


def _table(cards: Path, rows: list[dict[str, str]], guideline: Guideline) -> Iterator[str]:
    told = [c for c in rows[0] if c not in guideline.criteria and c != "sources"]
    yield _row(*(column.replace("_", " ") for column in told), "when", "sources")
    yield "|---" * (len(told) + 2) + "|"
    for row in rows:
        card = f"messages/{row.get('card')}/en.md"
        shown = {"card": f"[{row.get('card')}](../{card})"} if (cards / card).is_file() else {}
        when = [
            SAID.get(cell, f"**{cell}** {{}}").format(
                f"[{guideline.criteria[criterion].says}](#{criterion})"
            )
            for criterion, cell in _cells(row, guideline).items()
        ]
        yield _row(
            *({**row, **shown}[c] for c in told), "; ".join(when) or "always", row["sources"]
        )


def _question(criterion: Criterion, guideline: Guideline, rows: list[str]) -> Iterator[str]:
    """Tell one question, with whatever parameters it has."""
    yield f"### {criterion.id}"
    yield ""
    yield f"{criterion.asks} On a card: *{criterion.says}*."
    yield ""
    said = [f"`{criterion.kind}`", *_parameters(criterion, guideline)]
    yield f"- {'; '.join(said)}"
    parts = [c.id for c in guideline.criteria.values() if criterion.id in (*c.of, *c.but_not)]
    if parts:
        yield f"- part of {_links(parts)}"
    screened = [name for name, some in guideline.screening.items if criterion.id in some]
    if screened:
        yield f"- on the checklist of red flags: {'; '.join(screened)}"
    if rows:
        yield f"- asked by {', '.join(rows)}"
    yield f"- sources: {', '.join(criterion.sources)}"


def _parameters(criterion: Criterion, guideline: Guideline) -> Iterator[str]:
    for field in fields(criterion):
        value = getattr(criterion, field.name)
        assumed = ASSUMED.get(field.name, None if field.default is MISSING else field.default)
        if field.name in ALREADY_SAID or value == assumed or value in ((), frozenset(), None):
            continue
        unit = ""
        if field.name in ("at_least", "above", "below", "at_most") and criterion.quantity:
            unit = f" {guideline.quantities[criterion.quantity].unit}"
        name = field.name.replace("_", " ")
        yield name if value is True else f"{name}: {_value(field.name, value)}{unit}"


def _value(name: str, value: Any) -> str:
    if name in ("of", "but_not"):
        return _links(value)
    if name in ("value_sets", "muted_by"):
        return _concepts(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _links(names: Iterable[str], page: str = "") -> str:
    return ", ".join(f"[{name}]({page}#{name})" for name in names)


def _concepts(names: Iterable[str]) -> str:
    """Link the concepts that have codes; the others are known by name only."""
    sets = content_folder() / "guideline" / "value-sets"
    coded = {path.stem for path in sets.glob("*.json")}
    return ", ".join(
        f"[{name}](codes.md#{name})" if name in coded else f"{name} (by name)" for name in names
    )


def codes(cards: Path) -> str:
    """Tell for every value set its codes, where each was seen, and what uses them."""
    guideline = load(cards)
    expanded = json.loads((cards / "guideline" / "icd-10-cm.json").read_text(encoding="utf-8"))
    seen = _provenance(cards)
    uses = _uses(cards, guideline)
    lines = ["# The codes, concept by concept", "", MADE, ""]
    lines += [
        "An ICD-10-CM category stands for itself and for all codes below it; how many are left",
        "after the exceptions is said. `seen in` names a public file in which the code stands for",
        "this or a like concept; `-` where none is recorded.",
        "",
    ]
    for path in sorted((cards / "guideline" / "value-sets").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        used = ", ".join(uses.get(path.stem, ())) or "nothing yet"
        lines += [f"## {path.stem}", "", f"{content.get('title', path.stem)}. Used by: {used}.", ""]
        lines += ["| system | code | display | seen in |", "|---|---|---|---|"]
        kept = set(expanded.get(path.stem, ()))
        lines += [*_codes(path.stem, content["compose"], kept, seen), ""]
    return "\n".join(lines[:-1]) + "\n"


def _codes(
    name: str, compose: Mapping[str, Any], kept: set[str], seen: Mapping[tuple[str, ...], Any]
) -> Iterator[str]:
    for part in ("include", "exclude"):
        but = "" if part == "include" else "**not** "
        for statement in compose.get(part, ()):
            system = statement["system"]
            for concept in statement.get("concept", ()):
                code = concept["code"]
                display, source = _seen(name, system, code, seen)
                shown = concept.get("display", display)
                yield _row(SYSTEMS.get(system, system), but + code, shown, source)
            for condition in statement.get("filter", ()):
                root = condition["value"]
                below = codes_under([{"system": system, "filter": [condition]}])
                count = f" ({len(below & kept)} codes)" if part == "include" else ""
                display, source = _seen(name, system, root, seen)
                shown = f"{but}{root} and below{count}"
                yield _row(SYSTEMS.get(system, system), shown, display, source)


def _provenance(cards: Path) -> dict[tuple[str, ...], tuple[str, str]]:
    """Say where each code was seen, for its value set and, if not there, for any other."""
    path = cards / "guideline" / "value-sets" / "provenance.csv"
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            told = (row["display"], row["source repo/path or package"])
            for key in (
                (row["valueset"], row["system"], row["code"]),
                (row["system"], row["code"]),
            ):
                found.setdefault(key, told)
    return found


def _seen(
    name: str, system: str, code: str, seen: Mapping[tuple[str, ...], tuple[str, str]]
) -> tuple[str, str]:
    return seen.get((name, system, code)) or seen.get((system, code)) or ("", "-")


def _uses(cards: Path, guideline: Guideline) -> dict[str, list[str]]:
    """Say for each value set what names it: questions first, then whatever else does."""
    found: dict[str, list[str]] = {}
    for criterion in guideline.criteria.values():
        quantity = guideline.quantities.get(criterion.quantity or "")
        for name in (*criterion.value_sets, *(quantity.value_sets if quantity else ())):
            found.setdefault(name, []).append(f"[{criterion.id}](rules.md#{criterion.id})")
    others = [*(cards / "guideline").glob("*.yaml"), cards / "messages" / "suggestions.yaml"]
    for path in sorted(others):
        if path.name != "criteria.yaml":
            for place, name in _texts(yaml.safe_load(path.read_text(encoding="utf-8")), ()):
                at = f"`{path.name}` {'/'.join(place)}".strip()
                if at not in found.setdefault(name, []):
                    found[name].append(at)
    return found


def _texts(content: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give every text of a YAML file with its place, but for those that name other things."""
    if isinstance(content, dict):
        here = (*place, content["id"]) if "id" in content else place
        for key, value in content.items():
            if key not in NAME_OTHER_THINGS:
                yield from _texts(value, (*here, str(key)))
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value, place)
    elif isinstance(content, str):
        yield place, content


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


PAGES = {"rules.md": rules, "codes.md": codes}


def main() -> None:
    """Write both pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, told in PAGES.items():
        (FOLDER / name).write_text(told(content_folder()), encoding="utf-8")
        sys.stdout.write(f"cards/reference/{name} written\n")


if __name__ == "__main__":
    main()
