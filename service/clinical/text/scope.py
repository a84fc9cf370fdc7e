"""What the cues of a sentence make of the concepts in it, read from its beginning to its end."""

from collections.abc import Callable

from service.clinical.chart import Assertion, Side
from service.clinical.text.lexicon import Cue, Form, Reach, Role
from service.clinical.text.reach import asserted
from service.clinical.text.state import Active, Reading, Statement, has_role
from service.clinical.text.words import Event

_ADJACENT = 2  # tokens between "no" and the doubt that it denies
_CLOSE = 3  # tokens between a cue and the concept that it surely means
_FURTHEST = 6  # concepts that a cue can turn backwards
# Bound once: Python 3.11 is slow to find a member of an enumeration.
_ABSENT, _HISTORICAL, _HYPOTHETICAL, _POSSIBLE, _PRESENT, _SILENT, _UNCLEAR = (
    Assertion.ABSENT, Assertion.HISTORICAL, Assertion.HYPOTHETICAL, Assertion.POSSIBLE,
    Assertion.PRESENT, Assertion.SILENT, Assertion.UNCLEAR,
)  # fmt: skip
_TURN, _END, _SUBJECT, _BREAK, _FRESH, _EITHER, _TEACHES, _WARNINGS = (
    Role.TURN, Role.END, Role.SUBJECT, Role.BREAK, Role.FRESH, Role.EITHER, Role.TEACHES,
    Role.WARNINGS,
)  # fmt: skip
_BACK, _NEAR, _OPENING, _AROUND = Reach.BACK, Reach.NEAR, Reach.OPENING, Reach.AROUND
_LABEL, _NORMAL, _MAYBE = Form.LABEL, Form.NORMAL, Form.MAYBE
_FIRES = (_PRESENT, _POSSIBLE)
_ASKED = Cue(role=_TURN, turns=_POSSIBLE, reach=_BACK)


def read(reading: Reading) -> None:
    """Go through a sentence once, cue by cue, and write down what it says of each concept."""
    reading.listed = list(_or_follows(reading.events))
    reading.commas = reading.events[-1].part if reading.events else 0
    for number, event in enumerate(reading.events):
        if event.names:
            _state(reading, number, event)
        reading.number = number
        if event.cues and event.start not in reading.filled.answers:
            _apply_all(reading, event)
    if reading.sentence.asked:
        place = Event(reading.sentence.last, reading.sentence.last, reading.commas, (), ())
        _turn_back(reading, place, _ASKED)
    excepts = not reading.sentence.kinds.isdisjoint(reading.lexicon.exceptions)
    for statement in reading.statements:
        _settle(statement, reading)
        if excepts and statement.assertion is _ABSENT and _excepted(reading, statement):
            statement.assertion = _POSSIBLE


def _or_follows(events: list[Event]) -> list[bool]:
    """Say for each event whether an "or" stands after it, before the list that it is in ends."""
    found: list[bool] = []
    follows = False
    for event in reversed(events):
        if event.cues:
            follows = follows or has_role(event, _EITHER)
            for cue in event.cues:
                if cue.role is _END or cue.turns is _ABSENT:
                    follows = False
        found.append(follows)
    return found[::-1]


def _state(reading: Reading, number: int, event: Event) -> None:
    """Say what the active cues make of the concepts named in one place."""
    told = reading.filled.said.get(number)
    for name in event.names:
        if name.form is _LABEL and told is None and not _label_denied(reading, event):
            continue
        assertion = told or asserted(reading, number, name)
        statement = Statement(event, name, assertion, name.worse, told is not None)
        reading.statements.append(statement)
    for active in reading.active.values():
        active.reached += 1


def _label_denied(reading: Reading, event: Event) -> bool:
    """Whether a bare label closes a list of things denied: "denies bowel/bladder"."""
    last = event.end >= reading.sentence.last
    closes = last or not reading.words.tokens[event.end][0].isalnum()
    return closes and _ABSENT in reading.active


def _ends_part(reading: Reading, event: Event) -> bool:
    """Whether nothing but a mark follows a phrase."""
    last = event.end >= reading.sentence.last
    return last or not reading.words.tokens[event.end][0].isalnum()


def _apply_all(reading: Reading, event: Event) -> None:
    """Apply the cues of one phrase; one that turned what stands before it is spent."""
    for cue in event.cues:
        if cue.reach is _BACK and _turn_back(reading, event, cue):
            return
    for cue in event.cues:
        if cue.reach is not _BACK:
            _apply(reading, event, cue)


