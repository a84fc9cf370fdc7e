"""Options behind a label: "Saddle sensation: [ ] normal [x] reduced" says "reduced"."""

from typing import NamedTuple

from service.clinical.chart import Assertion
from service.clinical.text.forms import BOXES
from service.clinical.text.lexicon import Lexicon
from service.clinical.text.words import Words

_ANSWERED = (":", "=", "?")
_UNANSWERED = "_"
_BETWEEN = (",", "/", "|")
LABEL = ":"
END = ";"
LINE = "\n"
_ENDS = (LINE, END, ",", ")")
_LONGEST_OPTION = 3  # tokens
LONGEST_LABEL = 8  # tokens
_BOTH = {Assertion.ABSENT, Assertion.PRESENT}


class _Option(NamedTuple):
    """One option of several: its tokens, whether it is ticked, and where it ends with its box."""

    first: int
    last: int
    ticked: bool
    end: int


class _Answer(NamedTuple):
    """What was chosen, from which tokens to which, and where the options end."""

    chosen: list[tuple[int, int]]
    end: int


class Rewritten:
    """The tokens of a text while it is written anew: parts left out, marks put in."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.tokens: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def copy(self, first: int, last: int) -> None:
        """Take some tokens as they are."""
        words = self.words
        self.tokens += words.tokens[first:last]
        self.starts += words.starts[first:last]
        self.ends += words.ends[first:last]

    def all(self, first: int) -> Words:
        """Take the rest as it is, and give the text that they make."""
        self.copy(first, len(self.words.tokens))
        return self.words._replace(tokens=self.tokens, starts=self.starts, ends=self.ends)

    def put(self, token: str, place: int) -> None:
        """Put a token before another."""
        self.tokens.append(token)
        self.starts.append(self.words.starts[place])
        self.ends.append(self.words.starts[place])

    def drop(self) -> None:
        """Take the last token away."""
        for kept in (self.tokens, self.starts, self.ends):
            del kept[-1]

    def answer(self, place: int, answer: _Answer) -> None:
        """Write a colon for whatever ends the label, what was chosen, and an end if words go on.

        An answer takes the place of one that was left open just before it: "yes / no [x] yes".
        """
        while self.tokens and self.tokens[-1][0] in (LINE, _UNANSWERED):
            self.drop()
        if self.tokens and self.tokens[-1] in _ANSWERED:
            self.tokens[-1] = LABEL
        else:
            self.put(LABEL, place)
        for first, last in answer.chosen:
            self.copy(first, last)
        if not answer.chosen:
            self.put(_UNANSWERED, place)
        tokens, end = self.words.tokens, answer.end
        self.ends[-1] = self.words.ends[end - 1]  # the boxes beside it are a part of what is shown
        if end < len(tokens) and tokens[end][0].isalnum():
            self.put(END, end)


def chosen(words: Words, lexicon: Lexicon) -> Words:
    """Leave of the options of a form those that are ticked, and of a question its answer.

    Where none is ticked, or "yes / no" stands as printed, nothing was answered.
    """
    tokens, kinds = words.tokens, set(words.tokens)
    boxes = {kind for kind in kinds if _box(kind) is not None}
    printed = "/" in kinds and not kinds.isdisjoint(_ANSWERED)
    untold = not kinds.isdisjoint(lexicon.unanswered) and not kinds.isdisjoint(_ANSWERED)
    both = "/" in kinds and {lexicon.answers[k] for k in kinds & lexicon.answers.keys()} >= _BOTH
    if not boxes and not printed and not untold and not both and "?" not in kinds:
        return words
    found, copied, place = Rewritten(words), 0, 0
    opening = tokens[0][0] == LINE
    while place < len(tokens):
        skipped = _choice(tokens, place, lexicon) if printed else 0
        begins = place > opening and (tokens[place] in boxes or tokens[place - 1] in _ANSWERED)
        answer = _answer(tokens, place, lexicon) if begins and not skipped else None
        if both and not (skipped or answer):
            answer = _left_open(tokens, place, lexicon)
        if skipped or answer:
            found.copy(copied, place)
        if answer:
            found.answer(place, answer)
        place = answer.end if answer else place + skipped
        copied = place if skipped or answer else copied
        place += not (skipped or answer)
    return found.all(copied)


def _answer(tokens: list[str], place: int, lexicon: Lexicon) -> _Answer | None:
    """Read the answer that begins at a place, if one does."""
    boxes_first = _box(tokens[place]) is not None
    lined = boxes_first and tokens[place - 1][0] == LINE
    answers = tokens[place - 1 - lined] in _ANSWERED
    options = _options(tokens, place, lexicon) if boxes_first or answers else []
    # A line alone before a word may have been written on: it is no empty box.
    one = len(options) == 1 and answers and (tokens[place] in BOXES or options[0].ticked)
    if len(options) > 1 or (one and boxes_first):
        return _Answer([(o.first, o.last) for o in options if o.ticked], options[-1].end)
    end = _printed(tokens, place, lexicon) if answers else 0
    if end:
        return _Answer([], end)
    if tokens[place - 1] == "?" and _alone(tokens, place, lexicon):
        return _Answer([(place, place + 1)], place + 1)
    return None


def _options(tokens: list[str], place: int, lexicon: Lexicon) -> list[_Option]:
    """Read "[ ] normal [x] reduced", or "yes [x] no [ ]", from a place on."""
    boxes_first = _box(tokens[place]) is not None
    found: list[_Option] = []
    while place < len(tokens):
        first = last = place + boxes_first
        while last < len(tokens) and last - first < _LONGEST_OPTION:
            if tokens[last] not in lexicon.options:
                break
            last += 1
        box = place if boxes_first else last
        ticked = _box(tokens[box]) if last > first and box < len(tokens) else None
        if ticked is None or (boxes_first and _names_more(tokens, first, last, lexicon)):
            break
        found.append(_Option(first, last, ticked, max(last, box + 1)))
        place = _next_option(tokens, found[-1].end, boxes_first=boxes_first)
    # One answer and then boxes before other words are a list of things, each with its own.
    is_list = len(found) == 1 and place < len(tokens) and _box(tokens[place]) is not None
    return [] if boxes_first and is_list else found


def _names_more(tokens: list[str], first: int, last: int, lexicon: Lexicon) -> bool:
    """Whether words go on behind an option that is no answer by itself: "left leg weakness"."""
    goes_on = last < len(tokens) and tokens[last][0].isalnum()
    return goes_on and tokens[first] not in lexicon.answers


def _next_option(tokens: list[str], place: int, *, boxes_first: bool) -> int:
    """Step over a mark between options, and over the end of a line before a box."""
    if place + 1 >= len(tokens):
        return place
    line = boxes_first and tokens[place][0] == LINE and _box(tokens[place + 1]) is not None
    return place + (line or tokens[place] in _BETWEEN)


def _box(token: str) -> bool | None:
    """Say whether a box, or a line to write on, is ticked; None where it is neither."""
    if token[0] == "_":
        return {"": False, "x": True}.get(token.strip("_"))
    return BOXES.get(token)


def _choice(tokens: list[str], place: int, lexicon: Lexicon) -> int:
    """Say how many tokens "(Y/N)" takes before the mark behind which the answer stands."""
    end = _end_of_choice(tokens, place, lexicon)
    return end - place if end and _at(tokens, end)[0] in _ANSWERED else 0


def _left_open(tokens: list[str], place: int, lexicon: Lexicon) -> _Answer | None:
    """Read "Y/N" or "(yes / no)" behind a label: what follows was chosen, or nobody chose.

    Nobody did where the text, the line or the part ends there, or the next label follows with its
    own.
    """
    end, first = _end_of_choice(tokens, place, lexicon), place + (tokens[place] == "(")
    if not end or {lexicon.answers[tokens[first]], lexicon.answers[tokens[first + 2]]} != _BOTH:
        return None
    after, beyond = _at(tokens, end), _at(tokens, end + 1)
    if after in lexicon.answers and _alone(tokens, end, lexicon):
        return _Answer([(end, end + 1)], end + 1)
    ends = after[0] in _ENDS and beyond not in lexicon.answers and _box(beyond) is None
    goes_on = any(_both(tokens[n : n + 3], lexicon) for n in range(end, end + LONGEST_LABEL))
    return _Answer([], end) if ends or goes_on else None


def _end_of_choice(tokens: list[str], place: int, lexicon: Lexicon) -> int:
    """Say where "yes / no", or that in brackets, ends; 0 where none begins."""
    inside = tokens[place] == "("
    end = place + inside + 3
    if not _both(tokens[place + inside : end], lexicon):
        return 0
    return end + inside if not inside or _at(tokens, end) == ")" else 0


def _at(tokens: list[str], place: int) -> str:
    """Give a token, or an end behind the last."""
    return tokens[place] if place < len(tokens) else END


def _both(tokens: list[str], lexicon: Lexicon) -> bool:
    """Whether tokens are "yes / no", or the like."""
    return len(tokens) > 2 and tokens[1] == "/" and {tokens[0], tokens[2]} <= lexicon.answers.keys()


def _printed(tokens: list[str], place: int, lexicon: Lexicon) -> int:
    """Say where what is no answer ends: "yes / no", "not tested", an empty line or box; else 0."""
    if _box(tokens[place]) is False:
        after = _at(tokens, place + 1)
        told = after[0].isalnum() and (tokens[place] in BOXES or after in lexicon.answers)
        return 0 if told else place + 1
    for phrase in lexicon.unanswered.get(tokens[place], ()):
        end = place + len(phrase)
        goes_on = end < len(tokens) and tokens[end][0].isalnum()
        if tuple(tokens[place:end]) == phrase and not goes_on:
            return end
    return place + 3 if _both(tokens[place : place + 3], lexicon) else 0


def _alone(tokens: list[str], place: int, lexicon: Lexicon) -> bool:
    """Whether one word answers a question: "Numbness? No." """
    after = _at(tokens, place + 1)
    return tokens[place] in lexicon.answers and not after[0].isalnum() and _box(after) is None
