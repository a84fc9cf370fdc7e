"""The step `gather`: what the EHR sent with its call, and what its FHIR server adds to it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.clinical import fhir
from service.clinical.bundles import kind_of, open_piece
from service.clinical.chart import Group, Limit
from service.clinical.patient import Identity
from service.clinical.read import Record, Records
from service.ehr.access import Access, Offer, grant
from service.ehr.fhir_client import Fetched, FhirClient, Wanted, searches
from service.ehr.pages import has_next, next_link, open_page, resolved
from service.ehr.searches import GROUPS

# Sites type prefetch keys by hand and name them in their own way.
_OTHER_NAMES = {
    "medications": Group.MEDICATION_REQUESTS,
    "medicationrequests": Group.MEDICATION_REQUESTS,
    "problems": Group.CONDITIONS,
    "obs": Group.OBSERVATIONS,
}
_NAMES = {group.value.lower(): group for group in Group if group is not Group.ORDER} | _OTHER_NAMES
_NOT_SENT = frozenset({Limit.NOT_SENT})
_NEXT = b'"next"'
_BUNDLE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"Bundle"')
SENT = "prefetch"
SENT_AS_ERROR = "prefetch_error"
KEY_MISSING = "prefetch_key_missing"
FETCHED = "fhir-server"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """The records of a patient, where each section came from, and what could not be fetched.

    `origins` maps a section to `prefetch`, `fhir-server`, or a fixed word for why it is not there.
    """

    records: Records
    origins: Mapping[str, str]


def sorted_by_section(
    patient: Identity, prefetch: Mapping[str, bytes], own_keys: Mapping[str, str] | None = None
) -> Records:
    """Sort what was sent by the section it was asked for; a key that is not there was not sent.

    `own_keys` are those of a site, each with its section: of several that fill one section, none
    may be missing. What stands under any other key is told by what it holds.
    """
    own = {key.lower(): Group(section) for key, section in (own_keys or {}).items()}
    names = _NAMES | own
    pieces = [
        Record(
            key=key,
            group=names.get(key.lower()),
            json=None if bytes(json).strip() == b"null" else bytes(json),
        )
        for key, json in prefetch.items()
    ]
    sent = {key.lower() for key in prefetch}
    begun = {own[key] for key in sent & set(own)}
    missing = [key for key, group in own.items() if group in begun and key not in sent]
    pieces += [Record(key=key, group=own[key], json=b"", limits=_NOT_SENT) for key in missing]
    return Records(patient=patient, pieces=tuple(pieces))


def gather(
    patient: Identity,
    prefetch: Mapping[str, bytes],
    offer: Offer,
    fhir_client: FhirClient,
    begun: float,
) -> Gathered:
    """Take what was sent; ask the FHIR server of the call, if it may be asked, for the rest."""
    sent = sorted_by_section(patient, prefetch, fhir_client.client.prefetch_keys)
    origins = _origins_as_sent(sent)
    access = grant(offer, fhir_client.client, patient.id)
    if isinstance(access, str):
        lacking = {group.value: access for group in GROUPS if group.value not in origins}
        return Gathered(records=sent, origins={**lacking, **origins})
    there = {Group(section) for section, origin in origins.items() if origin == SENT}
    wanted = list(_wanted(sent, there, access, fhir_client))
    given = fhir_client.fetch(wanted, access, begun) if wanted else []
    fetched = [_of_patient(one, patient) for one in given]
    continued = [one.before for one in wanted if one.before is not None]
    replaced = {one.group for one in wanted if one.before is None}
    kept = tuple(
        record
        for record in sent.pieces
        if record not in continued and not (record.group in replaced and _in_name_only(record))
    )
    pieces = kept + tuple(one.record for one in fetched)
    return Gathered(
        records=Records(patient=patient, pieces=pieces), origins=origins | _origins(fetched)
    )


def _origins_as_sent(sent: Records) -> dict[str, str]:
    """Say of each section that was sent that it was, or what is wrong with one of its keys."""
    found: dict[str, str] = {}
    for record in sent.pieces:
        for group in _filled(record):
            if found.get(group.value, SENT) == SENT:
                found[group.value] = _origin_as_sent(record)
    return found


def _origin_as_sent(record: Record) -> str:
    if record.limits == _NOT_SENT:
        return KEY_MISSING
    return SENT_AS_ERROR if _in_name_only(record) else SENT


def _origins(fetched: list[Fetched]) -> dict[str, str]:
    """Say of each section that was fetched that it was, or what went wrong with it first."""
    found: dict[str, str] = {}
    for one in fetched:
        section = one.record.key
        if found.get(section, FETCHED) == FETCHED:
            found[section] = one.reason or FETCHED
    return found


def _wanted(
    sent: Records, there: set[Group], access: Access, fhir_client: FhirClient
) -> Iterator[Wanted]:
    """List what is lacking: sections that are not there, and pages that were left of others."""
    lacking = [group for group in GROUPS if group not in there]
    yield from searches(lacking, sent.patient.id, fhir_client.client.searches)
    for record in sent.pieces:
        if record.group in there and record.json is not None and _NEXT in record.json:
            yield from _next_pages(record, access)


def _next_pages(record: Record, access: Access) -> Iterator[Wanted]:
    page = open_page(record.json or b"")
    if page is None or record.group is None or not has_next(page):
        return
    url = resolved(next_link(page), access.base)
    if url is not None:
        path = url[len(access.base) :].removeprefix("/")
        yield Wanted(group=record.group, path=path, before=record)


def _of_patient(one: Fetched, patient: Identity) -> Fetched:
    """Leave out what the server gave for the patient's own record and is another person's."""
    if one.record.group is not Group.PATIENT or not one.record.json:
        return one
    found = (r for r in open_piece(one.record.json).resources if isinstance(r, fhir.Patient))
    if not any(resource.id and resource.id != patient.id for resource in found):
        return one
    nothing = replace(one.record, json=b"", limits=frozenset({Limit.OTHER_PATIENT}))
    return Fetched(record=nothing, reason="ehr_other_patient")


def _in_name_only(record: Record) -> bool:
    """Whether a section was sent as an error, or as what is no resource at all.

    Null says of a list that it is empty, and of the patient nothing.
    """
    if record.json is None:
        return record.group is Group.PATIENT
    if _BUNDLE.match(record.json):
        return False  # as nearly all that is sent: it need not be read to its end
    kind = kind_of(record.json)
    if kind:
        return kind == "OperationOutcome"
    return record.group is not None and not _holds_resource(record.json)


def _holds_resource(json: bytes) -> bool:
    """Whether there is a resource anywhere in what is none; what cannot be decoded may hold one."""
    try:
        left = [fhir.read_anything(json)]
    except fhir.UNREADABLE:
        return json != b""
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "resourceType" in one:
                return True
            left += one.values()
        elif isinstance(one, list):
            left += one
    return False


def _filled(record: Record) -> set[Group]:
    """Say which section a record fills: the one that its key names.

    Of what stands under a key that nobody knows only the patient's own record is all there is.
    """
    if record.group is not None or record.json is None:
        return {record.group} if record.group else set()
    held = open_piece(record.json).resources
    return {Group.PATIENT} if any(isinstance(one, fhir.Patient) for one in held) else set()
