"""The searches that fill the sections of a chart, as discovery asks for them and as we do."""

from collections.abc import Mapping
from urllib.parse import quote

from service.clinical.chart import Group

_PATIENT = "{{context.patientId}}"
_PAGE = "_count=200"
_NEWEST = "_sort=-date&_count=200"
# Newest first where a list is long and old entries seldom count; whole where an old entry counts.
PREFETCH: Mapping[str, str] = {
    "patient": f"Patient/{_PATIENT}",
    "conditions": f"Condition?patient={_PATIENT}",
    "observations": f"Observation?patient={_PATIENT}&{_NEWEST}",
    "encounters": f"Encounter?patient={_PATIENT}&{_NEWEST}",
    "medicationRequests": f"MedicationRequest?patient={_PATIENT}&_sort=-authoredon&_count=200",
    "procedures": f"Procedure?patient={_PATIENT}",
    "medicationStatements": f"MedicationStatement?patient={_PATIENT}&_sort=-effective&_count=200",
    "serviceRequests": f"ServiceRequest?patient={_PATIENT}&_sort=-authored&_count=200",
    "devices": f"Device?patient={_PATIENT}",
    "allergies": f"AllergyIntolerance?patient={_PATIENT}",
    "diagnosticReports": f"DiagnosticReport?patient={_PATIENT}&{_NEWEST}",
    "questionnaireResponses": (
        f"QuestionnaireResponse?patient={_PATIENT}&_sort=-authored&_count=200"
    ),
}
GROUPS = tuple(Group(key) for key in PREFETCH)


def searches_for(
    group: Group, patient_id: str, own: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Give the addresses, relative to the FHIR server, of what fills a section.

    `own` are the client's searches, in which `{patient}` stands for the patient's id. A list that
    is wanted whole is asked for in large pages: what an EHR sends along has no pages.
    """
    safe_id = quote(patient_id, safe="")
    if group.value in own:
        return tuple(search.replace("{patient}", safe_id) for search in own[group.value])
    search = PREFETCH[group.value].replace(_PATIENT, safe_id)
    return (search if "_count=" in search or "?" not in search else f"{search}&{_PAGE}",)
