"""What belongs to a concept in its sentence: its side, and the date or duration beside it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date

from service.clinical.chart import Assertion, Side
from service.clinical.dates import Days, days_between
from service.clinical.text.lexicon import Context, Role
from service.clinical.text.measures import Marked, Score
from service.clinical.text.state import Reading, Statement, has_role
from service.clinical.text.times import Time
from service.clinical.text.words import Event

# Bound once: Python 3.11 is slow to find a member of an enumeration.
_HISTORICAL, _PRESENT = Assertion.HISTORICAL, Assertion.PRESENT
_BREAK, _END, _UNSTATED = Role.BREAK, Role.END, Side.UNSTATED
_FURTHEST = 12  # phrases between a concept and its date
_CLOSE = 3  # tokens between an urgent concept and the year that makes it history


@dataclass(slots=True)
class Told:
    """A sentence that was read, and what stands in it beside its concepts."""

    reading: Reading
    written: date
    times: list[Time]
    commas: list[int]
    contexts: frozenset[Context]
    sides: list[Marked] = field(default_factory=list)
    grades: list[Score] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    def part(self, place: int) -> int:
        """Say how many commas stand before a token."""
        return bisect_left(self.commas, place)


def side_of(told: Told, event: Event) -> Side:
    """Give the side named in the words of a concept, else the nearest in the same part."""
    marks = told.sides
    if not marks:
        return _UNSTATED
    first = bisect_left(marks, event.start, key=_place)
    inside = {mark.side for mark in marks[first : bisect_left(marks, event.end, key=_place)]}
    if inside:
        return inside.pop() if len(inside) == 1 else Side.BOTH
    near = [m for m in marks[max(first - 1, 0) : first + 1] if told.part(m.place) == event.part]
    if not near:
        return _UNSTATED
    return min(near, key=lambda m: abs(m.place - event.start)).side


def _place(mark: Marked) -> int:
    return mark.place


def dated(told: Told, statement: Statement) -> tuple[Days | None, Assertion]:
    """Say when something began, and whether its date makes it history."""
    said = statement.assertion
    time = time_of(told, statement.event)
    if time is None:
        return None, said
    lexicon, concept = told.reading.lexicon, statement.name.concept
    age = days_between(time.days.last, told.written)
    recent = time.began and age <= lexicon.times.long_standing_days
    if said is _HISTORICAL and recent and concept in lexicon.urgent:
        return time.days, _PRESENT  # "history of foot drop for 3 days" is of today
    if said is not _PRESENT or statement.settled:
        return time.days, said
    if concept in lexicon.always_past or concept in lexicon.never_past:
        return time.days, said
    urgent = concept in lexicon.urgent
    close = not urgent or 0 <= time.start - statement.event.end <= _CLOSE
    over = not time.began and age >= lexicon.times.long_ago_days and close
    unchanged = Context.UNCHANGED in told.contexts and age > lexicon.times.long_standing_days
    still = unchanged and concept not in lexicon.never_long_standing
    past = (over or still) and not statement.worse
    return time.days, _HISTORICAL if past else said


def time_of(told: Told, event: Event) -> Time | None:
    """Find the date that belongs to a concept: the next after it, or one that opens its part."""
    times = told.times
    if not times:
        return None
    after = bisect_left(times, event.end, key=lambda time: time.start)
    if after < len(times) and not times[after].opens and _reaches(told, event, times[after]):
        return times[after]
    inside = [t for t in times[max(after - 1, 0) : after] if t.start >= event.start]
    if inside:
        return inside[0]
    before = times[after - 1] if after else None
    if before and told.part(before.start) == event.part and (
        before.opens or not _names_between(told, before.start, event.part)
    ):  # fmt: skip
        return before
    part = told.part(times[0].start)
    alone = len(times) == 1 and not _names_between(told, None, part)
    return times[0] if alone and not _of_pain(told, times[0], part) else None


def _of_pain(told: Told, time: Time, part: int) -> bool:
    """Whether the part of a date speaks of pain before it: "saddle numbness, pain since June"."""
    first = told.commas[part - 1] if part else told.reading.sentence.first
    known = told.reading.lexicon.contexts
    words = told.reading.words.tokens[first : time.start]
    return any(Context.PAIN in known.get(word, ()) for word in words)


def _reaches(told: Told, event: Event, time: Time) -> bool:
    """Whether a date after a concept is about it: no comma, no "with" and another concept between.

    In "foot drop with back pain for two months" the months are those of the pain.
    """
    if told.part(time.start) != event.part:
        return False
    events = told.reading.events
    first = bisect_right(events, event.start, key=lambda e: e.start)
    broken = False
    for other in events[first : first + _FURTHEST]:
        if other.start >= time.start:
            return True
        if broken and any(name.concept for name in other.names):
            return False
        if other.cues and not broken:
            broken = has_role(other, _BREAK) or has_role(other, _END)
    return True


def _names_between(told: Told, end: int | None, part: int) -> bool:
    """Whether a concept is named in a part of the sentence, before some place in it."""
    events = told.reading.events
    first = bisect_left(events, part, key=lambda e: e.part)
    for event in events[first : first + _FURTHEST]:
        if event.part != part or (end is not None and event.start >= end):
            return False
        if event.names and any(name.concept for name in event.names):
            return True
    return False
