"""Diagnoses: Condition, AllergyIntolerance, FamilyMemberHistory."""

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.dates import Days, days_after, past_part
from service.clinical.entries.statement import Statement, from_meaning, from_notes
from service.clinical.meaning import Reader, meaning, plain_concept, status_code
from service.clinical.memory import Meaning

# The words of FHIR's own required code lists.
_ENDED = frozenset({"resolved", "inactive", "remission"})
_RELAPSED = frozenset({"recurrence", "relapse"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})
_WRONG = "entered-in-error"
_DAYS_A_YEAR = 365.2425
_DAYS_A_UNIT = {"d": 1.0, "day": 1.0, "days": 1.0, "wk": 7.0, "week": 7.0, "weeks": 7.0,
                "mo": 30.4375, "month": 30.4375, "months": 30.4375, "a": _DAYS_A_YEAR}  # fmt: skip


def read_condition(reader: Reader, condition: fhir.Condition) -> Iterator[Entry]:
    """Read a Condition; entered in error is a correction, as if it had never been made."""
    if status_code(condition.verificationStatus) == _WRONG:
        return
    what = meaning(reader, condition.code)
    if not condition.note and not reader.speaks(what):
        return
    statement = _statement_of(reader, condition)
    yield from from_meaning(reader, statement, what, condition.bodySite or ())
    yield from from_notes(reader, statement, condition.note)


def pointed_to(reader: Reader, statement: Statement, condition: fhir.Condition) -> Iterator[Entry]:
    """Read a Condition that something points to, as of that: dated and made by who points."""
    if status_code(condition.verificationStatus) == _WRONG:
        return
    said = _statement_of(reader, condition)
    stated = structs.replace(
        statement, assertion=said.assertion, onset=said.onset, ended=said.ended
    )
    what = meaning(reader, condition.code)
    yield from from_meaning(reader, stated, what, condition.bodySite or ())


def _statement_of(reader: Reader, condition: fhir.Condition) -> Statement:
    """Say what a Condition shares among its entries: its dates, and how sure it is."""
    status = status_code(condition.clinicalStatus)
    recorded = condition.recordedDate or condition.assertedDate or condition.dateRecorded
    ended = reader.days(condition.abatementDateTime) or _period_end(reader, condition)
    return Statement(
        reference=f"Condition/{condition.id or ''}",
        group=Group.CONDITIONS,
        assertion=_assertion(condition, ended=ended, status=status),
        onset=_onset(reader, condition),
        asserted=reader.days(recorded) or _visit(reader, condition),
        ended=ended,
        relapse=status in _RELAPSED,
        misdated=_misdated(reader, condition.onsetDateTime, recorded),
    )


def _visit(reader: Reader, condition: fhir.Condition) -> Days | None:
    """Give the day of the visit at which a Condition was written down, if it says so."""
    at = condition.encounter or condition.context
    return reader.visit(at.reference if at else None, f"Condition/{condition.id}")


def _assertion(condition: fhir.Condition, *, ended: Days | None, status: str | None) -> Assertion:
    """Say what a Condition asserts: refuted first, then what is over, then what is unsure.

    Over comes before unsure: a suspicion that was closed is no suspicion of today.
    """
    verification = status_code(condition.verificationStatus)
    if verification == "refuted":
        return Assertion.ABSENT
    over = ended or condition.abatementBoolean or condition.abatementString
    if over or condition.abatementAge or status in _ENDED:
        return Assertion.HISTORICAL
    return Assertion.POSSIBLE if verification in _UNSURE else Assertion.PRESENT


def _period_end(reader: Reader, condition: fhir.Condition) -> Days | None:
    return reader.days(condition.abatementPeriod.end) if condition.abatementPeriod else None


def _misdated(reader: Reader, *dates: str | None) -> bool:
    """Whether a date was given that cannot be: of the future, or on no calendar."""
    return any(text and reader.days(text) is None for text in dates)


def _onset(reader: Reader, condition: fhir.Condition) -> Days | None:
    """Read when a Condition began, in whichever form: a date, a period, an age, or words."""
    if condition.onsetPeriod:
        return reader.days(condition.onsetPeriod.start)
    if condition.onsetDateTime:
        return reader.days(condition.onsetDateTime)
    if condition.onsetAge:
        return at_age(reader, condition.onsetAge)
    if condition.onsetRange:
        return at_age(reader, condition.onsetRange.low, condition.onsetRange.high)
    if condition.onsetString:
        written = condition.recordedDate or condition.assertedDate
        return reader.since(condition.onsetString, reader.days(written))
    return None


def at_age(
    reader: Reader, low: fhir.Quantity | None, high: fhir.Quantity | None = None
) -> Days | None:
    """Turn an age into the days it may mean: the whole year, or month, of life that it names."""
    if reader.birth is None or low is None or low.value is None:
        return None
    unit = _DAYS_A_UNIT.get((low.code or low.unit or "a").lower(), _DAYS_A_YEAR)
    last = high.value if high and high.value is not None else low.value
    first = days_after(reader.birth.first, int(low.value * unit))
    ended = days_after(reader.birth.last, int((last + 1) * unit))
    return past_part(Days(first=first, last=max(first, ended)), reader.as_of)


def read_allergy(reader: Reader, allergy: fhir.AllergyIntolerance) -> Iterator[Entry]:
    """Read an allergy by its code and by the substances it reacts to; refuted ones say no."""
    verification = status_code(allergy.verificationStatus)
    if verification == _WRONG:
        return
    over = status_code(allergy.clinicalStatus) in _ENDED
    statement = Statement(
        reference=f"AllergyIntolerance/{allergy.id or ''}",
        group=Group.ALLERGIES,
        assertion=_allergy_assertion(verification, over=over),
        asserted=reader.days(allergy.recordedDate),
    )
    substances = [r.substance for r in allergy.reaction or () if r.substance]
    for concept in (allergy.code, *substances):
        yield from from_meaning(reader, statement, _substance(reader, concept))
    yield from from_notes(reader, statement, allergy.note)


def _substance(reader: Reader, concept: fhir.CodeableConcept | None) -> Meaning:
    """Give what an allergy is to: a drug's name is enough, since allergies are often uncoded."""
    what = meaning(reader, concept)
    named = frozenset(name for words in what.words for name in reader.terms.things_named(words))
    return replace(what, concepts=what.concepts | named)


def _allergy_assertion(verification: str | None, *, over: bool) -> Assertion:
    if verification == "refuted":
        return Assertion.ABSENT
    if over:
        return Assertion.HISTORICAL
    return Assertion.POSSIBLE if verification in _UNSURE else Assertion.PRESENT


def read_family(reader: Reader, family: fhir.FamilyMemberHistory) -> Iterator[Entry]:
    """Read what a relative had: only ever the family's, never the patient's."""
    if family.status == _WRONG:
        return
    statement = Statement(
        reference=f"FamilyMemberHistory/{family.id or ''}",
        group=Group.FAMILY_HISTORY,
        assertion=Assertion.FAMILY,
        asserted=reader.days(family.date),
    )
    for had in family.condition or ():
        yield from from_meaning(reader, statement, meaning(reader, plain_concept(had.code)))
