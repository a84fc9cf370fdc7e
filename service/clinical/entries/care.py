"""Care: Encounter, Procedure, ServiceRequest, ImagingStudy."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.entries.diagnoses import pointed_to
from service.clinical.entries.findings import imaging
from service.clinical.entries.statement import Statement, from_meaning, from_notes
from service.clinical.meaning import (
    Reader,
    listed,
    meaning,
    plain_concept,
    side_of,
)
from service.clinical.memory import Meaning

_DONE = frozenset(
    {"completed", "in-progress", "finished", "arrived", "triaged", "onleave", "discharged"}
)
_NOT_A_CONTACT = frozenset({"entered-in-error", "cancelled", "planned"})
_NOT_DONE = frozenset({"entered-in-error", "not-done", "cancelled", "abandoned", "stopped"})
_NOT_ORDERED = frozenset({"entered-in-error", "revoked", "draft"})
_NOT_TAKEN = frozenset({"entered-in-error", "cancelled", "registered"})


def read_encounter(reader: Reader, encounter: fhir.Encounter) -> Iterable[Entry]:
    """Read an Encounter by its type, its reasons and its diagnoses, coded or referred to."""
    if encounter.status in _NOT_A_CONTACT:
        return ()
    types = [meaning(reader, concept) for concept in listed(encounter.type)]
    reasons = [meaning(reader, concept) for concept in encounter.reasonCode or ()]
    if encounter.reason:
        inner = (c for reason in listed(encounter.reason) for c in _concepts(reason))
        reasons += [meaning(reader, concept) for concept in inner]
    reasons += [meaning(reader, c) for one in _diagnosed(encounter) for c in _concepts(one)]
    elsewhere = encounter.reason or encounter.reasonReference or encounter.diagnosis
    if not elsewhere and not any(map(reader.speaks, (*types, *reasons))):
        return ()
    return _contact(reader, encounter, types, reasons)


def _contact(
    reader: Reader, encounter: fhir.Encounter, types: list[Meaning], reasons: list[Meaning]
) -> Iterator[Entry]:
    """Make the entries of a visit: of its types, of its reasons, of what it points to."""
    period = encounter.period or encounter.actualPeriod
    statement = Statement(
        reference=f"Encounter/{encounter.id or ''}",
        group=Group.ENCOUNTERS,
        asserted=reader.days(period.start if period else None),
        delivered=encounter.status in _DONE,
    )
    about = _reasons_elsewhere(reader, reasons)
    for what in types:
        yield from from_meaning(reader, replace(statement, elsewhere=about), what)
    for what in reasons:
        for entry in from_meaning(reader, statement, what):
            # A reason in words is a note of that day, no diagnosis.
            yield replace(entry, narrative=not entry.concepts & what.concepts)
    for reference in encounter_references(encounter):
        yield from _referred(reader, statement, reference)


def _concepts(reason: fhir.CodeableConcept) -> Iterator[fhir.CodeableConcept]:
    """Give the concepts of a reason, R4's own or those that R5 holds under `value`."""
    if isinstance(reason, fhir.CodeableReference) and reason.value:
        for value in reason.value:
            yield plain_concept(value)
        return
    yield plain_concept(reason)


def _diagnosed(encounter: fhir.Encounter) -> Iterator[fhir.CodeableReference]:
    """Give the diagnoses of a visit as R5 writes them, by their codes or as references."""
    for diagnosis in encounter.diagnosis or ():
        if isinstance(diagnosis.condition, list):
            yield from diagnosis.condition


def encounter_references(encounter: fhir.Encounter) -> Iterator[fhir.Reference]:
    """Give what a visit points to: its reasons and its diagnoses, R4's or R5's."""
    yield from references(encounter.reasonReference)
    for reason in encounter.reason or ():
        yield from _inner_references(reason)
    for diagnosis in encounter.diagnosis or ():
        found = diagnosis.condition
        if isinstance(found, fhir.Reference):
            yield found
    for one in _diagnosed(encounter):
        yield from _inner_references(one)


def _inner_references(reason: fhir.CodeableReference) -> Iterator[fhir.Reference]:
    """Give the references of an R5 CodeableReference, and of those under its `value`."""
    if isinstance(reason.reference, fhir.Reference):
        yield reason.reference
    for value in reason.value or ():
        yield from _inner_references(value)


def references(some: list[fhir.Reference] | fhir.Reference | None) -> list[fhir.Reference]:
    """Give a list of references, where FHIR's versions differ in whether there is one."""
    if some is None:
        return []
    return some if isinstance(some, list) else [some]


