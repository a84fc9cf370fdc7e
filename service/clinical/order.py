"""The order that is judged: which study it asks for, and what it says of its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.entries import READERS
from service.clinical.entries.care import references
from service.clinical.entries.diagnoses import pointed_to
from service.clinical.entries.statement import Statement, from_meaning, from_notes, from_text
from service.clinical.meaning import Reader, meaning, plain_concept
from service.clinical.memory import Meaning
from service.clinical.salvage import salvage
from service.clinical.terminology import Terminology, Trigger, union

_NOT_ORDERED = frozenset({"revoked", "entered-in-error", "completed"})
_DOUBTED = (Assertion.POSSIBLE, Assertion.UNLIKELY)


class Contrast(StrEnum):
    """What an order says about contrast."""

    WITH = "with"
    ONLY = "only"  # without a study before it
    WITHOUT = "without"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A draft order for a lumbar MRI."""

    id: str
    patient_id: str
    resource: fhir.ServiceRequest
    json: bytes  # as sent, to return it with one thing changed
    fits: bool  # whether all of it could be read, so that it can be returned
    concepts: frozenset[str]
    contrast: Contrast
    whole_spine: bool  # it covers more than the lumbar spine

    @property
    def reference(self) -> str:
        """Where evidence that stands in the order itself is found."""
        return f"ServiceRequest/{self.id}"

    @property
    def study(self) -> tuple[str | None, str | None]:
        """The study's code system and code, to tell two orders for the same study."""
        codings = plain_concept(self.resource.code).coding or ()
        first = next((c for c in codings if c.code), None)
        return (first.system, first.code) if first else (None, None)


def recognise(terms: Terminology, trigger: Trigger, json: bytes, patient_id: str) -> Order | None:
    """Take a draft as ours when it asks for a lumbar MRI, by code or, uncoded, by its words."""
    resource, fits = _read(json)
    if resource is None or resource.code is None:
        return None
    if resource.status in _NOT_ORDERED or resource.doNotPerform:
        return None
    code = plain_concept(resource.code)
    codings = code.coding or ()
    concepts = union([terms.concepts_of(c.system, c.code) for c in codings])
    words = " ".join(filter(None, (code.text, *(c.display for c in codings)))).lower()
    if not trigger.takes(concepts, words):
        return None
    return Order(
        id=resource.id or "",
        patient_id=patient_id,
        resource=resource,
        json=json,
        fits=fits,
        concepts=concepts,
        contrast=_contrast(concepts, words, trigger),
        whole_spine=trigger.whole_spine in concepts,
    )


def unmapped_codes(
    terms: Terminology, trigger: Trigger, json: bytes
) -> tuple[tuple[str, str], ...]:
    """Give the (system, code) pairs of an order for imaging that no system known to us codes.

    Such an order may be a lumbar MRI that nobody told us of. Empty for any other order.
    """
    resource, _ = _read(json)
    if resource is None or resource.code is None:
        return ()
    codings = plain_concept(resource.code).coding or ()
    codes = tuple((c.system or "", c.code) for c in codings if c.code)
    if {terms.systems.get(system, system) for system, _ in codes} & trigger.systems:
        return ()
    return codes if _is_imaging(resource, trigger) else ()


def _is_imaging(resource: fhir.ServiceRequest, trigger: Trigger) -> bool:
    """Whether an order is for imaging, by its category or words; one without any may be."""
    concepts = [*(resource.category or ()), plain_concept(resource.code)]
    if any(c.code in trigger.categories for k in resource.category or () for c in k.coding or ()):
        return True
    codings = [coding for concept in concepts for coding in concept.coding or ()]
    words = " ".join(filter(None, (*(c.text for c in concepts), *(c.display for c in codings))))
    return bool(trigger.imaging.search(words.lower())) or not (words or resource.category)


def _read(json: bytes) -> tuple[fhir.ServiceRequest | None, bool]:
    """Read a draft, or what can be read of one that does not fit; and whether all of it did."""
    try:
        resource = fhir.read_resource(json)
        return (resource, True) if isinstance(resource, fhir.ServiceRequest) else (None, True)
    except fhir.UNREADABLE:
        pass
    try:
        if fhir.read_kind(json).resourceType == "ServiceRequest":
            return salvage(fhir.read_anything(json), fhir.ServiceRequest), False
    except fhir.UNREADABLE:
        pass
    return None, False


