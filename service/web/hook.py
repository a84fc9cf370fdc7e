"""The CDS Hooks vocabulary: the steps `parse` and `encode`, and the description of the service."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
from msgspec import Raw, Struct

from service.clinical.guideline import Guideline
from service.errors import BadHookRequest

SERVICE_ID = "lumbar-mri"
HOOKS = ("order-select", "order-sign")
SPECIFICATION_VERSION = "2.0.1"  # of CDS Hooks
_NEWEST = "_sort=-date&_count=200"
PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "observations": f"Observation?patient={{{{context.patientId}}}}&{_NEWEST}",
    "encounters": f"Encounter?patient={{{{context.patientId}}}}&{_NEWEST}",
    "medicationRequests": (
        "MedicationRequest?patient={{context.patientId}}&_sort=-authoredon&_count=200"
    ),
    "procedures": "Procedure?patient={{context.patientId}}",
}
_SCHEMA = Path(__file__).with_name("hook_request.schema.json")
_envelope = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)


class _DraftEntry(Struct):
    resource: Raw = Raw()


class _Drafts(Struct):
    entry: list[_DraftEntry] | None = None


class _Context(Struct):
    patientId: str = ""  # noqa: N815
    selections: list[str] | None = None
    draftOrders: _Drafts | None = None  # noqa: N815


class _Request(Struct):
    hook: str
    hookInstance: str  # noqa: N815
    context: _Context
    prefetch: dict[str, Raw] | None = None


class _Head(Struct):
    resourceType: str = ""  # noqa: N815
    id: str = ""


_decode = msgspec.json.Decoder(_Request).decode
_decode_head = msgspec.json.Decoder(_Head).decode


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRequest:
    """One call: the hook, the patient, the drafts in focus, and what was sent along."""

    hook: str
    hook_instance: str
    patient_id: str
    drafts: tuple[bytes, ...]
    prefetch: dict[str, bytes]


def parse(body: bytes) -> HookRequest:
    """Read a hook call; raises BadHookRequest naming the field, never its value."""
    try:
        request = _decode(body)
    except _UNREADABLE as problem:
        raise _explained(body) from problem
    patient_id = request.context.patientId.removeprefix("Patient/")
    drafts = request.context.draftOrders
    raw = [bytes(e.resource) for e in (drafts.entry if drafts else None) or () if e.resource]
    chosen = request.context.selections
    if request.hook == "order-select":
        raw = [draft for draft in raw if _selected(draft, chosen or [])]
    return HookRequest(
        hook=request.hook,
        hook_instance=request.hookInstance,
        patient_id=patient_id,
        drafts=tuple(raw) if request.hook in HOOKS else (),
        prefetch={k: bytes(v) for k, v in (request.prefetch or {}).items()},
    )


def _selected(draft: bytes, selections: list[str]) -> bool:
    """Whether a draft is in focus; ids are compared with and without their type."""
    try:
        head = _decode_head(draft)
    except _UNREADABLE:
        return False
    return any(s in (head.id, f"{head.resourceType}/{head.id}") for s in selections if head.id)


def faults(content: object) -> list[BadHookRequest]:
    """List which fields of a call are wrong and what should stand there, the outermost first."""
    found = sorted(_envelope.iter_errors(content), key=lambda fault: len(fault.absolute_path))
    return list(dict.fromkeys(map(_fault, found)))


def _fault(fault: Any) -> BadHookRequest:
    path, schema = list(fault.absolute_path), fault.schema
    if fault.validator == "required":
        missing = next(name for name in fault.validator_value if name not in fault.instance)
        path, schema = [*path, missing], fault.schema["properties"][missing]
    field = ".".join(str(part) for part in path) or "body"
    return BadHookRequest(field, expected=schema["description"])


def _explained(body: bytes) -> BadHookRequest:
    """Say which field of a refused call is wrong and what should stand there."""
    try:
        content = msgspec.json.decode(body)
    except _UNREADABLE:
        return BadHookRequest("body", expected="a JSON object in UTF-8")
    found = faults(content)
    return found[0] if found else BadHookRequest("body", expected="a CDS Hooks call")


def discovery(guideline: Guideline) -> dict[str, Any]:
    """Describe the service under both hooks, with the data it reads."""
    return {
        "services": [
            {
                "hook": hook,
                "id": SERVICE_ID,
                "title": "Lumbar spine MRI",
                "description": (
                    "Advises on a lumbar-spine MRI order: emergency, appropriate, or not before "
                    f"six weeks of conservative care. Content {guideline.version}."
                ),
                "prefetch": PREFETCH,
                "usageRequirements": (
                    "FHIR R4. Works from prefetch alone; every section that is not sent is named "
                    "on the card and never taken for an empty one. Advisory only."
                ),
                "version": SPECIFICATION_VERSION,
            }
            for hook in HOOKS
        ]
    }


def outcome(code: str, text: str, expression: str | None = None) -> dict[str, Any]:
    """Write an OperationOutcome that names a place and never a value."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def encode(cards: list[dict[str, Any]]) -> bytes:
    """Write the answer."""
    return msgspec.json.encode({"cards": cards})
