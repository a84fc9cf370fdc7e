"""Canaries as calls: how each is written, and whether its answer holds the card it must get."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from service.clinical.cards import EXTENSION
from service.clinical.guideline import Guideline
from service.content.canaries import FILE, Canary, canaries, refuse_unwatched
from service.ehr.searches import PREFETCH
from service.errors import BadContent
from service.settings import Settings
from service.web import hook
from service.web.answer import Desk, advices, today
from service.web.arrangement import arrange

_PATIENT = "lumbar-mri-cds-canary"
_SUBJECT = {"reference": f"Patient/{_PATIENT}"}
_YEARS_OLD = 45
_TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
}
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CERTAINTY = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def prove(folder: Path, guideline: Guideline) -> int:
    """Refuse content in which an emergency is not heard, as of today; raises BadContent.

    Gives the number of canaries, each of which went the way of a call.
    """
    there = canaries(folder)
    refuse_unwatched(folder, guideline, there)
    settings = Settings()
    desk = Desk(settings=settings, anyone=arrange(settings.client, guideline, settings))
    as_of = today(UTC)
    for canary in there:
        call = msgspec.json.encode(call_of(canary, hook.HOOKS[-1], as_of))
        cards = [card for advice in advices(call, desk, as_of) for card in advice.cards]
        if not is_heard(canary, cards):
            problem = f"expects {canary.expects}, got {told(cards)}"
            raise BadContent(folder / FILE, canary.id, problem)
    return len(there)


def is_heard(canary: Canary, cards: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the critical card that a canary must get is among the cards of an answer."""
    return any(
        card["indicator"] == "critical" and card["source"]["topic"]["code"] == canary.expects
        for card in cards
    )


def now_s() -> float:
    """Read the clock, in seconds since 1970: tokens are made out for the next minutes."""
    return time.time()


def told(cards: Sequence[Mapping[str, Any]]) -> str:
    """Say in a few words what came instead."""
    found = [f"{card['source']['topic']['code']} ({card['indicator']})" for card in cards]
    return ", ".join(found) or "no card"


def call_of(canary: Canary, of_hook: str, as_of: date) -> dict[str, Any]:
    """Write a canary as a CDS Hooks call of one day, complete and of a patient who is none."""
    draft = _order(canary)
    context: dict[str, Any] = {"userId": f"Practitioner/{_PATIENT}", "patientId": _PATIENT}
    if of_hook == hook.HOOKS[0]:
        context["selections"] = [f"ServiceRequest/{draft['id']}"]
    context["draftOrders"] = _bundle([draft], "collection")
    return {
        "hook": of_hook,
        "hookInstance": str(uuid4()),
        "context": context,
        "prefetch": _prefetch(canary, as_of),
        "extension": {EXTENSION: {"canary": True}},
    }


def _prefetch(canary: Canary, as_of: date) -> dict[str, Any]:
    """Fill every section that discovery asks for, so that nothing has to be fetched."""
    filled = {
        "conditions": [_condition(item, as_of) for item in canary.items["conditions"]],
        "observations": [_observation(item, as_of) for item in canary.items["observations"]],
        "procedures": [_procedure(item, as_of) for item in canary.items["procedures"]],
        "medicationRequests": [_drug(item, as_of) for item in canary.items["drugs"]],
    }
    for resources in filled.values():
        for number, resource in enumerate(resources):
            resource["id"] = f"canary-{number}"
    given: dict[str, Any] = {key: _bundle(filled.get(key, []), "searchset") for key in PREFETCH}
    given["patient"] = {
        "resourceType": "Patient",
        "id": _PATIENT,
        "meta": {"tag": [_TEST_DATA]},
        "name": [{"text": "Canary, no patient"}],
        "birthDate": str(as_of.year - _YEARS_OLD),
    }
    return given


def _bundle(resources: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    entry = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entry}


def _order(canary: Canary) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "canary-order",
        "status": "draft",
        "intent": "order",
        "subject": _SUBJECT,
        "code": _concept(canary.order),
        **({"reasonCode": [{"text": canary.reason}]} if canary.reason else {}),
        **({"note": [{"text": canary.note}]} if canary.note else {}),
    }


def _concept(item: Mapping[str, Any]) -> dict[str, Any]:
    if "code" in item:
        return {"coding": [{"system": item["system"], "code": item["code"]}]}
    return {"text": item["words"]}


def _ago(days: int, as_of: date) -> str:
    return (as_of - timedelta(days=days)).isoformat()


def _condition(item: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    since = _ago(item["days"], as_of)
    ended = item.get("ended_days")
    certainty = item.get("certainty", "confirmed")
    return {
        "resourceType": "Condition",
        "subject": _SUBJECT,
        "code": _concept(item),
        "clinicalStatus": _status(_CLINICAL, "resolved" if ended else "active"),
        "verificationStatus": _status(_CERTAINTY, certainty),
        "onsetDateTime": since,
        "recordedDate": since,
        **({"abatementDateTime": _ago(ended, as_of)} if ended else {}),
        **({"bodySite": [{"text": item["site"]}]} if "site" in item else {}),
    }


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _observation(item: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "subject": _SUBJECT,
        "code": _concept(item),
        "effectiveDateTime": _ago(item["days"], as_of),
        **dict(_value(item)),
    }


def _value(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "value" in item:
        yield "valueQuantity", {"value": item["value"], "unit": item["unit"]}
    if "says" in item:
        yield "valueString", item["says"]


def _procedure(item: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": _SUBJECT,
        "code": _concept(item),
        "performedDateTime": _ago(item["days"], as_of),
    }


def _drug(item: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    supply = {"value": item.get("supply_days", 30), "unit": "days", "code": "d"}
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": _SUBJECT,
        "medicationCodeableConcept": _concept(item),
        "authoredOn": _ago(item["days"], as_of),
        "dispenseRequest": {"expectedSupplyDuration": supply},
        **({"dosageInstruction": [{"text": item["dosage"]}]} if "dosage" in item else {}),
    }
