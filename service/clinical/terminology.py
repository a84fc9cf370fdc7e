"""Which concepts a code or a name stands for, in the value sets that `cards/` ships."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
MEASURED = ("obs-", "root-")  # how the concepts of measured things, and of nerve roots, begin
_NOTHING: frozenset[str] = frozenset()
_CATEGORY_LENGTH = 3
_WORD = re.compile(r"[^\W_]+|\?")


def words_of(text: str) -> tuple[str, ...]:
    """Split a text into its words in lower case; a question mark is a word of its own."""
    return tuple(_WORD.findall(text.lower()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrases:
    """Phrases and what each means, to be found as whole words whatever stands between the words.

    `by_first_word` holds, for each first word, the phrases that begin with it, longest first.
    """

    by_first_word: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]

    def found_in(self, words: tuple[str, ...]) -> Iterator[str]:
        """Give the meanings of each phrase in a text.

        A longer phrase hides the shorter ones in it; one phrase may have several meanings.
        """
        place = 0
        while place < len(words):
            step = 1
            for phrase, meaning in self.by_first_word.get(words[place], ()):
                if len(phrase) >= step and words[place : place + len(phrase)] == phrase:
                    step = len(phrase)
                    yield meaning
            place += step


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Which studies are lumbar MRIs: the concepts of their codes, and words for those without one.

    `modality`, `region` and the two `words_…` are searched in the words of an order. `systems` are
    the code systems in which lumbar MRIs are ordered everywhere; an order for imaging (`imaging` in
    its words, or one of `categories`) without a code of these is one that we may have missed.
    """

    concepts: frozenset[str]
    with_contrast: str
    without_contrast: str
    contrast_only: str
    whole_spine: str
    modality: re.Pattern[str]
    region: re.Pattern[str]
    words_with: re.Pattern[str]
    words_without: re.Pattern[str]
    imaging: re.Pattern[str]
    categories: frozenset[str]
    systems: frozenset[str]

    def takes(self, concepts: frozenset[str], words: str) -> bool:
        """Whether a study is one of ours, by a code or, in lower case, by its words."""
        if concepts & self.concepts:
            return True
        return bool(self.modality.search(words) and self.region.search(words))


class NamedIn(NamedTuple):
    """What a text names: things measured; functions, by the symptom of their loss; topics."""

    things: frozenset[str] = _NOTHING
    functions: frozenset[str] = _NOTHING
    topics: frozenset[str] = _NOTHING  # symptoms that a question is about, whatever else it says


_NAMES_NOTHING = NamedIn()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Terminology:
    """The value sets turned round: from a code, or a name, to the concepts it stands for.

    `codes` maps (system, code) to value set names; ICD-10-CM codes stand there without the dot.
    `systems` maps every spelling of a code system (URL, OID) to the one used in `codes`.
    `published` holds every spelling of the systems that value sets are made of;
    `standard` are the systems whose codes name a thing for everybody, not for one site;
    `things` holds the names of things measured, of the roots they tell of, of drugs and trades;
    `names_only` are those of them for which no code is known: their names count beside any code;
    `functions` the names of what the body does when all is well, by the symptom of its loss;
    `topics` words of questions about a symptom, whatever else they say;
    `sides` the words for the sides of the body; `openers` the first words of things and functions.
    """

    codes: Mapping[tuple[str, str], frozenset[str]]
    systems: Mapping[str, str]
    published: frozenset[str]
    standard: frozenset[str]
    things: Phrases
    names_only: frozenset[str]
    functions: Phrases
    topics: Phrases
    sides: Phrases
    openers: frozenset[str]

    def concepts_of(self, system: str | None, code: str | None) -> frozenset[str]:
        """Give the concepts of one coding; empty when the code is not in any value set."""
        if not system or not code:
            return _NOTHING
        known = self.systems.get(system, system)
        found = self.codes.get((known, code))
        if found is not None:
            return found
        if known == ICD_10_CM:
            return self._icd_10_cm(code)
        return self.codes.get((known, code.strip()), _NOTHING)

    def is_standard(self, system: str | None) -> bool:
        """Whether a code system is one that names findings for everybody, not a site's own."""
        return system is not None and self.systems.get(system, system) in self.standard

    def is_published(self, system: str | None) -> bool:
        """Whether a code system is one of those that value sets are made of."""
        return system in self.published

    def _icd_10_cm(self, code: str) -> frozenset[str]:
        """Look up an ICD-10-CM code as EHRs write it: any case, with or without the dot.

        A code younger than the shipped release takes the concepts of its nearest known category.
        """
        plain = code.strip().replace(".", "").upper()
        while len(plain) >= _CATEGORY_LENGTH:
            found = self.codes.get((ICD_10_CM, plain))
            if found is not None:
                return found
            plain = plain[:-1]
        return _NOTHING

    def named(self, text: str, *, coded: bool) -> NamedIn:
        """Give the measured things, functions and topics that a text names.

        Where a standard code stands beside the text and is none of ours, it is another thing
        ("ideal body weight"), unless ours has no code at all.
        """
        words = words_of(text)
        if self.openers.isdisjoint(words):
            return _NAMES_NOTHING
        things = frozenset(n for n in self.things.found_in(words) if n.startswith(MEASURED))
        return NamedIn(
            things=things & self.names_only if coded else things,
            functions=frozenset(self.functions.found_in(words)),
            topics=frozenset(self.topics.found_in(words)),
        )

    def things_named(self, text: str) -> frozenset[str]:
        """Give the drugs and trades that a text names."""
        found = self.things.found_in(words_of(text))
        return frozenset(name for name in found if not name.startswith(MEASURED))

    def sides_named(self, text: str) -> frozenset[str]:
        """Give the sides of the body that a text names: `left`, `right`, `both`."""
        return frozenset(self.sides.found_in(words_of(text)))


def union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """Join sets of concepts."""
    return _NOTHING.union(*sets)