def _referred(reader: Reader, statement: Statement, reference: fhir.Reference) -> Iterator[Entry]:
    """Read what a reference points to, as a contact for it; else the words it bears."""
    condition = reader.condition(reference.reference)
    if condition is not None:
        yield from pointed_to(reader, statement, condition)
    elif reference.display:
        what = meaning(reader, fhir.CodeableConcept(text=reference.display))
        yield from from_meaning(reader, statement, what)


def _reasons_elsewhere(reader: Reader, reasons: Iterable[Meaning]) -> bool:
    """Whether care has reasons, and none of them is the back: a shoulder is not treated for it."""
    known = [what for what in reasons if what.says_something]
    if not known:
        return False
    spinal = reader.reading.index
    said = (m.concept for what in known for w in what.words for m in reader.mentions(w, None))
    coded = frozenset().union(*(what.concepts for what in known))
    return not (coded & spinal or spinal.intersection(said))


def read_procedure(reader: Reader, procedure: fhir.Procedure) -> Iterator[Entry]:
    """Read a Procedure; what was not done is no evidence of anything."""
    if procedure.status in _NOT_DONE:
        return
    what = meaning(reader, procedure.code)
    reasons = [meaning(reader, c) for r in _procedure_reasons(procedure) for c in _concepts(r)]
    if not procedure.note and not any(map(reader.speaks, (what, *reasons))):
        return
    period = procedure.performedPeriod or procedure.occurrencePeriod
    when = procedure.performedDateTime or procedure.occurrenceDateTime
    last = reader.days(period.end if period else None)
    planned = procedure.status in ("preparation", "draft")
    statement = Statement(
        reference=f"Procedure/{procedure.id or ''}",
        group=Group.PROCEDURES,
        assertion=Assertion.PLANNED if planned else Assertion.PRESENT,
        asserted=reader.days(when or (period.start if period else None)),
        ended=last,
        side=side_of(reader, what, procedure.bodySite or ()),
        delivered=procedure.status in _DONE,
        elsewhere=_reasons_elsewhere(reader, reasons),
    )
    yield from from_meaning(reader, statement, what, procedure.bodySite or ())
    yield from imaging(reader, statement, what.concepts, " ".join(what.words), what.code)
    for reason in reasons:
        yield from from_meaning(reader, replace(statement, delivered=False, ended=None), reason)
    yield from from_notes(reader, statement, procedure.note)


def _procedure_reasons(procedure: fhir.Procedure) -> list[fhir.CodeableConcept]:
    return [*(procedure.reasonCode or ()), *(procedure.reason or ())]


def read_request(reader: Reader, request: fhir.ServiceRequest) -> Iterator[Entry]:
    """Read an order of the record: a referral is planned care, a completed MRI was done."""
    if request.status in _NOT_ORDERED or request.doNotPerform:
        return
    completed = request.status == "completed"
    statement = Statement(
        reference=f"ServiceRequest/{request.id or ''}",
        group=Group.SERVICE_REQUESTS,
        asserted=reader.days(request.authoredOn),
    )
    what = meaning(reader, request.code)
    asked = replace(
        statement,
        assertion=Assertion.PRESENT if completed else Assertion.PLANNED,
        delivered=completed,
    )
    yield from from_meaning(reader, asked, what)
    if completed:
        yield from imaging(reader, asked, what.concepts, " ".join(what.words), what.code)
    for reason in (*(request.reasonCode or ()), *(request.reason or ())):
        for concept in _concepts(reason):
            yield from from_meaning(reader, statement, meaning(reader, concept))
    yield from from_notes(reader, statement, request.note)


def read_study(reader: Reader, study: fhir.ImagingStudy) -> Iterator[Entry]:
    """Read an ImagingStudy as a lumbar MRI that was done, if it is one."""
    if study.status in _NOT_TAKEN:
        return
    statement = Statement(
        reference=f"ImagingStudy/{study.id or ''}",
        group=Group.DIAGNOSTIC_REPORTS,
        asserted=reader.days(study.started),
        delivered=True,
    )
    codes = [meaning(reader, c) for c in (*(study.procedureCode or ()), *(study.procedure or ()))]
    concepts = frozenset().union(*(what.concepts for what in codes))
    words = " ".join([study.description or "", *(w for what in codes for w in what.words)])
    yield from imaging(reader, statement, concepts, words.strip(), codes[0].code if codes else None)
