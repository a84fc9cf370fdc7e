"""Workers are killed at random under load: no acknowledged feedback is lost, none stands twice."""

import json
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import SystemRandom
from typing import Any
from uuid import uuid4

import pytest
import requests
from callers import FEEDBACK_PATH, NORTH, registered
from charts import back_pain, call
from conftest import eventually
from house import CALL_PATH
from ledger_troubles import workers
from served import Served
from sqlalchemy import Engine, select
from test_tokens_served import as_toml, serving_in_full

from service.ledger.schema import calls, feedback
from service.ledger.store import migrate, open_store

ROUNDS = int(os.environ.get("KILLS") or 5)
CLIENTS, WORKERS = 3, 4
BETWEEN_S = 1.6
LAST_S = 1.0  # records wait a fifth of a second for others, and then for the disk
BEGUN_S = 4  # a worker that is killed again sooner ends the service, as one that always fails
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@dataclass
class Told:
    """What the clients were answered."""

    acknowledged: list[str] = field(default_factory=list)  # cards whose feedback was taken
    advised: dict[str, float] = field(default_factory=dict)  # calls by id, when they were answered
    failed: int = 0
    gaps_s: list[float] = field(default_factory=list)  # from a failure to the next success
    odd: Counter[int] = field(default_factory=Counter)  # any other status


def sent(session: requests.Session, served: Served, path: str, body: Any, told: Told) -> Any:
    """Send until it is answered, as an EHR does whose call was cut."""
    content, since = json.dumps(body), None
    for _ in range(10_000):
        headers = {"Content-Type": "application/json", **NORTH.headers(path)}
        try:
            given = session.post(f"{served.address}{path}", content, headers=headers, timeout=20)
        except requests.RequestException:
            told.failed += 1
            since = since or time.monotonic()
            continue
        if given.status_code == 200:
            if since:
                told.gaps_s.append(time.monotonic() - since)
            return given
        told.odd[given.status_code] += 1
    raise TimeoutError


def client(served: Served, ends: threading.Event, told: Told) -> None:
    while not ends.is_set():
        with requests.Session() as session:
            body = {**call(back_pain()), "hookInstance": str(uuid4())}
            advised = sent(session, served, CALL_PATH, body, told)
            told.advised[advised.headers["X-Request-Id"]] = time.monotonic()
            card = advised.json()["cards"][0]["uuid"]
            one = {
                "card": card,
                "outcome": "overridden",
                "outcomeTimestamp": "2026-11-26T09:00:00Z",
            }
            sent(session, served, FEEDBACK_PATH, {"feedback": [one]}, told)
            told.acknowledged.append(card)


def kill_one(served: Served) -> float:
    """Kill any worker but those that have hardly begun, when another is there to answer; when."""
    running = eventually(lambda: old if len(old := workers(served, BEGUN_S)) > 1 else None, 60)
    os.kill(SystemRandom().choice(running), signal.SIGKILL)
    return time.monotonic()


def lost(engine: Engine, advised: dict[str, float], wait_s: float = 3) -> list[float]:
    """Say when those calls were answered of which there is no record, when all is written."""
    left, until = set(advised), time.monotonic() + wait_s
    while left and time.monotonic() < until:
        with engine.connect() as connection:
            left -= set(connection.execute(select(calls.c.id)).scalars())
        time.sleep(0.2)
    return [advised[name] for name in left]


@pytest.mark.parametrize("kind", ["sqlite", POSTGRESQL])
def test_no_acknowledged_feedback_is_lost_and_none_stands_twice(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if kind == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    migrate(url)
    settings = {**registered(tmp_path, ledger_url=url), "workers": WORKERS}
    told, ends = [Told() for _ in range(CLIENTS)], threading.Event()
    kills: list[float] = []
    with serving_in_full(tmp_path, as_toml(settings)) as served, ThreadPoolExecutor() as pool:
        running = [pool.submit(client, served, ends, one) for one in told]
        try:
            for _ in range(ROUNDS):
                time.sleep(BETWEEN_S)
                kills.append(kill_one(served))
            time.sleep(BETWEEN_S)
        finally:
            ends.set()
        for one in running:
            one.result(30)
        engine = open_store(url)
        acknowledged = [card for one in told for card in one.acknowledged]
        advised = {name: at for one in told for name, at in one.advised.items()}
        with engine.connect() as connection:
            stored = Counter(connection.execute(select(feedback.c.card)).scalars())
        missing = lost(engine, advised)
    failed, gaps = sum(one.failed for one in told), [g for one in told for g in one.gaps_s]
    before = [min((kill - at for kill in kills if at - kill < 0.1), default=inf) for at in missing]
    print(
        f"{kind}: {ROUNDS} kills, {len(acknowledged)} acknowledged, {failed} attempts failed, "
        f"longest gap {max(gaps, default=0):.2f} s, records of answered calls missing: "
        f"{len(missing)} of {len(advised)}, answered at most {max(before, default=0):.2f} s before"
    )
    assert len(acknowledged) > 10 * ROUNDS
    assert set(acknowledged) <= set(stored)
    assert set(stored.values()) == {1}
    assert not any(one.odd for one in told)
    assert all(at < LAST_S for at in before)  # they were in the memory of who was killed
    assert len(missing) < len(advised) / 10
    engine.dispose()


def test_a_service_that_is_told_to_end_writes_what_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    settings = {**registered(tmp_path, ledger_url=url), "workers": 2}
    told = Told()
    with serving_in_full(tmp_path, as_toml(settings)) as served, requests.Session() as session:
        for _ in range(12):
            body = {**call(back_pain()), "hookInstance": str(uuid4())}
            advised = sent(session, served, CALL_PATH, body, told)
            told.advised[advised.headers["X-Request-Id"]] = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
    engine = open_store(url)
    assert lost(engine, told.advised, wait_s=0.1) == []
    engine.dispose()
