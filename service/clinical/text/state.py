"""A sentence while it is being read: its statements, and the cues whose reach has not ended."""

from dataclasses import dataclass, field

from msgspec import Struct

from service.clinical.chart import Assertion
from service.clinical.text.forms import Filled
from service.clinical.text.lexicon import Cue, Lexicon, Name, Role
from service.clinical.text.words import Event, Sentence, Words

_NOT_A_FORM = Filled({}, frozenset())


class Statement(Struct, gc=False):
    """What a sentence says of one concept, while the sentence is being read."""

    event: Event
    name: Name
    assertion: Assertion
    worse: bool
    settled: bool = False  # a form was filled in: no cue changes it


class Active(Struct, gc=False):
    """A cue whose reach has not ended, and how many concepts it has reached."""

    cue: Cue
    event: Event
    reached: int = 0


@dataclass(slots=True)
class Reading:
    """A sentence while it is being read: its statements, and the cues that are active."""

    words: Words
    sentence: Sentence
    lexicon: Lexicon
    events: list[Event]
    filled: Filled = _NOT_A_FORM
    dated: frozenset[int] = frozenset()  # the parts of the sentence that say when
    lasting: frozenset[int] = frozenset()  # tokens of durations: "3 weeks history of"
    active: dict[Assertion, Active] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    listed: list[bool] = field(default_factory=list)  # whether an "or" follows each event
    fresh: set[int] = field(default_factory=set)  # the parts that say "new" or "worse"
    number: int = 0  # the event that is being read
    commas: int = 0
    taught: int | None = None  # the first statement after a verb of teaching
    warned: int | None = None  # the first statement after words of warning


def has_role(event: Event, role: Role) -> bool:
    """Whether a phrase is a cue of some role."""
    for cue in event.cues:  # noqa: SIM110  # asked of every phrase
        if cue.role is role:
            return True
    return False
