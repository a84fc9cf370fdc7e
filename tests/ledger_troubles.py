"""Databases in trouble while they are used: locked, full, away, read-only, silent."""

import os
import re
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
from postgres import Postgres
from served import Served

ONE_PAGE = 4096  # bytes
WRITE_VERSION = 18  # the byte of SQLite's header that says how it may be written; 3: not at all


def workers(served: Served, older_than_s: int = -1) -> list[int]:
    """Give the processes that answer, or those of them that began so long ago."""
    told = subprocess.run(
        ["ps", "-o", "pid=,etimes=,args=", "--ppid", str(served.process.pid)],
        capture_output=True,
        text=True,
    ).stdout
    alive = [line for line in told.splitlines() if not re.search("resource_tracker|defunct", line)]
    assert alive
    began = [tuple(map(int, line.split()[:2])) for line in alive]
    return [pid for pid, age_s in began if age_s > older_than_s]


class FileTroubles:
    """Troubles of a file of SQLite."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"

    @contextmanager
    def locked(self, _served: Served) -> Iterator[None]:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout=5000")
            other.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def full(self, served: Served) -> Iterator[None]:
        """Nothing can be written to any file, the log and the spool too, but a first page."""
        limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in workers(served)}
        for pid, (_, hard) in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (ONE_PAGE, hard))
        try:
            yield
        finally:
            for pid, usual in limits.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)

    @contextmanager
    def away(self, _served: Served) -> Iterator[None]:
        """The disk is not mounted."""
        gone = self.file.parent.with_suffix(".gone")
        self.file.parent.rename(gone)
        try:
            yield
        finally:
            shutil.rmtree(self.file.parent, ignore_errors=True)
            gone.rename(self.file.parent)

    @contextmanager
    def read_only(self, _served: Served) -> Iterator[None]:
        with closing(sqlite3.connect(self.file)) as other:
            other.execute("PRAGMA busy_timeout=5000")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._say(3)
        try:
            yield
        finally:
            self._say(2)

    def _say(self, version: int) -> None:
        with self.file.open("r+b") as file:
            file.seek(WRITE_VERSION)
            file.write(bytes([version]))
            os.fsync(file.fileno())


class ServerTroubles:
    """Troubles of a database of PostgreSQL."""

    def __init__(self, cluster: Postgres) -> None:
        self.cluster = cluster
        self.url = cluster.new_database()
        self.name = self.url.split("/")[3].split("?")[0]

    @contextmanager
    def locked(self, _served: Served) -> Iterator[None]:
        with psycopg.connect(self.url) as other:
            other.execute("LOCK TABLE calls, cards, feedback, seen_tokens IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()

    @contextmanager
    def away(self, _served: Served) -> Iterator[None]:
        self.cluster.stop()
        try:
            yield
        finally:
            self.cluster.start()

    @contextmanager
    def silent(self, _served: Served) -> Iterator[None]:
        self.cluster.pause()
        try:
            yield
        finally:
            self.cluster.resume()

    @contextmanager
    def read_only(self, _served: Served) -> Iterator[None]:
        self._set(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on")
        try:
            yield
        finally:
            self._set(f"ALTER DATABASE {self.name} RESET default_transaction_read_only")

    def _set(self, command: str) -> None:
        """Change what new connections begin with, and end those that there are."""
        with psycopg.connect(self.cluster.url, autocommit=True) as other:
            other.execute(command)
            with suppress(psycopg.Error):
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (self.name,),
                )
