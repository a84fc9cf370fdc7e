"""A call in which every kind of text field is filled, and the places of those fields."""

import json
from copy import deepcopy
from typing import Any

from charts import ago, back_pain, bundle, call, concept, condition, medication, observation, order

SERVICE = "/cds-services/lumbar-mri"
FHIR_SERVER = "https://ehr.example.org/fhir"
_DRAFT = "context.draftOrders.entry.0.resource"
_FLAG = "prefetch.conditions.entry.1.resource"
_NUMBNESS = "prefetch.observations.entry.0.resource"
_DRUG = "prefetch.medicationRequests.entry.0.resource"
# Of the envelope: what stands there may be refused.
ENVELOPE = {
    "hook": "hook",
    "hookInstance": "hookInstance",
    "userId": "context.userId",
    "patientId": "context.patientId",
    "encounterId": "context.encounterId",
    "selections": "context.selections.0",
    "fhirServer": "fhirServer",
    "token": "fhirAuthorization.access_token",
    "token type": "fhirAuthorization.token_type",
    "scope": "fhirAuthorization.scope",
}
# Of resources: what stands there may never be a reason to refuse the call.
CHART = {
    "order id": f"{_DRAFT}.id",
    "order text": f"{_DRAFT}.code.text",
    "order display": f"{_DRAFT}.code.coding.0.display",
    "order note": f"{_DRAFT}.note.0.text",
    "reason text": f"{_DRAFT}.reasonCode.0.text",
    "reason display": f"{_DRAFT}.reasonCode.0.coding.0.display",
    "condition id": f"{_FLAG}.id",
    "condition text": f"{_FLAG}.code.text",
    "condition display": f"{_FLAG}.code.coding.0.display",
    "condition note": f"{_FLAG}.note.0.text",
    "observation id": f"{_NUMBNESS}.id",
    "observation text": f"{_NUMBNESS}.code.text",
    "observation value": f"{_NUMBNESS}.valueString",
    "medication text": f"{_DRUG}.medicationCodeableConcept.text",
    "medication dosage": f"{_DRUG}.dosageInstruction.0.text",
    "patient name": "prefetch.patient.name.0.text",
    "family name": "prefetch.patient.name.0.family",
    "practitioner name": "prefetch.practitioner.name.0.text",
    "encounter id": "prefetch.encounters.entry.0.resource.id",
    "error of a server": "prefetch.procedures.entry.0.resource.issue.0.diagnostics",
}
PLACES = ENVELOPE | CHART


def full_call() -> dict[str, Any]:
    """Write a call with a red flag by its code alone, in which all places are filled."""
    note = [{"text": "as before"}]
    flag = condition("G83.4", "Words", id="flag", note=note)
    flag["code"]["coding"][0]["display"] = "Words"
    reason = concept("M54.50", "Low back pain")
    reason["coding"][0]["display"] = "Low back pain"
    draft = order(note=note, reasonCode=[reason])
    draft["code"]["coding"][0]["display"] = "MRI"
    drug = medication("Ibuprofen", 9, dosageInstruction=[{"text": "one a day"}])
    body = call(
        back_pain(recordedDate=ago(9)),
        flag,
        observation(None, "Exam", valueString="unremarkable", effectiveDateTime="2026-11-01"),
        drug,
        orders=[draft],
        hook="order-sign",
    )
    body["context"] |= {"encounterId": "e", "selections": ["ServiceRequest/mri"]}
    body["fhirServer"] = FHIR_SERVER
    body["fhirAuthorization"] = {"access_token": "t", "token_type": "Bearer", "scope": "x"}
    body["prefetch"] |= _others(body["prefetch"]["patient"])
    return body


def _others(patient: dict[str, Any]) -> dict[str, Any]:
    name = [{"text": "A Name", "family": "Name"}]
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
    return {
        "patient": {**patient, "name": name},
        "practitioner": {"resourceType": "Practitioner", "id": "1", "name": name},
        "encounters": bundle({"resourceType": "Encounter", "id": "e", "status": "finished"}),
        "procedures": bundle(outcome),
    }


def put(body: dict[str, Any], place: str, text: Any) -> dict[str, Any]:
    """Put a text at a place of a copy of a call."""
    changed = deepcopy(body)
    *steps, last = (int(step) if step.isdigit() else step for step in PLACES[place].split("."))
    part: Any = changed
    for step in steps:
        part = part[step]
    part[last] = text
    return changed


def strict(content: bytes) -> Any:
    """Read an answer as JSON that every reader understands in the same way."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a member stands twice"
        return dict(pairs)

    def no_number(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(content.decode("utf-8"), object_pairs_hook=members, parse_constant=no_number)
