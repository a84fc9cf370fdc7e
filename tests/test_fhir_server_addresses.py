"""Which addresses may be asked: to whatever else a call offers, nothing is sent."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from charts import DATA
from fault_server import LOOPBACK, FaultServer, fault_server
from faults import ANSWERS, NEW_PAIN
from fetching import (
    DISCOURAGING,
    PATIENT,
    TOKEN,
    asked,
    canary,
    lacking,
    rows_of,
    the_way,
)
from flask.testing import FlaskClient

from service.addresses import may_be_called
from service.app import create_app
from service.clients import Client
from service.settings import Settings
from service.web.answer import Desk
from service.web.hook import CALL_PATH

ROWS = rows_of(DATA / "ssrf_fhirserver.jsonl")
ALLOWED = tuple(ROWS[0]["allowlist"])
URLS = Path("reliability/corpora/payloads_all_the_things/ssrf/urls_extracted.txt")
NAME = "ehr.hospital.test"
HOOKS = ("order-select", "order-sign")


@dataclass
class Network:
    """Every name that was to be resolved, and every address that was to be called."""

    resolved: list[tuple[str, int]] = field(default_factory=list)
    called: list[Any] = field(default_factory=list)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network on which no name resolves and no address answers."""
    seen = Network()

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        seen.resolved.append((host, port))
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    def connect(_: socket.socket, address: Any) -> None:
        seen.called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for way in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, way, connect)
    return seen


@pytest.fixture(scope="module")
def caller() -> FlaskClient:
    client = Client(profile="sandbox", fhir_servers=ALLOWED)
    return create_app(Settings(client=client)).test_client()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


def cards_without_ids(body: dict[str, Any], caller: FlaskClient) -> list[dict[str, Any]]:
    answered = caller.post(CALL_PATH, json=body)
    assert answered.status_code == 200, answered.data
    assert TOKEN.encode() not in answered.data
    return [{k: v for k, v in card.items() if k != "uuid"} for card in answered.json["cards"]]


def check_that_it_is_no_access(address: Any, caller: FlaskClient, hook: str) -> None:
    """A call that offers an address is answered as one that offers none."""
    body = lacking("conditions", base=address, hook=hook)
    without = {k: v for k, v in body.items() if not k.startswith("fhir")}
    given = cards_without_ids(body, caller)
    assert given == cards_without_ids(without, caller)
    (card,) = given
    assert card["source"]["topic"]["code"] not in DISCOURAGING
    unavailable = card["extension"]["org.lumbar-mri-cds"]["unavailable"]
    assert {"group": "conditions", "reason": "not-sent"} in unavailable


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_only_a_registered_server_is_asked(
    row: dict[str, Any], hook: str, network: Network, caller: FlaskClient, desk: Desk
) -> None:
    assert row["allowlist"] == list(ALLOWED)
    if row["expect"] == "allow":
        body = lacking("conditions", base=row["fhirServer"], hook=hook)
        way = the_way(desk, ALLOWED[0], fhir_servers=ALLOWED)
        assert asked(body, desk, way).origins["conditions"] == "ehr_dns"
        assert network.resolved in ([("ehr.example.org", 443)], [("ehr2.example.org", 8443)])
        return
    check_that_it_is_no_access(row["fhirServer"], caller, hook)
    body = lacking("conditions", base=row["fhirServer"], hook=hook)
    way = the_way(desk, ALLOWED[0], fhir_servers=ALLOWED, missing_required_answer="412")
    assert asked(body, desk, way).status == 412
    assert not network.resolved
    assert not network.called


def test_every_row_is_there() -> None:
    assert len({row["id"] for row in ROWS}) == 115
    assert sum(row["expect"] == "allow" for row in ROWS) == 5


@pytest.mark.real_data
def test_no_address_of_a_public_collection_is_asked(
    shared: Path, network: Network, caller: FlaskClient
) -> None:
    lines = (shared / URLS).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 144
    for line in lines:
        check_that_it_is_no_access(line, caller, "order-sign")
    assert not network.resolved
    assert not network.called


def test_nobody_who_listens_here_is_called(caller: FlaskClient) -> None:
    """On the real network of the machine, by every way to write its own address."""
    hosts = ("127.0.0.1", "localhost", "LOCALHOST", "127.1", "0", "0.0.0.0", "2130706433", "0x7f.1",
             "0177.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.", "u:p@127.0.0.1",
             "ehr.example.org@127.0.0.1")  # fmt: skip
    with canary() as other:
        for host in hosts:
            for path in ("", "/", "/fhir", "/fhir?x=https://ehr.example.org/fhir"):
                address = f"http://{host}:{other.port}{path}"
                check_that_it_is_no_access(address, caller, "order-sign")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254",
        "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::",
        "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    ],
)  # fmt: skip
def test_no_address_that_is_not_public_may_be_called(address: str) -> None:
    assert not may_be_called(address, ())


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "198.41.0.4", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert may_be_called(address, ())


def test_an_allowed_network_is_allowed_however_an_address_is_written() -> None:
    ten = [ip_network("10.0.0.0/8")]
    assert may_be_called("10.1.2.3", ten)
    assert may_be_called("::ffff:10.1.2.3", ten)
    assert not may_be_called("192.168.0.1", ten)


def lead(name: str, answers: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a name lead to one list of addresses after another; gives what was resolved."""
    resolved: list[str] = []
    each = iter(answers)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        assert host == name
        resolved.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(each)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return resolved


@pytest.mark.parametrize(
    "addresses",
    [[LOOPBACK], ["169.254.169.254"], ["10.0.0.1"], ["198.41.0.4", LOOPBACK], []],
    ids=str,
)
def test_a_registered_name_that_leads_inside_is_refused(
    addresses: list[str], network: Network, server: FaultServer, desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lead(NAME, [addresses], monkeypatch)
    way = the_way(desk, f"http://{NAME}:{server.port}/fhir")
    given = asked(lacking("conditions", base=way.client.fhir_servers[0]), desk, way)
    assert given.origins["conditions"] == "ehr_address"
    assert not network.called
    assert server.connections == 0


def test_a_registered_name_may_lead_to_a_network_that_was_allowed(
    server: FaultServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(NAME, [[LOOPBACK]], monkeypatch)
    base = f"http://{NAME}:{server.port}/fhir"
    way = the_way(desk, base, private_networks=("127.0.0.0/8",))
    assert asked(lacking("conditions", base=base), desk, way).topic in DISCOURAGING


def test_a_name_is_resolved_once_and_what_was_checked_is_called(
    server: FaultServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin(ANSWERS["body23"], "Condition")  # two pages
    resolved = lead(NAME, [[LOOPBACK], ["169.254.169.254"]], monkeypatch)
    base = f"http://{NAME}:{server.port}/fhir"
    way = the_way(desk, base, private_networks=("127.0.0.0/8",))
    given = asked(lacking("conditions", base=base), desk, way)
    assert resolved == [NAME]
    assert server.connections == 1
    assert given.origins["conditions"] == "fhir-server"


def test_a_second_try_judges_the_address_anew(
    network: Network, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved = lead(NAME, [["198.41.0.4"], [LOOPBACK]], monkeypatch)
    base = f"http://{NAME}/fhir"
    given = asked(lacking("conditions", base=base), desk, the_way(desk, base))
    assert len(resolved) == 2
    assert network.called == [("198.41.0.4", 80)]
    assert given.origins["conditions"] == "ehr_address"
