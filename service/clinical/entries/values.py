"""A named value: an observation, one of its components, or an answer of a questionnaire."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Measure, Side
from service.clinical.entries.answers import (
    SAYS_THERE,
    answer_of,
    asks_for_function,
    coded_answer,
    kind_of,
    marks_of,
    words_of_value,
)
from service.clinical.entries.numbers import measure_of
from service.clinical.entries.statement import (
    Statement,
    from_mention,
    from_text,
)
from service.clinical.meaning import (
    NOTHING,
    Reader,
    meaning,
    side_in,
    side_of,
)
from service.clinical.memory import Meaning
from service.clinical.terminology import MEASURED
from service.clinical.text import Mention

_NEGATIVE = frozenset({"N", "NEG", "ND", "NR"})
_POSITIVE = frozenset({"POS", "A", "AA", "DET", "R"})
# Which answers say that a function is lost. "Reduced numbness" and "saddle sensation: left" say
# neither that it is nor that the symptom is there.
_SAYS_LOST = frozenset({"no", "reduced"})
_SAYS_NEITHER = frozenset({("reduced", False), ("quality", True)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a value is a value of: coded concepts, things measured, symptoms, functions."""

    what: Meaning
    measured: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()  # symptoms whose opposite is named: "saddle sensation"
    symptoms: frozenset[str] = frozenset()  # symptoms that are named: "numbness of the saddle"
    topics: frozenset[str] = frozenset()  # what a question is about: read where nothing else is
    speaks: bool = False  # whether a value of this name can be of any use
    only_measured: bool = False  # a number that no question asks for beyond its look-back

    @property
    def states(self) -> frozenset[str]:
        """The symptoms that a "yes" or a "no" would settle."""
        return self.symptoms | self.functions


_NOTHING = Named(what=NOTHING)


def named(reader: Reader, concept: fhir.CodeableConcept | None) -> Named:
    """Say what a value is of, by code and by name."""
    if concept is None:
        return _NOTHING
    known: Named | None = reader.kept.names.get(concept) or reader.own.names.get(concept)
    if known is None:
        known = _looked_up(reader, meaning(reader, concept))
        memory = reader.kept if concept in reader.kept.meanings else reader.own
        memory.names[concept] = known
    return known


def _looked_up(reader: Reader, what: Meaning) -> Named:
    words = " ".join(what.words)
    measured, functions, topics = reader.terms.named(words, coded=what.standard)
    mentions = reader.mentions(words, None)
    if not (what.concepts or measured or functions or topics or mentions):
        return Named(what=what)
    # "Sensation normal" names a function, "numbness" a symptom.
    well = frozenset(m.concept for m in mentions if m.assertion is Assertion.ABSENT)
    said = frozenset(m.concept for m in mentions) - well
    asks, lost = asks_for_function(reader, words), reader.reading.function_questions.of
    if asks:
        well, said = well | ((said | topics) & lost), said - lost
    elif asks is False and functions and not said & lost:
        topics |= functions | said | well
        functions = said = well = frozenset()
    coded = frozenset(c for c in what.concepts if not c.startswith(MEASURED))
    found = measured | what.concepts | functions | well | said
    return Named(
        what=what,
        measured=measured | (what.concepts - coded),
        functions=(functions | well) - coded - said,
        symptoms=coded | (said - measured),
        topics=topics,
        speaks=bool(found or topics),
        only_measured=not found - measured - what.concepts
        and not coded
        and not found & reader.reading.timeless,
    )


def read_value(
    reader: Reader, statement: Statement, concept: fhir.CodeableConcept | None, value: fhir.Value
) -> Iterator[Entry]:
    """Read one named value: a number of something measured, or whether something is there."""
    name = named(reader, concept)
    coded = meaning(reader, coded_answer(value))
    if coded.concepts:
        # The value itself names a finding: the observation says that it is there.
        yield statement.entry(coded.concepts, coded.label, coded.code)
    if not (name.measured or name.states):
        if name.topics and answer_of(reader, value) in ("yes", "quality", "reduced"):
            asked = statement.entry(name.topics, name.what.label, name.what.code)
            yield replace(asked, assertion=Assertion.UNCLEAR, value=words_of_value(value))
        yield from _worded_value(reader, statement, name, value)
        return
    side = _side(reader, statement, name)
    when = value.valueDateTime or value.valueDate
    if when:
        entry = statement.entry(name.measured, name.what.label, name.what.code)
        yield replace(entry, onset=reader.days(when))
        return
    measure = measure_of(value)
    if name.measured and measure is None:
        told = list(_measured_in_words(reader, replace(statement, side=side), name, value))
        if told:
            yield from told
            return
    if name.measured and (measure or not name.states or words_of_value(value) is None):
        yield statement.entry(
            name.measured | name.what.concepts,
            name.what.label,
            name.what.code,
            assertion=_measured(value, measure),
            side=side,
            measure=measure,
        )
    if name.states and measure is None:
        yield from _states(reader, replace(statement, side=side), name, value)


