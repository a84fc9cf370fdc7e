"""The words of a text: its tokens, its sentences, and the phrases of the lexicon in them."""

import re
from collections.abc import Mapping
from itertools import accumulate, compress
from operator import eq, ne
from string import ascii_lowercase
from typing import NamedTuple

from msgspec import Struct

from service.clinical.text.lexicon import Cue, Form, Lexicon, Name, Node

# One token: a word, a number, a mark, a sign or box of a form. A hyphen inside a word is none, and
# a row of the same mark is one, so that a page of brackets costs no more than a page of words. What
# is met most comes first; the group makes `split` give the tokens with what stands between them.
_TOKEN = re.compile(
    r"([^\W\d]+(?:'[^\W\d]+)?|[0-9]+(?:\.[0-9]+)?|\.+|,+|\n\s*|\((?:[-+x ]?)\)|\[(?:[-+x ]?)\]"
    r"|(?<![^\W\d])-+|-+(?![^\W\d])|\(+|\)+|\[+|\]+|\?+|[^\w\s\"'“”‘`-])"
)
_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(r"[^\W\d]+")
_AN_INITIALISM = 2  # letters between the stops of "i.e." and the like
_LETTERS = frozenset(ascii_lowercase)  # "e.g." goes on
_A_NAME = 2  # tokens: a text so short in capitals is a name, not a shout
LINE_START = ("-", "*", "•", "·", ">")


class Event(Struct, frozen=True, gc=False):
    """A phrase of the lexicon where it stands in a sentence."""

    start: int
    end: int
    part: int  # how many commas stand before it
    names: tuple[Name, ...]
    cues: tuple[Cue, ...]


class Words(NamedTuple):
    """A text in tokens: each in lower case, with the place where it stands."""

    text: str
    tokens: list[str]
    starts: list[int]
    ends: list[int]
    shouted: bool  # all of it in capitals, so that they tell nothing


class Sentence(NamedTuple):
    """From which token to which a sentence runs, and how it hangs together with the others."""

    first: int
    last: int  # not included
    paragraph: int
    item: bool  # one item of a list
    opens_list: bool
    asked: bool  # it ends with a question mark
    kinds: frozenset[str]  # its tokens, each once


def lowered(text: str) -> str:
    """Write a text in lower case without moving a letter."""
    low = text.lower().replace("’", "'")
    if len(low) == len(text):
        return low
    return "".join(c if len(c.lower()) != 1 else c.lower() for c in text).replace("’", "'")


def speaks(text: str, lexicon: Lexicon) -> bool:
    """Whether a text holds any word that a name needs; cheap, for most labels hold none."""
    words = _WORD.findall(text.lower())
    if not lexicon.openers.isdisjoint(words):
        return True
    return not lexicon.counted.isdisjoint(words) and _DIGIT.search(text) is not None


def may_name(words: Words, lexicon: Lexicon) -> bool:
    """Whether a name may stand in some words, wherever sentences end, or a number of interest.

    False is certain; true is not: a longer phrase may hide the name, or a cue turn it.
    """
    numbered = _DIGIT.search(words.text) is not None
    if numbered and not lexicon.counted.isdisjoint(words.tokens):
        return True
    edges, last = lexicon.root.edges, len(words.tokens)
    for place, token in enumerate(words.tokens):
        node, end = edges.get(token), place + 1
        while node:
            if any(_may_count(name, numbered) for name in node.names):
                return True
            node = node.edges.get(words.tokens[end]) if end < last else None
            end += 1
    return False


def _may_count(name: Name, numbered: bool) -> bool:
    """Whether a name is one of a concept, and of no number where there is none."""
    return bool(name.concept) and (numbered or name.form is not Form.NUMBER)


