"""A PostgreSQL of a test's own: in a folder of its own, in no network, and gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

_INSTALLED = Path("/usr/lib/postgresql")
_USER = "postgres"  # in whose name it runs where the tests run as root, which it refuses
_OPTIONS = "-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"


def program(name: str) -> str | None:
    """Find a program of PostgreSQL: on the PATH, or that of the newest version installed."""
    installed = _INSTALLED.glob(f"*/bin/{name}")
    newest = sorted(installed, key=lambda file: float(file.parts[-3]), reverse=True)
    return shutil.which(name) or next((str(file) for file in newest), None)


def is_installed() -> bool:
    return all(program(name) for name in ("initdb", "pg_ctl", "postgres"))


@dataclass(frozen=True)
class Postgres:
    """A cluster of which one database can be used, stopped and started again."""

    folder: Path

    @property
    def url(self) -> str:
        return self._url("postgres")

    def new_database(self) -> str:
        """Make an empty database and give its address."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def start(self) -> None:
        options = _OPTIONS.format(folder=self.folder)
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def pause(self) -> None:
        """Let it keep its connections and answer nothing, as a machine that hangs does."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        first = (self.folder / "data/postmaster.pid").read_text().split()[0]
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", first], capture_output=True, text=True
        ).stdout.split()
        for process in (first, *children):
            with suppress(ProcessLookupError):  # one that has just ended
                os.kill(int(process), which)

    def create(self) -> None:
        self._run("initdb", "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")

    def _run(self, name: str, *arguments: str) -> None:
        command = [*_in_the_name_of_its_user(), program(name), "-D", str(self.folder / "data")]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{name} failed"


def _in_the_name_of_its_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


@contextmanager
def running() -> Iterator[Postgres]:
    """Run a new cluster until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    if os.geteuid() == 0:
        known = pwd.getpwnam(_USER)
        os.chown(folder, known.pw_uid, known.pw_gid)
    cluster = Postgres(folder)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        if (folder / "data/postmaster.pid").exists():
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
