"""What a code, a name or a status in the record stands for, before it is an entry of the chart."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, tzinfo

from service.clinical import fhir
from service.clinical.asking import AnswerWords, FamilyHeadings, FunctionQuestions
from service.clinical.chart import Group, Side
from service.clinical.dates import Days, past_part, read_days
from service.clinical.memory import Meaning, Memory, kept, may_be_kept
from service.clinical.terminology import Terminology, Trigger
from service.clinical.text import Lexicon, Mention, read_onset, read_text, speaks

_DIGIT = re.compile(r"\d")
_NO_CONCEPT = fhir.CodeableConcept()
NO_CONCEPTS: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """How a record is read: the vocabulary and the conventions of `cards/`."""

    terms: Terminology
    lexicon: Lexicon
    trigger: Trigger
    answers: AnswerWords
    questions: str  # the code system of a questionnaire's link ids
    sides: Mapping[Side, frozenset[str]]  # value sets whose codes mean a side by themselves
    implies: Mapping[str, frozenset[str]]  # what one concept says of another
    covers: Mapping[str, frozenset[str]]  # what the words of a coded concept do not add to it
    headings_of_reports: tuple[str, ...]  # of the parts that hold no finding, in lower case
    function_questions: FunctionQuestions
    family_headings: FamilyHeadings
    imaging: frozenset[str]  # the concept of a lumbar MRI that was done
    index: frozenset[str]  # concepts of the index problem: back pain, radiculopathy
    timeless: frozenset[str]  # measured things that are read however old they are
    supply_days: int  # what a prescription covers when it does not say
    dose_equivalents: tuple[tuple[str, float], ...]  # (drug, mg of the standard one for 1 mg)
    dose_frequencies: tuple[tuple[re.Pattern[str], float], ...]  # (words, times a day)
    statuses: frozenset[str]  # those that FHIR knows of the resources that are read
    longest_list: int  # entries: a list as long as this is searched, but never taken as complete
    look_back_days: Mapping[Group, int]  # the longest look-back into each list read newest first
    needed: frozenset[Group]  # the sections whose silence may discourage an order


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """What "today" means: the day, and the facility's time zone."""

    as_of: date
    zone: tzinfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Reads the resources of one patient as of one day; references are looked up in what was sent.

    `drugs` and `conditions` map a reference (`Medication/1`, `Condition/1`) to what was sent;
    `visits` an Encounter, or a Condition that one points to, to the date of that visit.
    `oldest_reading` is the first day of the longest look-back into readings.
    What is after it keeps, for this call only, what a code, a text or a date stands for: charts
    repeat themselves. `kept` outlives the call, and holds codes under the names they came with.
    """

    reading: Reading
    calendar: Calendar
    birth: Days | None = None
    drugs: Mapping[str, fhir.CodeableConcept] = field(default_factory=dict)
    conditions: Mapping[str, fhir.Condition] = field(default_factory=dict)
    visits: Mapping[str, str] = field(default_factory=dict)
    oldest_reading: date = date.min
    dates: dict[str, Days | None] = field(default_factory=dict)
    no_dates: set[str] = field(default_factory=set)  # texts where a date belongs, and is none
    misread: list[str] = field(default_factory=list)  # the same, as often as they were asked for
    texts: dict[tuple[str, date | None], tuple[Mention, ...]] = field(default_factory=dict)
    idle: dict[object, bool] = field(default_factory=dict)
    own: Memory = field(default_factory=Memory)
    kept: Memory = field(init=False)

    def __post_init__(self) -> None:
        """Find the memory of the day."""
        object.__setattr__(self, "kept", kept(self.reading, self.as_of))

    @property
    def terms(self) -> Terminology:
        """The vocabulary."""
        return self.reading.terms

    @property
    def as_of(self) -> date:
        """The day that counts as today."""
        return self.calendar.as_of

    @property
    def today(self) -> Days:
        """Today as an interval of days."""
        return Days(first=self.as_of, last=self.as_of)

    def days(self, text: str | None) -> Days | None:
        """Read a date; a date in the future counts as not given, and so does what is none."""
        if not text:
            return None
        if text not in self.dates:
            found = read_days(text, self.calendar.zone)
            if found is None:
                self.no_dates.add(text)
            self.dates[text] = past_part(found, self.as_of)
        if text in self.no_dates:
            self.misread.append(text)
        return self.dates[text]

    def drug(self, reference: str | None) -> fhir.CodeableConcept | None:
        """Give the drug that a reference points to, if it was sent."""
        return self.drugs.get(tail(reference)) if reference else None

    def condition(self, reference: str | None) -> fhir.Condition | None:
        """Give the Condition that a reference points to, if it was sent."""
        return self.conditions.get(tail(reference)) if reference else None

    def visit(self, *references: str | None) -> Days | None:
        """Give the day of the visit that one of some references stands for."""
        dates = (self.visits.get(tail(reference)) for reference in references if reference)
        return self.days(next(filter(None, dates), None))

    def speaks(self, what: Meaning) -> bool:
        """Whether a CodeableConcept, by its codes or its words, says anything that is asked for.

        That is a concept, a mention in its words, or a study that is one of ours.
        """
        found: bool | None = what.known.get("speaks")
        if found is None:
            said = any(self.mentions(words, None) for words in what.words)
            found = bool(what.concepts) or said or self._is_our_study(what)
            what.known["speaks"] = found
        return found

    def _is_our_study(self, what: Meaning) -> bool:
        return self.reading.trigger.takes(what.concepts, " ".join(what.words).lower())

    def since(self, text: str, written: Days | None) -> Days | None:
        """Read since when something is, from words that say nothing else: "three weeks ago"."""
        said = read_onset(text, self.reading.lexicon, written.last if written else self.as_of)
        return past_part(said, self.as_of)

    def may_speak(self, text: str) -> bool:
        """Whether a text holds any word that a mention needs; far cheaper than to read it."""
        return speaks(text, self.reading.lexicon)

    def said(self, what: Meaning, written: Days | None) -> tuple[Mention, ...]:
        """Read what the words of a CodeableConcept say; durations count from the day of writing."""
        found: tuple[Mention, ...] | None = what.known.get("said")
        if found is None:
            found = tuple(m for words in what.words for m in self.mentions(words, written))
            if all(_says_the_same_on_any_day(words, found) for words in what.words):
                what.known["said"] = found
        return found

    def mentions(self, text: str | None, written: Days | None) -> tuple[Mention, ...]:
        """Read what a text says; durations in it count from the day it was written."""
        if not text:
            return ()
        day = written.last if written else self.as_of
        known = self.texts.get((text, None))
        if known is None:
            known = self.texts.get((text, day))
        if known is None:
            known = read_text(text, self.reading.lexicon, day)
            of_any_day = _says_the_same_on_any_day(text, known)
            self.texts[text, None if of_any_day else day] = known
        return known


def _says_the_same_on_any_day(text: str, said: Iterable[Mention]) -> bool:
    """Whether what a text says is the same whenever it was written.

    A date in it that lies after that day is none, so that no onset alone does not tell.
    """
    return _DIGIT.search(text) is None and all(mention.onset is None for mention in said)


def tail(reference: str) -> str:
    """Give the type and the id at the end of a reference: `Condition/1` of `…/Condition/1`."""
    return "/".join(reference.partition("/_history/")[0].rsplit("/", 2)[-2:])


NOTHING = Meaning(concepts=frozenset(), label="", code=None)


def plain_concept(concept: fhir.CodeableConcept | None) -> fhir.CodeableConcept:
    """Give the CodeableConcept itself, where R5 holds it one level deeper."""
    if isinstance(concept, fhir.CodeableReference) and concept.concept is not None:
        return concept.concept
    return concept or _NO_CONCEPT


def meaning(reader: Reader, concept: fhir.CodeableConcept | None) -> Meaning:
    """Look up the concepts of a CodeableConcept's codes, and keep its words."""
    if concept is None:
        return NOTHING
    concept = plain_concept(concept)
    known = reader.kept.meanings.get(concept) or reader.own.meanings.get(concept)
    if known is None:
        known = _looked_up(reader, concept.text, concept.coding or ())
        memory = reader.kept if may_be_kept(reader.kept, reader.terms, concept) else reader.own
        memory.meanings[concept] = known
    return known


