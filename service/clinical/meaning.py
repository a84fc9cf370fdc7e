"""What a code, a name or a status in the record stands for, before it is an entry of the chart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo

from service.clinical import resources as fhir
from service.clinical.chart import Assertion, Group, Side
from service.clinical.dates import Days, past_part, read_days
from service.clinical.terminology import Terminology, union

# A cue in a sentence that names a red flag: only doubt, family and history can be told from one
# word. Negation and plans need the sentence read, so here they are unclear, never a "no".
CUES = {
    "family": Assertion.FAMILY,
    "historical": Assertion.HISTORICAL,
    "possible": Assertion.POSSIBLE,
    "negated": Assertion.UNCLEAR,
    "planned": Assertion.UNCLEAR,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a record is read: the vocabulary and the conventions of `cards/`."""

    terms: Terminology
    absent_words: frozenset[str]  # a whole value that means "no", in lower case
    absent_codes: frozenset[str]  # a coded value that means "no"
    both_sides: frozenset[str]  # value sets whose codes mean both sides
    supply_days: int  # what a prescription covers when it does not say
    longest_list: int  # entries: a list as long as this is searched, but never taken as complete
    look_back_days: Mapping[Group, int]  # the longest look-back into each list read newest first


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """What "today" means: the day, and the facility's time zone."""

    as_of: date
    zone: tzinfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Reads the resources of one patient as of one day."""

    reading: Reading
    calendar: Calendar

    @property
    def terms(self) -> Terminology:
        """The vocabulary."""
        return self.reading.terms

    @property
    def as_of(self) -> date:
        """The day that counts as today."""
        return self.calendar.as_of

    def days(self, text: str | None) -> Days | None:
        """Read a date; a date in the future counts as not given."""
        return past_part(read_days(text, self.calendar.zone), self.as_of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a CodeableConcept stands for."""

    concepts: frozenset[str]
    label: str
    code: str | None
    cue: str | None = None  # set when the meaning was read from words, and a cue turned it


def meaning(reader: Reader, concept: fhir.CodeableConcept | None) -> Meaning | None:
    """Look up the concepts of a CodeableConcept, by code and, where no code is known, by name."""
    if concept is None:
        return None
    codings = concept.coding or ()
    found = union(reader.terms.concepts_of(c.system, c.code) for c in codings)
    first = next((c for c in codings if c.code), None)
    label = concept.text or next((c.display for c in codings if c.display), None)
    code = first.code if first else None
    if found:
        return Meaning(concepts=found, label=label or code or "", code=code)
    if label is None:
        return None
    named, cue = reader.terms.named(label)
    return Meaning(concepts=named, label=label, code=code, cue=cue) if named else None


def status_code(status: fhir.CodeableConcept | str | None) -> str | None:
    """Give the code of a status, sent as a CodeableConcept (R4) or as a string (STU3)."""
    if isinstance(status, str):
        return status
    if status is None:
        return None
    return next((c.code for c in status.coding or () if c.code), status.text)


def side_of(reader: Reader, what: Meaning, body_sites: Iterable[fhir.CodeableConcept] = ()) -> Side:
    """Say which side an entry speaks of, by its code's value set, its words or its body site."""
    if what.concepts & reader.reading.both_sides:
        return Side.BOTH
    words = [what.label]
    for site in body_sites:
        words += [site.text or "", *(c.display or "" for c in site.coding or ())]
    named = reader.terms.sides_named(" ".join(words))
    if Side.BOTH in named or {Side.LEFT, Side.RIGHT} <= named:
        return Side.BOTH
    return next((side for side in (Side.LEFT, Side.RIGHT) if side in named), Side.UNSTATED)
