"""The shipped proxy before the real service: what passes, what does not, and who is not slowed."""

import base64
import json
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
import requests
from charts import DATA, ago, back_pain, call
from conformance import hold
from conftest import eventually
from proxied import SHIPPED, Proxy, proxying
from served import Served, serving
from test_dashboard import HASH, PASSWORD

from service.clients import MOST_DEADLINE_S
from service.settings import Settings
from service.web.answer import Desk
from service.web.hook import CALL_PATH, DISCOVERY_PATH

pytestmark = pytest.mark.nginx

SMUGGLED = [json.loads(line) for line in (DATA / "http_smuggling.jsonl").read_text().splitlines()]
JSON = {"Content-Type": "application/json"}
HEADERS = b"POST %s HTTP/1.1\r\nHost: cds.example.org\r\nContent-Type: application/json\r\n"
BEGUN = HEADERS % CALL_PATH.encode()
# PAIRS=10 measures slow clients in full; else two short pairs show that nothing stands still.
PAIRS = int(os.environ.get("PAIRS") or 0)
SLOW_OF_EACH_KIND = 200
CALLS_A_SECOND = 20
WINDOW_S = 10 if PAIRS else 4
MOST_TIMES, MOST_MORE_MS = (1.25, 5) if PAIRS else (3, 100)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxying(tmp_path_factory.mktemp("proxy"), served.address) as running:
        yield running


def asked(proxy: Proxy, method: str, path: str, **more: object) -> requests.Response:
    return requests.request(
        method, proxy.address + path, verify=proxy.trusted.file, timeout=20, **more
    )


def refused(answer: requests.Response, status: int) -> bool:
    """Whether the proxy itself refused, as the service would."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]
    return answer.json()["resourceType"] == "OperationOutcome"


def logged(served: Served) -> list[dict]:
    """Give the service's lines of calls."""
    lines = [json.loads(x) for x in served.printed.splitlines() if x.startswith("{")]
    return [line for line in lines if line.get("event") == "call"]


def timed_out(proxy: Proxy) -> int:
    return [one["status"] for one in proxy.log].count("408")


def test_a_call_gets_its_card_and_both_logs_one_id(
    proxy: Proxy, served: Served, desk: Desk
) -> None:
    answer = asked(proxy, "POST", CALL_PATH, json=call(back_pain(onsetDateTime=ago(0))))
    assert answer.status_code == 200
    hold(answer.json(), desk.guideline)
    assert len(answer.json()["cards"]) == 1
    given = answer.headers["X-Request-Id"]
    (line,) = eventually(lambda: [one for one in logged(served) if one["request_id"] == given])
    assert line["status"] == 200
    (line,) = eventually(lambda: [one for one in proxy.log if one["request_id"] == given])
    assert (line["path"], line["status"]) == (CALL_PATH, "200")


@pytest.mark.parametrize(
    "path",
    [DISCOVERY_PATH, "/openapi.json", "/source-attributes", "/source-attributes?format=json"],
)
def test_what_is_for_everyone_passes(proxy: Proxy, path: str) -> None:
    assert asked(proxy, "GET", path, headers={"Accept": "application/json"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/", "/metrics", "/health/ready", "/health/live", "/order-entry/data", "/dashboard",
        "/proxy", "/malformed", "/cds-services/", "/cds-services/other", "/smuggled",
    ],
)  # fmt: skip
def test_no_other_address_reaches_the_service(proxy: Proxy, served: Served, path: str) -> None:
    before = len(logged(served))
    assert refused(asked(proxy, "GET", path), 404)
    assert len(logged(served)) == before


@pytest.mark.parametrize("path", ["/metrics", "/health/ready", "/health/live", "/proxy"])
def test_monitoring_has_a_door_of_its_own(proxy: Proxy, path: str) -> None:
    assert requests.get(proxy.internal + path, timeout=5).status_code == 200
    assert requests.get(proxy.internal + DISCOVERY_PATH, timeout=5).status_code == 404


def test_what_is_asked_in_the_query_goes_no_further(proxy: Proxy, served: Served) -> None:
    body = call(back_pain(onsetDateTime=ago(0)))
    answer = asked(proxy, "POST", f"{CALL_PATH}?token=secret-of-the-query", json=body)
    assert answer.status_code == 200
    assert asked(proxy, "GET", "/secret-of-the-path?token=secret-of-the-query").status_code == 404
    written = (proxy.folder / "access.log").read_text() + (proxy.folder / "errors").read_text()
    assert "secret-of" not in written + served.printed


