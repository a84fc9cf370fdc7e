"""The step `read`: from what the EHR sent, key by key, to the chart and what it does not hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from service.clinical import resources as fhir
from service.clinical.chart import Chart, Entry, Group, Limit, Section
from service.clinical.dates import Days, days_before
from service.clinical.entries import GROUPS, READERS, Reader
from service.clinical.order import Order, order_entries
from service.clinical.terminology import Terminology

# Lists that are asked for newest first: complete once they reach back beyond every look-back.
NEWEST_FIRST = frozenset({Group.OBSERVATIONS, Group.ENCOUNTERS, Group.MEDICATION_REQUESTS})
# An empty search as one large vendor answers it: a warning entry of this code, and nothing else.
_EMPTY_SEARCH_WARNING = "4101"
_PAGED = frozenset({"searchset", "collection", "history", "batch-response", "transaction", None})


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One piece that the EHR sent: JSON text, or None where it sent null."""

    key: str
    group: Group | None  # the section that the key asks for; None when only the content can tell
    json: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """All that could be had of one patient's record."""

    patient_id: str
    pieces: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """The readable resources of one record, and what stood in the way of the others."""

    resources: list[Any] = field(default_factory=list)
    limits: set[Limit] = field(default_factory=set)
    pages_left: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """What "today" means: the day, the facility's time zone, and how far back rules look."""

    as_of: date
    zone: tzinfo
    longest_look_back_days: Mapping[Group, int] = field(default_factory=dict)


def read(records: Records, order: Order, terms: Terminology, calendar: Calendar) -> Chart:
    """Read the record of one patient into a chart; nothing malformed hides anything else."""
    reader = Reader(terms=terms, as_of=calendar.as_of, zone=calendar.zone)
    sections: dict[Group, Section] = {}
    entries: list[Entry] = list(order_entries(reader, order))
    birth: Days | None = None
    for record in records.pieces:
        piece = _open(record)
        mine = [r for r in piece.resources if _belongs(r, records.patient_id, piece.limits)]
        for resource in mine:
            if isinstance(resource, fhir.Patient):
                birth = reader.days(resource.birthDate) or birth
                continue
            entry = READERS[type(resource)](reader, resource)
            if entry is not None:
                entries.append(entry)
        reaches_back = piece.pages_left and _reaches_back(reader, record, mine, calendar)
        if piece.pages_left and not reaches_back:
            piece.limits.add(Limit.MORE_PAGES)
        for group in _groups(record, mine):
            sections[group] = _joined(sections.get(group), group, record, piece)
    return _chart(calendar.as_of, birth, sections, entries)


def _chart(
    as_of: date, birth: Days | None, sections: dict[Group, Section], entries: list[Entry]
) -> Chart:
    """Put the chart together; a section nobody sent is a section that says nothing."""
    missing = {g: Section(group=g, limits=(Limit.NOT_SENT,)) for g in Group if g is not Group.ORDER}
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for concept in entry.concepts:
            found.setdefault(concept, []).append(entry)
    return Chart(
        as_of=as_of,
        birth=birth,
        sections=missing | {Group.ORDER: Section(group=Group.ORDER)} | sections,
        entries=tuple(entries),
        by_concept={concept: tuple(about) for concept, about in found.items()},
    )


def _joined(before: Section | None, group: Group, record: Record, piece: _Piece) -> Section:
    """Join two records of one section: what either lacks is lacking."""
    limits = set(before.limits if before else ()) | piece.limits
    return Section(
        group=group,
        limits=tuple(sorted(limits)),
        asserted_empty=record.json is None or bool(before and before.asserted_empty),
    )


def _groups(record: Record, mine: list[Any]) -> set[Group]:
    """Say which sections a record fills: the one its key names, else those of its resources."""
    if record.group is not None:
        return {record.group}
    return {GROUPS[type(r)] for r in mine if type(r) in GROUPS}


def _open(record: Record) -> _Piece:
    """Read one record: a Bundle at once if all of it fits, else entry by entry."""
    if record.json is None:
        limits = {Limit.NOT_SENT} if record.group is Group.PATIENT else set()
        return _Piece(limits=limits)
    try:
        kind = fhir.read_kind(record.json).resourceType
    except fhir.UNREADABLE:
        return _Piece(limits={Limit.WRONG_TYPE})
    if kind != "Bundle":
        return _sorted([_resource(record.json)], record.group, _Piece())
    return _open_bundle(record)


def _open_bundle(record: Record) -> _Piece:
    assert record.json is not None
    try:
        bundle = fhir.read_bundle(record.json)
    except fhir.UNREADABLE:
        return _open_loose_bundle(record)
    resources: list[Any] = [entry.resource for entry in bundle.entry or ()]
    piece = _sorted(resources, record.group, _Piece(pages_left=_pages_left(bundle)))
    if bundle.type not in _PAGED:
        piece.limits.add(Limit.WRONG_TYPE)
    return piece


