"""Remembers which tokens were used, for all workers and through restarts: each counts once."""

import hashlib
import hmac
import threading
from dataclasses import dataclass, field

from sqlalchemy import Engine, Insert, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from service.errors import StoreDown
from service.ledger.schema import seen_tokens

_SWEEP_EVERY_S = 60


@dataclass(kw_only=True)
class SeenTokens:
    """The tokens that were used and have not expired yet."""

    engine: Engine
    key: bytes
    _swept_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def first_use(self, issuer: str, token_id: str, expires_at: float, now: float) -> bool:
        """Whether this token was never used before; from now on it was. Raises StoreDown.

        `expires_at` is when the token can no longer be used by anyone, in seconds since 1970.
        """
        named = f"{len(issuer)}:{issuer}{token_id}".encode()
        token = hmac.new(self.key, named, hashlib.sha256).digest()
        row = self._insert(token=token, expires_at=int(expires_at) + 1)
        try:
            with self.engine.begin() as connection:
                is_new = connection.execute(row).rowcount == 1
                if self._sweeps(now):
                    old = seen_tokens.c.expires_at < int(now)
                    connection.execute(delete(seen_tokens).where(old))
        except (SQLAlchemyError, OSError) as problem:
            raise StoreDown from problem
        return is_new

    def _insert(self, **row: bytes | int) -> Insert:
        """Write the insertion that does nothing where the token stands already."""
        if self.engine.dialect.name == "postgresql":
            return postgresql.insert(seen_tokens).values(**row).on_conflict_do_nothing()
        return sqlite.insert(seen_tokens).values(**row).on_conflict_do_nothing()

    def _sweeps(self, now: float) -> bool:
        """Whether it is time, in this worker, to forget what has expired."""
        with self._lock:
            due = now - self._swept_at >= _SWEEP_EVERY_S
            if due:
                self._swept_at = now
            return due
