"""Tokens at the service as it runs: two workers, one ledger, and an end without warning."""

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from attacks import ROWS, Keys, issuers, made_keys, token_of
from charts import back_pain, call
from house import BASE, CALL_PATH, accepted, production, refused
from served import Served, serving

AT_ONCE = 16
TOKENS = 6  # of which each is used so often at once that both workers meet it
BODY = json.dumps(call(back_pain()))
HEADERS = {"Content-Type": "application/json"}


def as_toml(settings: dict[str, Any]) -> str:
    """Write settings as TOML, whose values are spelt as in JSON; tables go last."""
    tables = settings["issuers"]
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items() if value != tables]
    for table in tables:
        lines += [
            "[[issuers]]",
            *(f"{name} = {json.dumps(value)}" for name, value in table.items()),
        ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return made_keys()


@pytest.fixture(scope="module")
def toml(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ledger")
    return as_toml({**production(folder, issuers(keys, folder, jku=False)), "workers": 2})


@pytest.fixture(scope="module")
def served(toml: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_in_full(tmp_path_factory.mktemp("served"), toml) as running:
        yield running


@contextmanager
def serving_in_full(folder: Path, toml: str, **env: str) -> Iterator[Served]:
    """Serve, and begin only when both workers have begun."""
    with serving(folder, toml, **env) as running:
        end = time.monotonic() + 30
        while running.printed.count("Started worker-") < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        yield running


def post(address: str, bearer: str) -> requests.Response:
    headers = {**HEADERS, "Authorization": f"Bearer {bearer}"}
    return requests.post(f"{address}{CALL_PATH}", data=BODY, headers=headers, timeout=20)


def raw_status(served: Served, authorizations: list[str]) -> int:
    """Call with headers that a client's library would never send."""
    host = served.address.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        connection.putrequest("POST", CALL_PATH)
        for name, value in {**HEADERS, "Content-Length": str(len(BODY))}.items():
            connection.putheader(name, value)
        for value in authorizations:
            connection.putheader("Authorization", value)
        connection.endheaders(BODY.encode())
        return connection.getresponse().status


def workers(served: Served) -> list[int]:
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    mine = [(int(pid), args) for pid, parent, args in rows if parent == str(served.process.pid)]
    return [pid for pid, args in mine if "resource_tracker" not in args]


def test_a_genuine_token_is_let_in_and_no_other(served: Served, keys: Keys) -> None:
    assert accepted(post(served.address, token_of(BASE, keys, time.time())))
    forged = next(row for row in ROWS if row["id"] == "attacker-key")
    assert refused(post(served.address, token_of(forged, keys, time.time())))


def test_two_authorization_headers_are_refused(served: Served, keys: Keys) -> None:
    one, other = (f"Bearer {token_of(BASE, keys, time.time())}" for _ in range(2))
    for given in ([one, one], [one, other], ["Basic YTpi", one], [one, "Basic YTpi"]):
        assert raw_status(served, given) == 401
    assert raw_status(served, [one]) == 200


def test_a_huge_token_is_refused_at_once(served: Served) -> None:
    begun = time.perf_counter()
    with suppress(ConnectionResetError, BrokenPipeError):  # it may be cut off while it speaks
        assert raw_status(served, [f"Bearer {'A' * 1_000_000}"]) in (400, 401, 431)
    assert time.perf_counter() - begun < 1
    assert requests.get(f"{served.address}/health/live", timeout=5).ok


def test_of_many_uses_at_once_over_two_workers_one_is_let_in(served: Served, keys: Keys) -> None:
    assert len(workers(served)) == 2
    for _ in range(TOKENS):
        bearer = token_of(BASE, keys, time.time())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            given = list(pool.map(lambda _, it=bearer: post(served.address, it), range(AT_ONCE)))
        assert sum(accepted(one) for one in given) == 1
        assert sum(refused(one) for one in given) == AT_ONCE - 1


def test_a_token_stays_used_through_an_end_without_warning(
    toml: str, keys: Keys, tmp_path: Path
) -> None:
    bearer, unused = (token_of(BASE, keys, time.time()) for _ in range(2))
    (tmp_path / "before").mkdir()
    with serving_in_full(tmp_path / "before", toml) as before:
        assert accepted(post(before.address, bearer))
        for process in (before.process.pid, *workers(before)):
            os.kill(process, signal.SIGKILL)
        before.process.wait(timeout=30)
    with serving_in_full(tmp_path, toml) as after:
        assert refused(post(after.address, bearer))
        assert accepted(post(after.address, unused))
