"""The FHIR fields that are read, as typed structs that are decoded straight from JSON text."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

Text = str | None


class Coding(Struct):
    """One code in one code system."""

    system: Text = None
    code: Text = None
    display: Text = None


class CodeableConcept(Struct):
    """Codes and words for one thing."""

    coding: list[Coding] | None = None
    text: Text = None


class Reference(Struct):
    """A pointer to another resource."""

    reference: Text = None
    display: Text = None


class Quantity(Struct):
    """A measured number with its unit."""

    value: float | None = None
    unit: Text = None
    code: Text = None


class Period(Struct):
    """From when to when; no end means "still so"."""

    start: Text = None
    end: Text = None


class Annotation(Struct):
    """A note."""

    text: Text = None


class Patient(Struct, tag_field="resourceType", tag="Patient"):
    """The person."""

    id: Text = None
    birthDate: Text = None  # noqa: N815


class Condition(Struct, tag_field="resourceType", tag="Condition"):
    """A diagnosis, problem or symptom."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    clinicalStatus: CodeableConcept | Text = None  # noqa: N815
    verificationStatus: CodeableConcept | Text = None  # noqa: N815
    code: CodeableConcept | None = None
    bodySite: list[CodeableConcept] | None = None  # noqa: N815
    onsetDateTime: Text = None  # noqa: N815
    onsetPeriod: Period | None = None  # noqa: N815
    abatementDateTime: Text = None  # noqa: N815
    abatementPeriod: Period | None = None  # noqa: N815
    abatementBoolean: bool | None = None  # noqa: N815
    abatementString: Text = None  # noqa: N815
    recordedDate: Text = None  # noqa: N815
    assertedDate: Text = None  # noqa: N815


class ReferenceRange(Struct):
    """The laboratory's normal range."""

    high: Quantity | None = None


class Observation(Struct, tag_field="resourceType", tag="Observation"):
    """A measurement or a simple statement about the patient."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    code: CodeableConcept | None = None
    effectiveDateTime: Text = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    effectiveInstant: Text = None  # noqa: N815
    issued: Text = None
    valueQuantity: Quantity | None = None  # noqa: N815
    valueBoolean: bool | None = None  # noqa: N815
    valueString: Text = None  # noqa: N815
    valueInteger: int | None = None  # noqa: N815
    valueCodeableConcept: CodeableConcept | None = None  # noqa: N815
    dataAbsentReason: CodeableConcept | None = None  # noqa: N815
    interpretation: list[CodeableConcept] | CodeableConcept | None = None
    referenceRange: list[ReferenceRange] | None = None  # noqa: N815


class Encounter(Struct, tag_field="resourceType", tag="Encounter"):
    """A contact with care."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    type: list[CodeableConcept] | None = None
    reasonCode: list[CodeableConcept] | None = None  # noqa: N815
    period: Period | None = None


class MedicationRequest(Struct, tag_field="resourceType", tag="MedicationRequest"):
    """A prescription."""

    class Dispense(Struct):
        """How much is to be supplied."""

        expectedSupplyDuration: Quantity | None = None  # noqa: N815
        numberOfRepeatsAllowed: int | None = None  # noqa: N815

    class Dosage(Struct):
        """When and how the drug is taken."""

        class Timing(Struct):
            """When."""

            class Repeat(Struct):
                """From when to when."""

                boundsPeriod: Period | None = None  # noqa: N815

            repeat: Repeat | None = None

        timing: Timing | None = None
        text: Text = None

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    doNotPerform: bool | None = None  # noqa: N815
    medicationCodeableConcept: CodeableConcept | None = None  # noqa: N815
    medicationReference: Reference | None = None  # noqa: N815
    authoredOn: Text = None  # noqa: N815
    dispenseRequest: Dispense | None = None  # noqa: N815
    dosageInstruction: list[Dosage] | None = None  # noqa: N815


class Procedure(Struct, tag_field="resourceType", tag="Procedure"):
    """Something that was done."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    code: CodeableConcept | None = None
    performedDateTime: Text = None  # noqa: N815
    performedPeriod: Period | None = None  # noqa: N815


class ServiceRequest(Struct, tag_field="resourceType", tag="ServiceRequest"):
    """An order."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    priority: Text = None
    doNotPerform: bool | None = None  # noqa: N815
    code: CodeableConcept | None = None
    authoredOn: Text = None  # noqa: N815
    reasonCode: list[CodeableConcept] | None = None  # noqa: N815
    note: list[Annotation] | None = None


class Issue(Struct):
    """One problem in an OperationOutcome."""

    severity: Text = None
    details: CodeableConcept | None = None


class OperationOutcome(Struct, tag_field="resourceType", tag="OperationOutcome"):
    """A FHIR server's report of a problem."""

    issue: list[Issue] | None = None


Resource = (
    Patient
    | Condition
    | Observation
    | Encounter
    | MedicationRequest
    | Procedure
    | ServiceRequest
    | OperationOutcome
)
TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Patient,
        Condition,
        Observation,
        Encounter,
        MedicationRequest,
        Procedure,
        ServiceRequest,
        OperationOutcome,
    )
}


class Kind(Struct):
    """What a resource says it is."""

    resourceType: str = ""  # noqa: N815


UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)
read_resource = msgspec.json.Decoder(Resource).decode
read_kind = msgspec.json.Decoder(Kind).decode
read_anything = msgspec.json.Decoder().decode
