"""One resource as a statement: what all its entries share, and the entries that its words make."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group, Measure, Side
from service.clinical.dates import Days
from service.clinical.meaning import Reader, side_of
from service.clinical.memory import Meaning
from service.clinical.text import Mention

# What a resource says of itself as a whole; words in it can be no more certain than that.
_OVER = frozenset({Assertion.ABSENT, Assertion.HISTORICAL, Assertion.PLANNED})
_CURRENT = frozenset({Assertion.PRESENT, Assertion.POSSIBLE})


class Statement(Struct, frozen=True, kw_only=True):
    """What every entry of one resource shares: where it stands, when, and how sure it is."""

    reference: str
    group: Group
    assertion: Assertion = Assertion.PRESENT
    onset: Days | None = None
    asserted: Days | None = None
    ended: Days | None = None
    side: Side = Side.UNSTATED
    supply: Days | None = None
    delivered: bool = False
    elsewhere: bool = False
    relapse: bool = False
    misdated: bool = False

    def entry(
        self,
        concepts: frozenset[str],
        label: str,
        code: str | None = None,
        *,
        assertion: Assertion | None = None,
        side: Side | None = None,
        measure: Measure | None = None,
    ) -> Entry:
        """Make the entry of some concepts; what it says of its own takes the place of the rest."""
        return Entry(
            reference=self.reference,
            group=self.group,
            concepts=concepts,
            label=label,
            code=code,
            assertion=assertion or self.assertion,
            onset=self.onset,
            asserted=self.asserted,
            ended=self.ended,
            side=side or self.side,
            measure=measure,
            supply=self.supply,
            delivered=self.delivered,
            elsewhere=self.elsewhere,
            relapse=self.relapse,
            misdated=self.misdated,
        )


def from_meaning(
    reader: Reader,
    statement: Statement,
    what: Meaning,
    body_sites: Iterable[fhir.CodeableConcept] = (),
) -> Iterator[Entry]:
    """Make the entries of a CodeableConcept: of its codes, and of what its words name beyond."""
    said = reader.said(what, statement.asserted)
    if not what.concepts and not said:
        return
    stated = replace(statement, side=side_of(reader, what, body_sites))
    if what.concepts:
        entry = stated.entry(what.concepts, what.label, what.code)
        same = [m for m in said if m.concept in what.concepts]
        yield _qualified(entry, same)
    covered = what.concepts.union(*(reader.reading.covers.get(c, ()) for c in what.concepts))
    for mention in dict.fromkeys(m for m in said if m.concept not in covered):
        yield from_mention(reader, stated, mention, label=what.label, code=what.code)


def _qualified(entry: Entry, same: list[Mention]) -> Entry:
    """Add to a coded entry what its own words say of its onset, side and course."""
    if not same:
        return entry
    onset = next((m.onset for m in same if m.onset), None)
    side = next((m.side for m in same if m.side is not Side.UNSTATED), Side.UNSTATED)
    return replace(
        entry,
        onset=entry.onset or onset,
        side=entry.side if entry.side is not Side.UNSTATED else side,
        worse=any(m.worse for m in same),
    )


def from_mention(
    reader: Reader,
    statement: Statement,
    mention: Mention,
    *,
    label: str | None = None,
    code: str | None = None,
    narrative: bool = False,
) -> Entry:
    """Make the entry of one mention: no surer than its resource, and no surer than its words."""
    concepts = reader.reading.implies.get(mention.concept, frozenset()) | {mention.concept}
    entry = statement.entry(concepts, label or mention.phrase, code)
    return replace(
        entry,
        assertion=_surely(statement.assertion, mention.assertion),
        onset=mention.onset or statement.onset,
        side=_side(reader, mention, statement),
        measure=mention.measure,
        worse=mention.worse,
        narrative=narrative,
    )


def _side(reader: Reader, mention: Mention, statement: Statement) -> Side:
    """Say which side a mention speaks of: by its concept, by its words, or as its resource does."""
    if mention.concept in reader.reading.sides[Side.BOTH]:
        return Side.BOTH
    return mention.side if mention.side is not Side.UNSTATED else statement.side


def _surely(resource: Assertion, words: Assertion) -> Assertion:
    """Join what a resource says as a whole with what its words say.

    What a relative had, or had not, is the relative's in any words.
    """
    if words is Assertion.PRESENT or resource is Assertion.FAMILY:
        return resource
    if resource in _OVER and words in _CURRENT:
        return resource
    return words


def from_text(reader: Reader, statement: Statement, text: str | None) -> Iterator[Entry]:
    """Make the entries of a free text."""
    for mention in reader.mentions(text, statement.asserted):
        yield from_mention(reader, statement, mention, narrative=True)


def from_notes(
    reader: Reader, statement: Statement, notes: list[fhir.Annotation] | None
) -> Iterator[Entry]:
    """Make the entries of notes; a note that bears its own date is dated by that."""
    for note in notes or ():
        written = reader.days(note.time) or statement.asserted
        noted = replace(statement, asserted=written, assertion=Assertion.PRESENT, onset=None)
        yield from from_text(reader, noted, note.text)
