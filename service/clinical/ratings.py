"""The appropriateness rating of an order, written on the order itself and nothing else changed."""

from collections.abc import Sequence
from typing import Any

import msgspec

from service.clinical.assessment import Assessment
from service.clinical.guideline import Guideline, RatingRule
from service.clinical.order import Order
from service.clinical.suggestions import Issue, without_empties
from service.clinical.words import fill


def rating_action(
    assessment: Assessment, order: Order, guideline: Guideline, issue: Issue, consult: str
) -> dict[str, Any] | None:
    """Write the system action that rates an order; None where it cannot be rated.

    An order is not rated on too little information, nor where not all of it could be read, since it
    must come back as it was. `consult` is the UUID of the card that says the same.
    Source: argonaut-pama.
    """
    rating, rule = assessment.row.rating, guideline.rating
    if not issue.rating or not rating or not order.fits or not order.id:
        return None
    resource = without_empties(msgspec.json.decode(order.json))
    resource["extension"] = _extensions(resource, rule, issue, rating, consult)
    return {
        "type": "update",
        "description": fill(rule.says, {"rating": rating}),
        "resource": resource,
    }


def _extensions(
    resource: dict[str, Any], rule: RatingRule, issue: Issue, rating: str, consult: str
) -> list[Any]:
    """Add the rating to the extensions of an order; one of an earlier call gives way."""
    ours = (rule.extension, rule.consulted, rule.consult_id)
    kept = [e for e in resource.get("extension", ()) if e.get("url") not in ours]
    coding = {"system": rule.system, "code": rating}
    added = [
        {"url": rule.extension, "valueCodeableConcept": {"coding": [coding]}},
        {"url": rule.consult_id, "valueUri": f"urn:uuid:{consult}"},
    ]
    if issue.rating_code:
        added.append({"url": rule.consulted, "valueString": issue.rating_code})
    return kept + added


def keep_rating(cards: Sequence[dict[str, Any]], action: dict[str, Any] | None) -> None:
    """Leave the rating on the order wherever a suggestion changes anything but the study."""
    if action is None:
        return
    rated = action["resource"]
    for card in cards:
        for suggestion in card.get("suggestions", ()):
            for change in suggestion["actions"]:
                resource = change.get("resource")
                if change["type"] == "update" and resource.get("code") == rated.get("code"):
                    resource["extension"] = rated["extension"]
