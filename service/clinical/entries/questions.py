"""QuestionnaireResponse, and questions under headings: "Cannot empty" under "Bladder"."""

from collections.abc import Iterator

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.entries.answers import answer_of
from service.clinical.entries.statement import Statement
from service.clinical.entries.values import Named, named, read_value
from service.clinical.meaning import Reader, meaning

_NOT_ANSWERED = frozenset({"entered-in-error", "stopped"})
_SAYS_YES = frozenset({"yes", "quality"})
_DEEPEST_ITEM = 20  # questionnaires nest; deeper than any real one is not followed
_HEADING_ENDS = " :?.-"


def read_answers(reader: Reader, answers: fhir.QuestionnaireResponse) -> Iterator[Entry]:
    """Read a questionnaire: each question with an answer is a finding of the day."""
    if answers.status in _NOT_ANSWERED:
        return
    statement = Statement(
        reference=f"QuestionnaireResponse/{answers.id or ''}",
        group=Group.QUESTIONNAIRE_RESPONSES,
        asserted=reader.days(answers.authored),
    )
    for heading, item in _items(answers.item, None, _DEEPEST_ITEM):
        code = (item.linkId or "").rsplit("/", 1)[-1]
        coding = fhir.Coding(system=reader.reading.questions, code=code)
        asked = fhir.CodeableConcept(coding=(coding,), text=item.text)
        for answer in item.answer or ():
            yield from read_under(reader, statement, heading, asked, answer)


def _items(
    items: list[fhir.Item] | None, heading: str | None, depth: int
) -> Iterator[tuple[str | None, fhir.Item]]:
    """Give the questions of a questionnaire, and those below them, each with its heading.

    A heading is the nearest group's; a question below an answer is one of its own.
    """
    for item in items or ():
        yield heading, item
        if depth:
            below = None if item.answer else item.text or heading
            yield from _items(item.item, below, depth - 1)
            for answer in item.answer or ():
                yield from _items(answer.item, None, depth - 1)


def read_under(
    reader: Reader,
    statement: Statement,
    heading: str | None,
    asked: fhir.CodeableConcept | None,
    value: fhir.Value,
) -> Iterator[Entry]:
    """Read what a value answers that stands under a heading.

    A question that names nothing by itself is read with the heading before or behind it. What is
    asked under a heading of the family's says nothing of the patient.
    """
    words = meaning(reader, asked).label
    above = (heading or "").strip(_HEADING_ENDS)
    if above and words and value.valueQuantity is None:
        own = named(reader, asked)
        if _of_the_family(reader, above, words, own):
            return
        asked = asked if own.speaks else _joined(reader, above, words, value) or asked
    yield from read_value(reader, statement, asked, value)


def _of_the_family(reader: Reader, heading: str, words: str, own: Named) -> bool:
    said = reader.mentions(f"{heading}: {words}", None) if own.speaks else ()
    return any(m.assertion is Assertion.FAMILY and m.concept in own.states for m in said)


def _joined(
    reader: Reader, heading: str, words: str, value: fhir.Value
) -> fhir.CodeableConcept | None:
    """Give the question that a heading and its words make together, if it names a symptom.

    Where the heading names one itself, a "no" to one question denies but a part of it.
    """
    above = named(reader, fhir.CodeableConcept(text=heading))
    if above.states and answer_of(reader, value) not in _SAYS_YES:
        return None
    for text in (f"{heading} {words}", f"{words} {heading}"):
        question = fhir.CodeableConcept(text=text)
        if named(reader, question).states:
            return question
    return None
