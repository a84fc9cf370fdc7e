"""How far each cue reaches, and which of those that reach a concept decides what is said of it."""

from service.clinical.chart import Assertion
from service.clinical.text.lexicon import Form, Name, Reach, Role
from service.clinical.text.state import Active, Reading, has_role
from service.clinical.text.words import Event

# Where several cues reach one concept, the first of these decides.
_ORDER = (
    Assertion.ABSENT,
    Assertion.HYPOTHETICAL,
    Assertion.FAMILY,
    Assertion.REFUSED,
    Assertion.PLANNED,
    Assertion.HISTORICAL,
    Assertion.UNLIKELY,
    Assertion.POSSIBLE,
)
_CLOSE = 3  # tokens between a cue and the concept that it surely means
_LONG_LIST = 2  # commas that make a list of bare names


def asserted(reading: Reading, number: int, name: Name) -> Assertion:
    """Say what the active cues make of a concept, the most telling of them first."""
    for kind in _ORDER:
        active = reading.active.get(kind)
        if active is None or (active.cue.only is not None and name.concept not in active.cue.only):
            continue
        gap = reading.events[number].start - active.event.end
        if name.form is Form.NORMAL and (active.reached or gap > _CLOSE):
            continue  # "denies fever, sensation intact" says that sensation is intact
        turned = _turned(reading, active, number, name)
        if turned is not None:
            return turned
    return Assertion.PRESENT


def _turned(reading: Reading, active: Active, number: int, name: Name) -> Assertion | None:
    """Say what one cue makes of a concept; None where the cue does not reach it."""
    cue, event = active.cue, reading.events[number]
    urgent = name.concept in reading.lexicon.urgent
    same_part = event.part == active.event.part
    if cue.turns is Assertion.HISTORICAL:
        return _in_the_past(reading, active, event, name)
    if cue.reach is Reach.PART and not same_part:
        return None
    if cue.turns is Assertion.ABSENT:
        return _denied(reading, active, number, urgent=urgent)
    if cue.reach is Reach.NEAR and not same_part and not listed(reading, number):
        return None
    return (cue.urgent if urgent else None) or cue.turns


def _in_the_past(reading: Reading, active: Active, event: Event, name: Name) -> Assertion | None:
    """Say whether a cue of the past means this concept: an urgent one only next to the cue."""
    if name.concept in reading.lexicon.always_past:
        return None
    same_part = event.part == active.event.part
    if name.concept not in reading.lexicon.urgent:
        return Assertion.HISTORICAL if same_part or active.cue.reach is Reach.LIST else None
    if same_part and not active.reached and event.start - active.event.end <= _CLOSE:
        return Assertion.HISTORICAL
    return Assertion.POSSIBLE if same_part else None


def _denied(reading: Reading, active: Active, number: int, *, urgent: bool) -> Assertion:
    """Say whether a "no" reaches a concept; where that is unsure, an urgent one stays possible."""
    event = reading.events[number]
    first = not active.reached
    if event.part == active.event.part and first:
        return Assertion.ABSENT
    if listed(reading, number):
        return Assertion.ABSENT
    if event.part in reading.dated and not (event.part == active.event.part and not urgent):
        return Assertion.POSSIBLE if urgent else Assertion.UNCLEAR
    if active.cue.reach is not Reach.NEAR or event.part == active.event.part:
        return Assertion.ABSENT
    if reading.commas - active.event.part >= _LONG_LIST and _bare(reading, event):
        return Assertion.ABSENT
    return Assertion.POSSIBLE if urgent else Assertion.UNCLEAR


def listed(reading: Reading, number: int) -> bool:
    """Whether a concept stands in a list that an "or" holds together: "or history of cancer"."""
    if reading.listed[number]:
        return True
    part = reading.events[number].part
    for before in reversed(reading.events[max(number - _CLOSE, 0) : number]):
        if before.names or before.part != part:
            return False
        if has_role(before, Role.EITHER):
            return True
    return False


def _bare(reading: Reading, event: Event) -> bool:
    """Whether nothing but a name stands between two commas."""
    tokens, sentence = reading.words.tokens, reading.sentence
    before = tokens[event.start - 1] if event.start > sentence.first else ","
    after = tokens[event.end] if event.end < sentence.last else ","
    return not before[0].isalnum() and not after[0].isalnum()
