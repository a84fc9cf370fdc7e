"""Services restart and workers are killed while calls come in at a steady rate.

`pytest -s tests/test_restarts.py` says the figures; `make prove` does it twenty and fifty times.
"""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

import pytest
import requests
from charts import ago, back_pain, call
from conftest import STRICT, eventually
from house import CALL_PATH
from proxied import proxying
from served import Served, free_port, serving
from steady import A_SECOND, CALLERS, rate, steady_calls
from test_tokens_served import serving_in_full

JSON = {"Content-Type": "application/json"}
RESTARTS = 20 if STRICT else 2
KILLS = 50 if STRICT else 2
BETWEEN_S = 6.0  # a worker that is killed again sooner ends the service, as one that always fails
PROXY_RESTS_S = 2.5  # so long the proxy leaves a service alone that it could not reach
MOST_GAP_S = 2.0
TAKEN_APART_S = 0.5  # so long a killed process may keep its connections: calls run into it
DRAIN_S = 1.0
BODY = json.dumps(call(back_pain(onsetDateTime=ago(0)))).encode()

pytestmark = pytest.mark.timed


@pytest.mark.nginx
def test_services_are_replaced_one_by_one_and_no_call_fails(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Behind the shipped proxy, as the runbook upgrades."""
    ports = [free_port(), free_port()]
    folders = [tmp_path / name for name in ("a", "b", "proxy")]
    for folder in folders:
        folder.mkdir()
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    toml = f"drain_s = {DRAIN_S}\n"
    with ExitStack() as stack, proxying(folders[2], *addresses) as proxy:
        running = [ExitStack(), ExitStack()]
        for one in running:
            stack.enter_context(one)
        for which in (0, 1):
            running[which].enter_context(serving(folders[which], toml, ports[which]))
        url, trusted = f"{proxy.address}{CALL_PATH}", str(proxy.trusted.file)
        with steady_calls(url, BODY, trusted) as answered:
            for number in range(RESTARTS):
                which = number % 2
                running[which].close()
                running[which].enter_context(serving(folders[which], toml, ports[which]))
                time.sleep(PROXY_RESTS_S)
    failed = [one for one in answered if one.status != 200]
    told = {
        "restarts": RESTARTS, "calls": len(answered), "failed": len(failed),
        "calls_a_second": round(rate(answered), 1),
        "slowest_s": round(max(one.ended - one.begun for one in answered), 2),
    }  # fmt: skip
    record_property("restarts", told)
    print(told)
    assert failed == []
    assert rate(answered) > 0.8 * A_SECOND


def test_a_worker_that_is_killed_takes_only_its_own_calls_with_it(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    kills: list[float] = []
    chance = SystemRandom()
    with serving_in_full(tmp_path, "") as served:
        with steady_calls(f"{served.address}{CALL_PATH}", BODY) as answered:
            time.sleep(BETWEEN_S)
            for _ in range(KILLS):
                kills.append(time.monotonic())
                os.kill(chance.choice(newest_workers(served)), signal.SIGKILL)
                time.sleep(BETWEEN_S)
        assert served.process.poll() is None
    failed = [one for one in answered if one.status != 200]
    apart = [
        one for one in failed if not any(one.begun - TAKEN_APART_S < k <= one.ended for k in kills)
    ]
    gaps = [
        min(one.ended for one in answered if one.status == 200 and one.begun > killed) - killed
        for killed in kills
    ]
    told = {
        "kills": KILLS, "calls": len(answered), "failed": len(failed),
        "calls_a_second": round(rate(answered), 1), "next_success_s": round(max(gaps), 2),
    }  # fmt: skip
    record_property("kills", told)
    print(told)
    assert apart == []
    assert max(gaps) < MOST_GAP_S
    assert len(failed) <= KILLS * CALLERS
    assert rate(answered) > 0.8 * A_SECOND


def newest_workers(served: Served) -> list[int]:
    """Give the process of each worker, by what the service says; others answer no call."""
    named = re.findall(r"Spawning (worker-\d+) with PID: (\d+)", served.printed)
    return [int(pid) for pid in dict(named).values()]


def ready(served: Served) -> int:
    return requests.get(f"{served.address}/health/ready", timeout=5).status_code


def test_a_service_that_is_told_to_end_is_first_no_longer_ready(tmp_path: Path) -> None:
    with serving(tmp_path, "drain_s = 3\n") as served:
        assert ready(served) == 200
        served.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: ready(served) == 503, 1)
        url = f"{served.address}{CALL_PATH}"
        assert requests.post(url, BODY, headers=JSON, timeout=5).status_code == 200
        assert requests.get(f"{served.address}/health/live", timeout=5).status_code == 200
        assert served.process.wait(10) in (0, -signal.SIGTERM)


def test_who_tells_it_twice_or_from_the_keyboard_does_not_wait(tmp_path: Path) -> None:
    for signals in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,)):
        folder = tmp_path / str(len(signals))
        folder.mkdir()
        with serving(folder, "drain_s = 15\n") as served:
            begun = time.monotonic()
            for one in signals:
                served.process.send_signal(one)
                time.sleep(0.2)
            served.process.wait(10)
        assert time.monotonic() - begun < 8