def _apply(reading: Reading, event: Event, cue: Cue) -> None:
    """Let a cue begin, end or change what is active."""
    if cue.turns is not None:
        if cue.turns is not _HISTORICAL or event.start not in reading.lasting:
            _turn(reading, event, cue, cue.turns)
    elif cue.role is _END or (cue.role is _SUBJECT and _opens(reading, event)):
        reading.active.clear()
        reading.taught = None
    elif cue.role is _BREAK:
        _drop(reading, lambda a: a.cue.reach is _NEAR and a.reached > 0)
    elif cue.role is _FRESH:
        _freshen(reading, event)
    elif cue.role is _TEACHES and reading.taught is None:
        reading.taught = len(reading.statements)
    elif cue.role is _WARNINGS:
        _warn(reading, event)


def _drop(reading: Reading, which: Callable[[Active], bool]) -> None:
    for kind in [kind for kind, active in reading.active.items() if which(active)]:
        del reading.active[kind]


def _turn(reading: Reading, event: Event, cue: Cue, turns: Assertion) -> None:
    first = event.start == reading.sentence.first
    if cue.reach is _OPENING and not first and not _opens(reading, event):
        return
    if cue.reach is _AROUND:
        _turn_back(reading, event, cue)
    if cue.resets:
        reading.active.clear()
    denial = reading.active.get(_ABSENT)
    if denial and cue.sets_aside:
        same_part = event.part == denial.event.part
        if same_part and not denial.reached and event.start - denial.event.end <= _ADJACENT:
            return  # "no concern for": the doubt itself is denied
        del reading.active[_ABSENT]
    reading.active[turns] = Active(cue, event)


def _turn_back(reading: Reading, event: Event, cue: Cue) -> bool:
    """Turn the concepts just before a cue, and those joined to them; say whether there are any."""
    if cue.turns is _ABSENT and _opens(reading, event) and _names_next(reading, event):
        return False  # "foot drop, negative SLR"
    after, turned = event, False
    for statement in reversed(reading.statements[-_FURTHEST:]):
        here = statement.event
        if here is not after and not _only_fillers(reading, here.end, after.start):
            break
        if after is not event and here.part != after.part:
            break
        after = here
        if _can_turn(statement, reading, cue):
            statement.assertion = cue.turns or statement.assertion
            turned = True
    return turned or (cue.turns is _HISTORICAL and _ends_it(reading, event, cue))


def _ends_it(reading: Reading, event: Event, cue: Cue) -> bool:
    """Turn the one thing told before a comma: "numb bum after a long drive, resolved"."""
    if not (_opens(reading, event) and _ends_part(reading, event)):
        return False
    told = [s for s in reading.statements if s.event.part == event.part - 1 and s.name.concept]
    if len({s.event.start for s in told}) != 1:
        return False
    turned = [s for s in told if s.assertion is _PRESENT and _can_turn(s, reading, cue)]
    for statement in turned:
        statement.assertion = _HISTORICAL
    return bool(turned)


def _can_turn(statement: Statement, reading: Reading, cue: Cue) -> bool:
    """Whether a cue changes what was said of a concept before it."""
    concept = statement.name.concept
    if statement.settled or (cue.only is not None and concept not in cue.only):
        return False
    if cue is _ASKED and statement.assertion is not _PRESENT:
        return False
    return not (cue.turns is _HISTORICAL and concept in reading.lexicon.always_past)


def _names_next(reading: Reading, event: Event) -> bool:
    """Whether a concept follows directly after a cue."""
    after = reading.number + 1
    following = reading.events[after] if after < len(reading.events) else None
    return following is not None and bool(following.names) and following.start == event.end


def _only_fillers(reading: Reading, start: int, end: int) -> bool:
    """Whether a few words that change nothing are all that stands between two places."""
    if end - start > 2 * _FURTHEST:
        return False
    between = reading.words.tokens[start:end]
    return all(_changes_nothing(word, reading.lexicon.fillers) for word in between)


def _changes_nothing(word: str, fillers: frozenset[str]) -> bool:
    return word in fillers or (not word[0].isalnum() and word != "?")


def _opens(reading: Reading, event: Event) -> bool:
    """Whether an event stands directly after a comma."""
    place = event.start - 1
    return place >= reading.sentence.first and reading.words.tokens[place][0] == ","