def _side(reader: Reader, statement: Statement, name: Named) -> Side:
    side = side_of(reader, name.what)
    return side if side is not Side.UNSTATED else statement.side


def _measured(value: fhir.Value, measure: Measure | None) -> Assertion | None:
    """Say what a measurement asserts: a number what its resource does, None.

    A text, a range, or a quantity without its number is unclear; nothing at all says nothing.
    """
    if measure is not None:
        return None
    numbers = (value.valueQuantity, value.valueRatio, value.valueRange)
    sent = any(number is not None for number in numbers)
    unread = sent and not getattr(value, "dataAbsentReason", None)
    return Assertion.UNCLEAR if unread or words_of_value(value) is not None else Assertion.SILENT


def _measured_in_words(
    reader: Reader, statement: Statement, name: Named, value: fhir.Value
) -> Iterator[Entry]:
    """Read a number with words around it as text: "PVR 650 cc", "38.9 C, rigors"."""
    said = words_of_value(value)
    if not said:
        return
    told = reader.mentions(f"{name.what.label}: {said}", statement.asserted)
    if any(m.measure and m.concept in name.measured for m in told):
        for mention in told:
            yield from_mention(reader, statement, mention, narrative=True)


def _states(
    reader: Reader, statement: Statement, name: Named, value: fhir.Value
) -> Iterator[Entry]:
    """Say of each symptom that a value names whether it is there; one never asked says nothing."""
    if getattr(value, "dataAbsentReason", None) and answer_of(reader, value) is None:
        return
    said = words_of_value(value)
    if said and statement.side is Side.UNSTATED:
        statement = replace(statement, side=side_in(reader, said))
    told = list(_told(reader, statement, name, value))
    settled = frozenset(concept for entry in told for concept in entry.concepts)
    for concepts, function in ((name.symptoms, False), (name.functions, True)):
        assertion = _asserted(reader, value, statement.assertion, function=function)
        asked = concepts - settled if assertion is Assertion.UNCLEAR else concepts
        if asked:
            entry = statement.entry(asked, name.what.label, name.what.code)
            yield replace(entry, assertion=assertion, value=said)
    yield from told


def _told(reader: Reader, statement: Statement, name: Named, value: fhir.Value) -> Iterator[Entry]:
    """Read what a longer answer says, of the symptom asked for and of any other.

    The question itself asserts nothing: "numbness: see note" says neither yes nor no. An answer
    that names the symptom by itself, "numbness: saddle numbness", says yes, unless its code did.
    """
    said = words_of_value(value)
    if not said or kind_of(reader, said) is not None:
        return
    label, written = name.what.label, statement.asserted
    by_itself = {m.concept for m in reader.mentions(said, written) if _is_there(m)}
    by_itself -= meaning(reader, coded_answer(value)).concepts
    for mention in reader.mentions(f"{label}: {said}", written):
        asked = mention.words in label and _is_there(mention) and mention.concept not in by_itself
        if not asked or mention.worse or mention.onset:
            entry = from_mention(reader, statement, mention, narrative=True)
            doubted = entry.assertion is Assertion.ABSENT and "?" in said
            yield replace(entry, assertion=Assertion.UNCLEAR) if doubted else entry


def _is_there(mention: Mention) -> bool:
    return mention.assertion is Assertion.PRESENT


def _asserted(reader: Reader, value: fhir.Value, given: Assertion, *, function: bool) -> Assertion:
    """Say what a value asserts of a symptom; a value that nobody gave is not a "no".

    Of a function ("saddle sensation") "normal" denies the symptom and "reduced" asserts it.
    """
    answer = answer_of(reader, value)
    if answer is None:
        marks = marks_of(value)
        if marks & _NEGATIVE:
            return Assertion.ABSENT
        if marks & _POSITIVE:
            return given
        return Assertion.SILENT if words_of_value(value) is None else Assertion.UNCLEAR
    if (answer, function) in _SAYS_NEITHER:
        return Assertion.UNCLEAR
    there = answer in (_SAYS_LOST if function else SAYS_THERE)
    return given if there else Assertion.ABSENT


def _worded_value(
    reader: Reader, statement: Statement, name: Named, value: fhir.Value
) -> Iterator[Entry]:
    """Read the words of a value whose name says nothing that is asked for."""
    said = words_of_value(value)
    if said and (reader.may_speak(said) or reader.may_speak(name.what.label)):
        yield from from_text(reader, statement, f"{name.what.label}: {said}")
