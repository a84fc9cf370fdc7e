"""Reads and checks `cards/` at start-up, and turns it into a Guideline, or refuses to start."""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import yaml

from service.clinical.chart import Assertion, Group
from service.clinical.guideline import (
    Criterion,
    DateOf,
    Guideline,
    Kind,
    Message,
    Row,
    Source,
    Status,
    SuggestionTemplate,
)
from service.clinical.order import Trigger
from service.clinical.terminology import ICD_10_CM, Terminology
from service.errors import BadContent

T = TypeVar("T")
_FIXED_COLUMNS = (
    "row", "rule", "card", "recommendation", "indicator", "acr_variant", "rating", "sources",
)  # fmt: skip
_CELLS = {"met": Status.MET, "not met": Status.NOT_MET, "unknown": Status.UNKNOWN}


def content_folder() -> Path:
    """Find `cards/`: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "cards"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "cards"


def load(folder: Path) -> Guideline:
    """Read all of `cards/`; raises BadContent naming the file, the key and the problem."""
    guideline = folder / "guideline"
    settings = _yaml(folder, guideline / "guideline.yaml", "guideline")
    sources = _sources(folder)
    value_sets = _value_sets(guideline)
    criteria = _criteria(folder, sources, value_sets)
    rows = _rows(guideline / "indication.csv", criteria, sources)
    messages = _messages(folder, {row.card for row in rows})
    return Guideline(
        version=_version(folder, settings["version"]),
        sources=sources,
        criteria=criteria,
        indication=rows,
        messages=messages,
        terms=_terminology(folder, value_sets, settings["systems"]),
        trigger=_trigger(settings["trigger"]),
        needed=tuple(Group(name) for name in settings["needed"]),
        required=tuple(Group(name) for name in settings["required"]),
        look_back_days={Group(k): v for k, v in settings["look_back_days"].items()},
        topic_system=settings["topic_system"],
        care_days=settings["care_days"],
        symptoms=tuple(settings["symptoms"]),
        screening=tuple((s["name"], s["criterion"]) for s in settings["screening"]),
        studies=_studies(value_sets),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadContent(path, "file", type(problem).__name__) from problem


def _yaml(folder: Path, path: Path, schema: str) -> Any:
    try:
        content = yaml.safe_load(_text(path))
    except yaml.YAMLError as problem:
        raise BadContent(path, "file", "is not YAML") from problem
    return checked(content, path, folder / "schemas" / f"{schema}.json")


def checked(content: Any, path: Path, schema_path: Path) -> Any:
    """Hold content against its schema; the first problem is named by its place."""
    schema = json.loads(_text(schema_path))
    problem = next(iter(jsonschema.Draft202012Validator(schema).iter_errors(content)), None)
    if problem is not None:
        raise BadContent(path, "/".join(map(str, problem.absolute_path)) or "file", problem.message)
    return content


def _sources(folder: Path) -> dict[str, Source]:
    rows = _yaml(folder, folder / "guideline" / "sources.yaml", "sources")
    return {
        r["id"]: Source(id=r["id"], label=r["label"], year=r["year"], url=r.get("url"))
        for r in rows
    }


def _value_sets(guideline: Path) -> dict[str, dict[str, list[tuple[str, str, str]]]]:
    """Read each value set as (system, code, display); ICD-10-CM filters come from the expansion."""
    expanded = json.loads(_text(guideline / "icd-10-cm.json"))
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted((guideline / "value-sets").glob("*.json")):
        try:
            included = json.loads(_text(path))["compose"]["include"]
            codes = [
                (part["system"], c["code"], c.get("display", ""))
                for part in included
                if part["system"] != ICD_10_CM
                for c in part.get("concept", [])
            ]
        except (KeyError, TypeError, json.JSONDecodeError) as problem:
            raise BadContent(path, "compose", "is not a FHIR ValueSet with codes") from problem
        codes += [(ICD_10_CM, code, "") for code in expanded.get(path.stem, [])]
        if not codes:
            raise BadContent(path, "compose", "holds no code")
        found[path.stem] = codes
    return {name: {"codes": codes} for name, codes in found.items()}


def _criteria(
    folder: Path, sources: Mapping[str, Source], value_sets: Mapping[str, Any]
) -> dict[str, Criterion]:
    path = folder / "guideline" / "criteria.yaml"
    names = set(value_sets) | set(
        _yaml(folder, folder / "guideline" / "names.yaml", "names")["names"]
    )
    criteria: dict[str, Criterion] = {}
    for row in _yaml(folder, path, "criteria"):
        _known(path, row["id"], "sources", row["sources"], sources)
        _known(path, row["id"], "value_sets", row.get("value_sets", ()), names)
        _known(path, row["id"], "of", row.get("of", ()), criteria)
        if row["id"] in criteria:
            raise BadContent(path, row["id"], "stands twice")
        criteria[row["id"]] = _criterion(row)
    return criteria


def _known(path: Path, key: str, field: str, used: Iterable[str], known: Iterable[str]) -> None:
    for name in used:
        if name not in known:
            raise BadContent(path, key, f"{field} names {name!r}, which does not exist")


def _criterion(row: Mapping[str, Any]) -> Criterion:
    simple = {k: v for k, v in row.items() if k not in _CONVERTED}
    return Criterion(
        **simple,
        kind=Kind(row["kind"]),
        sources=tuple(row["sources"]),
        value_sets=tuple(row.get("value_sets", ())),
        groups=tuple(Group(g) for g in row.get("groups", ())),
        assertions=frozenset(Assertion(a) for a in row.get("assertions", ("present", "possible"))),
        date_of=DateOf(row.get("date_of", "onset")),
        units={k.lower(): float(v) for k, v in row.get("units", {}).items()},
        classes=frozenset(row.get("classes", ())),
        of=tuple(row.get("of", ())),
        not_words=tuple(row.get("not_words", ())),
    )


_CONVERTED = frozenset(
    [
        "kind",
        "sources",
        "value_sets",
        "groups",
        "assertions",
        "date_of",
        "units",
        "classes",
        "of",
        "not_words",
    ]
)


def _rows(
    path: Path, criteria: Mapping[str, Criterion], sources: Mapping[str, Source]
) -> tuple[Row, ...]:
    reader = csv.DictReader(_text(path).splitlines())
    columns = tuple(reader.fieldnames or ())
    if columns[: len(_FIXED_COLUMNS)] != _FIXED_COLUMNS:
        raise BadContent(path, "header", f"must begin with {', '.join(_FIXED_COLUMNS)}")
    asked = columns[len(_FIXED_COLUMNS) :]
    _known(path, "header", "column", asked, criteria)
    rows = tuple(_row(path, line, asked, sources) for line in reader)
    if not rows or rows[-1].cells:
        raise BadContent(path, "last row", "must hold only '-', so that it catches everything")
    return rows


def _row(
    path: Path, line: dict[str, str], asked: tuple[str, ...], sources: Mapping[str, Source]
) -> Row:
    named = tuple(line["sources"].split())
    _known(path, line["row"], "sources", named, sources)
    for column in asked:
        if line[column] not in (*_CELLS, "-"):
            raise BadContent(path, f"{line['row']}/{column}", "must be met, not met, unknown or -")
    if line["indicator"] not in ("info", "warning", "critical"):
        raise BadContent(path, line["row"], "indicator must be info, warning or critical")
    return Row(
        id=line["row"],
        rule=line["rule"],
        card=line["card"],
        recommendation=line["recommendation"],
        indicator=line["indicator"],
        acr_variant=line["acr_variant"] or None,
        rating=line["rating"] or None,
        sources=named,
        cells=tuple((c, _CELLS[line[c]]) for c in asked if line[c] != "-"),
    )


def _messages(folder: Path, used: set[str]) -> dict[str, Message]:
    actions = _yaml(folder, folder / "messages" / "suggestions.yaml", "suggestions")
    reasons = _yaml(folder, folder / "messages" / "override-reasons.yaml", "override-reasons")
    catalogue = {a["id"]: SuggestionTemplate(**a) for a in actions}
    found = {}
    for card in sorted(used):
        path = folder / "messages" / card / "card.yaml"
        row = _yaml(folder, path, "card")
        _known(path, card, "suggestions", row["suggestions"], catalogue)
        _known(path, card, "override_reasons", [row["override_reasons"]], reasons)
        summary, _, detail = _text(path.with_name("en.md")).partition("\n")
        found[card] = Message(
            id=card,
            summary=summary.strip(),
            detail=detail.strip(),
            rule_in_words=row["rule_in_words"],
            suggestions=tuple(catalogue[s] for s in row["suggestions"]),
            override_reasons=tuple(reasons[row["override_reasons"]]),
            shows_not_documented=row["shows_not_documented"],
        )
    unused = {p.name for p in (folder / "messages").iterdir() if p.is_dir()} - used
    if unused:
        raise BadContent(folder / "messages", sorted(unused)[0], "is used by no row")
    return found


def _terminology(
    folder: Path, value_sets: Mapping[str, Any], systems: Mapping[str, list[str]]
) -> Terminology:
    codes: dict[tuple[str, str], set[str]] = {}
    for name, content in value_sets.items():
        for system, code, _ in content["codes"]:
            plain = code.replace(".", "").upper() if system == ICD_10_CM else code
            codes.setdefault((system, plain), set()).add(name)
    shared: dict[frozenset[str], frozenset[str]] = {}
    spellings = {other: url for url, others in systems.items() for other in others}
    words = _yaml(folder, folder / "guideline" / "names.yaml", "names")
    pattern, groups = _names(words["names"], value_sets, words["names_from_displays"])
    cues = "|".join(f"(?P<{kind}>{_any(cues)})" for kind, cues in words["cues"].items())
    return Terminology(
        codes={k: shared.setdefault(frozenset(v), frozenset(v)) for k, v in codes.items()},
        systems=spellings,
        names=pattern,
        groups=groups,
        cues=re.compile(cues),
    )


def _any(phrases: Iterable[str]) -> str:
    """Match any of some phrases as whole words; longest first, so that the fuller name wins."""
    ordered = sorted(phrases, key=len, reverse=True)
    return (
        r"(?<![a-z0-9])(?:"
        + "|".join(re.escape(p).replace(r"\ ", r"[\s-]+") for p in ordered)
        + r")(?![a-z0-9])"
    )


def _names(
    names: Mapping[str, list[str]], value_sets: Mapping[str, Any], from_displays: list[str]
) -> tuple[re.Pattern[str], dict[str, str]]:
    """Build one pattern over all names; a longer name is tried before a shorter one."""
    phrases = [(phrase.lower(), concept) for concept, some in names.items() for phrase in some]
    for concept in from_displays:
        phrases += [(d.lower(), concept) for _, _, d in value_sets[concept]["codes"] if d]
    phrases.sort(key=lambda pair: (-len(pair[0]), pair))
    groups = {f"n{i}": concept for i, (_, concept) in enumerate(phrases)}
    parts = (f"(?P<n{i}>{_any([phrase])})" for i, (phrase, _) in enumerate(phrases))
    return re.compile("|".join(parts)), groups


def _trigger(row: Mapping[str, Any]) -> Trigger:
    patterns = {
        k: re.compile(row[k]) for k in ("modality", "region", "words_with", "words_without")
    }
    return Trigger(
        concepts=frozenset(row["concepts"]),
        multiregion=row["multiregion"],
        with_contrast=row["with_contrast"],
        without_contrast=row["without_contrast"],
        **patterns,
    )


def _studies(value_sets: Mapping[str, Any]) -> dict[str, dict[str, tuple[str, str]]]:
    """Give the first code of each value set in each code system, to rewrite an order's study."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name, content in value_sets.items():
        for system, code, display in content["codes"]:
            found.setdefault(name, {}).setdefault(system, (code, display))
    return found


def _version(folder: Path, named: str) -> str:
    """Name the content: its release and a digest of every file, so that any edit shows."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".yaml", ".csv", ".json", ".md"):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return f"{named}+{digest.hexdigest()[:12]}"