def _freshen(reading: Reading, event: Event) -> None:
    """Mark what is new or worse; such a word ends what was said of the past."""
    denial = reading.active.get(_ABSENT)
    if denial and not denial.reached and event.start - denial.event.end <= _CLOSE:
        return  # "no new weakness", "not gotten worse"
    opens = _opens(reading, event)
    _drop(reading, lambda a: a.cue.turns is _HISTORICAL
          or (opens and a.cue.reach is _NEAR))  # fmt: skip
    reading.fresh.add(event.part)
    # "Foot drop, now worse": what stands alone after a comma is said of what stands before it.
    last = next((s for s in reversed(reading.statements) if s.event is not event), None)
    if last is not None and last.event.part == event.part - 1 and _ends_part(reading, event):
        reading.fresh.add(event.part - 1)


def _warn(reading: Reading, event: Event) -> None:
    """Take what is named in advice for a day that may come as not said of today."""
    if reading.warned is None:
        reading.warned = len(reading.statements)
    if reading.taught is None:
        return
    for statement in reading.statements[reading.taught :]:
        if not statement.settled:
            statement.assertion = _HYPOTHETICAL
    reading.taught = len(reading.statements)
    told = Cue(role=_TURN, turns=_HYPOTHETICAL, reach=Reach.SENTENCE)
    reading.active[_HYPOTHETICAL] = Active(told, event)


def _settle(statement: Statement, reading: Reading) -> None:
    """Turn round a name whose words say that all is well, and let doubt decide where it may."""
    statement.worse = statement.worse or statement.event.part in reading.fresh
    said = statement.assertion
    if statement.name.form is _NORMAL:
        urgent = statement.name.concept in reading.lexicon.urgent
        denied = _POSSIBLE if urgent else _UNCLEAR
        turned = {_PRESENT: _ABSENT, _ABSENT: denied}
        statement.assertion = turned.get(said, _UNCLEAR)
        if urgent and statement.assertion is _ABSENT and _in_part(reading, statement.event):
            statement.assertion = _UNCLEAR
    elif statement.name.form is _MAYBE and said is _PRESENT:
        statement.assertion = _POSSIBLE
    elif said is _HISTORICAL and statement.worse:
        statement.assertion = _PRESENT
    elif said is _PRESENT and _heads(statement, reading):
        statement.assertion = _SILENT


def _heads(statement: Statement, reading: Reading) -> bool:
    """Whether a name is the heading of what follows: "Red flags: fever"."""
    if statement.settled or statement.name.concept not in reading.lexicon.headings:
        return False
    place = statement.event.end
    return place < reading.sentence.last and reading.words.tokens[place] == ":"


def _in_part(reading: Reading, event: Event) -> bool:
    """Whether what follows says that something is normal only on one side, or only in one way.

    "Intact to light touch, reduced to pinprick", "normal on the right".
    """
    lexicon = reading.lexicon
    rest = _rest_of_part(reading, event)
    end = event.end + len(rest)
    after = reading.words.tokens[end + 1] if end + 1 < reading.sentence.last else ""
    sides = {lexicon.sides[token] for token in rest[:_CLOSE] if token in lexicon.sides}
    one_side = len(sides) == 1 and Side.BOTH not in sides
    return one_side or not lexicon.lessened.isdisjoint([*rest, after])


def _excepted(reading: Reading, statement: Statement) -> bool:
    """Whether an urgent denial is taken back for some part or time: "until yesterday"."""
    if statement.name.concept not in reading.lexicon.urgent:
        return False
    near = _rest_of_part(reading, statement.event)[:_CLOSE]
    return not reading.lexicon.exceptions.isdisjoint(near)


def _rest_of_part(reading: Reading, event: Event) -> list[str]:
    """Give the words that follow a phrase up to the next mark, some few of them."""
    tokens, last = reading.words.tokens, min(event.end + _FURTHEST, reading.sentence.last)
    end = next((n for n in range(event.end, last) if not tokens[n][0].isalnum()), last)
    return tokens[event.end : end]


def refer_back(reading: Reading) -> None:
    """Take a sentence of warnings as advice, because the next one says "if any of these"."""
    marks = [mark for mark in (reading.taught, reading.warned) if mark is not None]
    for statement in reading.statements[min(marks) :] if marks else ():
        if not statement.settled and statement.assertion in _FIRES:
            statement.assertion = _HYPOTHETICAL
