"""Answers behind their labels without a mark between, as a table leaves them: "Fever no"."""

from collections.abc import Iterator
from typing import NamedTuple

from service.clinical.chart import Assertion
from service.clinical.text.lexicon import Lexicon, Node
from service.clinical.text.options import END, LABEL, LINE, LONGEST_LABEL, Rewritten
from service.clinical.text.words import LINE_START, Words

_CELL = "|"
_OR = "/"
_MARKS = (_CELL, ".", ",", END)  # that may close a line
_MOST_ANSWERS = 1000  # of one text: no form asks more


class _Answer(NamedTuple):
    """A bare answer, where its label ends, and whether that is a name, or all of the line is."""

    place: int
    label_end: int
    named: bool
    whole: bool


class _Line(NamedTuple):
    """One line of a text without what stands around it, and the answers in it."""

    last: int
    answers: list[_Answer]
    goes_on: bool  # the next one begins with a small letter

    @property
    def ends_so(self) -> bool:
        """Whether it ends with an answer that is not the "no" of the next line."""
        return bool(self.answers) and self.answers[-1].place == self.last - 1


def with_colons(words: Words, lexicon: Lexicon) -> Words:
    """Put a colon between label and answer where lines, or the pairs of one line, are a table.

    In "Fever no / Foot drop yes" the "no" is that of the fever. A line is a row of a table where it
    ends with its one answer and the line beside it does too, or where it holds but a name and an
    answer; and it is a whole table where each of its answers stands behind a name, and one of them
    is a "yes" or the last word.
    """
    bare = lexicon.bare_answers.intersection(words.tokens)
    if not bare or sum(map(words.tokens.count, bare)) > _MOST_ANSWERS:
        return words
    lines = list(_lines(words, lexicon))
    rows = [_is_row(line) for line in lines]
    found, copied = Rewritten(words), 0
    for number, line in enumerate(lines):
        beside = any(rows[max(number - 1, 0) : number]) or any(rows[number + 1 : number + 2])
        if not ((rows[number] and (beside or _is_alone(line))) or _is_table(line, words, lexicon)):
            continue
        for answer in line.answers:
            found.copy(copied, answer.label_end)
            found.put(LABEL, answer.place)
            copied = answer.place + 1
            found.copy(answer.place, copied)
            if copied < len(words.tokens) and words.tokens[copied][0] not in _MARKS:
                found.put(END, copied)
    return found.all(copied) if copied else words


def _is_row(line: _Line) -> bool:
    """Whether a line ends with its only answer."""
    return line.ends_so and len(line.answers) == 1


def _is_alone(line: _Line) -> bool:
    """Whether a row is one without another beside it: a name and its answer, and no more."""
    return line.answers[0].whole and not line.goes_on


def _is_table(line: _Line, words: Words, lexicon: Lexicon) -> bool:
    """Whether a line is a table by itself: "Fever no, foot drop yes"."""
    if len(line.answers) < 2 or not all(answer.named for answer in line.answers):
        return False
    said = {lexicon.answers[words.tokens[answer.place]] for answer in line.answers}
    return Assertion.PRESENT in said or (line.ends_so and not line.goes_on)


def _lines(words: Words, lexicon: Lexicon) -> Iterator[_Line]:
    tokens, first = words.tokens, 0
    for end in [*(n for n, token in enumerate(tokens) if token[0] == LINE), len(tokens)]:
        last = end
        while first < last and (tokens[first] in LINE_START or tokens[first] == _CELL):
            first += 1
        while first < last and tokens[last - 1] in _MARKS:
            last -= 1
        after = words.text[words.starts[end + 1]] if end + 1 < len(tokens) else ""
        until = len(tokens) if after.islower() else last
        answers = [
            answer
            for answer in _answers(tokens, first, last, lexicon)
            if not _begins_a_phrase(tokens, answer.place, until, lexicon)
        ]
        yield _Line(last, answers, after.islower())
        first = end + 1


def _answers(tokens: list[str], first: int, last: int, lexicon: Lexicon) -> Iterator[_Answer]:
    """Give the bare answers of a line that stand behind words, none where other marks stand."""
    for place in range(first + 1, last):
        if tokens[place] not in lexicon.bare_answers:
            continue
        end = place - (tokens[place - 1] == _CELL)
        before = tokens[end - 1]
        if not before[:1].isalnum() or before in lexicon.fillers or before in lexicon.bare_answers:
            continue
        if tokens[place + 1 : place + 2] == [_OR]:
            continue  # "Y/N" as printed
        start = _name_before(tokens, first, end, lexicon)
        if start is not None or end - first <= LONGEST_LABEL:
            yield _Answer(place, end, start is not None, start == first)


def _begins_a_phrase(tokens: list[str], place: int, until: int, lexicon: Lexicon) -> bool:
    """Whether a "no" belongs to what follows it, on a next line as well: "foot drop no better"."""
    node: Node | None = lexicon.root.edges.get(tokens[place])
    for token in tokens[place + 1 : min(place + LONGEST_LABEL, until)]:
        if token[0] == LINE:
            continue
        node = node.edges.get(token) if node else None
        if node and (node.names or node.cues):
            return True
    return False


def _name_before(tokens: list[str], first: int, end: int, lexicon: Lexicon) -> int | None:
    """Find where the longest name begins that ends at a place; None where none does."""
    for start in range(max(first, end - LONGEST_LABEL), end):
        node = lexicon.root.edges.get(tokens[start])
        for token in tokens[start + 1 : end]:
            node = node.edges.get(token) if node else None
        if node and node.names:
            return start
    return None
