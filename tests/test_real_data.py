"""Real traffic and real patients, replayed over HTTP; the data stands outside this project."""

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from charts import KEYS, bundle, concept, order
from conformance import hold
from conftest import SHARED
from flask.testing import FlaskClient

from service.web.answer import Desk, today

pytestmark = pytest.mark.real_data
SERVICE = "/cds-services/lumbar-mri"
TRAFFIC = sorted((SHARED / "traffic").rglob("*.json"))
PATIENTS = sorted((SHARED / "patients").glob("*.json"))
ACUTE = "sandbox-captured/acute-72148-279039007-both"
# CPT, LOINC playbook and SNOMED CT codes do not tell a reader what they are; the tests may say so.
LUMBAR_MRI = {"72148", "72149", "72158"}
WARM_S = 0.05


def bodies(path: Path) -> Iterator[Any]:
    """Give each request body in a file of traffic; a capture of a GET holds none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for item in content if isinstance(content, list) else [content]:
        if not isinstance(item, dict) or item.get("method", "POST") == "POST":
            yield item["body"] if isinstance(item, dict) and "method" in item else item


def ordered_codes(body: Any) -> set[str]:
    """Give the codes of the draft orders of a request."""
    context = body.get("context") if isinstance(body, dict) else None
    drafts = (context or {}).get("draftOrders") or {}
    found = [e.get("resource", {}).get("code", {}) for e in drafts.get("entry", [])]
    return {c.get("code") for code in found for c in code.get("coding", [])}


@pytest.mark.parametrize("path", TRAFFIC, ids=lambda p: str(p.relative_to(SHARED / "traffic")))
def test_other_peoples_requests_never_break_the_service(
    path: Path, client: FlaskClient, desk: Desk
) -> None:
    for body in bodies(path):
        answer = client.post(SERVICE, json=body)
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            assert answer.json["resourceType"] == "OperationOutcome"
            continue
        hold(answer.json, desk.guideline)
        assert bool(answer.json["cards"]) == bool(ordered_codes(body) & LUMBAR_MRI)


def test_there_is_traffic_of_every_kind() -> None:
    answers = [path for path in TRAFFIC for _ in bodies(path)]
    assert len(answers) == 86
    assert len(PATIENTS) == 24


def sandbox_calls(shared: Path) -> list[dict[str, Any]]:
    folder = shared / "traffic" / ACUTE
    return [json.loads(p.read_text())["body"] for p in sorted(folder.glob("*hook-order-select*"))]


def test_the_three_calls_of_the_sandbox_get_their_answers(
    shared: Path, client: FlaskClient
) -> None:
    """The sandbox calls at once with an empty code, then with the code, then with the reason."""
    answers = [client.post(SERVICE, json=body) for body in sandbox_calls(shared)[:3]]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [len(answer.json["cards"]) for answer in answers] == [0, 1, 1]


def test_the_sandbox_as_recorded_sends_too_little(shared: Path, client: FlaskClient) -> None:
    (card,) = client.post(SERVICE, json=sandbox_calls(shared)[2]).json["cards"]
    assert card["source"]["topic"]["code"] == "RecordIncomplete"
    unavailable = card["extension"]["org.lumbar-mri-cds"]["unavailable"]
    assert {"group": "encounters", "reason": "not-sent"} in unavailable


def test_the_sandbox_with_a_complete_record_gets_a_deferral(
    shared: Path, client: FlaskClient, desk: Desk
) -> None:
    body = sandbox_calls(shared)[2]
    onset = (today(desk.zone) - timedelta(days=14)).isoformat()
    pain = [
        entry["resource"]
        for entry in body["prefetch"]["conditions"]["entry"]
        if "279039007" in {c["code"] for c in entry["resource"]["code"]["coding"]}
    ]
    for condition in pain:
        condition["onsetDateTime"] = onset
    body["prefetch"] |= {key: bundle() for key in KEYS.values() if key not in body["prefetch"]}
    (card,) = client.post(SERVICE, json=body).json["cards"]
    assert card["source"]["topic"]["code"] == "DeferSixWeeks"
    evidence = card["extension"]["org.lumbar-mri-cds"]["evidence"]
    assert {e["reference"] for e in evidence} & {f"Condition/{c['id']}" for c in pain}


def with_new_back_pain(path: Path, as_of: date) -> dict[str, Any]:
    """Turn a patient's transaction Bundle into a call: ten days of pain and a draft MRI."""
    record = [e["resource"] for e in json.loads(path.read_text(encoding="utf-8"))["entry"]]
    (patient,) = [r for r in record if r["resourceType"] == "Patient"]
    subject = {"reference": f"Patient/{patient['id']}"}
    pain = {
        "resourceType": "Condition",
        "id": "new-pain",
        "subject": subject,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": concept("279039007", "Low back pain", "http://snomed.info/sct"),
        "onsetDateTime": (as_of - timedelta(days=10)).isoformat(),
    }
    lists = {
        key: bundle(*(r for r in [*record, pain] if KEYS.get(r["resourceType"]) == key))
        for key in KEYS.values()
    }
    return {
        "hook": "order-select",
        "hookInstance": "9a1ad1c6-0000-4000-8000-000000000001",
        "context": {
            "userId": "Practitioner/1",
            "patientId": patient["id"],
            "selections": ["ServiceRequest/mri"],
            "draftOrders": bundle(order(subject=subject)),
        },
        "prefetch": {**lists, "patient": patient},
    }


def expected_rule(path: Path, as_of: date) -> tuple[str, str]:
    """Say what a patient's own chart calls for: none of them has a red flag but age."""
    record = [e["resource"] for e in json.loads(path.read_text(encoding="utf-8"))["entry"]]
    (birth,) = [r["birthDate"] for r in record if r["resourceType"] == "Patient"]
    age = (as_of - date.fromisoformat(birth)).days / 365.2425
    if age < 18:
        return "R75", "info"
    return ("R60", "info") if age >= 65 else ("R60", "warning")


@pytest.mark.parametrize("path", PATIENTS, ids=lambda path: path.name.split("_")[0])
def test_a_real_patient_gets_the_verdict_of_the_own_chart(
    path: Path, client: FlaskClient, desk: Desk
) -> None:
    as_of = today(desk.zone)
    body = json.dumps(with_new_back_pain(path, as_of)).encode()
    client.post(SERVICE, data=body, content_type="application/json")
    begun = time.process_time()
    answer = client.post(SERVICE, data=body, content_type="application/json")
    assert time.process_time() - begun < WARM_S
    hold(answer.json, desk.guideline)
    (card,) = answer.json["cards"]
    rule = card["extension"]["org.lumbar-mri-cds"]["rule"]
    assert (rule, card["indicator"]) == expected_rule(path, as_of)
    evidence = card["extension"]["org.lumbar-mri-cds"]["evidence"]
    if rule == "R60":
        assert "Condition/new-pain" in {e["reference"] for e in evidence}
