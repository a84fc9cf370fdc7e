"""What is remembered of codes: what each stands for, by itself and by the name it came with."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from service.clinical import fhir
from service.clinical.terminology import Terminology

_MOST_CODES = 5000  # of one day, in one process
_MOST_READINGS = 64  # one, or several where callers have codes of their own
_MOST_DAYS = 2  # callers in two time zones
_MOST_CODINGS = 8
_LONGEST_NAME = 200  # characters, of all of a code's names
_CODE = re.compile(r"[A-Za-z0-9.-]{1,20}")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Meaning:
    """What a CodeableConcept stands for: by its codes, and in its words.

    `known` keeps what was found out about it since: charts repeat themselves.
    """

    concepts: frozenset[str]  # of its codes; empty when none is known
    label: str
    code: str | None
    words: tuple[str, ...] = ()  # its text and displays, each once
    standard: bool = False  # it bears a code of a standard system for findings
    known: dict[str, Any] = field(init=False, default_factory=dict, repr=False)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to show a reader."""
        return bool(self.label)


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What CodeableConcepts stand for, and what a value is of that is named by one."""

    meanings: dict[fhir.CodeableConcept, Meaning] = field(default_factory=dict)
    names: dict[fhir.CodeableConcept, Any] = field(default_factory=dict)


@lru_cache(maxsize=_MOST_READINGS)
def _days(_reading: Hashable) -> dict[date, Memory]:
    return {}


def kept(reading: Hashable, as_of: date) -> Memory:
    """Give the memory that outlives a call: of one way of reading, for one day.

    It holds codes of published systems with the names that they were sent under, and nothing else
    of any chart: see `may_be_kept`. What is found in it is what would be found without it.
    """
    days = _days(reading)
    known = days.get(as_of)
    if known is None:
        if len(days) >= _MOST_DAYS:
            days.clear()
        known = days[as_of] = Memory()
    return known


def forget() -> None:
    """Forget everything."""
    _days.cache_clear()


def may_be_kept(memory: Memory, terms: Terminology, concept: fhir.CodeableConcept) -> bool:
    """Whether a concept is a short code of a published system, with no words but its display.

    Whoever sends it may write anything there: whether it is the published name nobody can tell.
    """
    codings = concept.coding
    if not codings or len(codings) > _MOST_CODINGS or type(concept) is not fhir.CodeableConcept:
        return False
    names = [coding.display or "" for coding in codings]
    return (
        len(memory.meanings) < _MOST_CODES
        and all(terms.is_published(coding.system) for coding in codings)
        and all(_CODE.fullmatch(coding.code or "") for coding in codings)
        and (concept.text is None or concept.text in names)
        and sum(map(len, names)) <= _LONGEST_NAME
    )
