"""Fifty usual calls a second, as long as it takes: none is late.

`pytest -s tests/test_steady.py` says the figures; `make prove` goes on for ten minutes.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.payloads import SIZES, a_call
from conftest import STRICT
from house import CALL_PATH
from steady import A_SECOND, rate, steady_calls
from test_tokens_served import serving_in_full

SECONDS = 600.0 if STRICT else 5.0
WARM_S = 2.0
MOST_S, MOST_P99_MS = (0.5, 50.0) if STRICT else (2.0, 250.0)

pytestmark = pytest.mark.timed


def test_no_usual_call_is_late(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with serving_in_full(tmp_path, "") as served:
        url, body = f"{served.address}{CALL_PATH}", a_call(SIZES["medium"])
        with steady_calls(url, body):
            time.sleep(WARM_S)
        with steady_calls(url, body) as answered:
            time.sleep(SECONDS)
    took = sorted(one.took_s for one in answered)
    told = {
        "calls": len(took), "calls_a_second": round(rate(answered), 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 1),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1),
        "slowest_ms": round(took[-1] * 1000, 1),
    }  # fmt: skip
    record_property("steady", told)
    print(told)
    assert {one.status for one in answered} == {200}
    assert rate(answered) > 0.9 * A_SECOND
    assert took[-1] < MOST_S
    assert told["p99_ms"] < MOST_P99_MS
