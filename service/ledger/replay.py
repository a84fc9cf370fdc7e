"""Remembers which tokens were used, for all workers and through restarts: each counts once."""

import hashlib
import hmac
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import ReturningInsert

from service.errors import StoreDown
from service.ledger.schema import seen_tokens
from service.logs import log

_SWEEP_EVERY_S = 60
_SWEPT_AT_ONCE = 10_000
_MOST_ASKING = 16  # questions at a time that are not waited for to the end
_MOST_OPEN = 100_000
_PATIENCE_S = 0.25  # so long an answer that is not needed is waited for, once
_REST_S = 5  # so long a server that failed is taken to be down, and no other call waits for it


@dataclass(kw_only=True)
class SeenTokens:
    """The tokens that were used and have not expired yet."""

    engine: Engine
    key: bytes
    hasty: Engine | None = None  # the same, which waits for other writers hardly at all
    _swept_at: float = 0.0
    _failed_at: float = float("-inf")
    _is_late: bool = False  # the last answer did not come in time, or not at all
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: dict[bytes, float] = field(default_factory=dict)  # tokens not answered yet: expiry
    _askers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_MOST_ASKING, thread_name_prefix="tokens")
    )
    _places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_MOST_ASKING))

    def first_use(
        self, issuer: str, token_id: str, expires_at: float, now: float, needed: bool = True
    ) -> bool:
        """Whether this token was never used before; from now on it was.

        `expires_at` is when the token can no longer be used by anyone, in seconds since 1970.
        Raises StoreDown where the database cannot say. Where its answer is not `needed`, it is
        waited for only a moment, and not at all while it is late; it is asked all the same, and no
        second use in this process is let in meanwhile.
        """
        named = f"{len(issuer)}:{issuer}{token_id}".encode()
        token = hmac.new(self.key, named, hashlib.sha256).digest()
        if not self._opened(token, expires_at, now):
            return False
        if not needed:
            return self._soon(token, expires_at, now)
        try:
            return self._asked(self.engine, token, expires_at, now)
        except StoreDown:
            self._open.pop(token, None)  # it is not let in, and may come again
            raise

    def _soon(self, token: bytes, expires_at: float, now: float) -> bool:
        if not self._places.acquire(blocking=False):
            raise StoreDown
        was_late, begun = self._is_late, time.monotonic()
        engine = self.hasty or self.engine
        asked = self._askers.submit(self._asked, engine, token, expires_at, now)
        asked.add_done_callback(lambda done: self._answered(done, begun))
        if was_late:
            raise StoreDown
        try:
            return asked.result(_PATIENCE_S)
        except TimeoutError:
            self._is_late = True
            raise StoreDown from None

    def _answered(self, done: Future[bool], begun: float) -> None:
        self._places.release()
        in_time = time.monotonic() - begun < _PATIENCE_S
        self._is_late = done.exception() is not None or not in_time

    def _opened(self, token: bytes, expires_at: float, now: float) -> bool:
        """Whether nobody in this process asks about the same token, or went in with it unasked."""
        with self._lock:
            if self._open.get(token, now) > now:
                return False
            self._open[token] = expires_at
            if len(self._open) > _MOST_OPEN:
                del self._open[next(iter(self._open))]
        return True

    def _asked(self, engine: Engine, token: bytes, expires_at: float, now: float) -> bool:
        """Ask the database, and tell it; raises StoreDown, for a while without asking it."""
        if 0 <= now - self._failed_at < _REST_S:
            raise StoreDown
        row = self._insert(token=token, expires_at=int(expires_at) + 1)
        try:
            with engine.begin() as connection:
                is_new = connection.execute(row).first() is not None
        except (SQLAlchemyError, OSError) as problem:
            if self.engine.dialect.name == "postgresql":  # a file fails, or answers, at once
                self._failed_at = now
            raise StoreDown from problem
        self._open.pop(token, None)
        if self._is_to_sweep(now):
            self._sweep(now)
        return is_new

    def _insert(self, **row: bytes | int) -> ReturningInsert[Any]:
        """Write the insertion that does, and gives, nothing where the token stands already."""
        new = seen_tokens.c.token
        if self.engine.dialect.name == "postgresql":
            inserted = postgresql.insert(seen_tokens).values(**row)
            return inserted.on_conflict_do_nothing().returning(new)
        return sqlite.insert(seen_tokens).values(**row).on_conflict_do_nothing().returning(new)

    def _sweep(self, now: float) -> None:
        """Forget what has expired; what another worker is forgetting just now is left to him."""
        old = (
            select(seen_tokens.c.token)
            .where(seen_tokens.c.expires_at < int(now))
            .limit(_SWEPT_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        try:
            with self.engine.begin() as connection:
                connection.execute(delete(seen_tokens).where(seen_tokens.c.token.in_(old)))
        except (SQLAlchemyError, OSError) as problem:  # no reason to doubt the token
            log.error("ledger not swept", error=type(problem).__name__)

    def _is_to_sweep(self, now: float) -> bool:
        """Whether it is time, in this worker, to forget what has expired."""
        with self._lock:
            due = now - self._swept_at >= _SWEEP_EVERY_S
            if due:
                self._swept_at = now
            return due
