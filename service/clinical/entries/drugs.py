"""Drugs: MedicationRequest, MedicationStatement and MedicationDispense, and the days they cover."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Entry, Group
from service.clinical.dates import Days, days_after, read_days
from service.clinical.entries.doses import daily_mg
from service.clinical.entries.statement import Statement, from_meaning
from service.clinical.meaning import Reader, meaning, plain_concept
from service.clinical.memory import Meaning

_NEVER_TAKEN = frozenset(
    {"entered-in-error", "cancelled", "draft", "not-taken", "not-done", "declined", "intended"}
)
_NOT_AN_ORDER = frozenset({"proposal", "plan", "option"})
_DAYS_A_UNIT = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30,
                "months": 30, "a": 365}  # fmt: skip
_LONGEST_SUPPLY_DAYS = 3650  # ten years: beyond that, a slip of the pen


def read_prescription(reader: Reader, request: fhir.MedicationRequest) -> Iterator[Entry]:
    """Read a prescription by ingredient, coded or only named, with the days it supplies."""
    if request.status in _NEVER_TAKEN or request.intent in _NOT_AN_ORDER or request.doNotPerform:
        return
    drug = _known(reader, request)
    if drug is None:
        return
    dosages = request.dosageInstruction or ()
    statement = Statement(
        reference=f"MedicationRequest/{request.id or ''}",
        group=Group.MEDICATION_REQUESTS,
        asserted=reader.days(request.authoredOn),
        supply=_prescribed(reader, request, _bounds(dosages)),
        delivered=True,
    )
    yield from _entries(reader, statement, drug, dosages)


def read_taken(reader: Reader, taken: fhir.MedicationStatement) -> Iterator[Entry]:
    """Read what the patient is said to take, from when to when."""
    if taken.status in _NEVER_TAKEN or taken.taken in ("n", "na"):
        return
    drug = _known(reader, taken)
    if drug is None:
        return
    period = taken.effectivePeriod or _bounds(taken.dosage or ())
    start = (period.start if period else None) or taken.effectiveDateTime or taken.dateAsserted
    begun = reader.days(start)
    going_on = taken.status in ("active", None, "recorded")
    statement = Statement(
        reference=f"MedicationStatement/{taken.id or ''}",
        group=Group.MEDICATION_STATEMENTS,
        asserted=begun or reader.days(taken.dateAsserted),
        supply=_until(reader, begun, period.end if period else None, open_ended=going_on),
        delivered=True,
    )
    yield from _entries(reader, statement, drug, taken.dosage or ())


def read_dispensed(reader: Reader, dispensed: fhir.MedicationDispense) -> Iterator[Entry]:
    """Read what was handed out, and for how many days."""
    if dispensed.status in _NEVER_TAKEN:
        return
    drug = _known(reader, dispensed)
    if drug is None:
        return
    begun = reader.days(dispensed.whenHandedOver or dispensed.whenPrepared)
    days = _count(dispensed.daysSupply)
    statement = Statement(
        reference=f"MedicationDispense/{dispensed.id or ''}",
        group=Group.MEDICATION_REQUESTS,
        asserted=begun,
        supply=_lasting(begun, reader.reading.supply_days if days is None else days),
        delivered=True,
    )
    yield from _entries(reader, statement, drug, dispensed.dosageInstruction or ())


Drug = fhir.MedicationRequest | fhir.MedicationStatement | fhir.MedicationDispense


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A drug of which something is asked: by its code, its names, or what its words say."""

    what: Meaning
    concepts: frozenset[str]


def _known(reader: Reader, drug: Drug) -> _Known | None:
    """Look a drug up by its code and its names; None when nothing is asked of it."""
    what = meaning(reader, _concept(reader, drug))
    concepts: frozenset[str] | None = what.known.get("drug")
    if concepts is None:
        named = frozenset(n for words in what.words for n in reader.terms.things_named(words))
        concepts = what.known["drug"] = what.concepts | named
    if not concepts and not reader.speaks(what):
        return None
    return _Known(what=what, concepts=concepts)


