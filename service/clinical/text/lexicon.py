"""The lexicon of the text reader: names of concepts, cues that turn them, numbers and days."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.clinical.chart import Assertion, Side


class Role(StrEnum):
    """What a cue does to the sentence that it stands in."""

    TURN = "turn"  # changes what is said of the concepts in its reach
    END = "end"  # ends the reach of every cue before it
    SUBJECT = "subject"  # does so where it opens a part of the sentence
    BREAK = "break"  # ends a list of things denied by one word
    FRESH = "fresh"  # says that something is new or worse
    EITHER = "either"  # joins the things of a list
    NOTHING = "nothing"  # looks like a cue and is none
    TEACHES = "teaches"  # with the next: advice for a day that may come
    WARNINGS = "warnings"
    REFERS_BACK = "refers-back"  # makes such advice of the sentence before it


class Context(StrEnum):
    """What kind of sentence it is, by a word in it."""

    SYMPTOM = "symptom"  # it speaks of a complaint in the legs
    PAIN = "pain"
    EXAMINATION = "examination"
    STRENGTH = "strength"
    EVERYWHERE = "everywhere"  # the whole of both legs was examined
    INTENTION = "intention"  # weight was lost on purpose
    UNCHANGED = "unchanged"
    VOIDING = "voiding"  # it speaks of the bladder or the bowel
    CLOTTING = "clotting"  # it speaks of the times of clotting
    DOUBT = "doubt"  # it asks whether something is there
    ALONE = "alone"  # it is one word


class Reach(StrEnum):
    """How far a cue turns what is said."""

    SENTENCE = "sentence"
    LIST = "list"  # to the end of the list that it opens
    NEAR = "near"  # the next concept, and what is joined to it
    OPENING = "opening"  # as near, where the cue opens a sentence or a part of it
    PART = "part"  # to the next comma
    BACK = "back"  # what stands just before it
    AROUND = "around"  # what stands just before it, and the sentence after it


class Form(StrEnum):
    """How a name says its concept."""

    PLAIN = "plain"
    NORMAL = "normal"  # its words say that the concept is not there
    MAYBE = "maybe"  # its words may mean it
    NUMBER = "number"  # means it only with its number
    LABEL = "label"  # means it only in a form that is filled in, or denied at the end of a list


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A phrase that names a concept."""

    concept: str
    form: Form = Form.PLAIN
    capitals: bool = False  # only as written in capitals: PT is no patient
    worse: bool = False  # its own words say that it is new or worse
    measure: str | None = None  # the kind of number that may belong to it
    measured_as: str | None = None  # the concept that the number is about, where that is another
    needs: Context | None = None  # means it only in a sentence with such a word
    unless: Context | None = None
    absent_as: str | None = None  # the concept that its denial is about, where that is another


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """A phrase that changes what a sentence says of the concepts in it."""

    role: Role
    turns: Assertion | None = None
    reach: Reach = Reach.SENTENCE
    only: frozenset[str] | None = None  # the concepts that it can turn; None: any
    urgent: Assertion | None = None  # what it makes of urgent concepts, where that is another
    resets: bool = False  # it opens a statement of its own
    sets_aside: bool = False  # a doubt that ends a denial before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One place in the lexicon: the words that may follow, and what ends here."""

    edges: Mapping[str, "Node"] = field(repr=False)  # a net: printing it never ends
    names: tuple[Name, ...] = ()
    cues: tuple[Cue, ...] = ()
    capitals: bool = False  # a name that ends here counts only in capitals


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """The words for days, and for how long something has lasted."""

    numbers: Mapping[str, tuple[float, float]]  # "few": from 2 to 4
    units: Mapping[str, float]  # the days in each
    plural: tuple[int, int]  # what "weeks" without a number may mean
    months: Mapping[str, int]
    other_words: frozenset[str]  # those of the months that are words of other things as well
    weekdays: Mapping[str, int]  # Monday is 0
    days_ago: Mapping[str, tuple[tuple[tuple[str, ...], int], ...]]  # by first word: "last night"
    days: frozenset[str]  # the words at which a date can begin
    lengths: frozenset[str]  # those at which only a duration can
    after_a_number: frozenset[str]  # the words of which one follows a number of days
    since: frozenset[str]
    during: frozenset[str]  # "for", "x"
    ago: frozenset[str]
    opens: frozenset[str]  # "history", "of": how long what follows has lasted
    more: frozenset[str]
    less: frozenset[str]
    to: frozenset[str]  # "2 to 3"
    skipped: frozenset[str]  # words between these that change nothing
    not_before: frozenset[str]  # "in 3 weeks", "every 6 hours"
    not_after: frozenset[str]  # "80 year old"
    visits: frozenset[str]  # "review 6 weeks": one that is to come
    parts: Mapping[str, int]  # "2/52": the days in one
    earliest_year: int
    longest_days: int  # what "more than" may mean at most
    long_ago_days: int  # from when on a date means the past
    long_standing_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit of a measured number as written, and the readings that can be meant."""

    names: tuple[tuple[str, ...], ...]  # none: the number may stand without a unit
    unit: str | None
    lowest: float
    highest: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """The units of one kind of number."""

    known: tuple[Unit, ...]
    others: frozenset[str] | None  # words that make it another number; None: any short word


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """The words of one language: names of concepts, cues, numbers and forms."""

    root: Node
    openers: frozenset[str]  # words without one of which a text names nothing
    counted: frozenset[str]  # words that make a number worth reading
    joined: re.Pattern[str]  # abbreviations written with a stroke
    spellings: Mapping[str, str]  # words as they are often misspelled, and as they are meant
    abbreviations: frozenset[str]  # words whose full stop ends no sentence
    carry_on: frozenset[str]  # words after which a line goes on
    answers: Mapping[str, Assertion]  # what may stand after "X:"
    bare_answers: frozenset[str]  # those that need no mark before them
    unanswered: Mapping[str, tuple[tuple[str, ...], ...]]  # by first word: "not tested"
    options: frozenset[str]  # words of which the options of a form are made
    fillers: frozenset[str]  # words that stand between a concept and what is said of it
    exceptions: frozenset[str]  # words close behind a denial that take a part of it back
    lessened: frozenset[str]  # words after a comma that do so with what was called normal
    urgent: frozenset[str]
    always_past: frozenset[str]  # concepts that are a thing done: no word of the past changes them
    never_past: frozenset[str]  # concepts that last: an old date does not end them
    never_long_standing: frozenset[str]
    headings: frozenset[str]  # before a colon they head what follows, and say nothing themselves
    times: Times
    measures: Mapping[str, Units]
    sides: Mapping[str, Side]
    contexts: Mapping[str, frozenset[Context]]
    grade_of: frozenset[str]  # "grade 3", "MRC 4"
    out_of: frozenset[str]
    strength: str  # the concept of a muscle's grade
    weakness: str
    score: str  # the concept of a pain score
