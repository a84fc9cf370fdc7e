"""Whose a resource is: every way in which a subject may name a patient, and what follows."""

import json
from typing import Any

import pytest
from charts import DATA, TODAY, ago, back_pain, bundle, call, condition, order
from conftest import Judge

from service.clinical.chart import Limit
from service.clinical.fhir import Patient, Reference, read_resource
from service.clinical.guideline import Verdict
from service.clinical.patient import Identity, Whose
from service.errors import BadHookRequest

CASES = [json.loads(line) for line in (DATA / "patient_reference.jsonl").read_text().splitlines()]
REFUSED = "request-400"
WHOSE = {
    "match": Whose.PATIENT,
    "mismatch": Whose.ANOTHER,
    "unknown": Whose.UNKNOWN,
    "unassigned": Whose.UNKNOWN,
}
OPEN = {Whose.UNKNOWN: Limit.NO_PATIENT, Whose.ANOTHER: Limit.OTHER_PATIENT}


def the_subject(case: dict[str, Any]) -> Any:
    return None if case["subject"] == "__null__" else case["subject"]


def the_call(case: dict[str, Any]) -> dict[str, Any]:
    """Write a call whose one red flag, or whose draft, bears the subject of the case."""
    context = case["context_patientId"]
    patient_id = "p" if context in ("__null__", "") or not isinstance(context, str) else context
    plain = patient_id.removeprefix(f"{case['fhirServer']}/").removeprefix("Patient/")
    own = {"reference": f"Patient/{plain}"}
    flag = condition("G83.4", "Cauda equina syndrome", recordedDate=ago(1))
    flag["subject"] = the_subject(case)
    if case["id"] in ("missing", "patient-key", "patient-noid", "token-other"):
        flag.pop("subject")
    pain = {**back_pain(onsetDateTime=ago(9), recordedDate=ago(9)), "subject": own}
    drafts = [{**order(), "subject": own}]
    where = case.get("where", "")
    if where.startswith("draftOrders"):
        flag["subject"] = own
        other = {**order(id="other"), "subject": case["subject"]}
        drafts = [other] if where == "draftOrders" else [*drafts, other]
    body = call(pain, orders=drafts)
    body["prefetch"]["conditions"] = bundle(pain, flag)
    body["context"]["patientId"] = None if context == "__null__" else context
    body["fhirServer"] = case["fhirServer"]
    body["prefetch"]["patient"] = the_patient(case, plain)
    return body


def the_patient(case: dict[str, Any], plain: str) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": plain, "birthDate": "1984-02-01"}
    if "prefetch_patient_id" in case:
        patient["id"] = case["prefetch_patient_id"]
    kept = {name: value for name, value in patient.items() if value is not None}
    return {**kept, **({"link": case["patient_link"]} if "patient_link" in case else {})}


def test_there_are_fifty_eight_cases() -> None:
    assert len(CASES) == 58


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_subject_is_taken_as_the_patients_only_when_it_is(case: dict, judge: Judge) -> None:
    body = the_call(case)
    if case["expect"] == REFUSED:
        with pytest.raises(BadHookRequest):
            judge(body, TODAY)
        return
    judge(body, TODAY)
    advice = judge.advice(body, TODAY)
    if case["expect"] == "token-not-used":
        return  # no token is used at all: what was sent is judged, and nothing is fetched
    whose = WHOSE[case["expect"]]
    limits = {limit for section in advice.chart.sections.values() for limit in section.limits}
    used = "Condition/c-G83.4" in {entry.reference for entry in advice.chart.entries}
    assert used is (whose is not Whose.ANOTHER)
    alarm = advice.assessment.row.verdict is Verdict.EMERGENCY
    assert alarm is used
    if case["id"] != "patient-noid":
        assert (OPEN.get(whose) in limits) is (whose in OPEN)
    if whose in OPEN:
        assert advice.assessment.row.verdict is not Verdict.DEFERRAL


@pytest.mark.parametrize(
    ("kind", "whose"),
    [("replaces", Whose.PATIENT), ("seealso", Whose.UNKNOWN), ("replaced-by", Whose.UNKNOWN)],
)
def test_only_a_record_that_was_replaced_is_the_same_person(kind: str, whose: Whose) -> None:
    link = [{"other": {"reference": "Patient/9"}, "type": kind}]
    record = read_resource(json.dumps({"resourceType": "Patient", "id": "1", "link": link}))
    assert isinstance(record, Patient)
    identity = Identity(id="1").of_record(record)
    assert identity.whose(Reference(reference="Patient/9")) is whose


def test_a_server_that_the_call_does_not_name_may_be_any() -> None:
    absolute = Reference(reference="https://ehr.example.org/r4/Patient/1")
    assert Identity(id="1").whose(absolute) is Whose.PATIENT
    assert Identity(id="1", fhir_server="https://other.example").whose(absolute) is Whose.ANOTHER


def test_a_server_is_the_same_however_its_host_is_spelt() -> None:
    ours = Identity(id="123", fhir_server="https://EHR.example.org:443/fhir/")
    for base, whose in (
        ("https://ehr.example.org/fhir", Whose.PATIENT),
        ("https://ehr.example.org/FHIR", Whose.ANOTHER),
        ("http://ehr.example.org/fhir", Whose.ANOTHER),
    ):
        assert ours.whose(Reference(reference=f"{base}/Patient/123")) is whose
