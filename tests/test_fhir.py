"""FHIR that this project emits or ships is valid R4: suggestions, value sets, cases."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from fhir_r4 import faults

VALUE_SETS = sorted((ROOT / "cards" / "guideline" / "value-sets").glob("*.json"))
CASES = sorted(path.parent for path in (ROOT / "fhir_fixtures").glob("*/case.yaml"))


@pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.stem)
def test_a_value_set_is_fhir(path: Path) -> None:
    value_set = json.loads(path.read_text(encoding="utf-8"))
    assert faults(value_set) == []
    assert value_set["id"] == path.stem
    assert value_set["status"] == "draft", "nobody has signed the content off"


def emitted() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every resource that a golden answer suggests."""
    for folder in CASES:
        answer = json.loads((folder / "response.json").read_text(encoding="utf-8"))
        for card in answer["cards"]:
            for suggestion in card.get("suggestions", []):
                for action in suggestion["actions"]:
                    if "resource" in action:
                        yield f"{folder.name}: {suggestion['label']}", action["resource"]


def test_every_suggested_resource_is_fhir() -> None:
    wrong = {name: found for name, resource in emitted() if (found := faults(resource))}
    assert wrong == {}


def test_every_suggestion_of_the_catalogue_is_emitted_by_some_case() -> None:
    catalogue = yaml.safe_load((ROOT / "cards/messages/suggestions.yaml").read_text())
    shown = {action["description"] for action in actions()}
    for template in catalogue:
        words = template["description"].split("{")[0]
        assert any(text.startswith(words) for text in shown), template["id"]


def actions() -> Iterator[dict[str, Any]]:
    for folder in CASES:
        for card in json.loads((folder / "response.json").read_text())["cards"]:
            for suggestion in card.get("suggestions", []):
                yield from suggestion["actions"]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_what_a_case_sends_is_fhir_unless_it_says_otherwise(folder: Path) -> None:
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    drafts = request["context"].get("draftOrders", {})
    sent = [drafts, *request.get("prefetch", {}).values()]
    wrong = [f for piece in sent if isinstance(piece, dict) for f in faults(piece)]
    assert bool(wrong) is case.get("broken_fhir", False), wrong
    assert date.fromisoformat(str(case["as_of"])) == date(2026, 11, 22)


def test_a_fault_is_found() -> None:
    assert faults({"resourceType": "ServiceRequest", "status": "draft", "intent": "order"})
    ordered = {"resourceType": "ServiceRequest", "intent": "order", "subject": {"display": "x"}}
    assert faults({**ordered, "status": "draft", "priority": "now"})
    assert not faults({**ordered, "status": "draft", "priority": "stat"})
