"""What a chart states: the person, diagnoses, readings, answers, reports, allergies, family."""

from __future__ import annotations

from msgspec import Struct

from service.clinical.fhir.datatypes import (
    CodeableConcept,
    Coding,
    Concepts,
    Notes,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
    Text,
)


class Patient(Struct, tag_field="resourceType", tag="Patient"):
    """The person."""

    class Link(Struct):
        """Another record of the same person."""

        other: Reference | None = None
        type: Text = None

    id: Text = None
    birthDate: Text = None  # noqa: N815
    link: list[Link] | None = None


class Condition(Struct, tag_field="resourceType", tag="Condition"):
    """A diagnosis, problem or symptom."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    clinicalStatus: CodeableConcept | Text = None  # noqa: N815
    verificationStatus: CodeableConcept | Text = None  # noqa: N815
    code: CodeableConcept | None = None
    severity: CodeableConcept | None = None
    bodySite: list[CodeableConcept] | None = None  # noqa: N815
    onsetDateTime: Text = None  # noqa: N815
    onsetPeriod: Period | None = None  # noqa: N815
    onsetAge: Quantity | None = None  # noqa: N815
    onsetRange: Range | None = None  # noqa: N815
    onsetString: Text = None  # noqa: N815
    abatementDateTime: Text = None  # noqa: N815
    abatementPeriod: Period | None = None  # noqa: N815
    abatementAge: Quantity | None = None  # noqa: N815
    abatementBoolean: bool | None = None  # noqa: N815
    abatementString: Text = None  # noqa: N815
    recordedDate: Text = None  # noqa: N815
    assertedDate: Text = None  # noqa: N815
    dateRecorded: Text = None  # noqa: N815
    encounter: Reference | None = None
    context: Reference | None = None
    note: Notes = None


class ReferenceRange(Struct):
    """The laboratory's normal range."""

    high: Quantity | None = None


class Value(Struct):
    """A value of any type: of an observation, of one of its components, of an answer."""

    valueQuantity: Quantity | None = None  # noqa: N815
    valueBoolean: bool | None = None  # noqa: N815
    valueString: Text = None  # noqa: N815
    valueInteger: int | None = None  # noqa: N815
    valueDecimal: float | None = None  # noqa: N815
    valueRatio: Ratio | None = None  # noqa: N815
    valueRange: Range | None = None  # noqa: N815
    valueCoding: Coding | None = None  # noqa: N815
    valueDateTime: Text = None  # noqa: N815
    valueDate: Text = None  # noqa: N815
    valueCodeableConcept: CodeableConcept | None = None  # noqa: N815


class Component(Value):
    """One part of an observation."""

    code: CodeableConcept | None = None
    dataAbsentReason: CodeableConcept | None = None  # noqa: N815
    interpretation: Concepts = None
    referenceRange: list[ReferenceRange] | None = None  # noqa: N815


class Observation(Component, tag_field="resourceType", tag="Observation"):
    """A measurement or a simple statement about the patient."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    bodySite: CodeableConcept | None = None  # noqa: N815
    effectiveDateTime: Text = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    effectiveInstant: Text = None  # noqa: N815
    issued: Text = None
    component: list[Component] | None = None
    note: Notes = None
    comment: Text = None


class AllergyIntolerance(Struct, tag_field="resourceType", tag="AllergyIntolerance"):
    """An allergy or intolerance."""

    class Reaction(Struct):
        """What it reacts to, where the allergy itself is coded more broadly."""

        substance: CodeableConcept | None = None

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    clinicalStatus: CodeableConcept | Text = None  # noqa: N815
    verificationStatus: CodeableConcept | Text = None  # noqa: N815
    code: CodeableConcept | None = None
    recordedDate: Text = None  # noqa: N815
    reaction: list[Reaction] | None = None
    note: Notes = None


class FamilyMemberHistory(Struct, tag_field="resourceType", tag="FamilyMemberHistory"):
    """What a relative had."""

    class Had(Struct):
        """One condition of the relative."""

        code: CodeableConcept | None = None

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    date: Text = None
    condition: list[Had] | None = None


class DiagnosticReport(Struct, tag_field="resourceType", tag="DiagnosticReport"):
    """The report of a study or a laboratory."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    code: CodeableConcept | None = None
    effectiveDateTime: Text = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    issued: Text = None
    conclusion: Text = None
    conclusionCode: Concepts = None  # noqa: N815
    codedDiagnosis: Concepts = None  # noqa: N815


class Answer(Value):
    """One answer of a questionnaire."""

    item: list[Item] | None = None


class Item(Struct):
    """One question of a questionnaire, with its answers and the questions below it."""

    linkId: Text = None  # noqa: N815
    text: Text = None
    answer: list[Answer] | None = None
    item: list[Item] | None = None


class QuestionnaireResponse(Struct, tag_field="resourceType", tag="QuestionnaireResponse"):
    """A questionnaire that was filled in."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    authored: Text = None
    item: list[Item] | None = None
