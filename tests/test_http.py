"""What an EHR meets at the door: discovery, browsers, and the answer to every wrong call."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, call, condition, observation, order, procedure
from conformance import hold, hold_discovery
from conftest import Judge
from flask.testing import FlaskClient

from service.app import create_app
from service.clients import Client
from service.clinical import fhir
from service.clinical.chart import Entry
from service.clinical.entries import READERS
from service.clinical.meaning import Reader
from service.clinical.order import Order
from service.settings import Settings
from service.web.answer import Desk, answer

SERVICE = "/cds-services/lumbar-mri"
SECRET = "Zebulon-4711"  # stands in every refused call and may stand in no answer


def refused(answer: Any, status: int) -> dict[str, Any]:
    """Hold a refusal against its contract, and give its one issue."""
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.json["resourceType"] == "OperationOutcome"
    assert SECRET not in answer.text
    (issue,) = answer.json["issue"]
    assert issue["severity"] == "error"
    return issue


def test_discovery_describes_the_service_under_both_hooks(client: FlaskClient) -> None:
    answer = client.get("/cds-services")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    hold_discovery(answer.json)
    services = answer.json["services"]
    assert {service["hook"] for service in services} == {"order-select", "order-sign"}
    assert {service["id"] for service in services} == {"lumbar-mri"}


def test_a_client_that_keeps_one_hook_for_an_address_is_left_with_order_select(
    client: FlaskClient,
) -> None:
    """The CDS Hooks sandbox does: with the other hook it would never call, and say all clear."""
    kept = {one["id"]: one["hook"] for one in client.get("/cds-services").json["services"]}
    assert kept == {"lumbar-mri": "order-select"}


def test_prefetch_stays_inside_what_ehrs_support(client: FlaskClient) -> None:
    for service in client.get("/cds-services").json["services"]:
        for template in service["prefetch"].values():
            assert set(re.findall(r"\{\{(.*?)\}\}", template)) == {"context.patientId"}
            assert not re.search(r"_include|_revinclude|_has|\.|:", template.split("}}", 1)[1])
        newest_first = {k for k, t in service["prefetch"].items() if "_sort=-" in t}
        assert newest_first == {
            "observations", "encounters", "medicationRequests", "medicationStatements",
            "serviceRequests", "diagnosticReports", "questionnaireResponses",
        }  # fmt: skip
        assert all("_count=" in service["prefetch"][key] for key in newest_first)
        unbounded = ("conditions", "procedures", "devices", "allergies")
        assert not any("_count" in service["prefetch"][key] for key in unbounded)


def test_prefetch_asks_for_what_the_rules_read_and_no_more(client: FlaskClient, desk: Desk) -> None:
    for service in client.get("/cds-services").json["services"]:
        read = (*desk.guideline.needed, *desk.guideline.helpful)
        assert set(service["prefetch"]) == {group.value for group in read}
    for criterion in desk.guideline.criteria.values():
        assert set(criterion.groups) <= set(desk.guideline.needed)


@pytest.mark.parametrize("path", ["/cds-services", SERVICE])
def test_a_browser_may_call_from_any_page(path: str, client: FlaskClient) -> None:
    asked = {"Origin": "https://sandbox.cds-hooks.org", "Access-Control-Request-Method": "POST"}
    answer = client.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_only_the_hook_addresses_are_open_to_other_pages(client: FlaskClient) -> None:
    answer = client.get("/health/ready", headers={"Origin": "https://sandbox.cds-hooks.org"})
    assert answer.json["status"] == "ok"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_answer_is_kept_by_a_cache(client: FlaskClient) -> None:
    assert client.get("/cds-services").headers["Cache-Control"] == "no-store"


BROKEN: dict[str, tuple[Any, str]] = {
    "a list": ([SECRET], "body"),
    "a text": (SECRET, "body"),
    "no hook": ({"hookInstance": SECRET, "context": {}}, "hook"),
    "no instance": ({"hook": "order-sign", "context": {}}, "hookInstance"),
    "no context": ({"hook": "order-sign", "hookInstance": SECRET}, "context"),
    "context of another type": ({**call(), "context": [SECRET]}, "context"),
    "patient of another type": (
        {**call(), "context": {**call()["context"], "patientId": {"id": SECRET}}},
        "context.patientId",
    ),
    "selections of another type": (
        {**call(), "context": {**call()["context"], "selections": SECRET}},
        "context.selections",
    ),
    "drafts of another type": (
        {**call(), "context": {**call()["context"], "draftOrders": [SECRET]}},
        "context.draftOrders",
    ),
    "prefetch of another type": ({**call(), "prefetch": [SECRET]}, "prefetch"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_call_is_told_which_field_and_never_its_value(
    name: str, client: FlaskClient
) -> None:
    body, field = BROKEN[name]
    issue = refused(client.post(SERVICE, json=body), 400)
    assert issue["expression"] == [field]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{", b"\xff\xfe", b'{"hook": "Zebulon-4711"', b"[" * 100_000]
)
def test_what_is_not_json_is_refused(body: bytes, client: FlaskClient) -> None:
    issue = refused(client.post(SERVICE, data=body, content_type="application/json"), 400)
    assert issue["expression"] == ["body"]


def test_a_lumbar_order_for_nobody_is_refused(client: FlaskClient) -> None:
    nobody = call(back_pain())
    del nobody["context"]["patientId"]
    assert refused(client.post(SERVICE, json=nobody), 400)["expression"] == ["context.patientId"]


@pytest.mark.parametrize("odd", [".", "..", "Patient/..", "1/2", "1?x", "1,2"])
def test_what_could_change_a_search_is_no_id(odd: str, client: FlaskClient) -> None:
    body = call(back_pain())
    body["context"]["patientId"] = odd
    assert refused(client.post(SERVICE, json=body), 400)["expression"] == ["context.patientId"]


def test_a_study_whose_status_cannot_be_read_is_told_with_its_date(judge: Judge) -> None:
    odd = {**procedure("72148", 0), "status": "\x00", "performedDateTime": TODAY.isoformat()}
    judge(call(back_pain(onsetDateTime=ago(9)), odd), TODAY)


def test_every_other_wrong_call_has_its_status(client: FlaskClient) -> None:
    refused(client.post("/cds-services/knee-mri", json=call()), 404)
    refused(client.get(SERVICE), 405)
    refused(client.delete("/cds-services"), 405)
    refused(client.post(SERVICE, data=json.dumps(call()), content_type="text/plain"), 415)
    refused(client.post(SERVICE, data=json.dumps(call())), 415)


def test_a_body_over_the_limit_is_refused() -> None:
    small = create_app(Settings(max_body_bytes=1000)).test_client()
    refused(small.post(SERVICE, json=call(back_pain(note=[{"text": "x" * 2000}]))), 413)


def test_a_charset_beside_the_content_type_is_fine(client: FlaskClient) -> None:
    kind = "application/json; charset=utf-8"
    assert client.post(SERVICE, data=json.dumps(call()), content_type=kind).status_code == 200


@pytest.mark.parametrize("hook", ["order-dispatch", "patient-view", "appointment-book", "odd"])
def test_other_hooks_get_no_card(hook: str, client: FlaskClient) -> None:
    other = {**call(back_pain()), "hook": hook}
    assert client.post(SERVICE, json=other).json == {"cards": []}


def test_only_selected_orders_are_judged_while_selecting(client: FlaskClient) -> None:
    call_ = call(back_pain(), orders=[order(), order(id="other")])
    call_["context"]["selections"] = []
    assert client.post(SERVICE, json=call_).json == {"cards": []}
    call_["hook"] = "order-sign"
    assert len(client.post(SERVICE, json=call_).json["cards"]) == 1


def test_what_is_not_known_of_cds_hooks_is_ignored(client: FlaskClient, desk: Desk) -> None:
    extra = {**call(back_pain()), "extension": {"x": [1]}, "fhirAuthorization": {"x": 1}}
    answer = client.post(SERVICE, json=extra)
    hold(answer.json, desk.guideline)
    assert answer.json["cards"]


def test_a_client_may_ask_for_412_where_required_data_is_missing() -> None:
    strict = create_app(Settings(client=Client(missing_required_answer="412"))).test_client()
    issue = refused(strict.post(SERVICE, json=call(conditions=..., patient=...)), 412)
    assert "conditions" in issue["details"]["text"]
    assert "patient" in issue["details"]["text"]


@pytest.mark.parametrize("key", ["patient", "conditions"])
def test_something_else_in_the_place_of_required_data_is_no_required_data(key: str) -> None:
    strict = create_app(Settings(client=Client(missing_required_answer="412"))).test_client()
    odd = call(back_pain(), **{key: {"resourceType": "List", "id": "l"}})
    assert key in refused(strict.post(SERVICE, json=odd), 412)["details"]["text"]
    mixed = call(conditions={**call(back_pain())["prefetch"]["conditions"], "type": "message"})
    assert strict.post(SERVICE, json=mixed).status_code == 200


def test_an_emergency_is_shown_even_where_required_data_is_missing() -> None:
    strict = create_app(Settings(client=Client(missing_required_answer="412"))).test_client()
    retention = condition("R33.9", onsetDateTime=ago(1), recordedDate=ago(1))
    alarm = call(conditions=..., orders=[order(reasonCode=[retention["code"]])])
    (card,) = strict.post(SERVICE, json=alarm).json["cards"]
    assert card["indicator"] == "critical"


def test_a_call_that_breaks_off_is_kept_with_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    begun = {"wsgi.input": BytesIO(b"{"), "CONTENT_LENGTH": "999"}
    client = create_app(Settings()).test_client()
    refused(client.post(SERVICE, json={}, environ_overrides=begun), 400)
    (told,) = (one.msg for one in caplog.records if isinstance(one.msg, dict))
    assert told["reason"] == "request_unreadable"


def test_a_failure_of_ours_is_never_an_empty_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> bytes:
        raise KeyError(SECRET)

    app = create_app(Settings())
    monkeypatch.setattr("service.app.answer", break_down)
    refused(app.test_client().post(SERVICE, json=call()), 500)
    assert "KeyError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("_caught")
@pytest.mark.parametrize("kind", [fhir.Observation, Order])
def test_a_resource_that_fails_leaves_the_others_and_is_disclosed(
    kind: type, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever our reading of one resource fails by, no alarm is lost and nothing deferred."""

    def break_down(_: Reader, __: object) -> Iterator[Entry]:
        raise ValueError(SECRET)
        yield

    if kind is Order:
        monkeypatch.setattr("service.clinical.read.order_entries", break_down)
    else:
        monkeypatch.setitem(READERS, kind, break_down)
    flag = condition("R33.9", onsetDateTime=ago(1), recordedDate=ago(1))
    weighed = observation("29463-7", valueQuantity={"value": 80, "unit": "kg"})
    for more, critical in (((weighed,), False), ((weighed, flag), True)):
        given = json.loads(answer(json.dumps(call(back_pain(), *more)).encode(), desk, TODAY))
        hold(given, desk.guideline)
        (card,) = given["cards"]
        assert (card["indicator"] == "critical") is critical
        told = card["extension"]["org.lumbar-mri-cds"]
        assert {"group": kind.__name__, "reason": "reading-failed"} in told["unavailable"]
        assert critical or told["recommendation"] == "RecordIncomplete"
    assert kind.__name__ in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("_caught")
def test_a_question_that_fails_leaves_the_others_and_is_disclosed(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A criterion that asks for a quantity nobody defined cannot be answered."""
    broken = replace(desk.guideline.criteria["weight-loss-quick"], quantity=SECRET)
    criteria = {**desk.guideline.criteria, broken.id: broken}
    guideline = replace(desk.guideline, criteria=criteria)
    unwell = replace(desk, anyone=replace(desk.anyone, guideline=guideline))
    flag = condition("R33.9", onsetDateTime=ago(1), recordedDate=ago(1))
    quiet = json.loads(answer(json.dumps(call(back_pain())).encode(), unwell, TODAY))
    alarm = json.loads(answer(json.dumps(call(back_pain(), flag)).encode(), unwell, TODAY))
    for given, critical in ((quiet, False), (alarm, True)):
        hold(given, desk.guideline)
        (card,) = given["cards"]
        assert (card["indicator"] == "critical") is critical
        unavailable = card["extension"]["org.lumbar-mri-cds"]["unavailable"]
        assert {"group": broken.id, "reason": "question-failed"} in unavailable
    assert broken.id in caplog.text
    assert SECRET not in caplog.text
