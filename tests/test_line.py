"""The line from a hook call to its card, on small calls."""

import json
from datetime import date

import pytest

from service.app import open_desk
from service.settings import Settings
from service.web.answer import answer

DESK = open_desk(Settings())
TODAY = date(2026, 11, 22)


def a_call(onset: str | None, *resources: dict) -> bytes:
    condition = {
        "resourceType": "Condition",
        "id": "back",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "279039007"}]},
    }
    if onset:
        condition["onsetDateTime"] = onset
    groups = {k: [] for k in ("observations", "encounters", "medicationRequests", "procedures")}
    groups["conditions"] = [condition, *resources]
    prefetch = {
        k: {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in v]}
        for k, v in groups.items()
    }
    prefetch["patient"] = {"resourceType": "Patient", "id": "p", "birthDate": "1984-02-01"}
    order = {
        "resourceType": "ServiceRequest",
        "id": "mri",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "72148"}]},
    }
    return json.dumps(
        {
            "hook": "order-select",
            "hookInstance": "9a1ad1c6-0000-4000-8000-000000000000",
            "context": {
                "userId": "Practitioner/1",
                "patientId": "p",
                "selections": ["ServiceRequest/mri"],
                "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
            },
            "prefetch": prefetch,
        }
    ).encode()


def the_rule(call: bytes) -> str:
    (card,) = json.loads(answer(call, DESK, TODAY))["cards"]
    return card["extension"]["org.lumbar-mri-cds"]["rule"]


@pytest.mark.parametrize(
    ("onset", "rule"),
    [("2026-10-12", "R60"), ("2026-10-11", "R61"), ("2026-10-10", "R61"), ("2026-10", "R67")],
)
def test_six_weeks_begin_on_the_forty_second_day(onset: str, rule: str) -> None:
    assert the_rule(a_call(onset)) == rule


def test_a_cauda_equina_code_wins_over_everything() -> None:
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "G8340"}]}
    coded = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}}
    assert the_rule(a_call("2026-11-10", {**coded, "code": code})) == "R10"


def test_a_broken_entry_prevents_a_deferral() -> None:
    assert the_rule(a_call("2026-11-10", {"resourceType": "Condition", "code": 5})) == "R67b"
