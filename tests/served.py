"""Runs the service as users run it: a process of its own, with settings of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests


@dataclass(frozen=True)
class Served:
    """A running service: its address, its process, how soon it was ready, and what it wrote."""

    address: str
    process: subprocess.Popen
    ready_s: float
    log: Path

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder: Path, toml: str = "", port: int | None = None, **env: str) -> Iterator[Served]:
    """Serve with some settings until the end of the block; logs and settings stand in `folder`."""
    port = port or free_port()
    settings = folder / "settings.toml"
    settings.write_text(toml, encoding="utf-8")
    log = folder / "log"
    with log.open("a") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "--settings", str(settings)],
            cwd=folder, stdout=out, stderr=out, env=os.environ | {"PORT": str(port)} | env,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            yield Served(address, process, seconds_until_ready(address, process), log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) in (0, -signal.SIGTERM, -signal.SIGKILL)


def seconds_until_ready(address: str, process: subprocess.Popen, most_s: float = 30) -> float:
    begun = time.monotonic()
    while time.monotonic() - begun < most_s and process.poll() is None:
        try:
            if requests.get(f"{address}/health/ready", timeout=1).ok:
                return time.monotonic() - begun
        except requests.ConnectionError:
            time.sleep(0.02)
    raise TimeoutError
