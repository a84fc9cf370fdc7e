"""A short answer: yes, no, normal, reduced, or how it is; in words or as a code."""

import re
from collections.abc import Iterable
from itertools import dropwhile

from service.clinical import fhir
from service.clinical.meaning import Reader, listed

SAYS_THERE = frozenset({"yes", "quality"})  # the answers that say that a symptom is there
_WORDS = re.compile(r"[^\s,;:()]+")


def answer_of(reader: Reader, value: fhir.Value) -> str | None:
    """Sort a short answer: yes, no, normal, reduced; None for anything longer or for none."""
    words = reader.reading.answers
    if value.valueBoolean is not None:
        return "yes" if value.valueBoolean else "no"
    concept = coded_answer(value)
    codes = {c.code for c in (concept.coding if concept else None) or ()}
    if codes & words.no_codes:
        return "no"
    if codes & words.yes_codes:
        return "yes"
    return kind_of(reader, words_of_value(value) or "")


def bare_answer(reader: Reader, value: fhir.Value) -> str | None:
    """Sort an answer that is nothing more than one; None for a number, and where words go on."""
    if value.valueString is not None:
        return _kind_of_all(reader, _parts(value.valueString))
    return answer_of(reader, value)


def _parts(said: str) -> list[str]:
    return _WORDS.findall(said.lower().strip(" ."))


def _kind_of_all(reader: Reader, parts: list[str]) -> str | None:
    whole = " ".join(parts)
    return next((k for k, some in reader.reading.answers.kinds.items() if whole in some), None)


def kind_of(reader: Reader, said: str) -> str | None:
    """Sort the words of a short answer by the whole of it, else by how it begins.

    A "no" or "normal" that goes on counts only if nothing but harmless words follow: "no longer"
    and "no feeling" are no "no".
    """
    words = reader.reading.answers
    parts = _parts(said)
    found = _kind_of_all(reader, parts)
    if found or not parts:
        return found
    begins = next((kind for kind, some in words.kinds.items() if parts[0] in some), None)
    if begins in ("no", "normal") and not words.harmless.issuperset(parts[1:]):
        return None
    return begins


def asks_for_function(reader: Reader, asked: str) -> bool | None:
    """Whether a question asks for a function: "Can you control your bladder?".

    False where it may ask for the contrary, "Is your bladder control worse than normal?"; None
    where it is no such question.
    """
    words = reader.reading.function_questions
    parts = [part.strip("?.!") for part in _WORDS.findall(asked.lower().replace("’", "'"))]
    whole = " ".join(dropwhile(lambda part: not part.isalpha(), parts))  # "3) Can you ..."
    about_normal = whole.startswith(words.asks) and not words.normal.isdisjoint(parts)
    if not (whole.startswith(words.able) or about_normal):
        return None
    return words.unless.isdisjoint(parts)


def coded_answer(value: fhir.Value) -> fhir.CodeableConcept | None:
    """Give a coded answer, whichever of the two forms it has."""
    if value.valueCodeableConcept is not None:
        return value.valueCodeableConcept
    return fhir.CodeableConcept(coding=(value.valueCoding,)) if value.valueCoding else None


def words_of_value(value: fhir.Value) -> str | None:
    """Give the words of a value."""
    if value.valueString is not None:
        return value.valueString
    concept = coded_answer(value)
    if concept is None:
        return None
    return concept.text or next((c.display for c in concept.coding or () if c.display), None) or ""


def marks_of(value: fhir.Value) -> set[str | None]:
    """Give the codes by which the laboratory marks a value."""
    marks: Iterable[fhir.CodeableConcept] = listed(getattr(value, "interpretation", None))
    return {c.code for mark in marks for c in mark.coding or ()}
