"""The one checker of answers: the CDS Hooks specification and this project's card contract."""

import re
from itertools import chain
from typing import Any
from uuid import UUID

from service.clinical.guideline import Guideline

RECOMMENDATION = re.compile(r"[A-Za-z0-9]+")
FORBIDDEN = re.compile(r"\b(cleared|safe|must not|do not order)\b", re.IGNORECASE)
CARD_FIELDS = {
    "uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior",
    "overrideReasons", "links", "extension",
}  # fmt: skip
EXTENSION_FIELDS = {
    "rule", "recommendation", "acrVariant", "rating", "asOf", "onset", "evidence",
    "notDocumented", "unavailable", "contentVersion",
}  # fmt: skip
EVIDENCE_FIELDS = {"criterion", "status", "reference", "date", "value", "text"}


def hold(answer: dict[str, Any], guideline: Guideline) -> None:
    """Hold one 200 answer of the service against everything that every answer must keep."""
    assert set(answer) <= {"cards", "systemActions", "extension"}
    assert isinstance(answer["cards"], list)
    _no_empties(answer["cards"])
    for actions in (answer.get("systemActions"), answer.get("extension", {}).get("systemActions")):
        if actions is not None:
            _hold_ratings(actions, guideline)
    for card in answer["cards"]:
        _hold_card(card, guideline)
    uuids = [card["uuid"] for card in answer["cards"]]
    assert len(uuids) == len(set(uuids)), "a card stands twice"


def hold_discovery(answer: dict[str, Any]) -> None:
    """Hold the description of the services against the specification and Inferno's checks."""
    assert isinstance(answer["services"], list)
    for service in answer["services"]:
        for field in ("hook", "description", "id", "title", "usageRequirements", "version"):
            assert isinstance(service[field], str)
            assert service[field]
        assert re.fullmatch(r"\d+\.\d+\.\d+", service["version"])
        assert all(isinstance(template, str) for template in service["prefetch"].values())


def _no_empties(value: Any) -> None:
    """No null, empty string, empty list or empty object anywhere below the cards."""
    for part in value.values() if isinstance(value, dict) else value:
        assert part not in (None, "", [], {}), f"empty value in {value}"
        if isinstance(part, dict | list):
            _no_empties(part)


def _hold_card(card: dict[str, Any], guideline: Guideline) -> None:
    assert set(card) <= CARD_FIELDS
    UUID(card["uuid"])
    assert 0 < len(card["summary"]) < 140
    assert "\n" not in card["summary"]
    assert not re.search(r"(?<!\\)\{", card["summary"] + card["detail"]), "a place was not filled"
    assert "?" not in card["summary"].replace("fracture excluded?", "")
    assert card["indicator"] in ("info", "warning", "critical")
    assert isinstance(card["detail"], str)
    assert not re.search(r"(?<!\\)<[a-zA-Z/!]", card["detail"]), "HTML in the detail"
    assert not FORBIDDEN.search(card["summary"] + card["detail"])
    _hold_source(card["source"], guideline)
    for reason in card["overrideReasons"]:
        assert {"code", "system", "display"} == set(reason)
    for link in card.get("links", []):
        assert link["type"] in ("absolute", "smart")
        assert link["url"].startswith("https://")
        assert link["label"]
    _hold_suggestions(card)
    _hold_extension(card, guideline)


def _hold_ratings(actions: list[dict[str, Any]], guideline: Guideline) -> None:
    """A rating updates an order with its rating and the call that gave it, and with no `delete`."""
    _no_empties(actions)
    assert actions
    rule = guideline.rating
    for action in actions:
        assert set(action) == {"type", "description", "resource"}
        assert action["type"] == "update"
        found = {e["url"]: e for e in action["resource"]["extension"]}
        (coding,) = found[rule.extension]["valueCodeableConcept"]["coding"]
        assert coding["system"] == rule.system
        assert coding["code"] in rule.codes
        assert found[rule.consult_id]["valueUri"].startswith("urn:uuid:")


def _hold_source(source: dict[str, Any], guideline: Guideline) -> None:
    assert source["label"]
    assert source["topic"]["system"] == guideline.topic_system
    assert RECOMMENDATION.fullmatch(source["topic"]["code"])
    assert source.get("url", "https://").startswith("https://")


def _hold_suggestions(card: dict[str, Any]) -> None:
    assert ("suggestions" in card) == ("selectionBehavior" in card)
    assert card.get("selectionBehavior", "any") in ("any", "at-most-one")
    uuids = [suggestion["uuid"] for suggestion in card.get("suggestions", [])]
    assert len(uuids) == len(set(uuids))
    for suggestion in card.get("suggestions", []):
        assert suggestion["label"]
        UUID(suggestion["uuid"])
        assert not suggestion.get("isRecommended"), "nothing is pre-selected"
        (action,) = suggestion["actions"]
        assert action["description"]
        assert action["type"] in ("create", "update", "delete")
        if action["type"] == "delete":
            deleted = action.get("resourceId") or action["resource"]
            assert re.fullmatch(r"ServiceRequest/.+", deleted)
        else:
            assert action["resource"]["resourceType"] == "ServiceRequest", "never a drug order"


def _hold_extension(card: dict[str, Any], guideline: Guideline) -> None:
    (name,) = card["extension"]
    content = card["extension"][name]
    assert name == "org.lumbar-mri-cds"
    assert set(content) <= EXTENSION_FIELDS
    assert content["recommendation"] == card["source"]["topic"]["code"]
    assert content["contentVersion"] == guideline.version
    rows = [*guideline.indication, *chain(*guideline.modifiers)]
    assert content["rule"] in {row.rule for row in rows}
    for item in content.get("evidence", []):
        assert set(item) <= EVIDENCE_FIELDS
        assert item["criterion"] in guideline.criteria
        assert "/" in item["reference"]