def _pages_left(bundle: fhir.Bundle) -> bool:
    matches = sum(1 for e in bundle.entry or () if not _is_outcome(e.resource))
    more = any(link.relation == "next" for link in bundle.link or ())
    return more or (bundle.total or 0) > matches


def _is_outcome(resource: object) -> bool:
    return isinstance(resource, fhir.OperationOutcome)


def _open_loose_bundle(record: Record) -> _Piece:
    """Read a Bundle that does not fit entry by entry, so that one bad entry hides no other."""
    assert record.json is not None
    try:
        bundle = fhir.read_loose_bundle(record.json)
    except fhir.UNREADABLE:
        return _Piece(limits={Limit.WRONG_TYPE})
    found = [_loose_resource(entry) for entry in bundle.entry or ()]
    total = bundle.total if isinstance(bundle.total, int) else 0
    pages_left = bundle.link not in (None, []) and "next" in repr(bundle.link)
    piece = _Piece(pages_left=pages_left or total > len(found))
    if bundle.type not in _PAGED:
        piece.limits.add(Limit.WRONG_TYPE)
    return _sorted(found, record.group, piece)


def _loose_resource(raw: bytes) -> object:
    try:
        resource = fhir.read_loose_entry(raw).resource
    except fhir.UNREADABLE:
        return None
    return _resource(bytes(resource)) if resource else None


def _resource(raw: bytes) -> object:
    """Read one resource; one that does not fit is salvaged and marked by a wrapping list."""
    try:
        return fhir.read_resource(raw)
    except fhir.UNREADABLE:
        pass
    try:
        value = fhir.read_anything(raw)
    except fhir.UNREADABLE:
        return None
    kind = fhir.TYPES.get(str(value.get("resourceType"))) if isinstance(value, dict) else None
    return [fhir.salvage(value, kind)] if kind else None


def _sorted(found: Iterable[object], group: Group | None, piece: _Piece) -> _Piece:
    """Sort what was found into resources that can be used and limits that must be told."""
    for item in found:
        salvaged = isinstance(item, list)
        resource = item[0] if isinstance(item, list) else item
        if resource is None or salvaged or _says_nothing(resource):
            piece.limits.add(Limit.UNREADABLE_ENTRY)
        if isinstance(resource, fhir.OperationOutcome):
            piece.limits.update(_outcome_limits(resource))
        elif resource is not None and type(resource) in GROUPS:
            if group is not None and GROUPS[type(resource)] is not group:
                piece.limits.add(Limit.WRONG_TYPE)
            piece.resources.append(resource)
    return piece


def _says_nothing(resource: object) -> bool:
    """Whether a resource carries a code that is there and empty: its meaning was lost."""
    code = getattr(resource, "code", None)
    return isinstance(code, fhir.CodeableConcept) and not code.coding and not code.text


def _outcome_limits(outcome: fhir.OperationOutcome) -> Iterator[Limit]:
    """Tell a server's error from a search that found nothing."""
    for issue in outcome.issue or ():
        codings = (issue.details.coding if issue.details else None) or ()
        empty_search = any(c.code == _EMPTY_SEARCH_WARNING for c in codings)
        if issue.severity not in ("warning", "information") or not (
            empty_search or issue.severity == "information"
        ):
            yield Limit.SERVER_ERROR
    if not outcome.issue:
        yield Limit.SERVER_ERROR


def _belongs(resource: Any, patient_id: str, limits: set[Limit]) -> bool:
    """Whether a resource is the patient's: another's is never used; nobody's may only alarm."""
    if isinstance(resource, fhir.Patient):
        if resource.id == patient_id:
            return True
        limits.add(Limit.OTHER_PATIENT if resource.id else Limit.NO_PATIENT)
        return False
    subject = resource.subject or getattr(resource, "patient", None)
    reference = subject.reference if subject else None
    if not reference:
        limits.add(Limit.NO_PATIENT)
        return True
    if reference.endswith(patient_id) and _names(reference, patient_id):
        return True
    limits.add(Limit.OTHER_PATIENT)
    return False


def _names(reference: str, patient_id: str) -> bool:
    """Whether a reference ends in exactly this id: `Patient/1`, `urn:uuid:1`, an absolute URL."""
    before = reference[: len(reference) - len(patient_id)]
    return before == "" or before.endswith(("Patient/", "urn:uuid:", "urn:oid:"))


def _reaches_back(reader: Reader, record: Record, resources: list[Any], calendar: Calendar) -> bool:
    """Whether a list read newest first reaches beyond the longest look-back that reads it."""
    if record.group not in NEWEST_FIRST:
        return False
    days = [d.first for r in resources if (d := _resource_date(reader, r))]
    horizon = calendar.longest_look_back_days.get(record.group)
    if not days or horizon is None:
        return False
    return min(days) < days_before(calendar.as_of, horizon)


def _resource_date(reader: Reader, resource: Any) -> Days | None:
    for name in ("effectiveDateTime", "authoredOn", "issued"):
        found = reader.days(getattr(resource, name, None))
        if found:
            return found
    period = getattr(resource, "period", None) or getattr(resource, "effectivePeriod", None)
    return reader.days(period.start) if period else None
