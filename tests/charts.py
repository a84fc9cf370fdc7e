"""Small records for tests: a patient, a draft order and what the EHR sent along."""

from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

TODAY = date(2026, 11, 22)
DATA = Path(__file__).parent / "data"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
CPT = "http://www.ama-assn.org/go/cpt"
SUBJECT = {"reference": "Patient/p"}
KEYS = {
    "Condition": "conditions",
    "Observation": "observations",
    "Encounter": "encounters",
    "MedicationRequest": "medicationRequests",
    "Procedure": "procedures",
}


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def concept(code: str | None, text: str | None = None, system: str = ICD) -> dict[str, Any]:
    coded = {"coding": [{"system": system, "code": code}]} if code else {}
    return {**coded, **({"text": text} if text else {})}


def condition(code: str | None, text: str | None = None, **fields: Any) -> dict[str, Any]:
    system = fields.pop("system", ICD)
    return {
        "resourceType": "Condition",
        "id": fields.pop("id", f"c-{code or 'text'}"),
        "subject": SUBJECT,
        "code": concept(code, text, system),
        **fields,
    }


def back_pain(**fields: Any) -> dict[str, Any]:
    return condition("M54.50", "Low back pain", id="back-pain", **fields)


def observation(code: str | None, text: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": fields.pop("id", f"o-{code or 'text'}"),
        "status": fields.pop("status", "final"),
        "subject": SUBJECT,
        "code": concept(code, text, LOINC),
        **fields,
    }


def reading(code: str | None, text: str, value: float, unit: str | None, days: int) -> dict:
    quantity = {"value": value, **({"unit": unit} if unit else {})}
    return observation(code, text, valueQuantity=quantity, effectiveDateTime=ago(days))


def procedure(code: str, days: int, system: str = CPT, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "id": fields.pop("id", f"p-{code}-{days}"),
        "status": fields.pop("status", "completed"),
        "subject": SUBJECT,
        "code": concept(code, None, system),
        "performedDateTime": ago(days),
        **fields,
    }


def medication(text: str, days: int, supply: int | None = None, **fields: Any) -> dict[str, Any]:
    lasting = {"dispenseRequest": {"expectedSupplyDuration": {"value": supply, "code": "d"}}}
    return {
        "resourceType": "MedicationRequest",
        "id": fields.pop("id", f"m-{days}"),
        "status": fields.pop("status", "active"),
        "intent": "order",
        "subject": SUBJECT,
        "medicationCodeableConcept": {"text": text},
        "authoredOn": ago(days),
        **(lasting if supply else {}),
        **fields,
    }


def bundle(*resources: Any) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in resources],
    }


def order(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "mri",
        "status": "draft",
        "intent": "order",
        "subject": SUBJECT,
        "code": concept("72148", "MRI lumbar spine", CPT),
        **fields,
    }


def call(*resources: dict[str, Any], birth: str = "1984-02-01", **changes: Any) -> dict[str, Any]:
    """Write a complete call; `orders`, `hook` and single prefetch keys may be given in `changes`.

    A prefetch key given as `...` is left out.
    """
    orders = changes.pop("orders", [order()])
    hook = changes.pop("hook", "order-select")
    prefetch: dict[str, Any] = {
        key: bundle(*(r for r in resources if KEYS[r["resourceType"]] == key))
        for key in KEYS.values()
    }
    prefetch["patient"] = {"resourceType": "Patient", "id": "p", "birthDate": birth}
    prefetch |= changes
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": "p"}
    if hook == "order-select":
        context["selections"] = [f"ServiceRequest/{o.get('id')}" for o in orders]
    context["draftOrders"] = {**bundle(*orders), "type": "collection"}
    return deepcopy(
        {
            "hook": hook,
            "hookInstance": "9a1ad1c6-0000-4000-8000-000000000000",
            "context": context,
            "prefetch": {key: value for key, value in prefetch.items() if value is not ...},
        }
    )
