"""The service stays as far from others as it was: short rounds on one call, by their ratios.

`make bench` measures in full. The limits leave room for a machine that has other work to do.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import payloads
from benchmarks.in_process import decode
from benchmarks.naive import models, summary
from benchmarks.rounds import Spread, compare, spread, started, visit_alone
from charts import TODAY

from service.clinical import fhir

KEPT = Path(__file__).parent / "benchmarks" / "kept.json"
ROUNDS, SECONDS = 3, 1.0
LEAST_TIMES_FASTER = 3.0  # than `naive`, at the median call
MOST_TIMES_WORSE = 2.0  # than what was kept
BYTES = {"small": (10_000, 16_000), "medium": (130_000, 165_000), "large": (1.3e6, 1.6e6)}


@pytest.mark.parametrize("size", payloads.SIZES)
def test_a_call_of_the_benchmark_is_always_the_same_and_as_large_as_it_says(size: str) -> None:
    number = payloads.SIZES[size]
    body = payloads.a_call(number)
    assert body == payloads.a_call(number)
    assert BYTES[size][0] < len(body) < BYTES[size][1]
    prefetch = json.loads(body)["prefetch"].values()
    assert sum(len(piece.get("entry", [piece])) for piece in prefetch) == number


def test_the_usual_service_reads_the_chart_that_it_is_sent() -> None:
    prefetch = json.loads(payloads.a_call(payloads.SIZES["small"]))["prefetch"]
    found = list(models(prefetch))
    assert len(found) == payloads.SIZES["small"]
    assert summary(found, TODAY) == "Six weeks of care: imaging is appropriate"


def test_the_floor_decodes_every_resource() -> None:
    pieces = decode(payloads.a_call(payloads.SIZES["small"]))
    read = [[e.resource for e in p.entry] if hasattr(p, "entry") else [p] for p in pieces]
    resources = [resource for piece in read for resource in piece]
    assert len(resources) == payloads.SIZES["small"]
    assert sum(isinstance(one, fhir.Observation) for one in resources) > 1


def test_quartiles_of_one_value_are_that_value() -> None:
    assert spread([2.0]) == Spread(median=2.0, low=2.0, high=2.0)
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == Spread(median=3.0, low=2.0, high=4.0)


@pytest.mark.wrk
@pytest.mark.timed
def test_a_medium_call_keeps_its_distance_from_the_usual_service_and_from_the_floor(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    payload = payloads.made(tmp_path, "medium")
    with started(tmp_path, ("product", "naive", "floor")) as running:
        ratios = compare(running, payload, ROUNDS, SECONDS, visit_alone).ratios()
    told = {name: round(ratio.median, 2) for name, ratio in ratios.items()}
    record_property("ratios", told)
    print(told)
    kept = json.loads(KEPT.read_text(encoding="utf-8"))["medium"]
    assert ratios["p50"].median >= LEAST_TIMES_FASTER
    assert ratios["p50"].median >= kept["p50"]["median"] / MOST_TIMES_WORSE
    assert ratios["cpu"].median <= kept["cpu"]["median"] * MOST_TIMES_WORSE
