"""The same chart, sent along or asked for at a real FHIR server, gets the same cards."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, bundle, call, condition, reading
from conformance import hold
from conftest import SHARED
from fhir_server import TOKEN, FhirServer, fhir_server
from test_real_data import PATIENTS, with_new_back_pain

from service.clients import Client
from service.web.answer import Desk, answer
from service.web.arrangement import Arrangement, arrange
from service.web.record import CallRecord

DEADLINE_S = 4.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("fhir-server")) as running:
        yield running


def arranged(desk: Desk, server: FhirServer, **changes: Any) -> Arrangement:
    client = Client(
        profile="sandbox", fhir_servers=(server.base,), deadline_s=DEADLINE_S, **changes
    )
    return arrange(client, desk.guideline, desk.settings)


def asking(body: dict[str, Any], server: FhirServer, *sent: str) -> dict[str, Any]:
    """Take all but some keys out of prefetch, and offer the server instead."""
    kept = {key: piece for key, piece in body["prefetch"].items() if key in sent}
    authorization = {
        "access_token": TOKEN, "token_type": "Bearer", "expires_in": 30,
        "scope": "patient/*.rs", "subject": "cds",
    }  # fmt: skip
    return {
        **body, "prefetch": kept, "fhirServer": server.base, "fhirAuthorization": authorization,
    }  # fmt: skip


def the_cards(given: bytes, desk: Desk) -> list[dict[str, Any]]:
    cards = json.loads(given)
    hold(cards, desk.guideline)
    return cards["cards"]


def without_ids(value: Any) -> Any:
    """Leave out the identities of cards and suggestions."""
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items() if k != "uuid"}
    return [without_ids(v) for v in value] if isinstance(value, list) else value


def with_ids_that_stay(path: Path) -> Path | str:
    """Point references at resources by their ids, as a server that keeps the ids does."""
    text = path.read_text(encoding="utf-8")
    for entry in json.loads(text)["entry"]:
        resource = entry["resource"]
        pointed = f"{resource['resourceType']}/{resource['id']}"
        text = text.replace(f'"reference":"{entry["fullUrl"]}"', f'"reference":"{pointed}"')
        text = text.replace(f'"reference": "{entry["fullUrl"]}"', f'"reference": "{pointed}"')
    return text


def everything_sent(body: dict[str, Any]) -> dict[str, Any]:
    """Add, as empty lists, what the calls of the tests leave out and a server is asked for."""
    lists = ("medicationStatements", "serviceRequests", "devices", "allergies",
             "diagnosticReports", "questionnaireResponses")  # fmt: skip
    empty = {"resourceType": "Bundle", "type": "searchset", "entry": []}
    body["prefetch"] = {**dict.fromkeys(lists, empty), **body["prefetch"]}
    return body


@pytest.mark.real_data
@pytest.mark.parametrize("path", PATIENTS, ids=lambda path: path.name.split("_")[0])
def test_a_chart_on_the_server_gets_the_cards_of_the_chart_sent_along(
    path: Path, server: FhirServer, desk: Desk, tmp_path: Path
) -> None:
    rewritten = tmp_path / "patient.json"
    rewritten.write_text(str(with_ids_that_stay(path)), encoding="utf-8")
    body = everything_sent(with_new_back_pain(rewritten, TODAY))
    lists = [p for p in body["prefetch"].values() if p["resourceType"] == "Bundle"]
    record = [e["resource"] for piece in lists for e in piece["entry"]]
    reports = reports_of(rewritten)
    body["prefetch"]["diagnosticReports"] = {
        "resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in reports],
    }  # fmt: skip
    server.put([body["prefetch"]["patient"], *record, *reports])
    way = arranged(desk, server)
    sent = the_cards(answer(json.dumps(body).encode(), desk, TODAY, way), desk)
    kept = CallRecord(endpoint="test")
    asked = json.dumps(asking(body, server)).encode()
    fetched = the_cards(answer(asked, desk, TODAY, way, kept), desk)
    assert set(kept.origins.values()) == {"fhir-server"}
    assert without_ids(fetched) == without_ids(sent)


def reports_of(path: Path) -> list[dict[str, Any]]:
    record = [e["resource"] for e in json.loads(path.read_text(encoding="utf-8"))["entry"]]
    return [r for r in record if r["resourceType"] == "DiagnosticReport"]


def test_there_are_24_patients_where_their_folder_is() -> None:
    assert len(PATIENTS) == (24 if SHARED.is_dir() else 0)


def test_only_what_was_not_sent_is_asked_for(server: FhirServer, desk: Desk) -> None:
    body = everything_sent(call(back_pain(onsetDateTime=ago(10), recordedDate=ago(10))))
    residual = reading(None, "Post-void residual", 420, "mL", days=1)
    server.put([body["prefetch"]["patient"], residual])
    sent = [key for key in body["prefetch"] if key != "observations"]
    kept = CallRecord(endpoint="test")
    asked = json.dumps(asking(body, server, *sent)).encode()
    (card,) = the_cards(answer(asked, desk, TODAY, arranged(desk, server), kept), desk)
    assert card["indicator"] == "critical"
    assert kept.origins["observations"] == "fhir-server"
    assert {kept.origins[key] for key in sent} == {"prefetch"}


def test_a_section_sent_as_null_is_not_asked_for(server: FhirServer, desk: Desk) -> None:
    body = everything_sent(call(back_pain(onsetDateTime=ago(10)), conditions=None))
    server.put([condition("G83.4", recordedDate=ago(1))])
    kept = CallRecord(endpoint="test")
    asked = json.dumps(asking(body, server, *body["prefetch"])).encode()
    (card,) = the_cards(answer(asked, desk, TODAY, arranged(desk, server), kept), desk)
    assert card["indicator"] != "critical"
    assert kept.origins["conditions"] == "prefetch"


def test_a_section_sent_as_an_error_is_asked_for(server: FhirServer, desk: Desk) -> None:
    failed = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout"}],
    }
    body = everything_sent(call(conditions=failed))
    server.put([condition("G83.4", recordedDate=ago(1))])
    asked = json.dumps(asking(body, server, *body["prefetch"])).encode()
    (card,) = the_cards(answer(asked, desk, TODAY, arranged(desk, server)), desk)
    assert card["source"]["topic"]["code"] == "CaudaEquinaEmergency"


def test_a_wrong_token_leaves_everything_unknown_and_says_so(
    server: FhirServer, desk: Desk
) -> None:
    body = asking(call(back_pain()), server)
    body["fhirAuthorization"]["access_token"] = "of-somebody-else"
    kept = CallRecord(endpoint="test")
    given = answer(json.dumps(body).encode(), desk, TODAY, arranged(desk, server), kept)
    (card,) = the_cards(given, desk)
    assert card["source"]["topic"]["code"] == "RecordIncomplete"
    unavailable = card["extension"]["org.lumbar-mri-cds"]["unavailable"]
    assert {"group": "conditions", "reason": "server-refused"} in unavailable
    assert set(kept.origins.values()) == {"ehr_http_401"}


def test_a_sites_own_searches_take_the_place_of_ours(server: FhirServer, desk: Desk) -> None:
    own = {"conditions": ("Condition?patient={patient}&category=encounter-diagnosis",)}
    listed = condition("G83.4", id="listed", recordedDate=ago(1), category=[{"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-category",
         "code": "problem-list-item"},
    ]}])  # fmt: skip
    other = {"reference": "Patient/own-searches"}
    body = call(back_pain())
    body["context"] |= {"patientId": "own-searches"}
    body["context"]["draftOrders"] = call()["context"]["draftOrders"]
    body["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = other
    patient = {"resourceType": "Patient", "id": "own-searches", "birthDate": "1984-02-01"}
    server.put([patient, {**listed, "subject": other}])
    asked = json.dumps(asking(body, server)).encode()
    (usual,) = the_cards(answer(asked, desk, TODAY, arranged(desk, server)), desk)
    (own_card,) = the_cards(answer(asked, desk, TODAY, arranged(desk, server, searches=own)), desk)
    assert usual["indicator"] == "critical"
    assert own_card["indicator"] != "critical"


def test_the_same_arrangement_serves_call_after_call(server: FhirServer, desk: Desk) -> None:
    way = arranged(desk, server)
    body = everything_sent(call(back_pain(onsetDateTime=ago(10), recordedDate=ago(10))))
    server.put([body["prefetch"]["patient"]])
    asked = json.dumps(asking(body, server)).encode()
    answers = {answer(asked, replace(desk), TODAY, way) for _ in range(5)}
    assert len(answers) == 1


WIDENED = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "warning", "code": "not-supported", "diagnostics": "sort ignored"}],
}


@pytest.mark.parametrize(
    ("key", "found", "link", "excused"),
    [
        ("devices", (), [], True),
        ("observations", (), [], False),
        ("conditions", (back_pain(onsetDateTime=ago(10)),), [], True),
        ("conditions", (back_pain(onsetDateTime=ago(10)),), [{"relation": "next"}], False),
    ],
)
def test_a_search_that_was_wider_than_asked_for_is_excused_where_it_can_hide_nothing(
    key: str, found: tuple[Any, ...], link: list[Any], excused: bool, desk: Desk
) -> None:
    body = everything_sent(call(back_pain(onsetDateTime=ago(10))))
    body["prefetch"][key] = {**bundle(*found, WIDENED), "link": link}
    (card,) = the_cards(answer(json.dumps(body).encode(), desk, TODAY), desk)
    unavailable = card["extension"]["org.lumbar-mri-cds"].get("unavailable", [])
    assert ({"group": key, "reason": "search-widened"} not in unavailable) is excused
