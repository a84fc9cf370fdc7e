"""Visits the servers in turn, round after round, and compares what each round measured."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load, servers
from benchmarks.payloads import Payload
from benchmarks.servers import Running

# What one server measured in one round: p50_ms, p99_ms, calls_a_second (at 16), cpu_ms.
Visit = dict[str, float]
Round = dict[str, Visit]


@dataclass(frozen=True, kw_only=True)
class Target:
    """How far the product is to be from another, by size; at least, or at most."""

    says: str
    by_size: Mapping[str, float]
    at_most: bool = False


TARGETS = {
    "p50": Target(
        says="p50: naive / product", by_size={"small": 15, "medium": 50, "large": 60}
    ),
    "throughput": Target(
        says="calls a second at 16: product / node",
        by_size={"small": 1.5, "medium": 3, "large": 2},
    ),
    "cpu": Target(says="CPU: product / floor", by_size={"medium": 2, "large": 2}, at_most=True),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Ratio:
    """How the product is compared with another, and how the floor would be in its place."""

    other: str
    of: Callable[[Visit, Visit], float]  # of the product, or the floor, and the other


_COMPARED = {
    "p50": _Ratio(other="naive", of=lambda mine, other: other["p50_ms"] / mine["p50_ms"]),
    "throughput": _Ratio(
        other="node", of=lambda mine, other: mine["calls_a_second"] / other["calls_a_second"]
    ),
    "cpu": _Ratio(other="floor", of=lambda mine, other: mine["cpu_ms"] / other["cpu_ms"]),
}


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of some values, and the quartiles on both its sides."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was measured with one payload, round by round."""

    payload: Payload
    rounds: list[Round] = field(default_factory=list)

    def ratios(self) -> dict[str, Spread]:
        """Give the spread of each ratio over the rounds; both its sides are of one round."""
        return self._ratios_of("product")

    def ceilings(self) -> dict[str, Spread]:
        """Give what the ratios would be of a service that only decodes what it is sent."""
        return self._ratios_of("floor")

    def _ratios_of(self, mine: str) -> dict[str, Spread]:
        return {
            name: spread([ratio.of(one[mine], one[ratio.other]) for one in self.rounds])
            for name, ratio in _COMPARED.items()
            if {mine, ratio.other} <= self.rounds[0].keys()
        }

    def servers(self) -> dict[str, dict[str, Spread]]:
        """Give the spread of each value of each server over the rounds."""
        return {
            name: {key: spread([one[name][key] for one in self.rounds]) for key in visit}
            for name, visit in self.rounds[0].items()
        }


def spread(values: list[float]) -> Spread:
    """Give median and quartiles; of one value, itself."""
    if len(values) == 1:
        return Spread(median=values[0], low=values[0], high=values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median=median, low=low, high=high)


@contextmanager
def started(folder: Path, names: tuple[str, ...]) -> Iterator[list[Running]]:
    """Run some of the servers side by side until the end of the block; idle ones cost nothing."""
    with ExitStack() as stack:
        running = []
        for name in names:
            own = folder / name
            own.mkdir()
            running.append(stack.enter_context(servers.ALL[name](own)))
        yield running


def visit_alone(running: Running, payload: Payload, seconds: float) -> Visit:
    """Measure one server: calls one after another, and their cost."""
    alone = load.wrk(running, payload.file, 1, seconds)
    cost = load.in_turn(running, payload.body, seconds)
    return {"p50_ms": alone.p50_ms, "p99_ms": alone.p99_ms, "cpu_ms": cost.cpu_ms}


def visit(running: Running, payload: Payload, seconds: float) -> Visit:
    """Measure one server also with 16 calls at once."""
    alone = visit_alone(running, payload, seconds)
    crowd = load.wrk(running, payload.file, load.AT_ONCE, seconds)
    running.settle()
    return {**alone, "calls_a_second": crowd.calls_a_second}


def compare(
    running: list[Running],
    payload: Payload,
    rounds: int,
    seconds: float,
    measure: Callable[[Running, Payload, float], Visit] = visit,
) -> Comparison:
    """Visit each server in each round, another one first each time; each measurement so long."""
    compared = Comparison(payload=payload)
    for one in running:
        load.so_many(one, payload.body, 4)  # so that every worker has begun in earnest
    for number in range(rounds):
        first = number % len(running)
        visits = {
            one.name: measure(one, payload, seconds) for one in running[first:] + running[:first]
        }
        compared.rounds.append(visits)
    return compared
