"""The FHIR fields that are read, as typed structs that are decoded straight from JSON text.

R4 first; where STU3 or R5 moved a field that is read, its other name stands beside it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from service.clinical.fhir.care import (
    Device,
    DeviceUseStatement,
    Dosage,
    Encounter,
    ImagingStudy,
    Medication,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Procedure,
    ServiceRequest,
)
from service.clinical.fhir.datatypes import (
    Annotation,
    CodeableConcept,
    CodeableReference,
    Coding,
    Contained,
    Period,
    Quantity,
    Reference,
    Text,
)
from service.clinical.fhir.statements import (
    AllergyIntolerance,
    Component,
    Condition,
    DiagnosticReport,
    FamilyMemberHistory,
    Item,
    Observation,
    Patient,
    QuestionnaireResponse,
    Value,
)


class Issue(Struct):
    """One problem in an OperationOutcome."""

    severity: Text = None
    code: Text = None
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
    | MedicationStatement
    | MedicationDispense
    | Medication
    | Procedure
    | ServiceRequest
    | Device
    | DeviceUseStatement
    | AllergyIntolerance
    | FamilyMemberHistory
    | DiagnosticReport
    | ImagingStudy
    | QuestionnaireResponse
    | OperationOutcome
)
TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in Resource.__args__}


class Kind(Struct):
    """What a resource says it is."""

    resourceType: str = ""  # noqa: N815


UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)
read_resource = msgspec.json.Decoder(Resource).decode
read_kind = msgspec.json.Decoder(Kind).decode
read_anything = msgspec.json.Decoder().decode

__all__ = [
    "TYPES",
    "UNREADABLE",
    "AllergyIntolerance",
    "Annotation",
    "CodeableConcept",
    "CodeableReference",
    "Coding",
    "Component",
    "Condition",
    "Contained",
    "Device",
    "DeviceUseStatement",
    "DiagnosticReport",
    "Dosage",
    "Encounter",
    "FamilyMemberHistory",
    "ImagingStudy",
    "Issue",
    "Item",
    "Kind",
    "Medication",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "OperationOutcome",
    "Patient",
    "Period",
    "Procedure",
    "Quantity",
    "QuestionnaireResponse",
    "Reference",
    "Resource",
    "ServiceRequest",
    "Value",
    "read_anything",
    "read_kind",
    "read_resource",
]
