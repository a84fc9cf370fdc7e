"""What was ordered, done, taken and borne: contacts, drugs, procedures, orders, devices, images."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from service.clinical.fhir.datatypes import (
    CodeableConcept,
    CodeableReference,
    Concepts,
    Contained,
    Notes,
    Period,
    Quantity,
    Reference,
    References,
    Text,
)


class Encounter(Struct, tag_field="resourceType", tag="Encounter"):
    """A contact with care."""

    class Diagnosis(Struct):
        """A diagnosis of the contact: one reference, or as R5 writes it."""

        condition: list[CodeableReference] | Reference | None = None

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    type: Concepts = None
    reasonCode: list[CodeableConcept] | None = None  # noqa: N815
    reasonReference: References = None  # noqa: N815
    reason: list[CodeableReference] | None = None
    diagnosis: list[Diagnosis] | None = None
    period: Period | None = None
    actualPeriod: Period | None = None  # noqa: N815


class Timing(Struct):
    """When."""

    class Repeat(Struct):
        """From when to when, and how often."""

        boundsPeriod: Period | None = None  # noqa: N815
        frequency: int | None = None
        period: float | None = None
        periodUnit: Text = None  # noqa: N815

    repeat: Repeat | None = None


class Dosage(Struct):
    """When, how and how much of a drug is taken."""

    class Rate(Struct):
        """How much at a time."""

        doseQuantity: Quantity | None = None  # noqa: N815

    timing: Timing | None = None
    doseAndRate: list[Rate] | None = None  # noqa: N815
    doseQuantity: Quantity | None = None  # noqa: N815
    text: Text = None
    route: CodeableConcept | None = None


class MedicationRequest(Struct, tag_field="resourceType", tag="MedicationRequest"):
    """A prescription."""

    class Dispense(Struct):
        """How much is to be supplied."""

        expectedSupplyDuration: Quantity | None = None  # noqa: N815
        numberOfRepeatsAllowed: int | None = None  # noqa: N815

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    intent: Text = None
    doNotPerform: bool | None = None  # noqa: N815
    medicationCodeableConcept: CodeableConcept | None = None  # noqa: N815
    medicationReference: Reference | None = None  # noqa: N815
    medication: CodeableReference | None = None
    contained: list[Contained] | None = None
    authoredOn: Text = None  # noqa: N815
    dispenseRequest: Dispense | None = None  # noqa: N815
    dosageInstruction: list[Dosage] | None = None  # noqa: N815


class MedicationStatement(Struct, tag_field="resourceType", tag="MedicationStatement"):
    """What the patient is said to take."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    taken: Text = None
    medicationCodeableConcept: CodeableConcept | None = None  # noqa: N815
    medicationReference: Reference | None = None  # noqa: N815
    medication: CodeableReference | None = None
    contained: list[Contained] | None = None
    effectiveDateTime: Text = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    dateAsserted: Text = None  # noqa: N815
    dosage: list[Dosage] | None = None


class MedicationDispense(Struct, tag_field="resourceType", tag="MedicationDispense"):
    """What was handed out."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    medicationCodeableConcept: CodeableConcept | None = None  # noqa: N815
    medicationReference: Reference | None = None  # noqa: N815
    medication: CodeableReference | None = None
    contained: list[Contained] | None = None
    whenPrepared: Text = None  # noqa: N815
    whenHandedOver: Text = None  # noqa: N815
    daysSupply: Quantity | None = None  # noqa: N815
    dosageInstruction: list[Dosage] | None = None  # noqa: N815


class Medication(Struct, tag_field="resourceType", tag="Medication"):
    """A drug that a prescription points to."""

    id: Text = None
    code: CodeableConcept | None = None


class Procedure(Struct, tag_field="resourceType", tag="Procedure"):
    """Something that was done."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    code: CodeableConcept | None = None
    bodySite: list[CodeableConcept] | None = None  # noqa: N815
    reasonCode: list[CodeableConcept] | None = None  # noqa: N815
    reasonReference: References = None  # noqa: N815
    reason: list[CodeableReference] | None = None
    performedDateTime: Text = None  # noqa: N815
    performedPeriod: Period | None = None  # noqa: N815
    occurrenceDateTime: Text = None  # noqa: N815
    occurrencePeriod: Period | None = None  # noqa: N815
    note: Notes = None


class ServiceRequest(Struct, tag_field="resourceType", tag="ServiceRequest"):
    """An order."""

    id: Text = None
    subject: Reference | None = None
    status: Text = None
    intent: Text = None
    priority: Text = None
    doNotPerform: bool | None = None  # noqa: N815
    category: list[CodeableConcept] | None = None
    code: CodeableReference | None = None
    bodySite: list[CodeableConcept] | None = None  # noqa: N815
    authoredOn: Text = None  # noqa: N815
    reasonCode: list[CodeableConcept] | None = None  # noqa: N815
    reasonReference: References = None  # noqa: N815
    reason: list[CodeableReference] | None = None
    supportingInfo: References = None  # noqa: N815
    requester: Reference | None = None
    note: Notes = None
    patientInstruction: Text = None  # noqa: N815
    contained: list[Any] | None = None


class Device(Struct, tag_field="resourceType", tag="Device"):
    """A device; R4 says whose it is."""

    class Name(Struct):
        """A name of the device."""

        name: Text = None
        value: Text = None

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    type: Concepts = None
    deviceName: list[Name] | None = None  # noqa: N815
    name: list[Name] | None = None
    displayName: Text = None  # noqa: N815
    note: Notes = None


class DeviceUseStatement(Struct, tag_field="resourceType", tag="DeviceUseStatement"):
    """That a patient bears a device."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    device: CodeableReference | None = None
    contained: list[Contained] | None = None
    note: Notes = None


class ImagingStudy(Struct, tag_field="resourceType", tag="ImagingStudy"):
    """Images that were taken."""

    id: Text = None
    subject: Reference | None = None
    patient: Reference | None = None
    status: Text = None
    started: Text = None
    description: Text = None
    procedureCode: list[CodeableConcept] | None = None  # noqa: N815
    procedure: list[CodeableConcept] | None = None
