"""How far each cue reaches, and which of those that reach a concept decides what is said of it."""

from service.clinical.chart import Assertion
from service.clinical.text.lexicon import Form, Name, Reach, Role
from service.clinical.text.state import Active, Reading, has_role
from service.clinical.text.words import Event

# Bound once: Python 3.11 is slow to find a member of an enumeration.
_ABSENT, _HISTORICAL, _POSSIBLE, _PRESENT, _UNCLEAR = (
    Assertion.ABSENT, Assertion.HISTORICAL, Assertion.POSSIBLE, Assertion.PRESENT,
    Assertion.UNCLEAR,
)  # fmt: skip
_LIST, _NEAR, _PART = Reach.LIST, Reach.NEAR, Reach.PART
_NORMAL, _EITHER = Form.NORMAL, Role.EITHER
# Where several cues reach one concept, the first of these decides.
_ORDER = (
    _ABSENT,
    Assertion.HYPOTHETICAL,
    Assertion.FAMILY,
    Assertion.REFUSED,
    Assertion.PLANNED,
    _HISTORICAL,
    Assertion.UNLIKELY,
    _POSSIBLE,
)
_CLOSE = 3  # tokens between a cue and the concept that it surely means
_LONG_LIST = 2  # commas that make a list of bare names


def asserted(reading: Reading, number: int, name: Name) -> Assertion:
    """Say what the active cues make of a concept, the most telling of them first."""
    if not reading.active:
        return _PRESENT
    for kind in _ORDER:
        active = reading.active.get(kind)
        if active is None or (active.cue.only is not None and name.concept not in active.cue.only):
            continue
        gap = reading.events[number].start - active.event.end
        if name.form is _NORMAL and (active.reached or gap > _CLOSE):
            continue  # "denies fever, sensation intact" says that sensation is intact
        turned = _turned(reading, active, number, name)
        if turned is not None:
            return turned
    return _PRESENT


def _turned(reading: Reading, active: Active, number: int, name: Name) -> Assertion | None:
    """Say what one cue makes of a concept; None where the cue does not reach it."""
    cue, event = active.cue, reading.events[number]
    urgent = name.concept in reading.lexicon.urgent
    same_part = event.part == active.event.part
    if cue.turns is _HISTORICAL:
        return _in_the_past(reading, active, event, name)
    if cue.reach is _PART and not same_part:
        return None
    if cue.turns is _ABSENT:
        denied = _denied(reading, active, number, urgent=urgent)
        return cue.urgent or denied if urgent and denied is _ABSENT else denied
    if cue.reach is _NEAR and not same_part and not listed(reading, number):
        return None
    return (cue.urgent if urgent else None) or cue.turns


def _in_the_past(reading: Reading, active: Active, event: Event, name: Name) -> Assertion | None:
    """Say whether a cue of the past means this concept: an urgent one only next to the cue."""
    if name.concept in reading.lexicon.always_past:
        return None
    same_part = event.part == active.event.part
    if name.concept not in reading.lexicon.urgent:
        return _HISTORICAL if same_part or active.cue.reach is _LIST else None
    if same_part and not active.reached and event.start - active.event.end <= _CLOSE:
        return _HISTORICAL
    return _POSSIBLE if same_part else None


def _denied(reading: Reading, active: Active, number: int, *, urgent: bool) -> Assertion:
    """Say whether a "no" reaches a concept; where that is unsure, an urgent one stays possible."""
    event = reading.events[number]
    first = not active.reached
    if event.part == active.event.part and first:
        return _ABSENT
    if listed(reading, number):
        return _ABSENT
    if event.part in reading.dated and not (event.part == active.event.part and not urgent):
        return _POSSIBLE if urgent else _UNCLEAR
    if active.cue.reach is not _NEAR or event.part == active.event.part:
        return _ABSENT
    if reading.commas - active.event.part >= _LONG_LIST and _bare(reading, event):
        return _ABSENT
    return _POSSIBLE if urgent else _UNCLEAR


def listed(reading: Reading, number: int) -> bool:
    """Whether a concept stands in a list that an "or" holds together: "or history of cancer"."""
    if reading.listed[number]:
        return True
    part = reading.events[number].part
    for before in reversed(reading.events[max(number - _CLOSE, 0) : number]):
        if before.names or before.part != part:
            return False
        if has_role(before, _EITHER):
            return True
    return False


def _bare(reading: Reading, event: Event) -> bool:
    """Whether nothing but a name stands between two commas."""
    tokens, sentence = reading.words.tokens, reading.sentence
    before = tokens[event.start - 1] if event.start > sentence.first else ","
    after = tokens[event.end] if event.end < sentence.last else ","
    return not before[0].isalnum() and not after[0].isalnum()
