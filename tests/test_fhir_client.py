"""One way to a FHIR server: cut at the deadline, small, and free again whatever happens."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, authority
from fault_server import LOOPBACK, Exchange, FaultServer, fault_server, listening
from faults import ANSWERS, BUNDLE, NEW_PAIN, dripping_body, dripping_headers, redirecting
from fetching import (
    DEADLINE_S,
    DISCOURAGING,
    GRACE_S,
    PATIENT,
    asked,
    canary,
    lacking,
    the_way,
    wait_until_free,
)

from service.ehr.guard import FAILED_CALLS, MOST_CALLS, MOST_FETCHES, Guard
from service.errors import BadSetting
from service.web.answer import Desk

MOST_SENT = 16_000_000  # 8 MB that may be read, and what stands in the buffers on the way


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(signer: Authority) -> Iterator[FaultServer]:
    with fault_server(signer.context()) as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


def dripping_records(asked: Exchange) -> None:
    """Send whole headers and then a good body, a little at a time, without ever closing."""
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + BUNDLE)
    asked.drip(b" " * 200, every_s=0.1)


@pytest.mark.parametrize("behave", [dripping_headers, dripping_body, dripping_records])
def test_a_server_that_drips_over_tls_is_cut_at_the_deadline(
    behave: Callable[[Exchange], None], tls_server: FaultServer, signer: Authority, desk: Desk
) -> None:
    tls_server.begin(behave)
    way = the_way(desk, tls_server.base, ca_file=signer.file)
    given = asked(lacking("conditions", "patient", base=tls_server.base), desk, way)
    assert given.origins["conditions"] == "ehr_timeout"
    wait_until_free(way.fhir_client.guard)


def half_a_handshake(sock: socket.socket) -> None:
    """Begin to answer a handshake of TLS, and send a byte of it now and then."""
    sock.sendall(b"\x16\x03\x03\x40\x00\x02")
    while True:
        time.sleep(0.1)
        sock.sendall(b"\x00")


def endless_continue(sock: socket.socket) -> None:
    while True:
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize(
    ("scheme", "work"),
    [
        ("https", lambda sock: time.sleep(3)),
        ("https", half_a_handshake),
        ("http", endless_continue),
    ],
    ids=["no handshake", "half a handshake", "continue without end"],
)
def test_a_server_that_never_comes_to_an_answer_is_cut(
    scheme: str, work: Callable[[socket.socket], None], desk: Desk
) -> None:
    with listening() as listener:

        def serve() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as sock:
                work(sock)

        threading.Thread(target=serve, daemon=True).start()
        base = f"{scheme}://{LOOPBACK}:{listener.getsockname()[1]}/fhir"
        way = the_way(desk, base)
        given = asked(lacking("conditions", base=base), desk, way)
        assert given.origins["conditions"] == "ehr_timeout"
        assert given.seconds <= DEADLINE_S + GRACE_S
        wait_until_free(way.fhir_client.guard)


def test_the_threads_of_a_call_end_soon_after_it(server: FaultServer, desk: Desk) -> None:
    server.begin(dripping_body)
    before = threading.active_count()
    body = {**lacking(base=server.base), "prefetch": {}}
    way = the_way(desk, server.base)
    given = asked(body, desk, way)
    assert given.seconds <= DEADLINE_S + GRACE_S
    assert set(given.origins.values()) == {"ehr_timeout"}
    wait_until_free(way.fhir_client.guard)
    server.closing.set()
    until = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_that_carries_100_mb_is_not_read(
    code: int, server: FaultServer, desk: Desk
) -> None:
    with canary() as other:
        server.begin(redirecting(code, other.base, b" " * 100_000_000), "Condition")
        way = the_way(desk, server.base, deadline_s=2.0)
        given = asked(lacking("conditions", base=server.base), desk, way)
        assert given.origins["conditions"] == f"ehr_http_{code}"
        wait_until_free(way.fhir_client.guard)
    assert server.sent < MOST_SENT


def test_no_more_than_8_mb_are_read(server: FaultServer, desk: Desk) -> None:
    server.begin(ANSWERS["net08"], "Condition")
    way = the_way(desk, server.base, deadline_s=4.0)
    given = asked(lacking("conditions", base=server.base), desk, way)
    assert given.origins["conditions"] == "ehr_too_large"
    time.sleep(0.2)
    assert server.sent < MOST_SENT


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "ten", "10, 20"])
def test_a_length_that_is_none_is_believed_no_further(
    length: str, server: FaultServer, desk: Desk
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()

    def behave(asked: Exchange) -> None:
        asked.send(head + BUNDLE)
        asked.sock.close()

    server.begin(behave, "Condition")
    given = asked(lacking("conditions", base=server.base), desk, the_way(desk, server.base))
    assert given.origins["conditions"] == "ehr_connection"
    assert "conditions" in given.unavailable


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_one_second_try_helps_a_server_that_was_overloaded(
    code: int, server: FaultServer, desk: Desk
) -> None:
    def behave(asked: Exchange) -> None:
        if asked.number == 1:
            asked.answer(b"", code, Retry_After="0")
        else:
            asked.server.behave_well(asked)

    server.begin(behave, "Condition")
    given = asked(lacking("conditions", base=server.base), desk, the_way(desk, server.base))
    assert given.topic in DISCOURAGING
    assert len(server.asked) == 2


def test_no_cookie_is_kept(server: FaultServer, desk: Desk) -> None:
    seen = []

    def behave(asked: Exchange) -> None:
        seen.append(asked.headers.get("cookie"))
        last = "_page=2" in asked.path
        link = [] if last else [{"relation": "next", "url": "Condition?patient=p&_page=2"}]
        asked.give({"resourceType": "Bundle", "type": "searchset", "link": link},
                   Set_Cookie="session=1")  # fmt: skip

    server.begin(behave, "Condition")
    asked(lacking("conditions", base=server.base), desk, the_way(desk, server.base))
    assert seen == [None, None]


def test_a_call_is_answered_where_no_thread_can_be_started(
    server: FaultServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    way = the_way(desk, server.base)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        given = asked(lacking("conditions", base=server.base), desk, way)
    assert given.origins["conditions"] == "ehr_busy"
    wait_until_free(way.fhir_client.guard)


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_a_file_of_certificates_that_is_none_is_refused_at_the_start(
    content: str | None, tmp_path: Path, desk: Desk
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadSetting, match="ca_file"):
        the_way(desk, "https://ehr.example.org/fhir", ca_file=file)


def leave(guard: Guard, *reasons: str | None) -> None:
    assert guard.refusal() is None
    guard.leave(reasons)


def test_the_circuit_opens_after_three_calls_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, now = Guard(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(FAILED_CALLS):
        leave(guard, "ehr_timeout", "ehr_refused")
    assert guard.refusal() == "ehr_circuit_open"
    now[0] += 9.9
    assert guard.refusal() == "ehr_circuit_open"
    now[0] += 0.2
    assert guard.refusal() is None  # one tries for the others
    assert guard.refusal() == "ehr_circuit_open"
    guard.leave(["ehr_timeout"])
    assert guard.refusal() == "ehr_circuit_open"
    now[0] += 10.1
    leave(guard, None)
    leave(guard, "ehr_timeout")
    assert guard.refusal() is None


def test_one_search_that_is_wrong_opens_no_circuit() -> None:
    guard = Guard()
    for _ in range(FAILED_CALLS * 2):
        leave(guard, "ehr_timeout", None, "ehr_http_404")
    assert guard.refusal() is None


def test_what_was_never_asked_says_nothing_of_the_server() -> None:
    """Fetches that got no place neither close the circuit nor open it."""
    guard = Guard()
    for _ in range(FAILED_CALLS - 1):
        leave(guard, "ehr_timeout", "ehr_busy", "ehr_timeout")
    for _ in range(FAILED_CALLS):
        leave(guard, "ehr_busy")
    leave(guard, "ehr_timeout", "ehr_busy", "ehr_timeout")
    assert guard.refusal() == "ehr_circuit_open"


def test_one_search_that_fails_does_not_hide_the_others() -> None:
    guard = Guard()
    for _ in range(FAILED_CALLS):
        leave(guard, "ehr_timeout")
    assert guard.refusal() is None


def test_each_server_has_a_circuit_of_its_own() -> None:
    guard = Guard()
    for _ in range(FAILED_CALLS):
        assert guard.refusal("a") is None
        guard.leave(["ehr_timeout"] * 2, "a")
    assert guard.refusal("a") == "ehr_circuit_open"
    assert guard.refusal("b") is None


def test_a_token_or_a_call_that_ran_out_says_nothing_of_the_server(
    server: FaultServer, desk: Desk
) -> None:
    way = the_way(desk, server.base)
    body = lacking("conditions", "encounters", base=server.base)
    server.begin()
    for _ in range(FAILED_CALLS):
        short = {**body, "fhirAuthorization": {**body["fhirAuthorization"], "expires_in": 0.0001}}
        assert asked(short, desk, way).origins["conditions"] == "ehr_timeout"
    assert asked(body, desk, way).origins["conditions"] == "fhir-server"


def test_three_failing_calls_and_the_next_asks_nothing(server: FaultServer, desk: Desk) -> None:
    server.begin(ANSWERS["http500"])
    way = the_way(desk, server.base)
    body = lacking("conditions", "encounters", base=server.base)
    for _ in range(FAILED_CALLS):
        assert asked(body, desk, way).origins["conditions"] == "ehr_http_500"
    server.begin()
    given = asked(body, desk, way)
    assert given.origins["conditions"] == "ehr_circuit_open"
    assert given.unavailable["conditions"] == "server-unreachable"
    assert server.connections == 0


def test_a_call_that_finds_no_place_is_answered_at_once(server: FaultServer, desk: Desk) -> None:
    way = the_way(desk, server.base)
    guard: Any = way.fhir_client.guard
    for places, most in ((guard.calls, MOST_CALLS), (guard.fetches, MOST_FETCHES)):
        for _ in range(most):
            assert places.acquire(blocking=False)
        given = asked(lacking("conditions", base=server.base), desk, way)
        places.release(most)
        assert given.origins["conditions"] == "ehr_busy"
        assert given.unavailable == {"conditions": "server-timeout"}
        assert given.seconds < DEADLINE_S / 2
    assert server.connections == 0
    assert asked(lacking("conditions", base=server.base), desk, way).topic in DISCOURAGING
