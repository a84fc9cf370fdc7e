"""The appropriateness rating on the order: where a client looks for it, nothing else changed."""

import json
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, call, condition, order
from conformance import hold
from fhir_r4 import faults

from service.clients import Client
from service.clinical.ratings import keep_rating
from service.web.answer import Desk, answer
from service.web.arrangement import arrange

NEW_PAIN = back_pain(onsetDateTime=ago(10), recordedDate=ago(10))
SIGN = condition("G83.4", recordedDate=ago(1))
URL = "http://fhir.org/argonaut/Extension/"


def answered(body: dict[str, Any], desk: Desk, **client: Any) -> dict[str, Any]:
    way = arrange(Client(rating=True, **client), desk.guideline, desk.settings)
    given: dict[str, Any] = json.loads(answer(json.dumps(body).encode(), desk, TODAY, way))
    hold(given, desk.guideline)
    return given


def rated(action: dict[str, Any]) -> str:
    (extension,) = [e for e in action["resource"]["extension"] if e["url"] == URL + "pama-rating"]
    (coding,) = extension["valueCodeableConcept"]["coding"]
    return str(coding["code"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [(call(NEW_PAIN), "not-appropriate"), (call(NEW_PAIN, SIGN), "appropriate")],
)
def test_the_rating_says_what_the_card_says(
    body: dict[str, Any], expected: str, desk: Desk
) -> None:
    given = answered(body, desk)
    (action,) = given["systemActions"]
    assert rated(action) == expected
    assert action["description"] == f"Record the appropriateness rating on the order: {expected}"
    (consult,) = [e for e in action["resource"]["extension"] if e["url"].endswith("consult-id")]
    assert consult["valueUri"] == f"urn:uuid:{given['cards'][0]['uuid']}"


@pytest.mark.parametrize(
    ("placement", "top", "extension"),
    [("top-level", True, False), ("extension", False, True), ("both", True, True)],
)
def test_the_rating_stands_where_the_client_looks_for_it(
    placement: str, top: bool, extension: bool, desk: Desk
) -> None:
    given = answered(call(NEW_PAIN), desk, system_actions=placement)
    assert ("systemActions" in given, "extension" in given) == (top, extension)


def test_too_little_information_gets_no_rating(desk: Desk) -> None:
    given = answered(call(NEW_PAIN, conditions=...), desk, missing_required_answer="card")
    assert set(given) == {"cards"}


def test_an_order_that_could_not_be_read_whole_is_not_sent_back(desk: Desk) -> None:
    odd = order(priority={"is": "not a code"})
    assert set(answered(call(NEW_PAIN, orders=[odd]), desk)) == {"cards"}


def test_an_order_without_an_id_is_not_rated(desk: Desk) -> None:
    body = call(NEW_PAIN, hook="order-sign")
    del body["context"]["draftOrders"]["entry"][0]["resource"]["id"]
    assert set(answered(body, desk)) == {"cards"}


OF_THE_SITE = {"url": "https://site.example/x", "valueString": "y"}


def test_nothing_else_of_the_order_changes(desk: Desk) -> None:
    draft = order(note=[{"text": "please"}], extension=[OF_THE_SITE])
    (action,) = answered(call(NEW_PAIN, orders=[draft]), desk)["systemActions"]
    resource = action["resource"]
    assert resource.pop("extension")[0] == draft.pop("extension")[0]
    assert resource == draft


def test_a_rated_order_is_valid(desk: Desk) -> None:
    draft = order(extension=[OF_THE_SITE])
    (action,) = answered(call(NEW_PAIN, orders=[draft]), desk)["systemActions"]
    assert OF_THE_SITE in action["resource"].pop("extension")
    assert not faults(action["resource"])


def test_a_second_rating_takes_the_place_of_the_first(desk: Desk) -> None:
    (first,) = answered(call(NEW_PAIN), desk)["systemActions"]
    again = call(NEW_PAIN, SIGN, orders=[first["resource"]])
    (second,) = answered(again, desk)["systemActions"]
    assert rated(second) == "appropriate"
    assert len(second["resource"]["extension"]) == 2


def test_a_mechanism_code_stands_there_only_if_the_site_has_one(desk: Desk) -> None:
    (without,) = answered(call(NEW_PAIN), desk)["systemActions"]
    (with_one,) = answered(call(NEW_PAIN), desk, rating_code="G1011")["systemActions"]
    assert "G1" not in json.dumps(without)
    consulted = {"url": f"{URL}pama-rating-qcdsm-consulted", "valueString": "G1011"}
    assert consulted in with_one["resource"]["extension"]


def test_a_suggestion_that_keeps_the_study_keeps_its_rating(desk: Desk) -> None:
    given = answered(call(NEW_PAIN, SIGN), desk)
    (action,) = given["systemActions"]
    updates = [
        change["resource"]
        for suggestion in given["cards"][0]["suggestions"]
        for change in suggestion["actions"]
        if change["type"] == "update"
    ]
    assert updates
    assert all(one["extension"] == action["resource"]["extension"] for one in updates)


def test_a_card_that_offers_nothing_hides_no_other() -> None:
    changed = {"code": {"text": "MRI"}}
    offers = {"suggestions": [{"actions": [{"type": "update", "resource": changed}]}]}
    rated_order = {"code": {"text": "MRI"}, "extension": [OF_THE_SITE]}
    keep_rating([{}, offers], {"resource": rated_order})
    assert changed == rated_order


def test_no_rating_is_given_unless_it_was_asked_for(desk: Desk) -> None:
    way = arrange(Client(), desk.guideline, desk.settings)
    body = json.dumps(call(NEW_PAIN)).encode()
    assert set(json.loads(answer(body, desk, TODAY, way))) == {"cards"}
