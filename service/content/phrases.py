"""Phrases with alternatives and gaps, made into a net of words that the text reader walks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

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
_Numbered = tuple[tuple[int, ...], int]
_Groups = dict[int, set[_Numbered]]


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


class _Words(NamedTuple):
    """The alternatives of one step: those of one word, and those of more by the first of them."""

    single: tuple[str, ...]
    longer: tuple[tuple[int, tuple[int, ...]], ...]
    optional: bool


class Net:
    """Builds the net of words; places from which the same may follow are one.

    Steps and meanings are known by their numbers, since the same are compared over and over.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._steps: list[_Words] = []
        self._numbers: dict[Step, int] = {}
        self._meanings: dict[Name | Cue, int] = {}
        self._built: dict[frozenset[_Numbered], Node] = {}
        numbered = [
            (tuple(map(self._step, steps)), self._meanings.setdefault(said, len(self._meanings)))
            for steps, said in phrases
        ]
        self._said = list(self._meanings)
        self.root = self._node(frozenset(numbered))

    def _step(self, step: Step) -> int:
        """Give the number of a step."""
        if step in self._numbers:
            return self._numbers[step]
        options, optional = step
        single = tuple(option[0] for option in options if len(option) == 1)
        longer = [[self._step((((word,),), False)) for word in o] for o in options if len(o) > 1]
        self._numbers[step] = len(self._steps)
        follow = tuple((first, tuple(rest)) for first, *rest in longer)
        self._steps.append(_Words(single, follow, optional))
        return self._numbers[step]

    def _node(self, phrases: frozenset[_Numbered]) -> Node:
        """Build the place from which some phrases go on."""
        if phrases in self._built:
            return self._built[phrases]
        groups, ended = self._heads(phrases)
        steps_of: dict[str, list[int]] = {}
        for step in sorted(groups):
            for word in self._steps[step].single:
                steps_of.setdefault(word, []).append(step)
        together = {word: tuple(steps) for word, steps in sorted(steps_of.items())}
        after = {
            steps: self._node(frozenset(chain(*map(groups.__getitem__, steps))))
            for steps in sorted(set(together.values()))
        }
        names = {said for said in ended if isinstance(said, Name)}
        self._built[phrases] = node = Node(
            edges={word: after[steps] for word, steps in together.items()},
            names=tuple(sorted(names, key=repr)),
            cues=tuple(sorted({said for said in ended if isinstance(said, Cue)}, key=_order)),
            capitals=any(name.capitals for name in names),
        )
        return node

    def _heads(self, phrases: Iterable[_Numbered]) -> tuple[_Groups, list[Name | Cue]]:
        """Give what goes on after each first step, and what has ended here.

        A step that may be left out is one beginning, and the step behind it another.
        """
        groups: _Groups = {}
        ended: list[Name | Cue] = []
        for steps, said in phrases:
            for at, number in enumerate(steps):
                step, rest = self._steps[number], steps[at + 1 :]
                groups.setdefault(number, set()).add((rest, said))
                for first, more in step.longer:
                    groups.setdefault(first, set()).add(((*more, *rest), said))
                if not step.optional:
                    break
            else:
                ended.append(self._said[said])
        return groups, ended


def _order(cue: Cue) -> tuple[str | bool | list[str], ...]:
    turned = cue.turns or "", cue.urgent or "", sorted(cue.only or ())
    return cue.role, cue.reach, *turned, cue.resets, cue.sets_aside
