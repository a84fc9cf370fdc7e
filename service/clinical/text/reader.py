"""From a text to its mentions: what it says of each concept, since when, where and how much."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from service.clinical.chart import Assertion, Measure, Side
from service.clinical.dates import Days
from service.clinical.text.attach import Told, dated, side_of, time_of
from service.clinical.text.forms import filled_in, ticked
from service.clinical.text.lexicon import Context, Form, Lexicon, Name, Role
from service.clinical.text.markup import without_markup
from service.clinical.text.measures import (
    FULL_GRADE,
    FULL_SCORE,
    grades_in,
    measure_of,
    measured,
    scores_in,
    sides_in,
)
from service.clinical.text.options import chosen
from service.clinical.text.scope import read, refer_back
from service.clinical.text.state import Active, Reading, Statement, has_role
from service.clinical.text.tables import with_colons
from service.clinical.text.times import times_in
from service.clinical.text.words import (
    Event,
    Sentence,
    Words,
    events_in,
    may_name,
    sentences,
    speaks,
    words_in,
)

# Bound once: Python 3.11 is slow to find a member of an enumeration.
_ABSENT, _PRESENT, _NUMBER = Assertion.ABSENT, Assertion.PRESENT, Form.NUMBER
_STRENGTH, _PAIN, _ALONE, _DOUBT = (
    Context.STRENGTH, Context.PAIN, Context.ALONE, Context.DOUBT,
)  # fmt: skip
_FRESH, _REFERS_BACK = Role.FRESH, Role.REFERS_BACK


class Mention(Struct, frozen=True, kw_only=True):
    """What a text says of one concept, and the words that say it."""

    concept: str
    assertion: Assertion
    phrase: str  # the sentence it stands in, as written: untrusted, to be escaped
    words: str  # the words in it that name the concept, as written
    side: Side = Side.UNSTATED
    onset: Days | None = None  # when it began, or was done, counted from the day of writing
    measure: Measure | None = None
    worse: bool = False  # new, sudden, worse or progressive


class _Said(Struct, frozen=True, gc=False):
    """What is said of one concept, without the words that say it."""

    concept: str
    assertion: Assertion
    side: Side
    onset: Days | None
    measure: Measure | None
    worse: bool


def read_text(text: str, lexicon: Lexicon, written: date) -> tuple[Mention, ...]:
    """Read what a text of the day `written` says of the concepts that the lexicon knows.

    One mention for each thing said; a sentence that says the same twice gives it once. Words for
    normal function ("afebrile") mention their concept as absent. A general "no red flags" has a
    concept of its own: it denies no single symptom.
    """
    text = without_markup(text)
    if not speaks(text, lexicon):
        return ()
    words = words_in(text, lexicon.joined, lexicon.spellings)
    if not may_name(words, lexicon):
        return ()
    words = chosen(with_colons(words, lexicon), lexicon)
    found: list[Mention] = []
    for told in _read(words, lexicon, written):
        found += _mentions(told)
    return tuple(found)


def _read(words: Words, lexicon: Lexicon, written: date) -> list[Told]:
    """Read each sentence, and let a list, or "if any of these", reach over its end."""
    parts = sentences(words, lexicon)
    seen: set[tuple[str, bool]] = set()
    ticks = ticked(parts)
    done: list[Told] = []
    open_list: dict[Assertion, Active] = {}
    for sentence in parts:
        written_as = words.text[words.starts[sentence.first] : words.ends[sentence.last - 1]]
        copied = (written_as, sentence.paragraph in ticks)
        if copied in seen and not sentence.item:
            continue  # a sentence that was copied says nothing more
        seen.add(copied)
        events = events_in(words, sentence, lexicon)
        told = _prepared(words, sentence, events, lexicon, written)
        reading = told.reading
        reading.filled = filled_in(words, sentence, events, lexicon, ticks)
        if sentence.item:
            start = Event(sentence.first, sentence.first, 0, (), ())
            reading.active = {kind: Active(a.cue, start) for kind, a in open_list.items()}
        read(reading)
        if sentence.opens_list:
            open_list = dict(reading.active)
        elif not sentence.item:
            open_list = {}
        if done and any(event.cues and has_role(event, _REFERS_BACK) for event in events):
            before = done[-1].reading
            if before.sentence.paragraph == sentence.paragraph:
                refer_back(before)
        done.append(told)
    return done


def _prepared(
    words: Words, sentence: Sentence, events: list[Event], lexicon: Lexicon, written: date
) -> Told:
    """Find the dates, sides and numbers of a sentence that names anything."""
    reading = Reading(words, sentence, lexicon, events)
    contexts = _contexts(sentence, lexicon)
    graded, scored = _STRENGTH in contexts, _PAIN in contexts
    if not graded and not scored and not any(event.names for event in events):
        return Told(reading, written, [], [], contexts)
    commas = _commas(words, sentence)
    times = times_in(words, sentence, lexicon.times, written)
    told = Told(reading, written, times, commas, contexts)
    fresh = {event.part for event in events if event.cues and has_role(event, _FRESH)}
    reading.dated = frozenset({told.part(time.start) for time in times} | fresh)
    reading.lasting = frozenset(
        place for time in times if time.lasted for place in range(time.start, time.end)
    )
    told.sides = sides_in(words, sentence, lexicon)
    if graded:
        told.grades = grades_in(words, sentence, lexicon)
    if scored:
        told.scores = scores_in(words, sentence, lexicon)
    return told


def _commas(words: Words, sentence: Sentence) -> list[int]:
    if not any(kind[0] == "," for kind in sentence.kinds):
        return []
    return [i for i in range(sentence.first, sentence.last) if words.tokens[i][0] == ","]


def _contexts(sentence: Sentence, lexicon: Lexicon) -> frozenset[Context]:
    known = lexicon.contexts
    found = {context for kind in sentence.kinds & known.keys() for context in known[kind]}
    if sentence.last - sentence.first == 1:
        found.add(_ALONE)
    if sentence.asked:
        found.add(_DOUBT)
    return frozenset(found)


def _mentions(told: Told) -> Iterator[Mention]:
    """Give the mentions of one sentence, each thing said once."""
    words, sentence = told.reading.words, told.reading.sentence
    phrase = words.text[words.starts[sentence.first] : words.ends[sentence.last - 1]]
    seen: set[_Said] = set()
    for event, said in (*_named(told), *_numbered(told)):
        if said in seen:
            continue
        seen.add(said)
        yield Mention(
            concept=said.concept,
            assertion=said.assertion,
            phrase=phrase,
            words=words.text[words.starts[event.start] : words.ends[event.end - 1]],
            side=said.side,
            onset=said.onset,
            measure=said.measure,
            worse=said.worse,
        )


def _named(told: Told) -> Iterator[tuple[Event, _Said]]:
    """Give what the names in a sentence say."""
    reading = told.reading
    for statement in reading.statements:
        name, event = statement.name, statement.event
        if not name.concept or not _in_place(name, told.contexts):
            continue
        if told.grades and name.concept == reading.lexicon.strength:
            continue  # the grades themselves say it
        measure = _measure(told, statement)
        if measure is None and name.form is _NUMBER:
            continue
        onset, assertion = dated(told, statement)
        denied = assertion is _ABSENT and name.absent_as
        own = measure if name.measured_as is None else None
        side, worse = side_of(told, event), statement.worse
        concept = name.absent_as if denied and name.absent_as else name.concept
        yield event, _Said(concept, assertion, side, onset, own, worse)
        if name.measured_as and measure:
            yield event, _Said(name.measured_as, assertion, side, onset, measure, worse)


def _in_place(name: Name, contexts: frozenset[Context]) -> bool:
    """Whether the sentence is one in which a name means its concept."""
    return (name.needs is None or name.needs in contexts) and name.unless not in contexts


def _measure(told: Told, statement: Statement) -> Measure | None:
    kind = statement.name.measure
    if kind is None:
        return None
    reading = told.reading
    units = reading.lexicon.measures[kind]
    return measure_of(reading.words, reading.sentence, statement.event, units)


def _numbered(told: Told) -> Iterator[tuple[Event, _Said]]:
    """Give the grades and scores of a sentence; full strength everywhere denies weakness."""
    lexicon = told.reading.lexicon
    for score, full, concept in (
        *((grade, FULL_GRADE, lexicon.strength) for grade in told.grades),
        *((score, FULL_SCORE, lexicon.score) for score in told.scores),
    ):
        event = Event(score.place, score.place + 1, told.part(score.place), (), ())
        time = time_of(told, event)
        onset, side = time.days if time else None, side_of(told, event)
        said = _Said(concept, _PRESENT, side, onset, measured(score, full), False)
        yield event, said
    full_strength = all(grade.value >= float(FULL_GRADE) for grade in told.grades)
    if told.grades and full_strength and Context.EVERYWHERE in told.contexts:
        event = Event(told.grades[0].place, told.grades[0].place + 1, 0, (), ())
        said = _Said(lexicon.weakness, _ABSENT, Side.BOTH, None, None, False)
        yield event, said


def read_onset(text: str, lexicon: Lexicon, written: date) -> Days | None:
    """Read since when something is, from words that need not name it: "three weeks ago"."""
    words = words_in(text, lexicon.joined, lexicon.spellings)
    for sentence in sentences(words, lexicon):
        for time in times_in(words, sentence, lexicon.times, written):
            if time.began:
                return time.days
    return None
