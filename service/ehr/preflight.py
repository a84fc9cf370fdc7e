"""What an integrator is told of a FHIR server before the first call: what it is, what it gives."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.addresses import normalised
from service.clients import MOST_DEADLINE_S, Client
from service.clinical import fhir
from service.clinical.bundles import open_piece
from service.clinical.chart import Group
from service.clinical.guideline import Guideline
from service.clinical.patient import Identity, Whose
from service.ehr.access import Access, Secret, well_formed
from service.ehr.fhir_client import Fetched, FhirClient, searches
from service.ehr.get import Getter
from service.ehr.leash import Leash
from service.ehr.searches import GROUPS
from service.errors import BadSetting, FhirServerError

_VERSION = re.compile(r"[0-9A-Za-z.-]{1,20}")
_KNOWN_VERSIONS = ("4.0", "4.3")  # FHIR R4 and R4B, whose fields that are read are the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Preflight:
    """What was found, line by line, and how many things stand in the way of a complete chart."""

    lines: tuple[str, ...]
    problems: int


def preflight(
    url: str, token: str | None, patient_id: str | None, client: Client, guideline: Guideline
) -> Preflight:
    """Ask a FHIR server what it is and for all that a call would ask it for; raises BadSetting.

    Without a patient only the server's own description is read.
    """
    base = normalised(url)
    if base is None:
        raise BadSetting("--ehr", expected="an absolute address without query or fragment")
    if token is not None and not well_formed(token):
        raise BadSetting("--token-file", expected="one access token of printable ASCII")
    own = client.model_copy(update={"fhir_servers": (base,)})
    registered = base in client.fhir_servers
    about, problems = _described(base, own)
    lines = [f"FHIR server {base}", *about]
    lines.append(
        "  registered in the settings" if registered else "  not registered in the settings"
    )
    if patient_id is None:
        lines += ["Searches:", "  not tried: name a test patient with --patient"]
        return Preflight(lines=tuple(lines), problems=problems)
    found = list(_searched(base, token, patient_id, own, guideline))
    lines += ["Searches:", *(f"  {line}" for line, _ in found)]
    return Preflight(lines=tuple(lines), problems=problems + sum(bad for _, bad in found))


def _described(base: str, client: Client) -> tuple[list[str], int]:
    """Read the server's CapabilityStatement, without a token, as anyone may."""
    leash = Leash(deadline=time.monotonic() + MOST_DEADLINE_S, networks=client.networks)
    context = FhirClient(client=client).context
    getter = Getter(leash=leash, context=context, headers={"Accept": "application/fhir+json"})
    try:
        body, _ = getter.get_alone(f"{base}/metadata")
        statement = json.loads(body)
    except FhirServerError as problem:
        return [f"  metadata: {problem.reason}"], 1
    except (ValueError, RecursionError):
        return ["  metadata: not JSON"], 1
    return _capabilities(statement)


def _capabilities(statement: Any) -> tuple[list[str], int]:
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        return ["  metadata: no CapabilityStatement"], 1
    said = statement.get("fhirVersion")
    version = said if isinstance(said, str) and _VERSION.fullmatch(said) else "not said"
    kinds = {
        str(resource.get("type"))
        for rest in _dicts(statement.get("rest"))
        for resource in _dicts(rest.get("resource"))
    }
    wanted = {path.split("?")[0].split("/")[0] for path in _paths("ID", Client())}
    lacking = sorted(wanted - kinds)
    known = version.startswith(_KNOWN_VERSIONS)
    lines = [f"  FHIR version {version}" + ("" if known else ": R4 (4.0.1) is needed")]
    if lacking:
        lines.append(f"  does not name: {', '.join(lacking)}")
    return lines, int(not known)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _paths(patient_id: str, client: Client) -> list[str]:
    return [one.path for one in searches(GROUPS, patient_id, client.searches)]


def _searched(
    base: str, token: str | None, patient_id: str, client: Client, guideline: Guideline
) -> Iterator[tuple[str, bool]]:
    """Send each search of a call, and say what came of it and whether that is a problem."""
    access = Access(
        base=base, token=Secret(value=token) if token is not None else None, expires_in_s=None
    )
    slow = client.model_copy(update={"deadline_s": MOST_DEADLINE_S})
    wanted = searches(GROUPS, patient_id, client.searches)
    begun = time.monotonic()
    fetched = FhirClient(client=slow).fetch(wanted, access, begun)
    for one, answer, shown in zip(wanted, fetched, _paths("ID", client), strict=True):
        needed = one.group in guideline.needed
        said, good = _came_of(answer, one.group, patient_id, needed=needed)
        yield f"{shown}: {said}", needed and not good
    took_s = time.monotonic() - begun
    limit_s = client.deadline_s
    kept = "within" if took_s <= limit_s else "over"
    yield f"all together {took_s:.2f} s, {kept} the deadline of {limit_s} s", took_s > limit_s


def _came_of(answer: Fetched, group: Group, patient_id: str, *, needed: bool) -> tuple[str, bool]:
    piece = open_piece(answer.record.json or b"") if answer.record.json else None
    limits = sorted(answer.record.limits | (piece.limits if piece else set()))
    wrong = [answer.reason] if answer.reason else [limit.value for limit in limits]
    if piece is not None and piece.pages_left and not answer.reason:
        wrong.append("more-pages")
    found = piece.resources if piece else []
    count = len(found)
    if any(_is_of_another(resource, Identity(id=patient_id)) for resource in found):
        wrong.append("other-patient")
    said = f"{count} read" + (f"; {', '.join(wrong)}" if wrong else "")
    if wrong:
        said += " (needed for a deferral)" if needed else f" ({group.value} add to the advice)"
    return said, not wrong


def _is_of_another(resource: Any, patient: Identity) -> bool:
    if isinstance(resource, fhir.Patient):
        return resource.id != patient.id
    subject = getattr(resource, "subject", None) or getattr(resource, "patient", None)
    return subject is not None and patient.whose(subject) is Whose.ANOTHER
