"""The words of questions and answers: what a short answer means, and what is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerWords:
    """What a short answer means when it is the whole of a value, in words or as a code."""

    # kind of answer -> its words: "no" it is not there (of a function: it is lost); "yes" it is
    # there (of a function: it is kept); "normal" all is well, of a symptom as of a function;
    # "reduced" a function is impaired; "quality" how or on which side a symptom is there.
    kinds: Mapping[str, frozenset[str]]
    harmless: frozenset[str]  # only these may follow a "no" or "normal" that is still one
    no_codes: frozenset[str]
    yes_codes: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionQuestions:
    """How a question asks for what the body does when all is well: a "no" says that it is lost."""

    of: frozenset[str]  # the concepts of functions: no other is asked for so
    able: tuple[str, ...]  # how it begins by itself: "can you feel "
    asks: tuple[str, ...]  # how it begins where one of these words follows
    normal: frozenset[str]
    unless: frozenset[str]  # words with which it may ask for the contrary


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyHeadings:
    """How the heading of questions about the family begins, and what makes it one of others too."""

    begins: tuple[str, ...]
    unless: frozenset[str]
