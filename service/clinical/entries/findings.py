"""Findings: Observation with its components, DiagnosticReport."""

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.entries.questions import heading_of, read_under
from service.clinical.entries.statement import Statement, from_meaning, from_notes, from_text
from service.clinical.entries.values import named, read_value
from service.clinical.meaning import Reader, listed, meaning, side_of

_DROPPED = frozenset({"entered-in-error", "cancelled"})
_PRELIMINARY = frozenset({"registered", "preliminary", "partial"})
# "INDICATION:" at the beginning of a line or a sentence.
_HEADING = re.compile(r"(?:^|(?<=[.;\n]))\s*([A-Za-z][A-Za-z ]{2,40}):", re.MULTILINE)


def read_observation(reader: Reader, observation: fhir.Observation) -> Iterable[Entry]:
    """Read an Observation: its own value, that of each component, and its notes."""
    if observation.status in _DROPPED or _says_nothing(reader, observation):
        return ()
    return _told(reader, observation)


def _told(reader: Reader, observation: fhir.Observation) -> Iterator[Entry]:
    statement = _observed(reader, observation)
    if not observation.component or _has_value(observation):
        yield from read_value(reader, statement, observation.code, observation)
    parts = observation.component or ()
    heading = heading_of(reader, meaning(reader, observation.code).label) if parts else None
    for component in parts:
        yield from read_under(reader, statement, heading, component.code, component)
    yield from from_notes(reader, statement, observation.note)
    yield from from_text(reader, statement, observation.comment)


def _says_nothing(reader: Reader, observation: fhir.Observation) -> bool:
    """Whether nothing in an Observation is asked for: most readings are passed over at once."""
    if observation.note or observation.comment:
        return False
    if observation.component and not all(_is_plain(reader, c) for c in observation.component):
        return False
    name = named(reader, observation.code)
    if observation.valueString or observation.valueCodeableConcept:
        return not name.speaks and _is_idle_talk(reader, observation)
    if not name.speaks:
        return True
    return name.only_measured and _too_old(reader, observation)


def _is_plain(reader: Reader, component: fhir.Component) -> bool:
    """Whether a component is a number that nothing asks for."""
    worded = component.valueString or component.valueCodeableConcept
    answered = component.valueBoolean is not None
    return not worded and not answered and not named(reader, component.code).speaks


def _is_idle_talk(reader: Reader, observation: fhir.Observation) -> bool:
    """Whether words under a name that says nothing say nothing either.

    Surveys are filled in alike year after year: each pair of words is read once.
    """
    pair = (observation.code, observation.valueString, observation.valueCodeableConcept)
    found = reader.idle.get(pair)
    if found is None:
        made = any(
            read_value(reader, _observed(reader, observation), observation.code, observation)
        )
        found = reader.idle[pair] = not made
    return found


def _too_old(reader: Reader, observation: fhir.Observation) -> bool:
    """Whether a reading lies before the longest look-back that any question has for it."""
    when = reader.days(observation.effectiveDateTime)
    return when is not None and when.last < reader.oldest_reading


def _observed(reader: Reader, observation: fhir.Observation) -> Statement:
    period = observation.effectivePeriod
    when = observation.effectiveDateTime or observation.effectiveInstant or observation.issued
    when = when or (period.end or period.start if period else None)
    preliminary = observation.status in _PRELIMINARY
    asserted = reader.days(when)
    return Statement(
        reference=f"Observation/{observation.id or ''}",
        group=Group.OBSERVATIONS,
        assertion=Assertion.POSSIBLE if preliminary else Assertion.PRESENT,
        asserted=asserted,
        side=side_of(reader, meaning(reader, observation.bodySite)),
        misdated=bool(when and asserted is None),
    )


def _has_value(observation: fhir.Observation) -> bool:
    return any(getattr(observation, name) is not None for name in fhir.Value.__struct_fields__)


def read_report(reader: Reader, report: fhir.DiagnosticReport) -> Iterator[Entry]:
    """Read a report: which study it is of, what it concludes, in codes and in words."""
    if report.status in _DROPPED:
        return
    period = report.effectivePeriod
    when = report.effectiveDateTime or (period.start if period else None) or report.issued
    statement = Statement(
        reference=f"DiagnosticReport/{report.id or ''}",
        group=Group.DIAGNOSTIC_REPORTS,
        asserted=reader.days(when),
        delivered=True,
    )
    study = meaning(reader, report.code)
    yield from imaging(reader, statement, study.concepts, study.label, study.code)
    preliminary = report.status in _PRELIMINARY
    found = replace(statement, assertion=Assertion.POSSIBLE) if preliminary else statement
    for concept in (*listed(report.conclusionCode), *listed(report.codedDiagnosis)):
        yield from from_meaning(reader, found, meaning(reader, concept))
    yield from from_text(reader, found, _findings_of(reader, report.conclusion))


def _findings_of(reader: Reader, conclusion: str | None) -> str | None:
    """Leave out the parts of a report that say why it was made: they hold no finding."""
    if not conclusion:
        return None
    parts = _HEADING.split(conclusion)
    kept = [parts[0]]
    for heading, text in zip(parts[1::2], parts[2::2], strict=False):
        if heading.strip().lower() not in reader.reading.headings_of_reports:
            kept.append(f"{heading}: {text}")
    return "\n".join(kept)


def imaging(
    reader: Reader, statement: Statement, concepts: frozenset[str], label: str, code: str | None
) -> Iterator[Entry]:
    """Make the entry of a lumbar MRI that was done."""
    if reader.reading.trigger.takes(concepts, label.lower()):
        yield statement.entry(concepts | reader.reading.imaging, label, code)