def _entries(
    reader: Reader, statement: Statement, drug: _Known, dosages: Iterable[fhir.Dosage]
) -> Iterator[Entry]:
    """Make the entries of a drug; its route stands in the label."""
    what = drug.what
    if not drug.concepts:
        yield from from_meaning(reader, statement, what)
        return
    names = " ".join(what.words)
    taken = daily_mg(names, dosages, reader.reading.dose_frequencies)
    routes = [w for d in dosages for w in (d.text, *_words(d.route)) if w]
    label = " ".join(dict.fromkeys([what.label, *routes]))
    yield replace(
        statement.entry(drug.concepts, label, what.code),
        daily_dose=_in_standard(reader, names, taken),
    )


def _in_standard(reader: Reader, names: str, mg: float | None) -> float | None:
    """Give a dose as that of the drug which its group is measured in: prednisone, of steroids."""
    lower = names.lower()
    times = next((n for drug, n in reader.reading.dose_equivalents if drug in lower), None)
    return mg * times if mg is not None and times is not None else None


def _words(concept: fhir.CodeableConcept | None) -> tuple[str, ...]:
    if concept is None:
        return ()
    return tuple(w for w in (concept.text, *(c.display for c in concept.coding or ())) if w)


def _concept(reader: Reader, drug: Drug) -> fhir.CodeableConcept | None:
    """Give the drug itself: in place, where its reference points, or by the reference's words."""
    if drug.medicationCodeableConcept is not None:
        return drug.medicationCodeableConcept
    inner = drug.medication
    if inner is not None and (inner.concept or inner.coding or inner.text):
        return plain_concept(inner)
    pointer = drug.medicationReference
    if pointer is None and inner is not None and isinstance(inner.reference, fhir.Reference):
        pointer = inner.reference
    if pointer is None:
        return None
    found = _contained(drug.contained, pointer.reference) or reader.drug(pointer.reference)
    return found or fhir.CodeableConcept(text=pointer.display)


def _contained(
    inside: list[fhir.Contained] | None, reference: str | None
) -> fhir.CodeableConcept | None:
    for resource in inside or ():
        if reference == f"#{resource.id}":
            try:
                return msgspec.convert(resource.code, fhir.CodeableConcept)
            except msgspec.ValidationError:
                return None
    return None


def _bounds(dosages: Iterable[fhir.Dosage]) -> fhir.Period | None:
    repeats = (d.timing.repeat for d in dosages if d.timing and d.timing.repeat)
    return next((r.boundsPeriod for r in repeats if r.boundsPeriod), None)


def _prescribed(
    reader: Reader, request: fhir.MedicationRequest, bounds: fhir.Period | None
) -> Days | None:
    """Give the days that a prescription covers; an open-ended active order runs until today."""
    start = reader.days(bounds.start if bounds and bounds.start else request.authoredOn)
    if bounds and bounds.end:
        return _until(reader, start, bounds.end, open_ended=False)
    supplied = _supplied_days(request.dispenseRequest)
    if supplied is not None:
        return _lasting(start, supplied)
    return _until(reader, start, None, open_ended=request.status == "active")


def _until(reader: Reader, start: Days | None, end: str | None, *, open_ended: bool) -> Days | None:
    """Give the days from a start to an end; without one until today, or as long as is usual."""
    if start is None:
        return None
    last = read_days(end, reader.calendar.zone)
    if last is not None:
        return Days(first=start.first, last=max(last.last, start.first))
    if open_ended:
        return Days(first=start.first, last=max(start.first, reader.as_of))
    return _lasting(start, reader.reading.supply_days)


def _lasting(start: Days | None, days: int) -> Days | None:
    if start is None:
        return None
    return Days(first=start.first, last=days_after(start.first, max(days - 1, 0)))


def _supplied_days(dispense: fhir.MedicationRequest.Dispense | None) -> int | None:
    """Count the days of supply with its repeats; None when not given."""
    days = _count(dispense.expectedSupplyDuration) if dispense else None
    if dispense is None or days is None:
        return None
    return min(days * (1 + max(dispense.numberOfRepeatsAllowed or 0, 0)), _LONGEST_SUPPLY_DAYS)


def _count(quantity: fhir.Quantity | None) -> int | None:
    if quantity is None or quantity.value is None:
        return None
    per_unit = _DAYS_A_UNIT.get((quantity.code or quantity.unit or "d").lower(), 1)
    return int(min(max(quantity.value * per_unit, 0), _LONGEST_SUPPLY_DAYS))
