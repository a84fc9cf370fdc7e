"""How long calls took: percentiles and a histogram, from counts by duration."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

# Upper ends in milliseconds, each included; the last bar of a histogram has none.
BOUNDS_MS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Latencies:
    """So many calls, and within how many milliseconds a half, 95 and 99 of 100 were answered.

    `histogram` counts the calls up to each of BOUNDS_MS, and those beyond.
    """

    count: int
    p50: float
    p95: float
    p99: float
    histogram: tuple[int, ...]


def latencies_of(counted: Mapping[float, int]) -> Latencies:
    """Sum up counts by milliseconds; there is at least one."""
    bars: Counter[int] = Counter()
    for ms, count in counted.items():
        bars[next((n for n, bound in enumerate(BOUNDS_MS) if ms <= bound), len(BOUNDS_MS))] += count
    return Latencies(
        count=sum(counted.values()),
        p50=percentile(counted, 50),
        p95=percentile(counted, 95),
        p99=percentile(counted, 99),
        histogram=tuple(bars[place] for place in range(len(BOUNDS_MS) + 1)),
    )


def percentile(counted: Mapping[float, int], percent: float) -> float:
    """Give the smallest value that so many percent of all do not exceed (the nearest rank)."""
    rank = max(1, ceil(sum(counted.values()) * percent / 100))
    passed = 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= rank:
            break
    return value
