"""Which concepts a code or a name stands for, in the value sets that `cards/` ships."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
# The kinds of cue, doubt first: where a sentence holds several, doubt may alarm and so decides.
CUE_KINDS = ("possible", "family", "historical", "planned", "negated")
_NOTHING: frozenset[str] = frozenset()
_CATEGORY_LENGTH = 3
_A_NAME = ""  # stands in a sentence for the name that was found there
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

    def found_in(self, words: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
        """Give the meaning of each phrase in a text, and from which word to which it stands.

        A longer phrase hides the shorter ones in it.
        """
        place = 0
        while place < len(words):
            step = 1
            for phrase, meaning in self.by_first_word.get(words[place], ()):
                if words[place : place + len(phrase)] == phrase:
                    step = len(phrase)
                    yield meaning, place, place + step
                    break
            place += step


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminology:
    """The value sets turned round: from a code, or a name, to the concepts it stands for.

    `codes` maps (system, code) to value set names; ICD-10-CM codes stand there without the dot.
    `systems` maps every spelling of a code system (URL, OID) to the one used in `codes`.
    `names` holds the names of concepts, `cues` the words that turn the meaning of a sentence,
    `sides` the words for the sides of the body.
    """

    codes: Mapping[tuple[str, str], frozenset[str]]
    systems: Mapping[str, str]
    names: Phrases
    cues: Phrases
    sides: Phrases

    def concepts_of(self, system: str | None, code: str | None) -> frozenset[str]:
        """Give the concepts of one coding; empty when the code is not in any value set."""
        if not code:
            return _NOTHING
        known = self.systems.get(system or "", system or "")
        found = self.codes.get((known, code))
        if found is not None:
            return found
        if known == ICD_10_CM:
            return self._icd_10_cm(code)
        return self.codes.get((known, code.strip()), _NOTHING)

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

    def named(self, text: str) -> tuple[frozenset[str], str | None]:
        """Give the concepts whose name stands in a text, and the kind of cue that turns them.

        A word that belongs to a name is no cue: "fracture without cord injury" denies no fracture.
        """
        words = words_of(text)
        found = list(self.names.found_in(words))
        if not found:
            return _NOTHING, None
        rest: list[str] = []
        after = 0
        for _, first, end in found:
            rest += [*words[after:first], _A_NAME]
            after = end
        rest += words[after:]
        return frozenset(concept for concept, _, _ in found), self._cue_in(tuple(rest))

    def cue(self, text: str) -> str | None:
        """Name the kind of cue that turns a text; doubt comes first, since doubt may alarm."""
        return self._cue_in(words_of(text))

    def _cue_in(self, words: tuple[str, ...]) -> str | None:
        kinds = {kind for kind, _, _ in self.cues.found_in(words)}
        return next((kind for kind in CUE_KINDS if kind in kinds), None)

    def sides_named(self, text: str) -> frozenset[str]:
        """Give the sides of the body that a text names: `left`, `right`, `both`."""
        return frozenset(side for side, _, _ in self.sides.found_in(words_of(text)))


def union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """Join sets of concepts."""
    return _NOTHING.union(*sets)
