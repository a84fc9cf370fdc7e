"""Hours of service in minutes: every kind of call, and every fault, over and over; nothing grows.

`SOAK_MINUTES=30 pytest -s tests/test_soak.py` says the figures; `make prove` does so.
"""

import json
import os
import random
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import pytest
import requests
from benchmarks.payloads import SIZES, a_call
from charts import SNOMED, ago, back_pain, call, condition
from conftest import STRICT
from fault_server import FaultServer, fault_server
from faults import ANSWERS
from fetching import lacking
from house import CALL_PATH
from served import Served
from test_cases import CASES, FIXTURES
from test_tokens_served import serving_in_full, workers

SOAK_S = 60.0 * float(os.environ.get("SOAK_MINUTES") or 0.25)
WARM_S = SOAK_S / 3  # ten minutes of thirty
A_SECOND = 20
CLIENTS = 4
LOOKS = 120
FAULT_S = SOAK_S / 60
LOCKED_S = 2.0
MOST_MORE_MB = 5.0 if STRICT else 40.0
MOST_MORE = 8  # descriptors or threads
JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.timed


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a worker held at a moment."""

    at: float
    megabytes: float
    descriptors: int
    threads: int


def look(pid: int) -> Look:
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    held = dict(line.split()[:2] for line in told if line.startswith(("VmRSS:", "Threads:")))
    return Look(
        at=time.monotonic(),
        megabytes=int(held["VmRSS:"]) / 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(held["Threads:"]),
    )


class Client:
    """One client that does everything in turn, wrong things too."""

    def __init__(self, served: Served, ehr: FaultServer, number: int) -> None:
        self.address, self.ehr = served.address, ehr
        self.chance = random.Random(number)
        self.session = requests.Session()
        self.cards: list[str] = []
        self.medium = a_call(SIZES["medium"])
        self.statuses: dict[int, int] = {}

    def work(self) -> None:
        each: list[Callable[[], Any]] = [
            self.usual, self.case, self.fetching, self.new_names, self.feedback, self.wrong,
            self.broken_off, self.looks,
        ]  # fmt: skip
        self.chance.choices(each, weights=[6, 6, 2, 2, 4, 1, 1, 1])[0]()

    def post(self, path: str, body: bytes, headers: dict[str, str] = JSON) -> requests.Response:
        given = self.session.post(f"{self.address}{path}", body, headers=headers, timeout=20)
        self.statuses[given.status_code] = self.statuses.get(given.status_code, 0) + 1
        if given.status_code == 200 and path == CALL_PATH:
            self.cards = [card["uuid"] for card in given.json()["cards"]] or self.cards
        return given

    def usual(self) -> None:
        assert self.post(CALL_PATH, self.medium).status_code == 200

    def case(self) -> None:
        body = (FIXTURES / self.chance.choice(CASES) / "request.json").read_bytes()
        assert self.post(CALL_PATH, body).status_code in (200, 412)

    def fetching(self) -> None:
        body = {**lacking(base=self.ehr.base), "prefetch": {}}
        assert self.post(CALL_PATH, json.dumps(body).encode()).status_code in (200, 412)

    def new_names(self) -> None:
        """Codes and words that no call has brought before."""
        names = [f"Finding {uuid4()}" for _ in range(20)]
        found = [
            condition(str(self.chance.randrange(10**9)), name, system=SNOMED, onsetDateTime=ago(9))
            for name in names
        ]
        for one, name in zip(found, names, strict=True):
            one["code"]["coding"][0]["display"] = name
        body = call(back_pain(note=[{"text": " ".join(names)}]), *found)
        assert self.post(CALL_PATH, json.dumps(body).encode()).status_code == 200

    def feedback(self) -> None:
        if not self.cards:
            return
        said = [
            {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
            for card in self.cards
        ]
        given = self.post(f"{CALL_PATH}/feedback", json.dumps({"feedback": said}).encode())
        assert given.status_code in (200, 503)

    def wrong(self) -> None:
        assert self.post(CALL_PATH, b'{"hook": ').status_code == 400
        assert self.post(CALL_PATH, b"x", {"Content-Type": "text/plain"}).status_code == 415
        assert self.post("/nowhere", b"{}").status_code == 404

    def broken_off(self) -> None:
        host, port = self.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"POST {CALL_PATH} HTTP/1.1\r\nHost: x\r\n".encode())
            half.sendall(b"Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n{")

    def looks(self) -> None:
        for path in ("/", "/cds-services", "/metrics", "/health/ready", "/dashboard"):
            given = self.session.get(f"{self.address}{path}", timeout=30)
            assert given.status_code in (200, 503), path


def go_on(client: Client, until: float, failures: list[BaseException]) -> None:
    turn = time.monotonic()
    while time.monotonic() < until and not failures:
        time.sleep(max(0.0, turn - time.monotonic()))
        try:
            client.work()
        except BaseException as failure:
            failures.append(failure)
        turn += CLIENTS / A_SECOND


def disturb(ehr: FaultServer, ledger: Path, until: float) -> None:
    """Let the FHIR server fail in another way each time, and keep the ledger locked for a while."""
    faults = list(ANSWERS.values())
    number = 0
    while time.monotonic() < until:
        ehr.begin(faults[number % len(faults)])
        number += 1
        with suppress(sqlite3.Error), closing(sqlite3.connect(ledger, timeout=1)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(min(LOCKED_S, FAULT_S / 2))
            other.rollback()
        time.sleep(max(FAULT_S - LOCKED_S, FAULT_S / 2))


@pytest.fixture
def ehr() -> Iterator[FaultServer]:
    with fault_server() as running:
        yield running


def test_nothing_grows(
    tmp_path: Path, ehr: FaultServer, record_property: Callable[[str, object], None]
) -> None:
    toml = f"[client]\nprofile = 'sandbox'\nfhir_servers = ['{ehr.base}']\ndeadline_s = 0.5\n"
    with serving_in_full(tmp_path, toml) as served:
        clients = [Client(served, ehr, number) for number in range(CLIENTS)]
        until = time.monotonic() + SOAK_S
        failures: list[BaseException] = []
        ledger = tmp_path / "var" / "ledger.sqlite"
        threads = [threading.Thread(target=go_on, args=(c, until, failures)) for c in clients]
        threads.append(threading.Thread(target=disturb, args=(ehr, ledger, until)))
        for thread in threads:
            thread.start()
        warm = time.monotonic() + WARM_S
        looks: dict[int, list[Look]] = {pid: [] for pid in workers(served)}
        while time.monotonic() < until and not failures:
            time.sleep(SOAK_S / LOOKS)
            for pid, seen in looks.items():
                seen.append(look(pid))
        for thread in threads:
            thread.join()
        assert failures == []
        assert set(looks) <= set(workers(served))  # none was replaced
    told = grown([[one for one in seen if one.at >= warm] for seen in looks.values()])
    told["calls"] = sum(sum(client.statuses.values()) for client in clients)
    record_property("soak", told)
    print(told)
    assert told["more_mb"] < MOST_MORE_MB
    assert told["more_descriptors"] <= MOST_MORE
    assert told["more_threads"] <= MOST_MORE


def grown(workers_: list[list[Look]]) -> dict[str, float]:
    """Give by how much the worst worker's last quarter lies above its first, after it was warm."""

    def more(of: Callable[[Look], float]) -> float:
        quarters = [(seen[: len(seen) // 4], seen[-(len(seen) // 4) :]) for seen in workers_]
        return max(median(map(of, last)) - median(map(of, first)) for first, last in quarters)

    return {
        "more_mb": round(more(lambda one: one.megabytes), 2),
        "more_descriptors": more(lambda one: one.descriptors),
        "more_threads": more(lambda one: one.threads),
        "megabytes": round(max(seen[-1].megabytes for seen in workers_), 1),
    }


HEAP = 64 << 20  # glibc reserves so much at a time for threads, and at a multiple of it


def heaps(pid: int) -> int:
    """Count what glibc reserved for the threads of a process."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines()
    spans = [[int(end, 16) for end in line.split()[0].split("-")] for line in lines]
    rights = [line.split()[1] for line in lines]
    pairs = zip(spans, spans[1:], rights, rights[1:], strict=False)
    return sum(
        begin % HEAP == 0 and end == after and last - begin == HEAP and right == ["rw-p", "---p"]
        for (begin, end), (after, last), *right in pairs
    )


def test_the_threads_of_a_worker_share_memory(tmp_path: Path, ehr: FaultServer) -> None:
    """As many threads as there may be: each would keep what its largest answer took."""
    with serving_in_full(tmp_path, "[client]\nprofile = 'sandbox'\n") as served:
        client = Client(served, ehr, 0)
        for _ in range(200):
            client.broken_off()
        several = [pid for pid in workers(served) if look(pid).threads > 20]
        assert several
        assert all(heaps(pid) < 4 for pid in several)
