"""The step `read`: from what the EHR sent, key by key, to the chart and what it does not hold."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from service.clinical import fhir
from service.clinical.bundles import Piece, open_piece
from service.clinical.chart import Chart, Entry, Group, Limit, Section
from service.clinical.dates import Days, days_before
from service.clinical.entries import GROUPS, READERS
from service.clinical.entries.care import encounter_references
from service.clinical.entries.taken import Taken, of_known_status
from service.clinical.meaning import Calendar, Reader, Reading, tail
from service.clinical.order import Order, order_entries
from service.clinical.patient import Identity, Whose

_SEEN_IN_ORDER = 20  # entries
_DRUGS = frozenset({Group.MEDICATION_REQUESTS, Group.MEDICATION_STATEMENTS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One piece that the EHR sent or its server gave: JSON text, or None where null was sent.

    `limits` say what could not be had of it; with them the text may be empty.
    """

    key: str
    group: Group | None  # the section that the key asks for; None when only the content can tell
    json: bytes | None
    limits: frozenset[Limit] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """All that could be had of one patient's record."""

    patient: Identity
    pieces: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """One record opened: what stands in it, and which of that may be used."""

    record: Record
    piece: Piece
    usable: list[Any]


def read(records: Records, order: Order, reading: Reading, calendar: Calendar) -> Chart:
    """Read the record of one patient into a chart; nothing malformed hides anything else."""
    pieces = [(record, _open(record)) for record in records.pieces]
    patient = _identity(records.patient, pieces)
    opened = [
        _Opened(record=record, piece=piece, usable=_usable(record, piece, patient))
        for record, piece in pieces
    ]
    reader = _reader(reading, calendar, opened)
    taken = Taken()
    taken.take(order_entries, reader, order)
    sections: dict[Group, Section] = {}
    for one in opened:
        _take_all(taken, reader, one)
        _note_length(reader, one)
        _excuse(reader, one)
        for group in _groups(one, opened):
            sections[group] = _joined(sections.get(group), group, one)
    return _chart(reader, sections, taken)


def _open(record: Record) -> Piece:
    """Open one record; null means an empty list, but a patient there always is."""
    if record.json is None:
        return Piece(limits={Limit.NOT_SENT} if record.group is Group.PATIENT else set())
    piece = open_piece(record.json) if record.json or not record.limits else Piece()
    piece.limits.update(record.limits)
    return piece


def _identity(patient: Identity, pieces: list[tuple[Record, Piece]]) -> Identity:
    """Complete the patient's identity by the own record, if that was sent."""
    for _, piece in pieces:
        for resource in piece.resources:
            if type(resource) is fhir.Patient and resource.id == patient.id:
                return patient.of_record(resource)
    return patient


def _usable(record: Record, piece: Piece, patient: Identity) -> list[Any]:
    """Give the resources that may be used, and note on their piece what is wrong with others."""
    found = []
    own = f"Patient/{patient.id}"
    for resource in piece.resources:
        kind = type(resource)
        group = GROUPS.get(kind)
        subject: fhir.Reference | None = getattr(resource, "subject", None)
        # The usual case first, since most records hold nothing else.
        named = subject is not None and subject.reference == own and not subject.type
        if named and group is not None and group is record.group:
            found.append(resource)
            continue
        if kind is fhir.Medication:
            found.append(resource)  # a drug is nobody's
            continue
        if not _expected(record.group, group):
            piece.limits.add(Limit.WRONG_TYPE)
        if group is not None and _belongs(resource, patient, piece.limits):
            found.append(resource)
    return found


def _expected(asked: Group | None, group: Group | None) -> bool:
    return asked in (None, group) or {asked, group} == _DRUGS


def _belongs(resource: Any, patient: Identity, limits: set[Limit]) -> bool:
    """Whether a resource is the patient's: another's is never used; nobody's may only alarm."""
    if isinstance(resource, fhir.Patient):
        if resource.id != patient.id:
            limits.add(Limit.OTHER_PATIENT if resource.id else Limit.NO_PATIENT)
        return resource.id == patient.id
    whose = patient.whose(resource.subject or getattr(resource, "patient", None))
    if whose is Whose.UNKNOWN:
        limits.add(Limit.NO_PATIENT)
    if whose is Whose.ANOTHER:
        limits.add(Limit.OTHER_PATIENT)
    return whose is not Whose.ANOTHER


def _reader(reading: Reading, calendar: Calendar, opened: list[_Opened]) -> Reader:
    """Gather what other entries may refer to: drugs, conditions, the day of birth."""
    drugs: dict[str, fhir.CodeableConcept] = {}
    conditions: dict[str, fhir.Condition] = {}
    visits: dict[str, str] = {}
    births: list[str | None] = []
    for one in opened:
        if one.record.group is Group.OBSERVATIONS:
            continue  # by far the longest list, and nothing refers to it
        for resource in one.usable:
            kind = type(resource)
            if kind is fhir.Condition:
                conditions[f"Condition/{resource.id}"] = resource
            elif kind is fhir.Medication and resource.code:
                drugs[f"Medication/{resource.id}"] = resource.code
            elif kind is fhir.Encounter:
                visits |= _visits(resource)
            elif kind is fhir.Patient:
                births.append(resource.birthDate)
    reader = Reader(
        reading=reading,
        calendar=calendar,
        drugs=drugs,
        conditions=conditions,
        visits=visits,
        oldest_reading=days_before(calendar.as_of, reading.look_back_days[Group.OBSERVATIONS]),
    )
    return replace(reader, birth=next(filter(None, map(reader.days, births)), None))