def words_in(text: str, joined: re.Pattern[str], spellings: Mapping[str, str]) -> Words:
    """Split a text into tokens, and read what is often misspelled as it is meant."""
    low = lowered(text)
    if "/" in low or "&" in low:
        low = joined.sub(_as_one_word, low)
    pieces = _TOKEN.split(low)
    places = list(accumulate(map(len, pieces)))
    tokens, starts, ends = pieces[1::2], places[:-1:2], places[1::2]
    if any(map(eq, tokens, tokens[1:])):  # "no no no" says no more than "no", and costs no more
        anew = [True, *map(ne, tokens, tokens[1:])]
        starts, ends = list(compress(starts, anew)), list(compress(ends, anew))
        tokens = list(compress(tokens, anew))
    if not spellings.keys().isdisjoint(tokens):
        tokens = [spellings.get(token, token) for token in tokens]
    return Words(text, tokens, starts, ends, text.isupper() and len(tokens) > _A_NAME)


def _as_one_word(found: re.Match[str]) -> str:
    return found.group().replace("/", "_").replace("&", "_")


def sentences(words: Words, lexicon: Lexicon) -> list[Sentence]:
    """Split tokens into sentences; a semicolon, and a line that does not go on, end one too."""
    found: list[Sentence] = []
    first, paragraph, item = 0, 0, False
    for place, token in enumerate(words.tokens):
        if token[0] not in ".;!?\n" or not _ends(words, place, lexicon):
            continue
        if place > first:
            opens = words.tokens[place - 1] == ":"
            asked = token[0] == "?"
            kinds = frozenset(words.tokens[first:place])
            found.append(Sentence(first, place, paragraph, item, opens, asked, kinds))
        first = place + 1
        if token[0] == "\n":
            paragraph += token.count("\n") > 1
            item = first < len(words.tokens) and words.tokens[first][0] in LINE_START
    if first < len(words.tokens):
        last = len(words.tokens)
        kinds = frozenset(words.tokens[first:last])
        found.append(Sentence(first, last, paragraph, item, False, False, kinds))
    return found


def _ends(words: Words, place: int, lexicon: Lexicon) -> bool:
    """Whether a mark ends its sentence."""
    tokens, after = words.tokens, place + 1
    mark = tokens[place][0]
    if mark in ".?":
        stuck = after < len(tokens) and words.starts[after] == words.ends[place]
        if stuck and (tokens[after] in _LETTERS or not _begins_anew(words, after, mark)):
            return False
    before = tokens[place - 1] if place else ""
    if mark == "\n":
        return before not in lexicon.carry_on or tokens[place].count("\n") > 1
    if mark == "?":
        # "?CES" asks of what follows, "CES?" of what stands before.
        return place > 0 and words.ends[place - 1] == words.starts[place]
    return mark != "." or before not in lexicon.abbreviations


def _begins_anew(words: Words, place: int, mark: str) -> bool:
    """Whether what is stuck to a mark ends its sentence: "No fever.Foot drop", "fever.)"."""
    token = words.tokens[place]
    if mark == "?" or not token.isalpha():
        return token[0] == "\n" or (mark == "." and token[0] in ")]")
    before = words.tokens[place - 2] if place > 1 else ""
    two_words = before.isalpha() and min(len(before), len(token)) > _AN_INITIALISM
    return two_words or words.text[words.starts[place]].isupper()


def events_in(words: Words, sentence: Sentence, lexicon: Lexicon) -> list[Event]:
    """Find the phrases of the lexicon in a sentence; a longer one hides the shorter ones in it."""
    found: list[Event] = []
    begins, tokens = lexicon.root.edges, words.tokens
    place, part, last = sentence.first, 0, sentence.last
    while place < last:
        node = begins.get(tokens[place])
        if node is None:
            part += tokens[place][0] == ","
            place += 1
            continue
        longest: Event | None = None
        end = place + 1
        while node:
            names = _as_written(node, words, place, end) if node.capitals else node.names
            if names or node.cues:
                longest = Event(place, end, part, names, node.cues)
            node = node.edges.get(tokens[end]) if end < last else None
            end += 1
        if longest is not None:
            found.append(longest)
        place = longest.end if longest is not None else place + 1
    return found


def _as_written(node: Node, words: Words, place: int, end: int) -> tuple[Name, ...]:
    """Give the names that end here, one of which counts only in capitals."""
    if not words.shouted and words.text[words.starts[place] : words.ends[end - 1]].isupper():
        return node.names
    return tuple(name for name in node.names if not name.capitals)
