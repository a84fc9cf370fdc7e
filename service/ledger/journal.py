"""Writes the record of each call to the ledger, behind the call: no answer ever waits for it."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from service import metrics
from service.ledger.rows import Record, from_line, insert, to_line
from service.ledger.spool import Spool
from service.logs import log

_AT_ONCE = 500  # records of one transaction
_REST_S = 5.0  # so long a database that failed is left alone
_GATHER_S = 0.2  # so long the records after the first are waited for: a transaction costs more
_LOOK_EVERY_S = 1.0
_ENDS_WITHIN_S = 5.0
_UNWRITABLE = (ValueError, TypeError, KeyError, OverflowError)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How the ledger is: whether it took the last records, and what still waits for it."""

    up: bool
    waiting: int  # records in memory
    spooled_bytes: int


@dataclass(kw_only=True)
class Journal:
    """Takes records at any time and at once, and stores them as soon as the database does.

    While it does not, they are kept in the spool; where that fails too they wait in memory, at most
    `most_waiting`. Records that find no place any more are counted by `lost`, and the log says so.
    """

    engine: Engine
    spool: Spool
    most_waiting: int = 10_000
    lost: Callable[[int], None] = metrics.lost
    _waiting: "queue.Queue[Record]" = field(init=False)
    _unwritten: list[Record] = field(default_factory=list)
    _failed_at: float | None = None
    _writer: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)
    _told_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Make room for the records that wait."""
        self._waiting = queue.Queue(self.most_waiting)

    def keep(self, record: Record) -> None:
        """Take a record; returns at once and never fails."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self._lose(1)
        self.begin()

    def begin(self) -> None:
        """Start to write, in this process, if nobody does yet."""
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="ledger", daemon=True)
                self._writer.start()

    def end(self) -> None:
        """Write what waits, to the database or the spool, and stop."""
        self._ending.set()
        if self._writer is not None:
            self._writer.join(_ENDS_WITHIN_S)

    def state(self) -> State:
        """Say how the ledger is."""
        waiting = self._waiting.qsize() + len(self._unwritten)
        spooled = self.spool.bytes_kept()
        return State(up=self._failed_at is None, waiting=waiting, spooled_bytes=spooled)

    def _run(self) -> None:
        while not (self._ending.is_set() and self._waiting.empty() and not self._unwritten):
            try:
                self._turn()
            except Exception as problem:  # whatever it is, the next records are to be written
                log.error("ledger writer failed", error=type(problem).__name__)
                self._ending.wait(_LOOK_EVERY_S)
        self.spool.release()

    def _turn(self) -> None:
        """Write what has come in, and then, if the database takes it, what was spooled before."""
        if not self._unwritten:
            self._unwritten = self._next()
        if self._unwritten and not self._stored(self._unwritten):
            self._spool_unwritten()
        else:
            self._unwritten = []
        if self._is_worth_a_try() and self._waiting.empty():
            self._store_oldest_spooled()
        if time.monotonic() - self._told_at >= _LOOK_EVERY_S:
            self._told_at = time.monotonic()
            state = self.state()
            metrics.ledger_state(state.up, state.waiting, state.spooled_bytes)

    def _next(self) -> list[Record]:
        """Wait for records a while, and a moment for more, and give those that are there."""
        found: list[Record] = []
        with suppress(queue.Empty):
            found.append(self._waiting.get(timeout=_LOOK_EVERY_S))
            self._ending.wait(_GATHER_S)
            while len(found) < _AT_ONCE:
                found.append(self._waiting.get_nowait())
        return found

    def _is_worth_a_try(self) -> bool:
        return self._failed_at is None or time.monotonic() - self._failed_at >= _REST_S

    def _stored(self, records: Sequence[Record]) -> bool:
        """Store records, each at most once, however often it is tried; false where that fails."""
        if not self._is_worth_a_try():
            return False
        try:
            with self.engine.begin() as connection:
                insert(connection, records)
        except (SQLAlchemyError, OSError, *_UNWRITABLE) as problem:
            if _is_fault_of_a_record(problem):
                return self._stored_singly(records, problem)
            if self._failed_at is None:
                log.error("ledger down", error=type(problem).__name__)
            self._failed_at = time.monotonic()
            return False
        if self._failed_at is not None:
            log.warning("ledger up again")
        self._failed_at = None
        return True

    def _stored_singly(self, records: Sequence[Record], problem: Exception) -> bool:
        if len(records) > 1:
            return all(self._stored([record]) for record in records)
        log.error("ledger refused a record", error=type(problem).__name__)
        self._lose(1)
        return True

    def _spool_unwritten(self) -> None:
        try:
            self.spool.add([to_line(record) for record in self._unwritten])
            self._unwritten = []
        except _UNWRITABLE as problem:  # of which one cannot be written down
            self._keep_writable(problem)
        except OSError as problem:
            log.error("ledger not spooled", error=type(problem).__name__)
            if self._ending.is_set():
                self._lose(len(self._unwritten))
                self._unwritten = []
            self._ending.wait(_LOOK_EVERY_S)

    def _keep_writable(self, problem: Exception) -> None:
        before, self._unwritten = self._unwritten, []
        for record in before:
            with suppress(*_UNWRITABLE):
                to_line(record)
                self._unwritten.append(record)
        log.error("ledger refused a record", error=type(problem).__name__)
        self._lose(len(before) - len(self._unwritten))

    def _store_oldest_spooled(self) -> None:
        self.spool.release()
        with self.spool.oldest() as found:
            if found is None:
                return
            path, lines = found
            broken = 0
            while some := list(islice(lines, _AT_ONCE)):
                read = [from_line(line) for line in some]
                whole = [record for record in read if record is not None]
                broken += len(some) - len(whole)
                if whole and not self._stored(whole):
                    return
            if broken:
                self._lose(broken)
            path.unlink(missing_ok=True)

    def _lose(self, count: int) -> None:
        log.error("ledger lost records", count=count)
        self.lost(count)


def _is_fault_of_a_record(problem: Exception) -> bool:
    """Whether the database is well, and a value in a record is none that it can take."""
    of_values = isinstance(problem, StatementError) and not isinstance(problem, DBAPIError)
    return of_values or isinstance(problem, (DataError, IntegrityError, *_UNWRITABLE))
