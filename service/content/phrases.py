"""Phrases with alternatives and gaps, made into a net of words that the text reader walks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter
from pathlib import Path

from service.clinical.text.lexicon import Cue, Name, Node
from service.clinical.text.words import words_in
from service.errors import BadContent

_ANY = "*"
_MOST_FILLERS = 3
_GROUP = re.compile(r"(?<!\S)\(([^()]+ [^()]+)\)(?!\S)")
_SHORTEST_PLURAL = 4  # letters a word must have to be given its plural
# A step of a phrase: its alternatives, each of one or more words, and whether it may be left out.
Step = tuple[tuple[tuple[str, ...], ...], bool]
Phrase = tuple[tuple[Step, ...], Name | Cue]


class Phrases:
    """Turns the phrases of one language into steps, by its named sets of words."""

    def __init__(self, path: Path, joined: re.Pattern[str], sets: Mapping[str, list[str]]) -> None:
        self.path = path
        self.joined = joined
        self.sets = sets

    def words(self, text: str) -> tuple[str, ...]:
        """Split a phrase into tokens as the reader splits a text."""
        return tuple(words_in(text, self.joined, {}).tokens)

    def steps(self, phrase: str, *, plurals: bool) -> tuple[Step, ...]:
        """Read a phrase: (x) may be left out, a|b is either, <x> a set, * words between."""
        found: list[Step] = []
        for part in phrase.split():
            if part == _ANY:
                found += [(self._either(f"<{_ANY}>", plurals=False), True)] * _MOST_FILLERS
                continue
            optional = part.startswith("(") and part.endswith(")") and len(part) > 2
            options = self._either(part[1:-1] if optional else part, plurals=plurals)
            # One word written with a mark inside, as "5/5", is several steps.
            split = not optional and len(options) == 1
            found += (
                [((word,), False) for word in _single(options)] if split else [(options, optional)]
            )
        if not any(not optional for _, optional in found):
            raise BadContent(self.path, phrase, "would match where nothing stands")
        return tuple(found)

    def _either(self, part: str, *, plurals: bool) -> tuple[tuple[str, ...], ...]:
        found: set[tuple[str, ...]] = set()
        for option in part.split("|"):
            named = option.startswith("<") and option.endswith(">")
            if named and option[1:-1] not in self.sets:
                raise BadContent(self.path, part, f"names {option}, which is no set of words")
            for entry in self.sets[option[1:-1]] if named else (option,):
                words = self.words(entry)
                if not words:
                    raise BadContent(self.path, part, "holds an empty word")
                found.add(words)
                if plurals and len(words[-1]) >= _SHORTEST_PLURAL and words[-1].isalpha():
                    found.add((*words[:-1], f"{words[-1]}s"))
        return tuple(sorted(found))


def variants(phrase: str) -> Iterator[str]:
    """Give a phrase with and without each group of several words that may be left out."""
    group = _GROUP.search(phrase)
    if group is None:
        yield phrase
        return
    before, after = phrase[: group.start()], phrase[group.end() :]
    yield from variants(f"{before}{group[1]}{after}")
    yield from variants(f"{before} {after}")


def _single(options: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, ...]]:
    return ((word,) for word in options[0])


def needed_words(phrases: Iterable[tuple[Step, ...]], everyday: frozenset[str]) -> Iterator[str]:
    """Give, for each phrase, the words of one step that it needs: the one that is rarest."""
    steps = [[options for options, optional in phrase if not optional] for phrase in phrases]
    uses = Counter(word for options in chain(*steps) for word in {o[0] for o in options})

    def commonness(options: tuple[tuple[str, ...], ...]) -> tuple[bool, bool, int]:
        """Say how often the words of a step stand where its phrase does not."""
        first = {option[0] for option in options}
        marks = any(not word[0].isalpha() for word in first)
        return marks, not everyday.isdisjoint(first), max(uses[word] for word in first)

    for needed in steps:
        yield from (option[0] for option in min(needed, key=commonness))


class Net:
    """Builds the net of words; places from which the same may follow are one."""

    def __init__(self) -> None:
        self.built: dict[frozenset[Phrase], Node] = {}

    def node(self, phrases: frozenset[Phrase]) -> Node:
        """Build the place from which some phrases go on."""
        if phrases in self.built:
            return self.built[phrases]
        ended: list[Name | Cue] = []
        groups: dict[tuple[str, ...], set[Phrase]] = {}
        for steps, meaning in _without_optional(phrases):
            if not steps:
                ended.append(meaning)
                continue
            options, rest = steps[0][0], steps[1:]
            single = tuple(option[0] for option in options if len(option) == 1)
            if single:
                groups.setdefault(single, set()).add((rest, meaning))
            for option in options:
                if len(option) > 1:
                    more = tuple((((word,),), False) for word in option[1:])
                    groups.setdefault((option[0],), set()).add(((*more, *rest), meaning))
        edges: dict[str, list[Node]] = {}
        for words, rests in sorted(groups.items(), key=itemgetter(0)):
            after = self.node(frozenset(rests))
            for word in words:
                edges.setdefault(word, []).append(after)
        node = Node(
            edges={word: tuple(after) for word, after in sorted(edges.items())},
            names=tuple(sorted({e for e in ended if isinstance(e, Name)}, key=repr)),
            cues=tuple(sorted({e for e in ended if isinstance(e, Cue)}, key=_order)),
            capitals=any(isinstance(e, Name) and e.capitals for e in ended),
        )
        self.built[phrases] = node
        return node


def _order(cue: Cue) -> tuple[str | bool | list[str], ...]:
    turned = cue.turns or "", cue.urgent or "", sorted(cue.only or ())
    return cue.role, cue.reach, *turned, cue.resets, cue.sets_aside


def _without_optional(phrases: Iterable[Phrase]) -> set[Phrase]:
    """Add each phrase without the steps at its head that may be left out."""
    found: set[Phrase] = set()
    for steps, meaning in phrases:
        rest = steps
        while rest and rest[0][1]:
            found.add((((rest[0][0], False), *rest[1:]), meaning))
            rest = rest[1:]
        found.add((rest, meaning))
    return found
