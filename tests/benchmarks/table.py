"""Writes what was measured: a table for people, and JSON for whoever compares two days."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from benchmarks.rounds import TARGETS, Comparison, Spread


def lines(compared: list[Comparison], rows: dict[str, Any]) -> Iterator[str]:
    """Write the table, line by line."""
    for one in compared:
        size = one.payload.name
        yield f"{size}: {len(one.payload.body):,} bytes, {one.payload.resources:,} resources"
        yield f"  {'':10}{'p50 ms':>9}{'p99 ms':>9}{'calls/s at 16':>15}{'CPU ms':>9}"
        for name, told in one.servers().items():
            yield _server_line(name, told)
        ceilings = one.ceilings()
        for name, ratio in one.ratios().items():
            yield _ratio_line(name, size, ratio, ceilings[name])
        yield ""
    for name, row in rows.items():
        yield from _row_lines(name, row)


def _server_line(name: str, told: dict[str, Spread]) -> str:
    widths = {"p50_ms": 9, "p99_ms": 9, "calls_a_second": 15, "cpu_ms": 9}
    cells = (
        f"{told[key].median:{width},.2f}" if key in told else " " * width
        for key, width in widths.items()
    )
    return f"  {name:10}{''.join(cells)}"


def _ratio_line(name: str, size: str, ratio: Spread, ceiling: Spread) -> str:
    target = TARGETS[name]
    told = (
        f"  {target.says:38}{ratio.median:8.2f}  ({ratio.low:.2f} to {ratio.high:.2f};"
        f" of the floor {ceiling.median:.2f})"
    )
    if size not in target.by_size:
        return told
    limit = target.by_size[size]
    is_met = ratio.median <= limit if target.at_most else ratio.median >= limit
    side = "at most" if target.at_most else "at least"
    return f"{told}  target {side} {limit:g}: {'met' if is_met else 'NOT MET'}"


def _row_lines(title: str, row: dict[str, Any]) -> Iterator[str]:
    yield title
    for name, told in row.items():
        cells = told.items() if isinstance(told, dict) else (("", told),)
        yield f"  {name:12}" + "".join(f"{key:>12} {value:8,.2f}" for key, value in cells)


def as_json(compared: list[Comparison], rows: dict[str, Any]) -> dict[str, Any]:
    """Give everything that was measured, each round on its own, and the ratios."""
    sizes = {
        one.payload.name: {
            "bytes": len(one.payload.body),
            "resources": one.payload.resources,
            "rounds": one.rounds,
            "ratios": {name: asdict(ratio) for name, ratio in one.ratios().items()},
            "of_the_floor": {name: asdict(ratio) for name, ratio in one.ceilings().items()},
        }
        for one in compared
    }
    targets = {name: asdict(target) for name, target in TARGETS.items()}
    return {"sizes": sizes, "targets": targets, "rows": rows}
