"""Remembers which tokens were used, for all workers and through restarts: each counts once."""

import hashlib
import hmac
import threading
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
_REST_S = 5  # so long a server that failed is taken to be down, and no other call waits for it


@dataclass(kw_only=True)
class SeenTokens:
    """The tokens that were used and have not expired yet."""

    engine: Engine
    key: bytes
    _swept_at: float = 0.0
    _failed_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def first_use(self, issuer: str, token_id: str, expires_at: float, now: float) -> bool:
        """Whether this token was never used before; from now on it was. Raises StoreDown.

        `expires_at` is when the token can no longer be used by anyone, in seconds since 1970.
        """
        if 0 <= now - self._failed_at < _REST_S:
            raise StoreDown
        named = f"{len(issuer)}:{issuer}{token_id}".encode()
        token = hmac.new(self.key, named, hashlib.sha256).digest()
        row = self._insert(token=token, expires_at=int(expires_at) + 1)
        try:
            with self.engine.begin() as connection:
                is_new = connection.execute(row).first() is not None
        except (SQLAlchemyError, OSError) as problem:
            if self.engine.dialect.name == "postgresql":  # a file fails, or answers, at once
                self._failed_at = now
            raise StoreDown from problem
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
