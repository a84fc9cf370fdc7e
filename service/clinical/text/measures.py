"""Numbers in a sentence: volumes, temperatures, scores, weights lost, and grades of strength."""

from msgspec import Struct

from service.clinical.chart import Measure, Side
from service.clinical.text.lexicon import Lexicon, Units
from service.clinical.text.words import Event, Sentence, Words

FULL_GRADE = "5"
FULL_SCORE = "10"
_GRADES = frozenset("012345")
_SLASH = "/"
_SIGNS = {"+": 1, "-": -1}
_THIRDS = 3
_AFTER = 6  # tokens after a name in which its number may stand
_BEFORE = 3  # tokens before a name in which its number may stand, if it has a unit
_LONGEST_UNIT = 2  # letters
_LONGEST_NUMBER = 6  # digits


class Score(Struct, frozen=True):
    """A number out of five or of ten, and where it stands."""

    place: int
    value: float


def measure_of(words: Words, sentence: Sentence, event: Event, units: Units) -> Measure | None:
    """Find the number that belongs to a name: after it, inside it, or before it with its unit."""
    tokens, start = words.tokens, event.start
    first, last = max(sentence.first, start - _BEFORE), min(sentence.last, event.end + _AFTER)
    for place in (*range(start, last), *range(first, start)):
        if not tokens[place][0].isdecimal():
            continue
        found = _reading(words, place, sentence.last, units, bare=place >= start)
        if found is not None:
            return found
    return None


def _reading(words: Words, place: int, last: int, units: Units, *, bare: bool) -> Measure | None:
    tokens = words.tokens
    token = tokens[place]
    if len(token) > _LONGEST_NUMBER:
        return None
    value = float(token)
    for unit in units.known:
        fits = unit.lowest <= value <= unit.highest
        if fits and any(_stands(tokens, place + 1, last, name) for name in unit.names):
            return Measure(value=value, unit=unit.unit)
    if not bare or (place + 1 < last and _is_of_something_else(words, place, units)):
        return None
    for unit in units.known:
        if not unit.names and unit.lowest <= value <= unit.highest:
            return Measure(value=value, unit=unit.unit)
    return None


def _is_of_something_else(words: Words, place: int, units: Units) -> bool:
    """Whether what follows a number makes it no reading: a part, or a unit that is not known.

    A short word that follows apart is a unit only of those kinds for which no other is listed:
    "38.6 at", "38.6 HR 110".
    """
    after = words.tokens[place + 1]
    if units.others is not None and words.starts[place + 1] > words.ends[place]:
        return after in units.others
    return after == _SLASH or (after.isalpha() and len(after) <= _LONGEST_UNIT)


def _stands(tokens: list[str], place: int, last: int, name: tuple[str, ...]) -> bool:
    end = place + len(name)
    return end <= last and tuple(tokens[place:end]) == name


def grades_in(words: Words, sentence: Sentence, lexicon: Lexicon) -> list[Score]:
    """Find grades of strength: "4/5", "4-/5", "3 out of 5", "MRC 4"; never the disc "L4/5"."""
    found: list[Score] = []
    if sentence.kinds.isdisjoint(_GRADES):
        return found
    for place in range(sentence.first, sentence.last):
        token = words.tokens[place]
        if len(token) == 1 and "0" <= token <= FULL_GRADE and _free(words, sentence, place):
            value = _grade(words.tokens, sentence, place, lexicon)
            if value is not None:
                found.append(Score(place, value))
    return found


def scores_in(words: Words, sentence: Sentence, lexicon: Lexicon) -> list[Score]:
    """Find scores of pain: "7/10", "7 out of 10"."""
    if FULL_SCORE not in sentence.kinds:
        return []
    return [
        Score(place, float(words.tokens[place]))
        for place in range(sentence.first, sentence.last)
        if words.tokens[place].isdecimal()
        and len(words.tokens[place]) <= len(FULL_SCORE)
        and float(words.tokens[place]) <= float(FULL_SCORE)
        and _free(words, sentence, place)
        and _out_of(words.tokens, place + 1, sentence.last, FULL_SCORE, lexicon)
    ]


def _free(words: Words, sentence: Sentence, place: int) -> bool:
    """Whether a number stands on its own, not as a part of a date or of a level of the spine."""
    if place == sentence.first or words.ends[place - 1] != words.starts[place]:
        return True
    before = words.tokens[place - 1]
    return not before[0].isalnum() and before != _SLASH


def _grade(tokens: list[str], sentence: Sentence, place: int, lexicon: Lexicon) -> float | None:
    before = tokens[place - 1] if place > sentence.first else ""
    sign, end = 0, place + 1
    if end < sentence.last and tokens[end] in _SIGNS:
        sign, end = _SIGNS[tokens[end]], end + 1
    if _out_of(tokens, end, sentence.last, FULL_GRADE, lexicon):
        over = end + 2  # "4/5-" and "4-/5" are written alike
        if not sign and over < sentence.last:
            sign = _SIGNS.get(tokens[over], 0)
    elif before not in lexicon.grade_of or (end < sentence.last and tokens[end] == _SLASH):
        return None
    return int(tokens[place]) + sign / _THIRDS


def _out_of(tokens: list[str], end: int, last: int, full: str, lexicon: Lexicon) -> bool:
    if end + 1 < last and tokens[end] == _SLASH and tokens[end + 1] == full:
        return not (end + 2 < last and tokens[end + 2] == _SLASH)
    after = end
    while after < last and tokens[after] in lexicon.out_of:
        after += 1
    return end < after < last and tokens[after] == full


def measured(score: Score, full: str) -> Measure:
    """Give a score as a measure."""
    return Measure(value=score.value, unit=_SLASH + full)


class Marked(Struct, frozen=True):
    """A word for a side, and where it stands."""

    place: int
    side: Side


def sides_in(words: Words, sentence: Sentence, lexicon: Lexicon) -> list[Marked]:
    """Find the words for sides; a letter that names a level of the spine ("L5") is none."""
    found: list[Marked] = []
    if sentence.kinds.isdisjoint(lexicon.sides):
        return found
    for place in range(sentence.first, sentence.last):
        token = words.tokens[place]
        side = lexicon.sides.get(token)
        after = words.tokens[place + 1] if place + 1 < sentence.last else ""
        level = len(token) == 1 and after[:1].isdecimal() and _stuck(words, place)
        if side is not None and not level:
            found.append(Marked(place, side))
    return found


def _stuck(words: Words, place: int) -> bool:
    return words.starts[place + 1] == words.ends[place]
