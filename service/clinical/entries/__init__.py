"""From one FHIR resource to the entries of the chart that it makes: none, one or several."""

from collections.abc import Callable, Iterable
from typing import Any

from service.clinical import fhir
from service.clinical.chart import Entry, Group
from service.clinical.entries.care import (
    read_encounter,
    read_procedure,
    read_request,
    read_study,
)
from service.clinical.entries.devices import read_borne, read_device
from service.clinical.entries.diagnoses import read_allergy, read_condition, read_family
from service.clinical.entries.drugs import read_dispensed, read_prescription, read_taken
from service.clinical.entries.findings import read_observation, read_report
from service.clinical.entries.questions import read_answers
from service.clinical.meaning import Reader

READERS: dict[type[Any], Callable[[Reader, Any], Iterable[Entry]]] = {
    fhir.Condition: read_condition,
    fhir.Observation: read_observation,
    fhir.Encounter: read_encounter,
    fhir.Procedure: read_procedure,
    fhir.MedicationRequest: read_prescription,
    fhir.MedicationDispense: read_dispensed,
    fhir.MedicationStatement: read_taken,
    fhir.ServiceRequest: read_request,
    fhir.Device: read_device,
    fhir.DeviceUseStatement: read_borne,
    fhir.AllergyIntolerance: read_allergy,
    fhir.FamilyMemberHistory: read_family,
    fhir.DiagnosticReport: read_report,
    fhir.ImagingStudy: read_study,
    fhir.QuestionnaireResponse: read_answers,
}
GROUPS: dict[type[Any], Group] = {
    fhir.Patient: Group.PATIENT,
    fhir.Condition: Group.CONDITIONS,
    fhir.Observation: Group.OBSERVATIONS,
    fhir.Encounter: Group.ENCOUNTERS,
    fhir.Procedure: Group.PROCEDURES,
    fhir.MedicationRequest: Group.MEDICATION_REQUESTS,
    fhir.MedicationDispense: Group.MEDICATION_REQUESTS,
    fhir.MedicationStatement: Group.MEDICATION_STATEMENTS,
    fhir.ServiceRequest: Group.SERVICE_REQUESTS,
    fhir.Device: Group.DEVICES,
    fhir.DeviceUseStatement: Group.DEVICES,
    fhir.AllergyIntolerance: Group.ALLERGIES,
    fhir.FamilyMemberHistory: Group.FAMILY_HISTORY,
    fhir.DiagnosticReport: Group.DIAGNOSTIC_REPORTS,
    fhir.ImagingStudy: Group.DIAGNOSTIC_REPORTS,
    fhir.QuestionnaireResponse: Group.QUESTIONNAIRE_RESPONSES,
}
