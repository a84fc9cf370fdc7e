"""The command: starts the servers, measures, writes a table and `var/bench.json`."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from shutil import which
from typing import Any

import click

from benchmarks import payloads, rows, servers, table
from benchmarks.payloads import Payload
from benchmarks.rounds import Comparison, compare, started

_ROOT = Path(__file__).parents[2]
_SHARED = _ROOT.parent / "shared" / "performance" / "payloads"
_PROGRAMS = {"wrk": "wrk", "node": "nodejs"}  # and Debian's packages that have them
_KEPT = Path(__file__).with_name("kept.json")


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Visits of each server.")
@click.option("--seconds", default=4.0, show_default=True,
              help="Of each of a visit's three measurements.")  # fmt: skip
@click.option("--sizes", default=",".join(payloads.SIZES), show_default=True)
@click.option("--shared", is_flag=True, help="Take the payloads of ../shared, of real patients.")
@click.option("--rows/--no-rows", "more", default=True, help="Start-up, memory, tokens and so on.")
@click.option("--keep", is_flag=True, help="Write the ratios that the tests compare with.")
def main(**options: Any) -> None:
    """Measure what a call costs beside other services; let the machine do nothing else."""
    for program, package in _PROGRAMS.items():
        if which(program) is None:
            raise click.ClickException(f"{program} is not here: apt-get install -y {package}")
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        compared = list(_compared(Path(folder), options))
        told = _rows(Path(folder), options["seconds"]) if options["more"] else {}
    for line in table.lines(compared, told):
        click.echo(line)
    machine = {"cores": os.cpu_count(), "load_before": load_before[0]}
    _write(_ROOT / "var" / "bench.json",
           {"machine": machine, "options": options, **table.as_json(compared, told)})  # fmt: skip
    if options["keep"]:
        _write(_KEPT, {
            one.payload.name: {name: asdict(ratio) for name, ratio in one.ratios().items()}
            for one in compared
        })  # fmt: skip


def _compared(folder: Path, options: dict[str, Any]) -> Iterator[Comparison]:
    with started(folder, tuple(servers.ALL)) as running:
        for name in options["sizes"].split(","):
            click.echo(f"{name}: {options['rounds']} rounds", err=True)
            payload = _payload(folder, name, shared=options["shared"])
            yield compare(running, payload, options["rounds"], options["seconds"])


def _payload(folder: Path, name: str, *, shared: bool) -> Payload:
    if name not in payloads.SIZES:
        raise click.ClickException(f"--sizes: some of {', '.join(payloads.SIZES)}")
    if not shared:
        return payloads.made(folder, name)
    if not _SHARED.is_dir():
        raise click.ClickException("--shared: ../shared/performance/payloads is not here")
    return payloads.found(_SHARED, name)


def _rows(folder: Path, seconds: float) -> dict[str, Any]:
    small, medium, large = (payloads.made(folder, name) for name in payloads.SIZES)
    calls = round(100 * seconds)
    return {
        "CPU microseconds of each step, without a server":
            rows.steps((small, medium, large), seconds),
        "CPU microseconds a resource, by their number": rows.length(seconds),
        "start-up in s; MB of a worker after 1,000 small calls":
            rows.start_and_memory(folder, tuple(servers.ALL), small),
        "medium, without and with tokens": rows.tokens(folder, medium, calls),
        f"{rows.FETCHED} resources, sent along and asked for": rows.fetched(folder, calls // 4),
    }  # fmt: skip


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
