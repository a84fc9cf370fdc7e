"""The vocabulary of `cards/`: value sets, names, units, and how a record is read."""

import csv
import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from service.clinical.asking import AnswerWords, FamilyHeadings, FunctionQuestions
from service.clinical.chart import Group, Side
from service.clinical.guideline import Quantity, Unit
from service.clinical.meaning import Reading
from service.clinical.terminology import ICD_10_CM, Phrases, Terminology, Trigger, words_of
from service.clinical.text import Lexicon
from service.clinical.words import Study
from service.content.files import Content, as_json, known, text
from service.errors import BadContent

ValueSets = Mapping[str, list[tuple[str, str, str]]]  # name -> (system, code, display)


def value_sets(content: Content) -> ValueSets:
    """Read the codes of each value set; those of ICD-10-CM filters come from the expansion."""
    expanded = as_json(content.guideline / "icd-10-cm.json")
    provenance = _provenance(content)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted((content.guideline / "value-sets").glob("*.json")):
        try:
            statements = as_json(path)["compose"]["include"]
            codes = [
                (part["system"], concept["code"], concept.get("display", ""))
                for part in statements
                if part["system"] != ICD_10_CM
                for concept in part.get("concept", [])
            ]
        except (KeyError, TypeError) as problem:
            raise BadContent(path, "compose", "is not a FHIR ValueSet with codes") from problem
        codes += [(ICD_10_CM, code, "") for code in expanded.get(path.stem, [])]
        if not codes:
            raise BadContent(path, "compose", "holds no code")
        found[path.stem] = codes
        _verified(path, statements, provenance)
    return found


def _provenance(content: Content) -> frozenset[tuple[str, str, str]]:
    """List which code of which value set was verified: (value set, system, code)."""
    path = content.guideline / "value-sets" / "provenance.csv"
    rows = csv.DictReader(text(path).splitlines())
    try:
        return frozenset(
            (row["valueset"], row["system"], row["code"])
            for row in rows
            if row["source repo/path or package"]
        )
    except (KeyError, TypeError) as problem:
        raise BadContent(path, "header", "lacks a column") from problem


def _verified(
    path: Path, statements: Iterable[Mapping[str, Any]], provenance: frozenset[Any]
) -> None:
    """Refuse a code of which nobody says where it was verified."""
    for part in statements:
        named = [c["code"] for c in part.get("concept", [])]
        named += [c["value"] for c in part.get("filter", [])]
        for code in named:
            if (path.stem, part["system"], code) not in provenance:
                raise BadContent(path, code, "has no line in provenance.csv")