def test_every_smuggled_request_ends_at_the_proxy(proxy: Proxy, served: Served) -> None:
    assert len(SMUGGLED) == 23
    before = len(logged(served))
    raw = [base64.b64decode(row["raw_b64"]) for row in SMUGGLED]
    with ThreadPoolExecutor(8) as pool:
        told = dict(zip((row["id"] for row in SMUGGLED), pool.map(proxy.answers, raw), strict=True))
    # One name is no header to HTTP: its body is the length that it says, and a second request that
    # stands behind it in plain sight is answered as one, by the proxy.
    assert told.pop("sm11") == ([400, 404], False)
    assert all(len(statuses) == 1 and hung_up for statuses, hung_up in told.values())
    assert {status for (status,), _ in told.values()} == {400, 501}
    requests.get(f"{served.address}/no-such-place", timeout=5)  # what the log shows if one arrives
    eventually(lambda: "unknown" in [one["endpoint"] for one in logged(served)])
    assert [(one["endpoint"], one["status"]) for one in logged(served)[before:]] == [
        (CALL_PATH, 400),
        ("unknown", 404),
    ]


def test_a_chunked_body_comes_to_the_service_with_its_length(proxy: Proxy, desk: Desk) -> None:
    body = json.dumps(call(back_pain(onsetDateTime=ago(0)))).encode()
    answer = asked(proxy, "POST", CALL_PATH, data=iter([body[:100], body[100:]]), headers=JSON)
    assert answer.status_code == 200
    hold(answer.json(), desk.guideline)


