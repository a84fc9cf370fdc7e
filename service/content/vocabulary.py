"""The vocabulary of `cards/`: value sets, names, units, and how a record is read."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from service.clinical.chart import Group
from service.clinical.guideline import Quantity, Unit
from service.clinical.meaning import Reading
from service.clinical.order import Trigger
from service.clinical.terminology import ICD_10_CM, Phrases, Terminology, words_of
from service.content.files import Content, as_json, known
from service.errors import BadContent

ValueSets = Mapping[str, list[tuple[str, str, str]]]  # name -> (system, code, display)


def value_sets(content: Content) -> ValueSets:
    """Read the codes of each value set; those of ICD-10-CM filters come from the expansion."""
    expanded = as_json(content.guideline / "icd-10-cm.json")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted((content.guideline / "value-sets").glob("*.json")):
        try:
            codes = [
                (part["system"], concept["code"], concept.get("display", ""))
                for part in as_json(path)["compose"]["include"]
                if part["system"] != ICD_10_CM
                for concept in part.get("concept", [])
            ]
        except (KeyError, TypeError) as problem:
            raise BadContent(path, "compose", "is not a FHIR ValueSet with codes") from problem
        codes += [(ICD_10_CM, code, "") for code in expanded.get(path.stem, [])]
        if not codes:
            raise BadContent(path, "compose", "holds no code")
        found[path.stem] = codes
    return found


def reading(content: Content, sets: ValueSets) -> Reading:
    """Read the conventions by which a record is read."""
    row = content.yaml(content.guideline / "reading.yaml", "reading")
    known(content.guideline / "reading.yaml", "both_sides", "it", row["both_sides"], sets)
    return Reading(
        terms=_terminology(content, sets, row),
        absent_words=frozenset(row["absent"]["words"]),
        absent_codes=frozenset(row["absent"]["codes"]),
        both_sides=frozenset(row["both_sides"]),
        supply_days=row["supply_days"],
        longest_list=row["longest_list"],
        look_back_days={Group(name): days for name, days in row["look_back_days"].items()},
    )


def trigger(content: Content, sets: ValueSets) -> Trigger:
    """Read which orders are ours."""
    path = content.guideline / "reading.yaml"
    row = content.yaml(path, "reading")["trigger"]
    named = [*row["concepts"], row["with_contrast"], row["without_contrast"]]
    known(path, "trigger", "it", named, sets)
    patterns = {}
    for name in ("modality", "region", "words_with", "words_without"):
        try:
            patterns[name] = re.compile(row[name])
        except re.error as problem:
            raise BadContent(path, f"trigger/{name}", "is not a pattern") from problem
    return Trigger(
        concepts=frozenset(row["concepts"]),
        with_contrast=row["with_contrast"],
        without_contrast=row["without_contrast"],
        **patterns,
    )


def _terminology(content: Content, sets: ValueSets, row: Mapping[str, Any]) -> Terminology:
    codes: dict[tuple[str, str], set[str]] = {}
    for name, members in sets.items():
        for system, code, _ in members:
            plain = code.replace(".", "").upper() if system == ICD_10_CM else code
            codes.setdefault((system, plain), set()).add(name)
    shared: dict[frozenset[str], frozenset[str]] = {}
    path = content.guideline / "names.yaml"
    words = content.yaml(path, "names")
    known(path, "names_from_displays", "it", words["names_from_displays"], sets)
    displays = [
        (display, name)
        for name in words["names_from_displays"]
        for _, _, display in sets[name]
        if display
    ]
    return Terminology(
        codes={k: shared.setdefault(frozenset(v), frozenset(v)) for k, v in codes.items()},
        systems={other: url for url, others in row["systems"].items() for other in others},
        names=phrases([*_pairs(words["names"]), *displays]),
        cues=phrases(_pairs(words["cues"])),
        sides=phrases(_pairs(words["sides"])),
    )


def _pairs(lists: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(phrase, meaning) for meaning, some in lists.items() for phrase in some]


def phrases(pairs: Iterable[tuple[str, str]]) -> Phrases:
    """Sort phrases by their first word; a longer one is tried before a shorter one."""
    found: dict[str, set[tuple[tuple[str, ...], str]]] = {}
    for phrase, meaning in pairs:
        words = words_of(phrase)
        if words:
            found.setdefault(words[0], set()).add((words, meaning))
    return Phrases(
        by_first_word={
            first: tuple(sorted(some, key=lambda pair: (-len(pair[0]), pair)))
            for first, some in found.items()
        }
    )


def quantities(content: Content) -> dict[str, Quantity]:
    """Read the measured quantities and their units."""
    rows = content.yaml(content.guideline / "quantities.yaml", "quantities")
    return {row["id"]: _quantity(row) for row in rows}


def _quantity(row: Mapping[str, Any]) -> Quantity:
    return Quantity(
        id=row["id"],
        value_sets=tuple(row["value_sets"]),
        unit=row["unit"],
        units=tuple(
            Unit(
                names=frozenset(name.lower() for name in unit["names"]),
                times=float(unit.get("times", 1)),
                minus=float(unit.get("minus", 0)),
            )
            for unit in row["units"]
        ),
        lowest=row.get("lowest"),
        highest=row.get("highest"),
        bare=tuple((b["from"], b["to"], b["unit"].lower()) for b in row.get("bare", ())),
    )


def studies(sets: ValueSets) -> dict[str, dict[str, tuple[str, str]]]:
    """Give the first code of each value set in each code system, to rewrite an order's study."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name, members in sets.items():
        for system, code, display in members:
            if display:
                found.setdefault(name, {}).setdefault(system, (code, display))
    return found
