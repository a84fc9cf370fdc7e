"""The order that is judged: which study it asks for, and what it says of its reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from service.clinical import resources as fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.dates import Days
from service.clinical.meaning import CUES, Meaning, Reader, side_of
from service.clinical.salvage import salvage
from service.clinical.terminology import Terminology, union

_NOT_ORDERED = frozenset({"revoked", "entered-in-error", "completed"})
_SENTENCE_END = re.compile(r"[.;\n]\s")


class Contrast(StrEnum):
    """What an order says about contrast."""

    WITH = "with"
    WITHOUT = "without"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Which orders are ours: the concepts of their codes, and words for those without a code."""

    concepts: frozenset[str]
    with_contrast: str
    without_contrast: str
    modality: re.Pattern[str]
    region: re.Pattern[str]
    words_with: re.Pattern[str]
    words_without: re.Pattern[str]


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

    @property
    def reference(self) -> str:
        """Where evidence that stands in the order itself is found."""
        return f"ServiceRequest/{self.id}"

    @property
    def study(self) -> tuple[str | None, str | None]:
        """The study's code system and code, to tell two orders for the same study."""
        codings = (self.resource.code.coding if self.resource.code else None) or ()
        first = next((c for c in codings if c.code), None)
        return (first.system, first.code) if first else (None, None)


def recognise(terms: Terminology, trigger: Trigger, json: bytes, patient_id: str) -> Order | None:
    """Take a draft as ours when it asks for a lumbar MRI, by code or, uncoded, by its words."""
    resource, fits = _read(json)
    if resource is None or resource.code is None:
        return None
    if resource.status in _NOT_ORDERED or resource.doNotPerform:
        return None
    codings = resource.code.coding or ()
    concepts = union(terms.concepts_of(c.system, c.code) for c in codings)
    words = " ".join(filter(None, (resource.code.text, *(c.display for c in codings)))).lower()
    named = trigger.modality.search(words) and trigger.region.search(words)
    if not (concepts & trigger.concepts or named):
        return None
    return Order(
        id=resource.id or "",
        patient_id=patient_id,
        resource=resource,
        json=json,
        fits=fits,
        concepts=concepts,
        contrast=_contrast(concepts, words, trigger),
    )


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
    if trigger.with_contrast in concepts:
        return Contrast.WITH
    if trigger.without_contrast in concepts:
        return Contrast.WITHOUT
    if trigger.words_with.search(words):
        return Contrast.WITH
    return Contrast.WITHOUT if trigger.words_without.search(words) else Contrast.UNSPECIFIED


def order_entries(reader: Reader, order: Order) -> Iterator[Entry]:
    """Read the reasons and the notes of an order as entries of the chart, dated today."""
    for reason in order.resource.reasonCode or ():
        codings = reason.coding or ()
        concepts = union(reader.terms.concepts_of(c.system, c.code) for c in codings)
        words = reason.text or next((c.display for c in codings if c.display), None) or ""
        if concepts:
            code = next((c.code for c in codings if c.code), None)
            doubted = reader.terms.cue(words) == "possible"
            cue = "possible" if doubted else None  # of a coded reason nothing else turns the code
            what = Meaning(concepts=concepts, label=words or code or "", code=code, cue=cue)
            yield _entry(reader, order, what, without_cue=Assertion.PRESENT)
        else:
            yield from _sentence_entries(reader, order, words)
    for note in order.resource.note or ():
        yield from _sentence_entries(reader, order, note.text or "")


def _sentence_entries(reader: Reader, order: Order, words: str) -> Iterator[Entry]:
    """Read words sentence by sentence: a cue turns only the sentence that it stands in."""
    for sentence in _SENTENCE_END.split(words):
        concepts, cue = reader.terms.named(sentence)
        if concepts:
            what = Meaning(concepts=concepts, label=sentence.strip(), code=None, cue=cue)
            yield _entry(reader, order, what, without_cue=Assertion.POSSIBLE)


def _entry(reader: Reader, order: Order, what: Meaning, *, without_cue: Assertion) -> Entry:
    return Entry(
        reference=order.reference,
        group=Group.ORDER,
        concepts=what.concepts,
        label=what.label,
        code=what.code,
        assertion=CUES[what.cue] if what.cue else without_cue,
        asserted=Days(first=reader.as_of, last=reader.as_of),
        side=side_of(reader, what),
    )
