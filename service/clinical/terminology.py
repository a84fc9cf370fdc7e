"""Which concepts a code or a name stands for, in the value sets that `cards/` ships."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
CUE_KINDS = ("possible", "family", "historical", "planned", "negated")
_NOTHING: frozenset[str] = frozenset()
_CATEGORY_LENGTH = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminology:
    """The value sets turned round: from a code, or a name, to the concepts it stands for.

    `codes` maps (system, code) to value set names; ICD-10-CM codes stand there without the dot.
    `systems` maps every spelling of a code system (URL, OID) to the one used in `codes`.
    `names` is one pattern over the names of concepts, one group a name; `groups` maps it to the
    concept. `cues` is one pattern over words that turn a meaning, one named group a kind of cue.
    """

    codes: Mapping[tuple[str, str], frozenset[str]]
    systems: Mapping[str, str]
    names: re.Pattern[str]
    groups: Mapping[str, str]
    cues: re.Pattern[str]

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

    def concepts_named(self, text: str) -> frozenset[str]:
        """Give the concepts whose name stands in a text, whatever else the text says of them."""
        return frozenset(
            self.groups[found.lastgroup]
            for found in self.names.finditer(text.lower())
            if found.lastgroup
        )

    def cue(self, text: str) -> str | None:
        """Name the kind of cue that turns a text; doubt comes first, since doubt may alarm."""
        kinds = {found.lastgroup for found in self.cues.finditer(text.lower())}
        return next((kind for kind in CUE_KINDS if kind in kinds), None)


def union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """Join sets of concepts."""
    return _NOTHING.union(*sets)
