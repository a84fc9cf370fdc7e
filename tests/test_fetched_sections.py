"""What is asked for, section by section, and what a wrong answer for any of them may not do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from charts import ago, condition
from fault_server import FaultServer, fault_server, searchset
from faults import BODIES, NEW_PAIN, RESPONSES
from fetching import DISCOURAGING, PATIENT, asked, lacking, the_way, wait_until_free
from test_prefetch_states import FAILED

from service.web.answer import Desk

KINDS = {
    "patient": "Patient",
    "observations": "Observation",
    "encounters": "Encounter",
    "medicationRequests": "MedicationRequest",
    "procedures": "Procedure",
}
FAULTS = {**RESPONSES, **{id_: body for id_, body in BODIES.items() if id_ not in ("body22",)}}
ALARM = condition("G83.4", "Cauda equina syndrome", id="alarm", recordedDate=ago(1))
ANOTHER = {**PATIENT, "id": "another", "birthDate": "1930-01-01"}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


@pytest.mark.parametrize("section", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_section_that_a_deferral_needs_may_be_had_wrongly(
    fault: str, section: str, server: FaultServer, desk: Desk
) -> None:
    server.begin(FAULTS[fault], KINDS[section])
    way = the_way(desk, server.base, deadline_s=2.0)
    given = asked(lacking(section, base=server.base), desk, way)
    assert given.topic not in DISCOURAGING
    assert section in given.unavailable
    given = asked(lacking(section, base=server.base, conditions=searchset(ALARM)), desk, way)
    assert given.card["indicator"] == "critical"
    wait_until_free(way.fhir_client.guard)


@pytest.mark.parametrize("body", [ANOTHER, searchset(ANOTHER), searchset(PATIENT, ANOTHER)])
def test_a_server_that_gives_another_patient_costs_no_alarm(
    body: dict[str, Any], server: FaultServer, desk: Desk
) -> None:
    server.begin(lambda asked: asked.give(body), "Patient")
    way = the_way(desk, server.base)
    given = asked(lacking("patient", base=server.base, flag=True), desk, way)
    assert given.card["indicator"] == "critical"
    given = asked(lacking("patient", base=server.base), desk, way)
    assert given.topic not in DISCOURAGING
    assert given.unavailable == {"patient": "other-patient"}
    assert given.origins["patient"] == "ehr_other_patient"


@pytest.mark.parametrize("nothing", [None, 7, "Condition", '{"resourceType": "Bun', {}, [], True])
@pytest.mark.parametrize("section", ["patient", "conditions"])
def test_a_section_of_which_nothing_was_sent_is_asked_for(
    section: str, nothing: Any, server: FaultServer, desk: Desk
) -> None:
    """Of a list, null says that it is empty; of the patient it says nothing."""
    body = lacking(base=server.base)
    body["prefetch"][section] = nothing
    given = asked(body, desk, the_way(desk, server.base))
    was_said = nothing is None and section == "conditions"
    assert given.origins[section] == ("prefetch" if was_said else "fhir-server")
    assert len(server.asked) == (not was_said)
    assert (given.topic in DISCOURAGING) is not was_said


def spelt_oddly(body: dict[str, Any]) -> bytes:
    """Write a call with escapes in names and kinds, which mean the same to whoever decodes them."""
    text = json.dumps(body)
    for plain in ("resourceType", "OperationOutcome"):
        text = text.replace(f'"{plain}"', f'"{plain[:-1]}\\u{ord(plain[-1]):04x}"')
    return text.encode()


def test_an_alarm_that_is_spelt_oddly_is_kept(server: FaultServer, desk: Desk) -> None:
    body = lacking("procedures", base=server.base, conditions=searchset(ALARM))
    text = spelt_oddly(body)
    assert b'"resourceType"' not in text
    given = asked(text, desk, the_way(desk, server.base))
    assert given.card["indicator"] == "critical"
    assert given.origins["conditions"] == "prefetch"
    assert given.origins["procedures"] == "fhir-server"


def test_an_error_is_asked_for_again_however_it_is_spelt(server: FaultServer, desk: Desk) -> None:
    body = lacking(base=server.base, conditions=FAILED)
    for text in (json.dumps(body).encode(), spelt_oddly(body)):
        given = asked(text, desk, the_way(desk, server.base))
        assert given.origins["conditions"] == "fhir-server"
        assert given.topic in DISCOURAGING


@pytest.mark.parametrize("wrapped", [[ALARM], {"entry": [{"resource": ALARM}]}])
def test_resources_in_no_known_wrapping_are_not_replaced_by_what_a_server_gives(
    wrapped: Any, server: FaultServer, desk: Desk
) -> None:
    body = lacking(base=server.base, conditions=wrapped)
    for text in (json.dumps(body).encode(), spelt_oddly(body)):
        assert asked(text, desk, the_way(desk, server.base)).topic not in DISCOURAGING


@pytest.mark.parametrize(
    ("section", "odd", "word"),
    [
        ("conditions", FAILED, "prefetch_error"),
        ("conditions", 7, "prefetch_error"),
        ("familyHistory", FAILED, "prefetch_error"),
        ("patient", None, "prefetch_error"),
        ("problems", FAILED, "prefetch_error"),
        ("conditions", None, "prefetch"),
        ("conditions", searchset(FAILED), "prefetch"),
    ],
)
def test_a_section_that_was_sent_as_an_error_is_not_kept_as_one_that_was_had(
    section: str, odd: Any, word: str, desk: Desk
) -> None:
    body = lacking(base="https://nobody.example.org/fhir")
    body["prefetch"][section] = odd
    origins = asked(body, desk, the_way(desk, "https://ehr.example.org/fhir")).origins
    assert origins.pop("conditions" if section == "problems" else section) == word
    assert set(origins.values()) == {"prefetch"}


def test_a_section_of_which_a_declared_key_was_not_sent_is_not_kept_as_one_that_was_had(
    server: FaultServer, desk: Desk
) -> None:
    keys = dict.fromkeys(("vitals", "laboratory"), "observations")
    body = lacking("observations", base=server.base, vitals=searchset())
    for may_be_asked, word in ((server.base, "fhir-server"), ("https://ehr.example.org/fhir",
                                                              "prefetch_key_missing")):  # fmt: skip
        given = asked(body, desk, the_way(desk, may_be_asked, prefetch_keys=keys))
        assert given.origins["observations"] == word


def test_what_was_sent_in_the_wrong_place_is_read_and_kept(server: FaultServer, desk: Desk) -> None:
    body = lacking(base=server.base)
    body["prefetch"]["observations"] = searchset(ALARM)
    given = asked(body, desk, the_way(desk, server.base))
    assert given.card["indicator"] == "critical"
