"""The CDS Hooks vocabulary: the steps `parse` and `encode`, and the description of the service."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
from msgspec import Raw, Struct

from service.clinical.cards import EXTENSION
from service.clinical.fhir import Reference
from service.clinical.guideline import Guideline
from service.clinical.patient import Identity, Whose
from service.ehr.access import Offer
from service.ehr.searches import PREFETCH
from service.errors import BadHookRequest
from service.web.envelope import refuse_ambiguous

SERVICE_ID = "lumbar-mri"
HOOKS = ("order-select", "order-sign")
DISCOVERY_PATH = "/cds-services"
CALL_PATH = f"{DISCOVERY_PATH}/{SERVICE_ID}"
FEEDBACK_PATH = f"{CALL_PATH}/feedback"
_LONGEST_INSTANCE = 255
_MOST_KEYS = 256  # of prefetch
SPECIFICATION_VERSION = "2.0.1"  # of CDS Hooks
_SCHEMA = Path(__file__).with_name("hook_request.schema.json")
_envelope = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)


class _DraftEntry(Struct):
    resource: Raw = Raw()


class _Drafts(Struct):
    entry: list[_DraftEntry] | None = None


class _Context(Struct):
    patientId: str | None = ""  # noqa: N815
    selections: list[str] | None = None
    draftOrders: _Drafts | None = None  # noqa: N815
    encounterId: Any = None  # noqa: N815
    userId: Any = None  # noqa: N815


class _Request(Struct):
    hook: str
    hookInstance: str  # noqa: N815
    context: _Context
    fhirServer: Any = None  # noqa: N815
    fhirAuthorization: Any = None  # noqa: N815
    prefetch: dict[str, Raw] | None = None
    extension: Any = None


class _Head(Struct):
    resourceType: str = ""  # noqa: N815
    id: str = ""


class _Subject(Struct):
    subject: Reference | None = None
    patient: Reference | None = None


_decode = msgspec.json.Decoder(_Request).decode
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_subject = msgspec.json.Decoder(_Subject).decode
# Ids longer than FHIR's 64 characters are real, and so is the underscore; what could change a
# search (a comma, a question mark, a slash) is no id.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRequest:
    """One call: the hook, the patient, the drafts in focus, and what was sent along."""

    hook: str
    hook_instance: str
    patient: Identity
    drafts: tuple[bytes, ...]
    prefetch: dict[str, bytes]
    offer: Offer  # the FHIR server and the token that the call brings, not trusted yet
    encounter: str | None = None  # as the caller names it
    user: str | None = None
    marked_canary: bool = False  # by its own word a call that only tries the service


def parse(body: bytes) -> HookRequest:
    """Read a hook call; raises BadHookRequest naming the field, never its value."""
    try:
        request = _decode(body)
    except _UNREADABLE as problem:
        raise _explained(body) from problem
    prefetch = {key: bytes(piece) for key, piece in (request.prefetch or {}).items()}
    if len(prefetch) > _MOST_KEYS:
        raise BadHookRequest("prefetch", expected=f"at most {_MOST_KEYS} keys", status=413)
    refuse_ambiguous(body, prefetch.values())
    if len(request.hookInstance) > _LONGEST_INSTANCE:
        raise BadHookRequest("hookInstance", expected="a UUID")
    patient = _patient(request)
    drafts = request.context.draftOrders
    raw = [bytes(e.resource) for e in (drafts.entry if drafts else None) or () if e.resource]
    for draft in raw:
        _refuse_other_patient(draft, patient)
    chosen = request.context.selections
    if request.hook == "order-select":
        raw = [draft for draft in raw if _selected(draft, chosen or [])]
    return HookRequest(
        hook=request.hook,
        hook_instance=request.hookInstance,
        patient=patient,
        drafts=tuple(raw) if request.hook in HOOKS else (),
        prefetch=prefetch,
        offer=Offer(fhir_server=request.fhirServer, authorization=request.fhirAuthorization),
        encounter=_text(request.context.encounterId),
        user=_text(request.context.userId),
        marked_canary=_is_marked_canary(request.extension),
    )


def _text(given: Any) -> str | None:
    return given if given and isinstance(given, str) else None


def _is_marked_canary(extension: Any) -> bool:
    ours = extension.get(EXTENSION) if isinstance(extension, dict) else None
    return isinstance(ours, dict) and ours.get("canary") is True


def _patient(request: _Request) -> Identity:
    """Read whose call it is; `Patient/1`, or its address on the EHR's server, means `1`."""
    given = request.context.patientId
    if given is None:
        raise _no_patient()
    server = request.fhirServer.rstrip("/") if isinstance(request.fhirServer, str) else ""
    if server and given.startswith(f"{server}/"):
        given = given.removeprefix(f"{server}/")
    given = given.removeprefix("Patient/")
    if given and not _ID.fullmatch(given):
        raise _no_patient()
    return Identity(id=given, fhir_server=server or None)


def _no_patient() -> BadHookRequest:
    return BadHookRequest("context.patientId", expected="the patient's id")


def _refuse_other_patient(draft: bytes, patient: Identity) -> None:
    """Refuse a call that mixes the orders of two patients; raises BadHookRequest."""
    try:
        found = _decode_subject(draft)
    except _UNREADABLE:
        return
    subject = found.subject or found.patient
    if patient.id and subject and patient.whose(subject) is Whose.ANOTHER:
        raise BadHookRequest("context.draftOrders", expected="orders of the patient of the call")


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
    """Describe the service under both hooks, with the data it reads.

    `order-select` comes last: clients that keep one hook for an address, as the CDS Hooks sandbox
    does, are left with the last one, and order-select is the one at which an order is composed.
    """
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
                "prefetch": dict(PREFETCH),
                "usageRequirements": (
                    "FHIR R4. Works from prefetch alone, and asks a registered FHIR server for "
                    "what was not sent; every section that could not be had is named on the card "
                    "and never taken for an empty one. Needed for a deferral: "
                    f"{', '.join(group.value for group in guideline.needed)}; the others add "
                    "safety checks and evidence. Advisory only."
                ),
                "version": SPECIFICATION_VERSION,
            }
            for hook in reversed(HOOKS)
        ]
    }


def outcome(code: str, text: str, expression: str | None = None) -> dict[str, Any]:
    """Write an OperationOutcome that names a place and never a value."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def encode(
    cards: list[dict[str, Any]],
    actions: list[dict[str, Any]] | None = None,
    placement: str = "top-level",
) -> bytes:
    """Write the answer; system actions stand where the client looks for them."""
    answer: dict[str, Any] = {"cards": cards}
    if actions and placement in ("top-level", "both"):
        answer["systemActions"] = actions
    if actions and placement in ("extension", "both"):
        answer["extension"] = {"systemActions": actions}
    return msgspec.json.encode(answer)