def test_what_a_caller_says_of_himself_in_headers_is_not_passed_on(tmp_path: Path) -> None:
    given = {"X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
    given |= {"Cookie": "a=b", "X-Anything": "x", "Authorization": "Bearer t"}
    with listening() as heard, proxying(tmp_path, heard.address) as proxy:
        asked(proxy, "GET", DISCOVERY_PATH, headers=given)
    names = {line.split(b":")[0].lower() for line in heard.said.split(b"\r\n")[1:] if line}
    assert names == {b"host", b"authorization", b"accept"}


@pytest.mark.parametrize("mb", [2, 15])
def test_a_large_body_passes_whole(proxy: Proxy, mb: int) -> None:
    body = call(back_pain(onsetDateTime=ago(0), note=[{"text": "x" * (mb << 20)}]))
    assert asked(proxy, "POST", CALL_PATH, json=body).status_code == 200


def test_too_large_a_body_is_refused_before_it_is_read(proxy: Proxy) -> None:
    assert Settings().max_body_bytes == 16 << 20
    answer = asked(proxy, "POST", CALL_PATH, data=b" " * ((16 << 20) + 1), headers=JSON)
    assert refused(answer, 413)


def test_a_chunked_body_without_end_is_cut_off(proxy: Proxy) -> None:
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    endless = BEGUN + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 400
    statuses, hung_up = proxy.answers(endless, quiet_s=5)
    assert (statuses, hung_up) == ([413], True)


def test_a_body_longer_than_it_says_is_read_to_its_length_and_the_rest_is_no_request(
    proxy: Proxy,
) -> None:
    statuses, hung_up = proxy.answers(BEGUN + b"Content-Length: 10\r\n\r\n" + b"{" * 1000)
    assert (statuses, hung_up) == ([400, 400], True)


def test_who_does_not_go_on_is_hung_up_on(proxy: Proxy, served: Served) -> None:
    """Nginx has 408 in its log, and does not send it."""
    before, cut_off = len(logged(served)), timed_out(proxy)
    slow = {
        "headers": (BEGUN, 5),
        "body": (BEGUN + b"Content-Length: 1000\r\n\r\n{", 10),
        "chunked": (BEGUN + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", 10),
    }

    def ended_after(raw: bytes) -> float:
        begun = time.monotonic()
        assert proxy.answers(raw, quiet_s=15) == ([], True)
        return time.monotonic() - begun

    with ThreadPoolExecutor() as pool:
        took = list(pool.map(ended_after, [raw for raw, _ in slow.values()]))
    assert took == pytest.approx([after for _, after in slow.values()], abs=2)
    assert timed_out(proxy) == cut_off + len(slow)
    assert len(logged(served)) == before


def test_too_long_a_header_and_what_is_no_http_are_refused(proxy: Proxy) -> None:
    assert refused(asked(proxy, "GET", DISCOVERY_PATH, headers={"X": "x" * 20_000}), 400)
    assert refused(asked(proxy, "TRACE", DISCOVERY_PATH), 405)
    assert proxy.answers(b"\x00\x01\x02\r\n\r\n") == ([400], True)
    plain = requests.get(f"http://127.0.0.1:{proxy.port}{DISCOVERY_PATH}", timeout=5)
    assert refused(plain, 400)


def test_a_token_of_ten_kilobytes_passes(proxy: Proxy) -> None:
    headers = {"Authorization": f"Bearer {'x' * 10_000}"}
    assert asked(proxy, "GET", DISCOVERY_PATH, headers=headers).status_code == 200


def test_without_a_service_the_answer_says_so_at_once(tmp_path: Path) -> None:
    with proxying(tmp_path, "http://127.0.0.1:9") as proxy:
        answer = asked(proxy, "POST", CALL_PATH, json={})
    assert refused(answer, 502)
    assert answer.headers["Retry-After"] == "10"
    assert answer.elapsed.total_seconds() < 1


def test_an_answer_is_waited_for_longer_than_the_service_may_take() -> None:
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")
    waits_s = float(text.split("proxy_read_timeout ")[1].split("s;")[0])
    ledger_s = 2  # a ledger that hangs, where replay_store_down = "refuse"
    assert MOST_DEADLINE_S + ledger_s + 1 <= waits_s <= 10


def test_a_connection_that_the_service_closed_is_no_failed_call(tmp_path: Path) -> None:
    """The service ends and begins again while the proxy keeps connections to it."""
    body = call(back_pain(onsetDateTime=ago(0)))
    with serving(tmp_path) as first, proxying(tmp_path, first.address) as proxy:
        assert asked(proxy, "POST", CALL_PATH, json=body).status_code == 200
        first.process.terminate()
        first.process.wait(30)
        port = int(first.address.rsplit(":", 1)[1])
        with serving(tmp_path, port=port):
            assert asked(proxy, "POST", CALL_PATH, json=body).status_code == 200


def test_of_two_services_one_answers_while_the_other_is_replaced(
    served: Served, tmp_path: Path
) -> None:
    body = call(back_pain(onsetDateTime=ago(0)))
    with serving(tmp_path) as other, proxying(tmp_path, served.address, other.address) as proxy:
        port = int(other.address.rsplit(":", 1)[1])
        statuses: list[int] = []
        done = Event()

        def go_on() -> None:
            while not done.is_set():
                statuses.append(asked(proxy, "POST", CALL_PATH, json=body).status_code)
                time.sleep(0.01)

        with ThreadPoolExecutor() as pool:
            callers = [pool.submit(go_on) for _ in range(4)]
            time.sleep(1)
            other.process.terminate()
            other.process.wait(30)
            with serving(tmp_path, port=port):
                time.sleep(3)
            done.set()
        [one.result() for one in callers]
    assert len(statuses) > 100
    assert set(statuses) == {200}


def test_a_service_that_is_gone_without_a_word_costs_half_a_second(
    served: Served, tmp_path: Path
) -> None:
    """As a machine that was taken away: its address neither answers nor refuses."""
    body = call(back_pain(onsetDateTime=ago(0)))
    with socket.socket() as gone, ExitStack() as crowd:
        gone.bind(("127.0.0.1", 0))
        gone.listen(0)
        for _ in range(4):  # nobody takes them: what comes after them is dropped
            waiting = crowd.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(gone.getsockname())
        address = "http://{}:{}".format(*gone.getsockname())
        with proxying(tmp_path, address, served.address) as proxy:
            answers = [asked(proxy, "POST", CALL_PATH, json=body) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 5
    took = sorted(one.elapsed.total_seconds() for one in answers)
    assert took[0] < 0.4 < took[-1] < 1.5


def test_a_call_that_is_not_answered_in_time_is_not_tried_again(
    served: Served, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "http://{}:{}".format(*silent.getsockname())
        with proxying(tmp_path, address, address) as proxy:
            answer = asked(proxy, "POST", CALL_PATH, json={})
    assert refused(answer, 504)
    assert 7.5 < answer.elapsed.total_seconds() < 10


def test_mutual_tls_hears_only_who_shows_a_certificate(served: Served, tmp_path: Path) -> None:
    with proxying(tmp_path, served.address, optional=("mutual-tls",)) as proxy:
        assert refused(asked(proxy, "GET", DISCOVERY_PATH), 400)
        known = str(proxy.trusted.pem())
        assert asked(proxy, "GET", DISCOVERY_PATH, cert=known).status_code == 200


def test_the_order_entry_page_passes_where_it_is_let(served: Served, tmp_path: Path) -> None:
    with proxying(tmp_path, served.address, optional=("order-entry",)) as proxy:
        assert "order" in asked(proxy, "GET", "/").text.lower()
        assert asked(proxy, "GET", "/order-entry/data").json()["patients"]
        assert refused(asked(proxy, "GET", "/dashboard"), 404)


def test_who_knows_the_password_reads_the_dashboard(tmp_path: Path) -> None:
    secret = {"LUMBAR_MRI_CDS_DASHBOARD_PASSWORD_HASH": HASH}
    (tmp_path / "proxy").mkdir()
    with (
        serving(tmp_path, **secret) as closed,
        proxying(tmp_path / "proxy", closed.address, optional=("dashboard",)) as proxy,
        requests.Session() as reader,
    ):
        reader.trust_env, reader.verify = False, str(proxy.trusted.file)
        form = reader.get(f"{proxy.address}/dashboard")
        assert form.url == f"{proxy.address}/dashboard/login"
        token = re.search(r'name="token" value="([^"]+)"', form.text)[1]
        told = {"token": token, "password": PASSWORD}
        page = reader.post(f"{proxy.address}/dashboard/login", data=told)
        assert (page.url, page.status_code) == (f"{proxy.address}/dashboard", 200)
        assert "Orders judged" in page.text
        days = {"from": "2026-03-01", "to": "2026-03-31"}
        page = reader.get(f"{proxy.address}/dashboard/answers", params=days)
        assert "1 March 2026" in page.text
        assert reader.get(f"{proxy.address}/dashboard/static/figures.css").ok
        big = {"token": token, "password": "x" * 20_000}
        assert reader.post(f"{proxy.address}/dashboard/login", data=big).status_code == 413


def p99_ms(proxy: Proxy) -> float:
    """Call at a steady rate for a while; give the 99th percentile, counted from when it was due."""
    body = json.dumps(call(back_pain(onsetDateTime=ago(0))))
    took = []
    with requests.Session() as session:
        begun = time.monotonic()
        for number in range(WINDOW_S * CALLS_A_SECOND):
            due = begun + number / CALLS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            answer = session.post(
                proxy.address + CALL_PATH, data=body, headers=JSON, timeout=20,
                verify=proxy.trusted.file,
            )  # fmt: skip
            assert answer.status_code == 200
            took.append(1000 * (time.monotonic() - due))
    return sorted(took)[math.ceil(0.99 * len(took)) - 1]


@dataclass
class Heard:
    """A server that notes the first request, and hangs up."""

    listener: socket.socket
    said: bytes = b""

    @property
    def address(self) -> str:
        return "http://{}:{}".format(*self.listener.getsockname())

    def hear(self) -> None:
        with suppress(OSError):
            connection, _ = self.listener.accept()
            self.said = self.said or connection.recv(65536)
            connection.close()


@contextmanager
def listening() -> Iterator[Heard]:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        heard = Heard(listener)
        pool.submit(heard.hear)
        yield heard


@contextmanager
def slow_clients(proxy: Proxy) -> Iterator[None]:
    """Keep slow clients connected until the end of the block; nearly all still are then."""
    program = Path(__file__).with_name("slow_clients.py")
    command = [sys.executable, str(program), str(proxy.port), str(SLOW_OF_EACH_KIND)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as crowd:
        assert crowd.stdin
        assert crowd.stdout
        assert crowd.stdout.readline() == "here\n"
        yield
        crowd.stdin.close()
        assert int(crowd.stdout.readline()) > 1.5 * SLOW_OF_EACH_KIND


@pytest.mark.timed
def test_slow_clients_do_not_slow_others(proxy: Proxy) -> None:
    p99_ms(proxy)  # what is slow the first time only
    pairs = []
    for _ in range(PAIRS or 2):
        alone = p99_ms(proxy)
        with slow_clients(proxy):
            pairs.append((alone, p99_ms(proxy)))
    times = statistics.median(beside / alone for alone, beside in pairs)
    more = statistics.median(beside - alone for alone, beside in pairs)
    told = ", ".join(f"{alone:.1f}/{beside:.1f}" for alone, beside in pairs)
    print(
        f"\np99 alone/beside slow clients in ms: {told}; median {times:.2f} times, {more:+.1f} ms"
    )
    assert times <= MOST_TIMES or more <= MOST_MORE_MS