def _visits(encounter: fhir.Encounter) -> dict[str, str]:
    """Map a visit, and the Conditions that it points to, to its date."""
    period = encounter.period or encounter.actualPeriod
    if period is None or not period.start:
        return {}
    pointed = (reference.reference for reference in encounter_references(encounter))
    named = {tail(reference): period.start for reference in pointed if reference}
    return {**named, f"Encounter/{encounter.id}": period.start}


def _take_all(taken: Taken, reader: Reader, one: _Opened) -> None:
    """Take what the usable resources of one record say.

    With a date that is none, or a status that FHIR does not know, one is not read.
    """
    for resource in one.usable:
        make, misread = READERS.get(type(resource)), len(reader.misread)
        if make is None:
            continue
        whole = taken.take(make, reader, resource) and len(reader.misread) == misread
        if not (whole and of_known_status(reader, resource)):
            one.piece.limits.add(Limit.UNREADABLE_ENTRY)


def _note_length(reader: Reader, one: _Opened) -> None:
    """Note on a list that pages are missing, or that it is as long as a list can be."""
    if one.piece.pages_left and not _reaches_back(reader, one):
        one.piece.limits.add(Limit.MORE_PAGES)
    if len(one.piece.resources) >= reader.reading.longest_list:
        one.piece.limits.add(Limit.VERY_LONG)


def _excuse(reader: Reader, one: _Opened) -> None:
    """Excuse a search that was wider than asked for, and so holds what was asked for.

    It is not excused where pages are left, since the order of the list may be another, nor where
    nothing was found in a section whose silence counts: perhaps the server holds no such section.
    """
    silent = one.record.group in reader.reading.needed and not one.usable
    if not silent and not one.piece.pages_left:
        one.piece.limits.discard(Limit.SEARCH_WIDENED)


def _groups(one: _Opened, opened: list[_Opened]) -> set[Group]:
    """Say which section a record fills: the one its key names.

    What stands under a key that nobody knows is told by what it holds, where that is beyond doubt:
    a readable list of one kind, the only one of its kind, beside others of which that is as true.
    Observations come in parts, by category, so that a list of them is never known to be whole.
    """
    if one.record.group is not None:
        return {one.record.group}
    if any(isinstance(resource, fhir.Patient) for resource in one.usable):
        return {Group.PATIENT}
    held = [_held(other) for other in opened if other.record.group is None]
    mine = _held(one)
    clear = mine is not None and None not in held and held.count(mine) == 1
    return {mine} - {Group.OBSERVATIONS} if clear and mine is not None else set()


def _held(one: _Opened) -> Group | None:
    """Say of what section a readable list, or the patient's record, is; None if it is neither."""
    kinds = {GROUPS.get(type(resource)) for resource in one.usable}
    if one.piece.limits or len(kinds) != 1:
        return None
    (group,) = kinds
    return group if one.piece.is_list or group is Group.PATIENT else None


def _joined(before: Section | None, group: Group, one: _Opened) -> Section:
    """Join two records of one section: what either lacks is lacking."""
    limits = set(before.limits if before else ()) | one.piece.limits
    return Section(
        group=group,
        limits=tuple(sorted(limits)),
        asserted_empty=one.record.json is None or bool(before and before.asserted_empty),
    )


def _reaches_back(reader: Reader, one: _Opened) -> bool:
    """Whether a list that is seen to be newest first ends beyond the longest look-back into it.

    So many entries, each dated and none newer than the one before it, are in that order by no
    chance: a server may have left the order out of account.
    """
    group = one.record.group
    horizon = reader.reading.look_back_days.get(group) if group else None
    dated = [_dated(reader, r) for r in one.usable]
    if horizon is None or len(dated) < _SEEN_IN_ORDER or None in dated:
        return False
    days = [d.first for d in dated if d is not None]
    in_order = all(later <= earlier for earlier, later in pairwise(days))
    return in_order and days[-1] < days_before(reader.as_of, horizon)


def _dated(reader: Reader, resource: Any) -> Days | None:
    for name in ("effectiveDateTime", "authoredOn", "issued"):
        found = reader.days(getattr(resource, name, None))
        if found:
            return found
    for name in ("period", "actualPeriod", "effectivePeriod"):
        period = getattr(resource, name, None)
        if period:
            return reader.days(period.start)
    return None


def _chart(reader: Reader, sections: dict[Group, Section], taken: Taken) -> Chart:
    """Put the chart together; a section nobody sent is a section that says nothing."""
    entries = taken.entries
    begun = {entry.group for entry in entries}
    missing = {g: _missing(g, begun) for g in Group if g is not Group.ORDER}
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for concept in entry.concepts:
            found.setdefault(concept, []).append(entry)
    every = missing | {Group.ORDER: Section(group=Group.ORDER)} | sections
    return Chart(
        as_of=reader.as_of,
        birth=reader.birth,
        sections=every,
        incomplete=frozenset(g for g, section in every.items() if not section.complete),
        entries=tuple(entries),
        by_concept={concept: tuple(about) for concept, about in found.items()},
        failed=tuple(dict.fromkeys(taken.failed)),
    )


def _missing(group: Group, begun: set[Group]) -> Section:
    """Give a section under whose key nothing was sent, though perhaps something under another."""
    limit = Limit.UNKNOWN_KEY if group in begun else Limit.NOT_SENT
    return Section(group=group, limits=(limit,))
