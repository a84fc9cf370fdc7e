"""Which tokens are sent to a FHIR server, and that none is seen anywhere else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fault_server import FaultServer, fault_server
from faults import ANSWERS, NEW_PAIN
from fetching import DISCOURAGING, GRACE_S, PATIENT, TOKEN, asked, lacking, the_way

from service.app import create_app
from service.clients import Client
from service.settings import Settings
from service.web.answer import Desk
from service.web.hook import CALL_PATH


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


BAD_TOKENS: list[tuple[str, Any, str]] = [
    *[("access_token", token, "token_malformed") for token in (
        f"{TOKEN}\r\nX: y", f"{TOKEN}\n", f"{TOKEN}\u2603", "a" * 200_000, "", " ", f"{TOKEN} x",
        None, 7, True, [TOKEN], {"value": TOKEN}, "\x00", "\x7f",
    )],
    *[("expires_in", left, "token_expired") for left in (0, -1, 0.0, -1e300)],
    *[("expires_in", left, "token_malformed") for left in ("300", True, [300], {})],
    *[("token_type", kind, "token_malformed") for kind in ("mac", "DPoP", 7, None, ["Bearer"])],
    *[("patient", whose, "token_of_another_patient") for whose in (
        "another", "Patient/another", "P", "", 7, ["p"], {"id": "p"}, "Patient/p/",
    )],
]  # fmt: skip


@pytest.mark.parametrize(("part", "value", "reason"), BAD_TOKENS)
def test_no_call_is_made_with_a_token_that_is_not_for_it(
    part: str, value: Any, reason: str, server: FaultServer, desk: Desk
) -> None:
    body = lacking("conditions", base=server.base)
    body["fhirAuthorization"][part] = value
    given = asked(body, desk, the_way(desk, server.base))
    assert given.origins["conditions"] == reason
    assert given.unavailable == {"conditions": "not-sent"}
    assert server.connections == 0


@pytest.mark.parametrize("whole", ["Bearer x", [], 7, True, {}, {"access_token": {}}])
def test_an_authorization_that_is_none_is_no_access(
    whole: Any, server: FaultServer, desk: Desk
) -> None:
    body = lacking("conditions", base=server.base) | {"fhirAuthorization": whole}
    given = asked(body, desk, the_way(desk, server.base))
    assert given.origins["conditions"] == "token_malformed"
    assert server.connections == 0


@pytest.mark.parametrize("changes", [
    {"patient": "p"}, {"patient": "Patient/p"}, {"patient": None}, {"token_type": "bearer"},
    {"expires_in": 1}, {"expires_in": 1e300}, {"expires_in": None}, {"more": ["x"]},
    {"access_token": "!~" * 8192},
])  # fmt: skip
def test_a_token_that_is_for_it_is_sent_to_the_server(
    changes: dict[str, Any], server: FaultServer, desk: Desk
) -> None:
    body = lacking("conditions", base=server.base)
    body["fhirAuthorization"] |= changes
    assert asked(body, desk, the_way(desk, server.base)).topic in DISCOURAGING
    assert server.authorizations == [f"Bearer {body['fhirAuthorization']['access_token']}"]


def test_nothing_is_waited_for_once_the_token_is_over(server: FaultServer, desk: Desk) -> None:
    server.begin(ANSWERS["net02"])
    body = lacking("conditions", base=server.base)
    body["fhirAuthorization"]["expires_in"] = 0.2
    given = asked(body, desk, the_way(desk, server.base, deadline_s=2.0))
    assert given.origins["conditions"] == "ehr_timeout"
    assert given.seconds <= 0.2 + GRACE_S


def test_no_token_stands_in_what_is_logged_or_answered(
    server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(profile="sandbox", fhir_servers=(server.base,), deadline_s=0.5)
    caplog.set_level("DEBUG")
    caller = create_app(Settings(client=client, log_level="debug")).test_client()
    for fault in ("http401", "net05", "net02"):
        server.begin(ANSWERS[fault])
        answered = caller.post(CALL_PATH, json=lacking("conditions", base=server.base))
        assert TOKEN.encode() not in answered.data
        assert TOKEN not in json.dumps(dict(answered.headers))
    body = lacking("conditions", base=server.base)
    body["fhirAuthorization"]["access_token"] = f"{TOKEN}\r\nX: y\u2603"
    assert TOKEN.encode() not in caller.post(CALL_PATH, json=body).data
    logged = repr([vars(record) for record in caplog.records])
    assert "ehr_http_401" in logged
    assert TOKEN not in logged
