"""From one FHIR resource to the entry of the chart that it makes, or to none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any

from service.clinical import resources as fhir
from service.clinical.chart import Assertion, Entry, Group, Measure, Side
from service.clinical.dates import Days, past_part, read_days
from service.clinical.terminology import Terminology, union

_ENDED = frozenset({"resolved", "inactive", "remission"})
_RELAPSED = frozenset({"recurrence", "relapse"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})
_DONE = frozenset({"completed", "in-progress", "finished", "arrived", "triaged", "onleave"})
_NOT_DONE = frozenset({"not-done", "cancelled", "abandoned", "draft", "stopped"})
_NO = frozenset(
    {"no", "none", "absent", "negative", "neg", "denies", "denied", "normal", "false", "0"}
)
_NO_CODES = frozenset({"2667000", "260385009", "N", "NEG", "NI", "LA9634-2"})
_HIGH = frozenset({"H", "HU", "HH", ">"})
CUES = {
    "family": Assertion.FAMILY,
    "historical": Assertion.HISTORICAL,
    "possible": Assertion.POSSIBLE,
    "negated": Assertion.UNCLEAR,
    "planned": Assertion.UNCLEAR,
}
_SUPPLY_WITHOUT_DURATION_DAYS = 30
_DAYS_A_UNIT = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Reads resources of one patient as of one day."""

    terms: Terminology
    as_of: date
    zone: tzinfo

    def days(self, text: str | None) -> Days | None:
        """Read a date; a date in the future counts as not given."""
        return past_part(read_days(text, self.zone), self.as_of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a CodeableConcept stands for."""

    concepts: frozenset[str]
    label: str
    code: str | None
    cue: str | None = None  # set when the meaning was read from words, and a cue turned it


def meaning(reader: Reader, concept: fhir.CodeableConcept | None) -> Meaning | None:
    """Look up the concepts of a CodeableConcept, by code and, where no code is known, by name."""
    if concept is None:
        return None
    codings = concept.coding or ()
    found = union(reader.terms.concepts_of(c.system, c.code) for c in codings)
    first = next((c for c in codings if c.code), None)
    label = concept.text or next((c.display for c in codings if c.display), None)
    code = first.code if first else None
    if found:
        return Meaning(concepts=found, label=label or code or "", code=code)
    named = reader.terms.concepts_named(label) if label else frozenset()
    if not named or label is None:
        return None
    return Meaning(concepts=named, label=label, code=code, cue=reader.terms.cue(label))


def status_code(status: fhir.CodeableConcept | str | None) -> str | None:
    """Give the code of a status, sent as a CodeableConcept (R4) or as a string (STU3)."""
    if isinstance(status, str):
        return status
    if status is None:
        return None
    return next((c.code for c in status.coding or () if c.code), status.text)


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
        side=side_of(what, condition.bodySite or ()),
        relapse=status in _RELAPSED,
    )


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


def side_of(what: Meaning, body_sites: Iterable[fhir.CodeableConcept]) -> Side:
    """Say which side an entry speaks of, by its code's value set, its words or its body site."""
    if "bilateral-leg-symptom" in what.concepts:
        return Side.BOTH
    words = what.label.lower()
    for site in body_sites:
        words += " " + (site.text or "").lower()
        words += " ".join((c.display or "").lower() for c in site.coding or ())
    return _side_in(words)


def _side_in(words: str) -> Side:
    if "bilateral" in words or "both" in words:
        return Side.BOTH
    left, right = "left" in words, "right" in words
    if left and right:
        return Side.BOTH
    if left:
        return Side.LEFT
    return Side.RIGHT if right else Side.UNSTATED


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
        assertion=_observed(observation),
        asserted=reader.days(when or (period.end or period.start if period else None)),
        side=_side_in(what.label.lower()),
        measure=_measure(observation),
    )


def _observed(observation: fhir.Observation) -> Assertion:
    """Say what an Observation asserts; a value that nobody gave is not a "no"."""
    if observation.dataAbsentReason:
        return Assertion.UNCLEAR
    if observation.valueBoolean is not None:
        return Assertion.PRESENT if observation.valueBoolean else Assertion.ABSENT
    if observation.valueString is not None:
        whole = observation.valueString.strip().lower()
        return Assertion.ABSENT if whole in _NO else Assertion.UNCLEAR
    value = observation.valueCodeableConcept
    if value and any(c.code in _NO_CODES for c in value.coding or ()):
        return Assertion.ABSENT
    if value is None and observation.valueQuantity is None and observation.valueInteger is None:
        return Assertion.UNCLEAR
    preliminary = observation.status in ("registered", "preliminary")
    return Assertion.POSSIBLE if preliminary else Assertion.PRESENT


def _measure(observation: fhir.Observation) -> Measure | None:
    quantity = observation.valueQuantity
    number = quantity.value if quantity else observation.valueInteger
    if number is None:
        return None
    given = observation.interpretation or ()
    marks = [given] if isinstance(given, fhir.CodeableConcept) else given
    codes = {c.code for mark in marks for c in mark.coding or ()}
    limits = [r.high.value for r in observation.referenceRange or () if r.high and r.high.value]
    return Measure(
        value=float(number),
        unit=(quantity.code or quantity.unit) if quantity else None,
        high=bool(codes & _HIGH) or bool(limits and number > min(limits)),
        very_high="HH" in codes,
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
        side=side_of(known[0], ()),
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
    end = read_days(bounds.end, reader.zone) if bounds and bounds.end else None
    if end is None:
        supplied = _supplied_days(request.dispenseRequest)
        open_ended = supplied is None and request.status == "active" and request.authoredOn
        if open_ended:
            return Days(first=start.first, last=reader.as_of)
        length = supplied if supplied is not None else _SUPPLY_WITHOUT_DURATION_DAYS
        return Days(first=start.first, last=start.first + timedelta(days=max(length - 1, 0)))
    return Days(first=start.first, last=max(end.last, start.first))


def _bounds(dosage: fhir.MedicationRequest.Dosage) -> fhir.Period | None:
    repeat = dosage.timing.repeat if dosage.timing else None
    return repeat.boundsPeriod if repeat else None


def _supplied_days(dispense: fhir.MedicationRequest.Dispense | None) -> int | None:
    """Count the days of supply with its repeats, at most ten years; None when not given."""
    quantity = dispense.expectedSupplyDuration if dispense else None
    if dispense is None or quantity is None or quantity.value is None:
        return None
    per_unit = _DAYS_A_UNIT.get((quantity.code or quantity.unit or "d").lower(), 1)
    days = quantity.value * per_unit * (1 + max(dispense.numberOfRepeatsAllowed or 0, 0))
    return int(min(max(days, 0.0), 3650.0))


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
