"""Forms that are filled in: `X: no`, `X (-)`, `(-) X`, `[ ] X`, `[x] X` and `+X/-Y`."""

from typing import NamedTuple

from msgspec import Struct

from service.clinical.chart import Assertion
from service.clinical.text.lexicon import Lexicon
from service.clinical.text.words import Event, Sentence, Words

BOXES = {"[ ]": False, "[]": False, "( )": False, "()": False, "[x]": True, "(x)": True,
          "☐": False, "☑": True, "☒": True, "✓": True, "[+]": True, "[-]": False}  # fmt: skip
_SIGNS = {"(-)": False, "(+)": True}
_ATTACHED = {"-": False, "+": True}
_MARKS = frozenset({*BOXES, *_SIGNS, *_ATTACHED})
_ANSWERED = (":", "=", "-", "–")
_JOINS = (",", "/", "(", "and")
_NEAREST = 2  # tokens between a sign and its concept: a side, an article


class Mark(Struct, frozen=True, gc=False):
    """A sign or a box, and whether it says yes."""

    place: int
    yes: bool
    box: bool = False
    head: bool = False  # it stands at the head of the word that it is about


class Filled(NamedTuple):
    """What a form says of the concepts in a sentence, by the number of the event."""

    said: dict[int, Assertion]
    answers: frozenset[int]  # tokens that are answers, and so no cues


def ticked(parts: list[Sentence]) -> frozenset[int]:
    """Give the paragraphs in which a box is ticked: only there an empty box means "no"."""
    return frozenset(
        part.paragraph for part in parts if any(BOXES.get(kind, False) for kind in part.kinds)
    )


def filled_in(
    words: Words,
    sentence: Sentence,
    events: list[Event],
    lexicon: Lexicon,
    ticks: frozenset[int],
) -> Filled:
    """Read what the forms in a sentence say of the concepts in it."""
    said, answers = _answered(words, sentence, events, lexicon)
    marks = _marks(words, sentence)
    if marks:
        said |= _marked(marks, events, lexicon, any_tick=sentence.paragraph in ticks)
    return Filled(said, answers)


def _answered(
    words: Words, sentence: Sentence, events: list[Event], lexicon: Lexicon
) -> tuple[dict[int, Assertion], frozenset[int]]:
    """Read `X: no`; in `X: no Y` the answer belongs to Y, unless Y has its own."""
    if sentence.kinds.isdisjoint(_ANSWERED):
        return {}, frozenset()
    starts = {event.start: event.end for event in events if event.names}
    said: dict[int, Assertion] = {}
    places: set[int] = set()
    for number, event in enumerate(events):
        place = event.end + 1
        if not event.names or place >= sentence.last or words.tokens[place - 1] not in _ANSWERED:
            continue
        answer = lexicon.answers.get(words.tokens[place])
        if answer is None or not _alone(words, sentence, place + 1, starts):
            continue
        places.add(place)
        said[number] = answer
        while number and _joined(words, events[number - 1], events[number]):
            number -= 1
            said[number] = answer
    return said, frozenset(places)


def _joined(words: Words, before: Event, after: Event) -> bool:
    """Whether a stroke joins two names, so that one answer is for both."""
    stroke = before.end
    return bool(before.names) and stroke + 1 == after.start and words.tokens[stroke] == "/"


def _alone(words: Words, sentence: Sentence, place: int, starts: dict[int, int]) -> bool:
    if place >= sentence.last or not words.tokens[place][0].isalnum():
        return True
    end = starts.get(place, sentence.last)
    return end < sentence.last and words.tokens[end] in _ANSWERED


def _marks(words: Words, sentence: Sentence) -> list[Mark]:
    found: list[Mark] = []
    if sentence.kinds.isdisjoint(_MARKS):
        return found
    hyphens: list[Mark] = []
    for place in range(sentence.first, sentence.last):
        token = words.tokens[place]
        if token in _SIGNS:
            found.append(Mark(place, _SIGNS[token]))
        elif token in BOXES:
            found.append(Mark(place, BOXES[token], box=True))
        elif token in _ATTACHED and _attached(words, sentence, place):
            mark = Mark(place, _ATTACHED[token], head=True)
            bullet = place == sentence.first and not mark.yes
            (hyphens if bullet else found).append(mark)
    # A hyphen that opens a line is a bullet, unless the line goes on with signs.
    return hyphens + found if found else []


def _attached(words: Words, sentence: Sentence, place: int) -> bool:
    """Whether a sign stands at the head of a word, and at the tail of none."""
    after = place + 1
    if after >= sentence.last or words.starts[after] != words.ends[place]:
        return False
    if not words.tokens[after][0].isalpha():
        return False
    before = place - 1
    loose = place == sentence.first or words.ends[before] < words.starts[place]
    return loose or words.tokens[before] in _JOINS


def _marked(
    marks: list[Mark],
    events: list[Event],
    lexicon: Lexicon,
    *,
    any_tick: bool,
) -> dict[int, Assertion]:
    """Give each mark to its concept: the one before it if the first mark follows one."""
    named = [(number, event) for number, event in enumerate(events) if event.names]
    ends = {event.end for _, event in named}
    follows = not marks[0].head and marks[0].place in ends
    said: dict[int, Assertion] = {}
    opened: dict[int, int] = {}  # the part of the sentence in which the list of each mark begins
    turn = 0
    for number, event in named:
        while turn < len(marks) and marks[turn].place < event.start:
            turn += 1
        if follows and turn < len(marks) and marks[turn].place - event.end <= _NEAREST:
            said[number] = _meaning(marks[turn], any_tick=any_tick)
        elif not follows and turn:
            mark = marks[turn - 1]
            said[number] = _meaning(mark, any_tick=any_tick)
            part = opened.setdefault(turn, event.part)
            if event.part != part and not mark.box and not mark.yes:
                said[number] = _doubt(event, lexicon)
    return said


def _doubt(event: Event, lexicon: Lexicon) -> Assertion:
    """Say what one "(-)" before a list means for what stands after a comma."""
    urgent = any(name.concept in lexicon.urgent for name in event.names)
    return Assertion.POSSIBLE if urgent else Assertion.UNCLEAR


def _meaning(mark: Mark, *, any_tick: bool) -> Assertion:
    if mark.yes:
        return Assertion.PRESENT
    return Assertion.ABSENT if any_tick or not mark.box else Assertion.SILENT
