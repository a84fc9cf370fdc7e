"""A FHIR server that never answers slows no call that needs nothing of it.

`pytest -s tests/test_bulkhead.py` says the figures.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest
import requests
from charts import call
from conftest import STRICT
from fault_server import FaultServer, fault_server
from faults import ANSWERS, NEW_PAIN
from fetching import lacking
from served import Served, serving

PAIRS = 10 if STRICT else 5
HALF_S = 1.6
SENT_A_SECOND = 20
FETCHING_A_SECOND = 4
# Wide where other work disturbs it; were its fetches waited for, a call would take seconds more.
MOST_TIMES, MOST_MORE_MS = (1.25, 5.0) if STRICT else (2.0, 15.0)
MOST_S = 3.0  # for a call whose every fetch fails: the deadline of 2.5 s, and the network
SENT = call(NEW_PAIN)

pytestmark = pytest.mark.timed


@pytest.fixture(scope="module")
def silent() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.begin(ANSWERS["net02"])
        yield running


@pytest.fixture(scope="module")
def served(silent: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = f"""
    profile = "sandbox"
    workers = 2
    [client]
    profile = "sandbox"
    fhir_servers = ["{silent.base}"]
    """
    with serving(tmp_path_factory.mktemp("bulkhead"), settings) as running:
        yield running


def post(session: requests.Session, served: Served, body: dict[str, Any]) -> None:
    url = f"{served.address}/cds-services/lumbar-mri"
    given = session.post(url, json=body, timeout=10)
    assert given.status_code == 200
    assert len(given.json()["cards"]) == 1


def at_a_rate(a_second: float, until: float, work: Callable[[float], None]) -> None:
    """Work at even moments; what is late counts from when it should have begun."""
    moment = time.monotonic()
    while moment < until:
        time.sleep(max(moment - time.monotonic(), 0))
        work(moment)
        moment += 1 / a_second


@contextmanager
def fetching_calls(
    served: Served, silent: FaultServer, until: float, took: list[float]
) -> Iterator[None]:
    """Let calls that fetch everything come in, beside whatever the block does.

    `took` gets the seconds that each of them took.
    """
    body = {**lacking(base=silent.base), "prefetch": {}}
    begun: list[threading.Thread] = []

    def one() -> None:
        started = time.monotonic()
        with requests.Session() as session:
            post(session, served, body)
        took.append(time.monotonic() - started)

    def begin(_: float) -> None:
        begun.append(threading.Thread(target=one, daemon=True))
        begun[-1].start()

    load = threading.Thread(target=at_a_rate, args=(FETCHING_A_SECOND, until, begin), daemon=True)
    load.start()
    try:
        yield
    finally:
        load.join()
        for thread in begun:
            thread.join()


def p99_ms(served: Served, until: float) -> float:
    """Send calls that need nothing fetched; the slowest but one of a hundred, in milliseconds."""
    took: list[float] = []

    def one(moment: float) -> None:
        post(session, served, SENT)
        took.append((time.monotonic() - moment) * 1000)

    with requests.Session() as session:
        at_a_rate(SENT_A_SECOND, until, one)
    return sorted(took)[int(len(took) * 0.99)]


def test_calls_that_were_sent_everything_are_as_fast_beside_a_server_that_fails(
    served: Served, silent: FaultServer, record_property: Callable[[str, object], None]
) -> None:
    p99_ms(served, time.monotonic() + HALF_S)  # the first calls of a worker are slower
    pairs, took = [], []
    for _ in range(PAIRS):
        alone = p99_ms(served, time.monotonic() + HALF_S)
        until = time.monotonic() + HALF_S
        with fetching_calls(served, silent, until, took):
            pairs.append((alone, p99_ms(served, until)))
    times = median(beside / alone for alone, beside in pairs)
    more_ms = median(beside - alone for alone, beside in pairs)
    alone_ms, beside_ms = (median(half) for half in zip(*pairs, strict=True))
    record_property("p99_alone_ms", round(alone_ms, 1))
    record_property("p99_beside_ms", round(beside_ms, 1))
    print(
        f"p99 {alone_ms:.1f} ms alone, {beside_ms:.1f} ms beside {silent.connections} failing"
        f" fetches: {times:.2f} times, {more_ms:+.1f} ms; slowest failing call {max(took):.2f} s"
    )
    assert silent.connections > 0
    assert len(took) >= PAIRS * int(HALF_S * FETCHING_A_SECOND)
    assert max(took) < MOST_S
    assert times <= MOST_TIMES or more_ms <= MOST_MORE_MS
