"""Calls a server over loopback: with wrk for times and throughput, one by one for the cost."""

import http.client
import json
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.servers import Running

AT_ONCE = 16
_SCRIPT = Path(__file__).with_name("post.lua")
_JSON = {"Content-Type": "application/json"}
_GIVE_BACK = ("echo", "floor")
_FEWEST_CALLS = 2
_LONGEST_S = 32


class Failed(Exception):
    """A server answered a call otherwise than it should; the text says which and how."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What wrk counted: calls a second, and the median and 99th percentile in milliseconds."""

    calls_a_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What calls one after another cost: processor and median milliseconds a call."""

    cpu_ms: float
    p50_ms: float
    calls: int


def wrk(running: Running, body: Path, connections: int, seconds: float) -> Load:
    """Post a file over some connections for some seconds; raises Failed if a call fails.

    It takes twice as long, and again, where fewer calls than connections came to an end.
    """
    counted = _counted(running, body, connections, max(1, round(seconds)))
    if counted["failed"]:
        raise Failed(f"{running.name}: {counted}")
    if counted["calls"] < connections and seconds < _LONGEST_S:
        running.settle()
        return wrk(running, body, connections, max(1, seconds) * 2)
    return Load(
        calls_a_second=counted["calls"] / (counted["duration_us"] / 1e6),
        p50_ms=counted["p50_us"] / 1000,
        p99_ms=counted["p99_us"] / 1000,
    )


def _counted(running: Running, body: Path, connections: int, seconds: int) -> dict[str, int]:
    threads = min(connections, 2)
    command = [
        "wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s",
        "--timeout", "60s", "--latency", "-s", str(_SCRIPT), running.url, "--", str(body),
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted: dict[str, int] = json.loads(told.rpartition("COUNTED ")[2])
    return counted


def in_turn(running: Running, body: bytes, seconds: float) -> Cost:
    """Call one by one for some seconds, twice at least, and read the processor time of it all.

    What a server does behind the calls, such as writing records, counts.
    """
    return _cost(running, _until(seconds, _calls(running, body, repeat({}))))


def so_many(
    running: Running, body: bytes, calls: int, headers: Iterable[dict[str, str]] = repeat({})
) -> Cost:
    """Call one by one so often, each call with headers of its own; else as `in_turn`."""
    return _cost(running, islice(_calls(running, body, iter(headers)), calls))


def _cost(running: Running, calls: Iterator[float]) -> Cost:
    running.settle()
    before = running.cpu_s()
    took = list(calls)
    running.settle()
    cpu_ms = (running.cpu_s() - before) * 1000 / len(took)
    return Cost(cpu_ms=cpu_ms, p50_ms=statistics.median(took), calls=len(took))


def _calls(running: Running, body: bytes, headers: Iterable[dict[str, str]]) -> Iterator[float]:
    """Call over one connection, kept where the server keeps it; give each call's milliseconds."""
    parts = urlsplit(running.url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=60)) as connection:
        for more in headers:
            begun = time.perf_counter()
            connection.request("POST", parts.path, body, _JSON | more)
            answer = connection.getresponse()
            content = answer.read()
            took = (time.perf_counter() - begun) * 1000
            is_answer = content == body if running.name in _GIVE_BACK else b'"cards":[{' in content
            if answer.status != http.client.OK or not is_answer:
                raise Failed(f"{running.name}: {answer.status} {content[:200]!r}")
            yield took


def _until(seconds: float, calls: Iterator[float]) -> Iterator[float]:
    end = time.monotonic() + seconds
    for number, took in enumerate(calls, 1):
        yield took
        if number >= _FEWEST_CALLS and time.monotonic() >= end:
            return