def _looked_up(reader: Reader, text: str | None, codings: Iterable[fhir.Coding]) -> Meaning:
    terms, concepts, first, standard = reader.terms, NO_CONCEPTS, None, False
    words = {text: None} if text else {}
    for coding in codings:
        if coding.display:
            words[coding.display] = None  # each once, in their order
        if coding.code:
            first = first or coding.code
            concepts |= terms.concepts_of(coding.system, coding.code)
            standard = standard or terms.is_standard(coding.system)
    return Meaning(
        concepts=concepts,
        label=next(iter(words), first or ""),
        code=first,
        words=tuple(words),
        standard=standard,
    )


def listed(
    some: fhir.CodeableConcept | Sequence[fhir.CodeableConcept] | None,
) -> Sequence[fhir.CodeableConcept]:
    """Give a list, where FHIR's versions differ in whether there is one or several."""
    if some is None:
        return ()
    return [some] if isinstance(some, fhir.CodeableConcept) else some


def status_code(status: fhir.CodeableConcept | str | None) -> str | None:
    """Give the code of a status, sent as a CodeableConcept (R4) or as a string (STU3)."""
    if isinstance(status, str):
        return status
    if status is None:
        return None
    return next((c.code for c in status.coding or () if c.code), status.text)


def side_of(reader: Reader, what: Meaning, body_sites: Iterable[fhir.CodeableConcept] = ()) -> Side:
    """Say which side an entry speaks of, by its code's value set, its words or its body site."""
    if body_sites:
        return _side(reader, what, body_sites)
    side: Side | None = what.known.get("side")
    if side is None:
        side = what.known["side"] = _side(reader, what, ())
    return side


def _side(reader: Reader, what: Meaning, body_sites: Iterable[fhir.CodeableConcept]) -> Side:
    by_code = {side for side, sets in reader.reading.sides.items() if what.concepts & sets}
    words = list(what.words)
    for site in body_sites:
        words += filter(None, (site.text, *(c.display for c in site.coding or ())))
    return _one(by_code | {Side(s) for s in reader.terms.sides_named(" ".join(words))})


def side_in(reader: Reader, words: str) -> Side:
    """Say which side some words speak of."""
    return _one({Side(s) for s in reader.terms.sides_named(words)})


def _one(named: Set[Side]) -> Side:
    if Side.BOTH in named or {Side.LEFT, Side.RIGHT} <= named:
        return Side.BOTH
    return next((side for side in (Side.LEFT, Side.RIGHT) if side in named), Side.UNSTATED)
