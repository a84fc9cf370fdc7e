"""From one FHIR resource to the entry of the chart that it makes, or to none."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from service.clinical import resources as fhir
from service.clinical.chart import Assertion, Entry, Group, Measure
from service.clinical.dates import Days, read_days
from service.clinical.meaning import CUES, Meaning, Reader, meaning, side_of, status_code
from service.clinical.terminology import union

# The words of FHIR's own required code lists.
_ENDED = frozenset({"resolved", "inactive", "remission"})
_RELAPSED = frozenset({"recurrence", "relapse"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})
_DONE = frozenset({"completed", "in-progress", "finished", "arrived", "triaged", "onleave"})
_NOT_DONE = frozenset({"not-done", "cancelled", "abandoned", "draft", "stopped"})
_HIGH = frozenset({"H", "HU", "HH", ">"})
_VERY_HIGH = "HH"
_DAYS_A_UNIT = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30}
_GRADE = re.compile(r"\s*([0-5])\s*([+-]?)\s*/\s*5\s*")
_GRADE_UNIT = "/5"
_LONGEST_SUPPLY_DAYS = 3650  # ten years: beyond that, a slip of the pen


def read_condition(reader: Reader, condition: fhir.Condition) -> Entry | None:
    """Read a Condition; entered in error is a correction, as if it had never been made."""
    verification = status_code(condition.verificationStatus)
    if verification == "entered-in-error":
        return None
    what = meaning(reader, condition.code)
    if what is None:
        return None
    status = status_code(condition.clinicalStatus)
    ended = _ended(reader, condition)
    return Entry(
        reference=f"Condition/{condition.id or ''}",
        group=Group.CONDITIONS,
        concepts=what.concepts,
        label=what.label,
        code=what.code,
        assertion=_condition_assertion(what, verification, ended=ended or status in _ENDED),
        onset=_onset(reader, condition),
        asserted=reader.days(condition.recordedDate or condition.assertedDate),
        ended=reader.days(condition.abatementDateTime),
        side=side_of(reader, what, condition.bodySite or ()),
        relapse=status in _RELAPSED,
        misdated=_misdated(reader, condition.onsetDateTime, condition.recordedDate),
    )


def _misdated(reader: Reader, *dates: str | None) -> bool:
    """Whether a date was given that cannot be: of the future, or on no calendar."""
    return any(text and reader.days(text) is None for text in dates)


def _condition_assertion(what: Meaning, verification: str | None, *, ended: bool) -> Assertion:
    """Say what a Condition asserts: refuted first, then what is over, then what is unsure."""
    if verification == "refuted":
        return Assertion.ABSENT
    if what.cue:
        return CUES[what.cue]
    if ended:
        return Assertion.HISTORICAL
    return Assertion.POSSIBLE if verification in _UNSURE else Assertion.PRESENT


def _ended(reader: Reader, condition: fhir.Condition) -> bool:
    period_end = condition.abatementPeriod.end if condition.abatementPeriod else None
    return bool(
        reader.days(condition.abatementDateTime)
        or reader.days(period_end)
        or condition.abatementBoolean
        or condition.abatementString
    )


def _onset(reader: Reader, condition: fhir.Condition) -> Days | None:
    """Read when a Condition began. No onset as words: a text never sets the clock by itself."""
    if condition.onsetPeriod:
        return reader.days(condition.onsetPeriod.start)
    return reader.days(condition.onsetDateTime)


def read_observation(reader: Reader, observation: fhir.Observation) -> Entry | None:
    """Read an Observation: a measured value, or a statement that something is there or not."""
    if observation.status in ("entered-in-error", "cancelled"):
        return None
    what = meaning(reader, observation.code) or meaning(reader, observation.valueCodeableConcept)
    if what is None:
        return None
    period = observation.effectivePeriod
    when = observation.effectiveDateTime or observation.effectiveInstant or observation.issued
    return Entry(
        reference=f"Observation/{observation.id or ''}",
        group=Group.OBSERVATIONS,
        concepts=what.concepts,
        label=what.label,
        code=what.code,
        assertion=_observed(reader, observation),
        asserted=reader.days(when or (period.end or period.start if period else None)),
        side=side_of(reader, what),
        measure=_measure(observation),
        misdated=_misdated(reader, when),
    )


def _observed(reader: Reader, observation: fhir.Observation) -> Assertion:
    """Say what an Observation asserts; a value that nobody gave is not a "no"."""
    if observation.dataAbsentReason:
        return Assertion.SILENT
    if observation.valueBoolean is not None:
        return Assertion.PRESENT if observation.valueBoolean else Assertion.ABSENT
    if observation.valueString is not None and _grade(observation) is None:
        whole = observation.valueString.strip().lower()
        return Assertion.ABSENT if whole in reader.reading.absent_words else Assertion.UNCLEAR
    value = observation.valueCodeableConcept
    if value and any(c.code in reader.reading.absent_codes for c in value.coding or ()):
        return Assertion.ABSENT
    if value is None and _measure(observation) is None:
        return Assertion.SILENT
    preliminary = observation.status in ("registered", "preliminary")
    return Assertion.POSSIBLE if preliminary else Assertion.PRESENT


def _grade(observation: fhir.Observation) -> Measure | None:
    """Read a strength written as a share of five: `4/5`, and `4-/5` as a third of a grade less."""
    found = _GRADE.fullmatch(observation.valueString or "")
    if found is None:
        return None
    thirds = {"+": 1, "-": -1}.get(found[2], 0)
    return Measure(value=int(found[1]) + thirds / 3, unit=_GRADE_UNIT)


def _measure(observation: fhir.Observation) -> Measure | None:
    quantity = observation.valueQuantity
    number = quantity.value if quantity else observation.valueInteger
    if number is None:
        return _grade(observation)
    given = observation.interpretation or ()
    marks = [given] if isinstance(given, fhir.CodeableConcept) else given
    codes = {c.code for mark in marks for c in mark.coding or ()}
    limits = [r.high.value for r in observation.referenceRange or () if r.high and r.high.value]
    return Measure(
        value=float(number),
        unit=(quantity.code or quantity.unit) if quantity else None,
        high=bool(codes & _HIGH) or bool(limits and number > min(limits)),
        very_high=_VERY_HIGH in codes,
    )


def read_encounter(reader: Reader, encounter: fhir.Encounter) -> Entry | None:
    """Read an Encounter by its reasons and its type: a contact for pain, a visit of therapy."""
    if encounter.status in ("entered-in-error", "cancelled", "planned"):
        return None
    said = [meaning(reader, c) for c in (*(encounter.reasonCode or ()), *(encounter.type or ()))]
    known = [what for what in said if what is not None]
    if not known:
        return None
    return Entry(
        reference=f"Encounter/{encounter.id or ''}",
        group=Group.ENCOUNTERS,
        concepts=union(what.concepts for what in known),
        label=known[0].label,
        code=known[0].code,
        assertion=CUES[known[0].cue] if known[0].cue else Assertion.PRESENT,
        asserted=reader.days(encounter.period.start if encounter.period else None),
        side=side_of(reader, known[0]),
        delivered=encounter.status in _DONE,
    )


def read_procedure(reader: Reader, procedure: fhir.Procedure) -> Entry | None:
    """Read a Procedure; what was not done is no evidence of anything."""
    if procedure.status in ("entered-in-error", *_NOT_DONE):
        return None
    what = meaning(reader, procedure.code)
    if what is None:
        return None
    period = procedure.performedPeriod
    return Entry(
        reference=f"Procedure/{procedure.id or ''}",
        group=Group.PROCEDURES,
        concepts=what.concepts,
        label=what.label,
        code=what.code,
        assertion=CUES[what.cue] if what.cue else Assertion.PRESENT,
        asserted=reader.days(procedure.performedDateTime or (period.start if period else None)),
        delivered=procedure.status in _DONE,
    )


def read_medication(reader: Reader, request: fhir.MedicationRequest) -> Entry | None:
    """Read a MedicationRequest by ingredient, coded or only named, with the days it supplies."""
    if request.status in ("entered-in-error", *_NOT_DONE) or request.doNotPerform:
        return None
    pointer = request.medicationReference
    named = fhir.CodeableConcept(text=pointer.display) if pointer and pointer.display else None
    what = meaning(reader, request.medicationCodeableConcept or named)
    if what is None:
        return None
    return Entry(
        reference=f"MedicationRequest/{request.id or ''}",
        group=Group.MEDICATION_REQUESTS,
        concepts=what.concepts,
        label=what.label,
        code=what.code,
        assertion=Assertion.PRESENT,
        asserted=reader.days(request.authoredOn),
        supply=_supply(reader, request),
        delivered=True,
    )


def _supply(reader: Reader, request: fhir.MedicationRequest) -> Days | None:
    """Give the days that a prescription covers; an open-ended active order runs until today."""
    bounds = next((b for d in request.dosageInstruction or () if (b := _bounds(d))), None)
    start = reader.days(bounds.start if bounds and bounds.start else request.authoredOn)
    if start is None:
        return None
    end = read_days(bounds.end, reader.calendar.zone) if bounds and bounds.end else None
    if end is None:
        supplied = _supplied_days(request.dispenseRequest)
        open_ended = supplied is None and request.status == "active" and request.authoredOn
        if open_ended:
            return Days(first=start.first, last=reader.as_of)
        length = supplied if supplied is not None else reader.reading.supply_days
        return Days(first=start.first, last=start.first + timedelta(days=max(length - 1, 0)))
    return Days(first=start.first, last=max(end.last, start.first))


def _bounds(dosage: fhir.MedicationRequest.Dosage) -> fhir.Period | None:
    repeat = dosage.timing.repeat if dosage.timing else None
    return repeat.boundsPeriod if repeat else None


def _supplied_days(dispense: fhir.MedicationRequest.Dispense | None) -> int | None:
    """Count the days of supply with its repeats; None when not given."""
    quantity = dispense.expectedSupplyDuration if dispense else None
    if dispense is None or quantity is None or quantity.value is None:
        return None
    per_unit = _DAYS_A_UNIT.get((quantity.code or quantity.unit or "d").lower(), 1)
    days = quantity.value * per_unit * (1 + max(dispense.numberOfRepeatsAllowed or 0, 0))
    return int(min(max(days, 0), _LONGEST_SUPPLY_DAYS))


READERS: dict[type[Any], Callable[[Reader, Any], Entry | None]] = {
    fhir.Condition: read_condition,
    fhir.Observation: read_observation,
    fhir.Encounter: read_encounter,
    fhir.Procedure: read_procedure,
    fhir.MedicationRequest: read_medication,
}
GROUPS: dict[type[Any], Group] = {
    fhir.Patient: Group.PATIENT,
    fhir.Condition: Group.CONDITIONS,
    fhir.Observation: Group.OBSERVATIONS,
    fhir.Encounter: Group.ENCOUNTERS,
    fhir.Procedure: Group.PROCEDURES,
    fhir.MedicationRequest: Group.MEDICATION_REQUESTS,
}
