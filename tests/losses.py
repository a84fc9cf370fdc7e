"""Content with something lost: the codes of one value set in one code system."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from service.clinical.guideline import Guideline, Verdict
from service.clinical.terminology import ICD_10_CM
from service.content import content_folder
from service.content.files import Content
from service.content.vocabulary import value_sets


def emergency_value_sets(guideline: Guideline) -> set[str]:
    """Name what an emergency row asks for, what makes an order ours, and what tells a side."""
    found = set(guideline.reading.trigger.concepts).union(*guideline.reading.sides.values())
    for row in guideline.indication:
        if row.verdict is Verdict.EMERGENCY:
            for criterion, _ in row.cells:
                found |= set(_asked(guideline, criterion))
    return found


def _asked(guideline: Guideline, name: str) -> Iterator[str]:
    criterion = guideline.criteria[name]
    yield from criterion.value_sets
    if criterion.quantity:
        yield from guideline.quantities[criterion.quantity].value_sets
    for part in criterion.of:
        yield from _asked(guideline, part)


def code_groups(guideline: Guideline) -> list[tuple[str, str]]:
    """List each value set of an emergency with each code system that it holds codes of."""
    sets = value_sets(Content(folder=content_folder()))
    return sorted(
        {
            (name, system)
            for name in emergency_value_sets(guideline) & set(sets)
            for system, _, _ in sets[name]
        }
    )


def without(guideline: Guideline, name: str, system: str) -> Guideline:
    """Lose the codes of one value set in one code system."""
    members = value_sets(Content(folder=content_folder()))[name]
    gone = {_plain(of, code) for of, code, _ in members if of == system}
    terms = guideline.reading.terms
    left = {k: names - {name} if k in gone else names for k, names in terms.codes.items()}
    codes = {key: names for key, names in left.items() if names}
    reading = replace(guideline.reading, terms=replace(terms, codes=codes))
    return replace(guideline, reading=reading)


def _plain(system: str, code: str) -> tuple[str, str]:
    return system, code.replace(".", "").upper() if system == ICD_10_CM else code


def folder_without(tmp_path: Path, name: str) -> Path:
    """Copy `cards/`, and lose the ICD-10-CM codes of one value set as an edit would."""
    folder = tmp_path / "cards"
    shutil.copytree(content_folder(), folder)
    path = folder / "guideline" / "icd-10-cm.json"
    expanded = json.loads(path.read_text(encoding="utf-8"))
    assert expanded.pop(name)
    path.write_text(json.dumps(expanded), encoding="utf-8")
    return folder
