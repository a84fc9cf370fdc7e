"""Starts the servers that are compared, each with two workers on loopback, and reads their cost."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import requests
from house import CALL_PATH
from served import free_port, seconds_until_ready
from test_tokens_served import serving_in_full

WORKERS = 2
_HERE = Path(__file__).parent
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MOST_IDLE_WAITS = 100
_MOST_READY_S = 60


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers: its name, its address, its first process, how soon it was ready."""

    name: str
    address: str
    pid: int
    ready_s: float

    @property
    def url(self) -> str:
        """Where hook calls go."""
        return f"{self.address}{CALL_PATH}"

    def cpu_s(self) -> float:
        """Give the processor seconds of all its processes since they began, to 0.01 s."""
        return sum(map(_cpu_ticks, _family(self.pid))) / _TICKS_A_SECOND

    def megabytes(self) -> float:
        """Give the resident memory of its largest worker, in MB of 2**20 bytes."""
        return max(map(_resident_kb, _family(self.pid)[1:])) / 1024

    def settle(self) -> None:
        """Wait until it does nothing any more, such as writing records behind the calls; 10 s."""
        before = self.cpu_s()
        for _ in range(_MOST_IDLE_WAITS):
            time.sleep(0.1)
            now = self.cpu_s()
            if now - before <= 1.5 / _TICKS_A_SECOND:
                return
            before = now


def _family(pid: int) -> list[int]:
    """List a process and all below it, itself first."""
    command = ["ps", "-A", "-o", "pid=,ppid="]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in table.splitlines()]
    members = [pid]
    for member in members:
        members += [child for child, parent in parents if parent == member]
    return members


def _cpu_ticks(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:  # it has ended since
        return 0
    user, system = told.rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def _resident_kb(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmRSS"))


@contextmanager
def product(folder: Path, toml: str = "") -> Iterator[Running]:
    """Serve as shipped, the ledger on, until the end of the block."""
    with serving_in_full(folder, toml) as served:
        yield Running(
            name="product", address=served.address, pid=served.process.pid, ready_s=served.ready_s
        )


def naive(folder: Path) -> AbstractContextManager[Running]:
    """Flask and fhir.resources on gunicorn's sync workers."""
    return _running("naive", folder, lambda port: [
        *(sys.executable, "-m", "gunicorn", "--workers", str(WORKERS)),
        *("--bind", f"127.0.0.1:{port}", "--timeout", "120"),
        *("--no-control-socket", "benchmarks.naive:app"),
    ])  # fmt: skip


def echo(folder: Path) -> AbstractContextManager[Running]:
    """The server of the product, giving back what it got."""
    return _of_our_server("echo", folder)


def floor(folder: Path) -> AbstractContextManager[Running]:
    """The server of the product, giving back what it got when it has decoded it."""
    return _of_our_server("floor", folder)


def _of_our_server(name: str, folder: Path) -> AbstractContextManager[Running]:
    return _running(name, folder, lambda port: [
        sys.executable, "-m", "benchmarks.echo", name, str(port), str(WORKERS)
    ])  # fmt: skip


def node(folder: Path) -> AbstractContextManager[Running]:
    """The reading of `naive` on plain Node."""
    program = str(_HERE / "node" / "server.js")
    return _running("node", folder, lambda port: [
        which("node") or "node", program, str(port), str(WORKERS)
    ])  # fmt: skip


ALL: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "product": product, "naive": naive, "echo": echo, "floor": floor, "node": node,
}  # fmt: skip


@contextmanager
def _running(name: str, folder: Path, command: Callable[[int], list[str]]) -> Iterator[Running]:
    port = free_port()
    env = os.environ | {"PYTHONPATH": str(_HERE.parent)}
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command(port), cwd=folder, env=env, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            ready_s = _seconds_until_ready(address, process)
            yield Running(name=name, address=address, pid=process.pid, ready_s=ready_s)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _seconds_until_ready(address: str, process: subprocess.Popen) -> float:
    """Wait for a server that may take a call long before it is able to answer it."""
    begun = time.monotonic()
    while time.monotonic() - begun < _MOST_READY_S:
        with suppress(requests.Timeout):
            seconds_until_ready(address, process)
            break
    return time.monotonic() - begun