def reading(content: Content, sets: ValueSets, lexicon: Lexicon) -> Reading:
    """Read the conventions by which a record is read; raises BadContent."""
    path = content.guideline / "reading.yaml"
    row = content.yaml(path, "reading")
    settings = content.yaml(content.guideline / "guideline.yaml", "guideline")
    sides = {Side(side): frozenset(named) for side, named in _plain(row["sides"]).items()}
    for named in sides.values():
        known(path, "sides", "it", named, sets)
    return Reading(
        terms=_terminology(content, sets, row),
        lexicon=lexicon,
        trigger=_trigger(path, row["trigger"], sets),
        answers=_answers(row["answers"]),
        questions=row["questions"],
        sides=sides,
        implies={name: frozenset(said) for name, said in row["implies"].items()},
        covers={name: frozenset(said) for name, said in row["covers"].items()},
        headings_of_reports=tuple(row["headings_of_reports"]),
        function_questions=_function_questions(content, row["function_questions"]),
        family_headings=FamilyHeadings(
            begins=tuple(row["family_headings"]["begins"]),
            unless=frozenset(row["family_headings"]["unless"]),
        ),
        imaging=frozenset({row["imaging_done"]}),
        index=frozenset(settings["episode"]["symptoms"]),
        timeless=frozenset(row["read_at_any_age"]),
        supply_days=row["supply_days"],
        dose_equivalents=_longest_first(row["dose_equivalents"]["to_prednisone"]),
        dose_frequencies=_frequencies(row["dose_frequencies"]),
        statuses=frozenset(row["statuses"]),
        longest_list=row["longest_list"],
        look_back_days={Group(name): days for name, days in row["look_back_days"].items()},
        needed=frozenset(Group(name) for name in settings["needed"]),
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the sources, which are for readers only."""
    return {name: value for name, value in row.items() if name != "sources"}


def _trigger(path: Path, row: Mapping[str, Any], sets: ValueSets) -> Trigger:
    """Read which orders are ours."""
    single = ("with_contrast", "without_contrast", "contrast_only", "whole_spine")
    known(path, "trigger", "it", [*row["concepts"], *(row[name] for name in single)], sets)
    patterns: dict[str, Any] = {}
    for name in ("modality", "region", "words_with", "words_without", "imaging"):
        try:
            patterns[name] = re.compile(row[name])
        except re.error as problem:
            raise BadContent(path, f"trigger/{name}", "is not a pattern") from problem
    return Trigger(
        concepts=frozenset(row["concepts"]),
        categories=frozenset(row["categories"]),
        systems=frozenset(system for name in row["concepts"] for system, *_ in sets[name]),
        **{name: row[name] for name in single},
        **patterns,
    )


def _answers(row: Mapping[str, Any]) -> AnswerWords:
    kinds = ("no", "yes", "normal", "reduced", "quality")
    return AnswerWords(
        kinds={kind: frozenset(row[kind]) for kind in kinds},
        harmless=frozenset(row["harmless"]),
        no_codes=frozenset(row["no_codes"]),
        yes_codes=frozenset(row["yes_codes"]),
    )


def _function_questions(content: Content, row: Mapping[str, Any]) -> FunctionQuestions:
    names = content.yaml(content.guideline / "names.yaml", "names")
    return FunctionQuestions(
        of=frozenset(names["functions"]),
        able=tuple(f"{begins} {able} " for begins in row["begins"] for able in row["able"]),
        asks=tuple(f"{asks} " for asks in row["asks"]),
        normal=frozenset(row["normal"]),
        unless=frozenset(row["unless"]),
    )


def _frequencies(rows: Iterable[Mapping[str, Any]]) -> tuple[tuple[re.Pattern[str], float], ...]:
    return tuple(
        (
            re.compile(rf"\b(?:{'|'.join(map(re.escape, row['words']))})\b"),
            row["times"] / row["days"],
        )
        for row in rows
    )


def _longest_first(equivalents: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Sort drugs so that "methylprednisolone" is found before the "prednisolone" in it."""
    return tuple(sorted(equivalents.items(), key=lambda pair: -len(pair[0])))


def named_only(content: Content, sets: ValueSets) -> frozenset[str]:
    """List the concepts that are known by name and have no value set."""
    words = content.yaml(content.guideline / "names.yaml", "names")
    row = content.yaml(content.guideline / "reading.yaml", "reading")
    named = {*words["things"], *words["functions"], *row["implies"], row["imaging_done"]}
    return frozenset(named - set(sets))


def _terminology(content: Content, sets: ValueSets, row: Mapping[str, Any]) -> Terminology:
    codes: dict[tuple[str, str], set[str]] = {}
    for name, members in sets.items():
        for system, code, _ in members:
            plain = code.replace(".", "").upper() if system == ICD_10_CM else code
            codes.setdefault((system, plain), set()).add(name)
    shared: dict[frozenset[str], frozenset[str]] = {}
    path = content.guideline / "names.yaml"
    words = content.yaml(path, "names")
    known(path, "things_from_displays", "it", words["things_from_displays"], sets)
    displays = [
        (display, name)
        for name in words["things_from_displays"]
        for _, _, display in sets[name]
        if display
    ]
    things = phrases([*_pairs(words["things"]), *displays])
    functions = phrases(_pairs(words["functions"]))
    topics = phrases(_pairs(words["topics"]))
    known(path, "topics", "it", words["topics"], sets.keys() | words["functions"].keys())
    return Terminology(
        codes={k: shared.setdefault(frozenset(v), frozenset(v)) for k, v in codes.items()},
        systems={other: url for url, others in row["systems"].items() for other in others},
        published=frozenset([*row["systems"], *chain.from_iterable(row["systems"].values())]),
        standard=frozenset(row["standard_systems"]),
        things=things,
        names_only=named_only(content, sets),
        functions=functions,
        topics=topics,
        sides=phrases(_pairs(words["sides"])),
        openers=frozenset().union(
            things.by_first_word, functions.by_first_word, topics.by_first_word
        ),
    )


def _pairs(lists: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(phrase, meaning) for meaning, row in lists.items() for phrase in row["names"]]


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


def studies(content: Content, sets: ValueSets, offered: Mapping[str, str]) -> dict[str, Study]:
    """Give each study that is offered as the first code of its value set in each code system."""
    known(content.guideline / "guideline.yaml", "studies", "it", offered.values(), sets)
    found = {}
    for study, name in offered.items():
        codes: dict[str, tuple[str, str]] = {}
        for system, code, display in sets[name]:
            if display:
                codes.setdefault(system, (code, display))
        found[study] = Study(value_set=name, codes=codes)
    return found
