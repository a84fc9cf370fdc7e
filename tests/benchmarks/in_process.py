"""What a call costs without any server: the decoding that no answer can do without, and all."""

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec
from charts import TODAY
from msgspec import Raw, Struct

from benchmarks.payloads import a_call
from service.app import open_desk
from service.clinical import fhir
from service.clinical.assessment import rate
from service.clinical.cards import write
from service.clinical.findings import evaluate
from service.clinical.meaning import Calendar
from service.clinical.order import recognise
from service.clinical.read import read
from service.clinical.suggestions import Issue
from service.ehr.prefetch import gather
from service.settings import Settings
from service.web import hook
from service.web.answer import Desk, answer

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


def steps_us(body: bytes, seconds: float) -> dict[str, float]:
    """Give the processor microseconds of each step of an answer, the medians of runs."""
    desk = open_desk(Settings())
    runs: list[dict[str, int]] = []
    end = time.monotonic() + seconds
    while len(runs) < _FEWEST_RUNS or time.monotonic() < end:
        moments = {"": time.process_time_ns()}
        for step in _line(body, desk):
            moments[step] = time.process_time_ns()
        runs.append(moments)
    steps = list(runs[0])
    return {
        step: statistics.median(run[step] - run[before] for run in runs) / 1000
        for before, step in pairwise(steps)
    }


def _line(body: bytes, desk: Desk) -> Iterator[str]:
    """Walk the line that `answer` walks, and name each step when it is done."""
    guideline, client = desk.guideline, desk.anyone.fhir_client
    request = hook.parse(body)
    yield "parse"
    reading = guideline.reading
    order = recognise(reading.terms, reading.trigger, request.drafts[0], request.patient.id)
    assert order is not None
    gathered = gather(request.patient, request.prefetch, request.offer, client, time.monotonic())
    yield "gather"
    chart = read(gathered.records, order, reading, Calendar(as_of=TODAY, zone=desk.zone))
    yield "read"
    findings = evaluate(chart, order, guideline)
    yield "evaluate"
    assessment = rate(findings, guideline)
    yield "rate"
    issue = Issue(key=b"k" * 32, hook_instance=request.hook_instance)
    cards = write(assessment, chart, order, guideline, issue)
    yield "write"
    hook.encode(list(cards))
    yield "encode"


def _cpu_us(work: Callable[[], object], seconds: float) -> float:
    took = []
    end = time.monotonic() + seconds
    while len(took) < _FEWEST_RUNS or time.monotonic() < end:
        begun = time.process_time_ns()
        work()
        took.append((time.process_time_ns() - begun) / 1000)
    return statistics.median(took)
