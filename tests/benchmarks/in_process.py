"""What a call costs without any server: the decoding that no answer can do without, and all."""

import statistics
import time
from collections.abc import Callable

import msgspec
from charts import TODAY
from msgspec import Raw, Struct

from benchmarks.payloads import a_call
from service.app import open_desk
from service.clinical import fhir
from service.settings import Settings
from service.web.answer import answer

_FEWEST_RUNS = 3


class _Call(Struct):
    prefetch: dict[str, Raw]


class _Entry(Struct):
    resource: fhir.Resource


class _Bundle(Struct):
    entry: list[_Entry] | None = None


_call = msgspec.json.Decoder(_Call).decode
_bundle = msgspec.json.Decoder(_Bundle).decode


def decode(body: bytes) -> list[object]:
    """Decode every resource of a call into the structs that the service reads, and no more."""
    pieces = [bytes(piece) for piece in _call(body).prefetch.values()]
    return [
        _bundle(piece) if fhir.read_kind(piece).resourceType == "Bundle"
        else fhir.read_resource(piece) for piece in pieces
    ]  # fmt: skip


def answer_us(resources: tuple[int, ...], seconds: float) -> dict[int, float]:
    """Give the processor microseconds a resource that the whole answer takes, by their number."""
    desk = open_desk(Settings())
    costs = {}
    for number in resources:
        body = a_call(number)
        costs[number] = _cpu_us(lambda it=body: answer(it, desk, TODAY), seconds) / number
    return costs


def _cpu_us(work: Callable[[], object], seconds: float) -> float:
    took = []
    end = time.monotonic() + seconds
    while len(took) < _FEWEST_RUNS or time.monotonic() < end:
        begun = time.process_time_ns()
        work()
        took.append((time.process_time_ns() - begun) / 1000)
    return statistics.median(took)
