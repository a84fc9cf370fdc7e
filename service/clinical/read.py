"""The step `read`: from what the EHR sent, key by key, to the chart and what it does not hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.clinical import resources as fhir
from service.clinical.bundles import Piece, open_piece
from service.clinical.chart import Chart, Entry, Group, Limit, Section
from service.clinical.dates import Days, days_before
from service.clinical.entries import GROUPS, READERS
from service.clinical.meaning import Calendar, Reader, Reading
from service.clinical.order import Order, order_entries

_BEFORE_AN_ID = ("Patient/", "urn:uuid:", "urn:oid:")


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


def read(records: Records, order: Order, reading: Reading, calendar: Calendar) -> Chart:
    """Read the record of one patient into a chart; nothing malformed hides anything else."""
    reader = Reader(reading=reading, calendar=calendar)
    sections: dict[Group, Section] = {}
    entries: list[Entry] = list(order_entries(reader, order))
    birth: Days | None = None
    for record in records.pieces:
        piece = _opened(record)
        mine = [r for r in piece.resources if _usable(r, record, records.patient_id, piece)]
        births = [reader.days(r.birthDate) for r in mine if isinstance(r, fhir.Patient)]
        birth = next(filter(None, births), birth)
        entries += _entries(reader, mine)
        if piece.pages_left and not _reaches_back(reader, record, mine):
            piece.limits.add(Limit.MORE_PAGES)
        if len(piece.resources) >= reading.longest_list:
            piece.limits.add(Limit.VERY_LONG)
        for group in _groups(record, mine):
            sections[group] = _joined(sections.get(group), group, record, piece)
    return _chart(calendar.as_of, birth, sections, entries)


def _opened(record: Record) -> Piece:
    """Open one record; null means an empty list, but a patient there always is."""
    if record.json is not None:
        return open_piece(record.json)
    return Piece(limits={Limit.NOT_SENT} if record.group is Group.PATIENT else set())


def _entries(reader: Reader, resources: Iterable[Any]) -> list[Entry]:
    readers = ((READERS.get(type(r)), r) for r in resources)
    made = (make(reader, resource) for make, resource in readers if make)
    return [entry for entry in made if entry is not None]


def _usable(resource: Any, record: Record, patient_id: str, piece: Piece) -> bool:
    """Whether a resource may be used, and note on its piece what is wrong with it."""
    group = GROUPS.get(type(resource))
    if record.group not in (None, group):
        piece.limits.add(Limit.WRONG_TYPE)
    return group is not None and _belongs(resource, patient_id, piece.limits)


def _belongs(resource: Any, patient_id: str, limits: set[Limit]) -> bool:
    """Whether a resource is the patient's: another's is never used; nobody's may only alarm."""
    if isinstance(resource, fhir.Patient):
        if resource.id != patient_id:
            limits.add(Limit.OTHER_PATIENT if resource.id else Limit.NO_PATIENT)
        return resource.id == patient_id
    subject = resource.subject or getattr(resource, "patient", None)
    reference = subject.reference if subject else None
    if not reference:
        limits.add(Limit.NO_PATIENT)
        return True
    if _names(reference, patient_id):
        return True
    limits.add(Limit.OTHER_PATIENT)
    return False


def _names(reference: str, patient_id: str) -> bool:
    """Whether a reference ends in exactly this id: `Patient/1`, `urn:uuid:1`, an absolute URL."""
    if not patient_id or not reference.endswith(patient_id):
        return False
    before = reference[: len(reference) - len(patient_id)]
    return before == "" or before.endswith(_BEFORE_AN_ID)


def _groups(record: Record, mine: list[Any]) -> set[Group]:
    """Say which sections a record fills: the one its key names, else those of its resources."""
    return {record.group} if record.group is not None else {GROUPS[type(r)] for r in mine}


def _joined(before: Section | None, group: Group, record: Record, piece: Piece) -> Section:
    """Join two records of one section: what either lacks is lacking."""
    limits = set(before.limits if before else ()) | piece.limits
    return Section(
        group=group,
        limits=tuple(sorted(limits)),
        asserted_empty=record.json is None or bool(before and before.asserted_empty),
    )


def _reaches_back(reader: Reader, record: Record, resources: list[Any]) -> bool:
    """Whether a list read newest first reaches beyond the longest look-back that reads it."""
    horizon = reader.reading.look_back_days.get(record.group) if record.group else None
    days = [d.first for r in resources if (d := _dated(reader, r))]
    if not days or horizon is None:
        return False
    return min(days) < days_before(reader.as_of, horizon)


def _dated(reader: Reader, resource: Any) -> Days | None:
    for name in ("effectiveDateTime", "authoredOn", "issued"):
        found = reader.days(getattr(resource, name, None))
        if found:
            return found
    period = getattr(resource, "period", None) or getattr(resource, "effectivePeriod", None)
    return reader.days(period.start) if period else None


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