def _contrast(concepts: frozenset[str], words: str, trigger: Trigger) -> Contrast:
    """Say what an order says about contrast: by its code, else by its words."""
    if trigger.contrast_only in concepts:
        return Contrast.ONLY
    if trigger.with_contrast in concepts:
        return Contrast.WITH
    if trigger.without_contrast in concepts:
        return Contrast.WITHOUT
    if trigger.words_with.search(words):
        return Contrast.WITH
    return Contrast.WITHOUT if trigger.words_without.search(words) else Contrast.UNSPECIFIED


def order_entries(reader: Reader, order: Order) -> Iterator[Entry]:
    """Read the reasons and the notes of an order as entries of the chart, dated today."""
    statement = Statement(reference=order.reference, group=Group.ORDER, asserted=reader.today)
    resource = order.resource
    reasons = [*(resource.reasonCode or ()), *(resource.reason or ())]
    sites = resource.bodySite or ()
    for reason in reasons:
        yield from _reason(reader, statement, meaning(reader, reason), sites)
    # A reason is often written where the study is named: "MRI lumbar spine r/o cauda equina".
    for words in meaning(reader, resource.code).words if resource.code else ():
        yield from from_text(reader, statement, words)
    for reference in _references(resource):
        yield from _referred(reader, statement, reference, sites)
    yield from _contained(reader, order)
    yield from _requester(reader, statement, resource)
    yield from from_notes(reader, statement, resource.note)


def _reason(
    reader: Reader, statement: Statement, what: Meaning, sites: Iterable[fhir.CodeableConcept]
) -> Iterator[Entry]:
    """Read one reason: of a coded one, doubt in its own words makes it possible."""
    said = {m.concept: m.assertion for w in what.words for m in reader.mentions(w, reader.today)}
    for entry in from_meaning(reader, statement, what, sites):
        doubts = [said[c] for c in entry.concepts if said.get(c) in _DOUBTED]
        yield replace(entry, assertion=doubts[0]) if doubts else entry


def _references(resource: fhir.ServiceRequest) -> Iterator[fhir.Reference]:
    yield from references(resource.reasonReference)
    for reason in resource.reason or ():
        if isinstance(reason.reference, fhir.Reference):
            yield reason.reference
    yield from references(resource.supportingInfo)


def _referred(
    reader: Reader,
    statement: Statement,
    reference: fhir.Reference,
    sites: Iterable[fhir.CodeableConcept],
) -> Iterator[Entry]:
    """Read the Condition that a reason points to as the reason itself; else the words it bears."""
    condition = reader.condition(reference.reference)
    if condition is not None:
        yield from pointed_to(reader, statement, condition)
    elif reference.display:
        what = meaning(reader, fhir.CodeableConcept(text=reference.display))
        yield from _reason(reader, statement, what, sites)


def _requester(
    reader: Reader, statement: Statement, resource: fhir.ServiceRequest
) -> Iterator[Entry]:
    """Read who orders, where the order says so in words or holds the role itself."""
    said = [resource.requester.display if resource.requester else None]
    for inside in resource.contained or ():
        if isinstance(inside, dict) and inside.get("resourceType") == "PractitionerRole":
            said += [w for part in ("specialty", "code") for w in _words(inside.get(part))]
    for words in filter(None, said):
        trades = reader.terms.things_named(words)
        if trades:
            yield statement.entry(trades, words)


def _words(concepts: Any) -> list[str]:
    """Give the words of a list of CodeableConcepts that was not typed."""
    try:
        found = msgspec.convert(concepts, list[fhir.CodeableConcept])
    except msgspec.ValidationError:
        return []
    return [w for c in found for w in (c.text, *(g.display for g in c.coding or ())) if w]


def _contained(reader: Reader, order: Order) -> Iterator[Entry]:
    """Read what stands inside the order itself, as entries of the order."""
    for inside in order.resource.contained or ():
        resource = _resource(inside)
        make = READERS.get(type(resource))
        for entry in make(reader, resource) if make else ():
            yield replace(
                entry,
                reference=order.reference,
                group=Group.ORDER,
                asserted=entry.asserted or reader.today,
            )


def _resource(inside: Any) -> Any:
    try:
        return fhir.read_resource(msgspec.json.encode(inside))
    except (*fhir.UNREADABLE, TypeError):
        return None
