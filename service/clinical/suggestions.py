"""What a card offers to do: each suggestion one action on the draft order, or one new draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from service.clinical.identity import suggestion_id
from service.clinical.order import Order
from service.clinical.words import Message, Study, SuggestionTemplate, fill

Studies = Mapping[str, Study]


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """From what a card's identity is derived, and how this client wants its cards shaped."""

    key: bytes
    hook_instance: str
    owner: str = ""  # to whom its cards are issued: see `owner_of`
    selection_behavior: str = "any"
    delete_as_string: bool = False
    rating: bool = False  # whether the appropriateness rating is written on the order
    rating_code: str | None = None  # the site's own code for having been consulted
    link_hosts: tuple[str, ...] | None = None  # hosts that a card may link to; None: any


def suggestions(
    message: Message,
    order: Order,
    facts: Mapping[str, str],
    studies: Studies,
    identity: tuple[Issue, str],
) -> list[dict[str, Any]]:
    """Write the suggestions of a message that can be carried out on this order."""
    issue, card = identity
    offered = []
    for template in message.suggestions:
        action = _action(template, order, facts, studies, issue)
        if action is not None:
            offered.append(
                {
                    "label": fill(template.label, facts),
                    "uuid": suggestion_id(issue.key, card, template.id),
                    "actions": [action],
                }
            )
    return offered


def _action(
    template: SuggestionTemplate,
    order: Order,
    facts: Mapping[str, str],
    studies: Studies,
    issue: Issue,
) -> dict[str, Any] | None:
    """Write the action of one suggestion; None where this order does not allow it."""
    description = fill(template.description, facts)
    if template.action == "delete":
        key = "resource" if issue.delete_as_string else "resourceId"
        deletion = {"type": "delete", "description": description, key: order.reference}
        return deletion if order.id else None
    if template.action == "create":
        created = _created(template, order, facts, studies)
        return {"type": "create", "description": description, "resource": created}
    changes = _changes(template, order, studies)
    if changes is None or not order.fits:
        return None
    resource = {**without_empties(msgspec.json.decode(order.json)), **changes}
    return {"type": "update", "description": description, "resource": resource}


def _created(
    template: SuggestionTemplate, order: Order, facts: Mapping[str, str], studies: Studies
) -> dict[str, Any]:
    """Draft a new request for the same patient; a study bears a code of the order's own system."""
    created: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        **(template.resource or {}),
        "subject": {"reference": f"Patient/{order.patient_id}"},
    }
    system = order.study[0] or ""
    study = studies.get(template.study or "")
    offered = study.codes.get(system) if study else None
    if offered:
        coding = {"system": system, "code": offered[0], "display": offered[1]}
        created["code"] = {"coding": [coding], **created.get("code", {})}
    return {**created, "occurrenceDateTime": fill(template.due, facts)} if template.due else created


def _changes(
    template: SuggestionTemplate, order: Order, studies: Studies
) -> Mapping[str, object] | None:
    """Give the fields of the order that change; None when nothing would change."""
    if template.action == "update":
        changes = template.resource or {}
        same = all(getattr(order.resource, name, None) == value for name, value in changes.items())
        return None if same else changes
    system, _ = order.study
    study = studies.get(template.study or "")
    other = study.codes.get(system or "") if study else None
    if study is None or other is None or study.value_set in order.concepts:
        return None
    return {
        "code": {"coding": [{"system": system, "code": other[0], "display": other[1]}]},
    }


def without_empties(value: Any) -> Any:
    """Drop what CDS Hooks forbids in an answer: null, empty strings, empty lists and objects."""
    if isinstance(value, dict):
        kept = {k: without_empties(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, "", [], {})}
    if isinstance(value, list):
        return [v for v in map(without_empties, value) if v not in (None, "", [], {})]
    return value
