"""QuestionnaireResponse, and questions under headings: "Cannot empty" under "Bladder"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from service.clinical import fhir
from service.clinical.chart import Entry, Group
from service.clinical.entries.answers import SAYS_THERE, bare_answer
from service.clinical.entries.statement import Statement
from service.clinical.entries.values import named, read_value
from service.clinical.meaning import Reader, meaning

_NOT_ANSWERED = frozenset({"entered-in-error", "stopped"})
_DEEPEST_ITEM = 20  # questionnaires nest; deeper than any real one is not followed
_LONGEST_HEADING = 200  # characters: what is longer is no heading, and costs time
_WORD = re.compile(r"[\w']+|[/&+]")


class Heading(NamedTuple):
    """The words above questions, and whether they, or those above them, are of the family."""

    words: str
    of_family: bool


def heading_of(reader: Reader, text: str | None, above: Heading | None = None) -> Heading | None:
    """Give the heading that a text makes below another: the nearest that has words."""
    words = (text or "").strip()
    if not words or len(words) > _LONGEST_HEADING:
        return above
    of_family = _is_of_family(reader, words)
    return Heading(words, of_family or bool(above and above.of_family))


def _is_of_family(reader: Reader, words: str) -> bool:
    begins = reader.reading.family_headings.begins
    return words.lower().startswith(begins) and not _is_of_patient(reader, words)


def _is_of_patient(reader: Reader, words: str) -> bool:
    """Whether words about the family name the patient, or anyone else, as well."""
    return not reader.reading.family_headings.unless.isdisjoint(_WORD.findall(words.lower()))


def read_answers(reader: Reader, answers: fhir.QuestionnaireResponse) -> Iterator[Entry]:
    """Read a questionnaire: each question with an answer is a finding of the day."""
    if answers.status in _NOT_ANSWERED:
        return
    statement = Statement(
        reference=f"QuestionnaireResponse/{answers.id or ''}",
        group=Group.QUESTIONNAIRE_RESPONSES,
        asserted=reader.days(answers.authored),
    )
    for heading, item in _items(reader, answers.item, None, _DEEPEST_ITEM):
        code = (item.linkId or "").rsplit("/", 1)[-1]
        coding = fhir.Coding(system=reader.reading.questions, code=code)
        asked = fhir.CodeableConcept(coding=(coding,), text=item.text)
        for answer in item.answer or ():
            yield from read_under(reader, statement, heading, asked, answer)


def _items(
    reader: Reader, items: list[fhir.Item] | None, heading: Heading | None, depth: int
) -> Iterator[tuple[Heading | None, fhir.Item]]:
    """Give the questions of a questionnaire, and those below them, each with its heading."""
    for item in items or ():
        yield heading, item
        if depth:
            below = heading_of(reader, item.text, heading)
            yield from _items(reader, item.item, below, depth - 1)
            for answer in item.answer or ():
                yield from _items(reader, answer.item, below, depth - 1)


def read_under(
    reader: Reader,
    statement: Statement,
    heading: Heading | None,
    asked: fhir.CodeableConcept | None,
    value: fhir.Value,
) -> Iterator[Entry]:
    """Read what a value answers that stands under a heading.

    A question that names nothing by itself is read with the heading before or behind it, where the
    answer then says that something is there: a "no" to it denies no more than a part of what its
    heading names. What is asked of the family says nothing of the patient.
    """
    words = meaning(reader, asked).label
    under, own = heading_of(reader, words, heading), named(reader, asked)
    if under and under.of_family and own.states and not _is_of_patient(reader, words):
        return
    if heading and words and not own.speaks:
        asked = _joined(reader, heading.words, words, bare_answer(reader, value)) or asked
    yield from read_value(reader, statement, asked, value)


def _joined(
    reader: Reader, heading: str, words: str, answer: str | None
) -> fhir.CodeableConcept | None:
    """Give the question that a heading and its words make together, if the answer asserts it.

    "Any" or "checked" under a heading that names a symptom is no such question, and "weakness"
    under "Arms" names the weakness by itself.
    """
    if answer is None or answer == "normal":
        return None
    above = named(reader, fhir.CodeableConcept(text=heading))
    for text in (f"{heading} {words}", f"{words} {heading}"):
        question = fhir.CodeableConcept(text=text)
        name = named(reader, question)
        if answer in SAYS_THERE:
            if name.symptoms & _spanned(reader, text, heading, words):
                return question
        elif name.functions and (answer == "reduced" or not above.functions):
            return question
    return None


def _spanned(reader: Reader, text: str, *parts: str) -> frozenset[str]:
    """Give the concepts that a text names in words of which neither part has all."""
    said = reader.mentions(text, None)
    return frozenset(m.concept for m in said if not any(m.words in part for part in parts))
