"""Runs Debian's nginx with the shipped configuration before a service, in a folder of its own."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from certificates import Authority, authority
from conftest import ROOT, SYSTEM_PATH
from served import free_port

SHIPPED = ROOT / "deploy" / "nginx"
HOST = "127.0.0.1"


def program() -> str | None:
    """Find nginx, which Debian puts where only root looks."""
    return which("nginx", path=SYSTEM_PATH)


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A running proxy: where EHRs call, where monitoring asks, and what it wrote."""

    port: int
    internal: str
    folder: Path
    trusted: Authority

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "access.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def connect(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.trusted.file))
        return context.wrap_socket(
            socket.create_connection((HOST, self.port)), server_hostname=HOST
        )

    def answers(self, raw: bytes, quiet_s: float = 1) -> tuple[list[int], bool]:
        """Send bytes; give the statuses that come, and whether the proxy then hung up.

        It has not hung up if nothing came for `quiet_s` seconds.
        """
        said, hung_up = b"", False
        with self.connect() as connection:
            connection.settimeout(quiet_s)
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(raw)
            try:
                while piece := connection.recv(65536):
                    said += piece
                hung_up = True
            except TimeoutError:
                pass
            except OSError:
                hung_up = True
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", said)], hung_up


def laid_out(
    folder: Path, services: tuple[str, ...], optional: tuple[str, ...] = ()
) -> tuple[Proxy, list[str]]:
    """Lay out the shipped files with a certificate, ports and services of the test's own.

    Gives the proxy, and the command that runs it. Only what a site changes is changed.
    """
    trusted = authority(folder)
    shutil.copytree(SHIPPED, folder / "nginx")
    for name in optional:
        shutil.copy(SHIPPED / "optional" / name / f"on-{name}.conf", folder / "nginx")
    (folder / "tls").mkdir()
    (folder / "run").mkdir()
    pem = trusted.pem()
    for name in ("tls.crt", "tls.key"):
        shutil.copy(pem, folder / "tls" / name)
    shutil.copy(trusted.file, folder / "tls" / "clients.crt")
    port, internal = free_port(), free_port()
    _change(folder, "listen.conf", "8443", f"{HOST}:{port}")
    _change(folder, "internal.conf", "8081", f"{HOST}:{internal}")
    servers = (
        f"server {one.removeprefix('http://')} max_fails=1 fail_timeout=2s;" for one in services
    )
    _change(folder, "site.conf", r"server 127\.[\s\S]*8090[^;]*;", " ".join(servers))
    _change(folder, "site.conf", r"syslog:\S+", str(folder / "access.log"))
    named = Proxy(port=port, internal=f"http://{HOST}:{internal}", folder=folder, trusted=trusted)
    user = "user root;" if os.geteuid() == 0 else ""
    return named, [
        program() or "nginx", "-e", "stderr", "-p", str(folder / "run"),
        "-c", str(folder / "nginx" / "nginx.conf"), "-g", f"daemon off; {user}",
    ]  # fmt: skip


def _change(folder: Path, name: str, before: str, after: str) -> None:
    file = folder / "nginx" / name
    text, count = re.subn(rf"(?<=\s){before}(?=[\s;])", after, file.read_text(encoding="utf-8"))
    assert count == 1, name
    file.write_text(text, encoding="utf-8")


@contextmanager
def proxying(folder: Path, *services: str, optional: tuple[str, ...] = ()) -> Iterator[Proxy]:
    """Run the proxy before one service or several until the end of the block."""
    proxy, command = laid_out(folder, services, optional)
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(command, stdout=errors, stderr=errors)
        try:
            _wait(proxy, process)
            yield proxy
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(proxy: Proxy, process: subprocess.Popen) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection((HOST, proxy.port)):
            return
        time.sleep(0.02)
    raise TimeoutError((proxy.folder / "errors").read_text())
