"""Connections to PostgreSQL that do not wait for ever: a server that hangs is one that is down.

A limit that the server keeps itself ends no wait for a server that answers nothing at all.
"""

from collections.abc import Callable, Generator
from typing import Any

import psycopg

_LOOK_EVERY_S = 0.1


def impatient(patience_s: float) -> Callable[..., psycopg.Connection[Any]]:
    """Give what connects SQLAlchemy to a server that may answer nothing for so many seconds."""

    def connect(_dialect: Any, _record: Any, given: Any, named: Any) -> psycopg.Connection[Any]:
        """Connect, and be impatient with whatever is asked from then on."""
        connection = Impatient.connect(*given, **named)
        connection.patience_s = patience_s
        return connection

    return connect


class Impatient(psycopg.Connection[Any]):
    """A connection that closes itself when an answer does not come for `patience_s` seconds."""

    patience_s = 2.0

    def wait(self, gen: Generator[Any, Any, Any], *_rest: Any, **_more: Any) -> Any:
        """Wait for what `gen` waits for; raises psycopg.OperationalError if it does not come."""
        try:
            return super().wait(_limited(gen, self.patience_s / _LOOK_EVERY_S), _LOOK_EVERY_S)
        except _TooLong:
            self.close()
            raise psycopg.OperationalError("no answer in time") from None


class _TooLong(Exception):
    pass


def _limited(gen: Generator[Any, Any, Any], most_looks: float) -> Generator[Any, Any, Any]:
    """Pass on what a generator waits for, and what it is told, until nothing comes too often."""
    ready, looks = None, 0
    while looks < most_looks:
        try:
            wanted = gen.send(ready)
        except StopIteration as done:
            return done.value
        ready = yield wanted
        looks = 0 if ready else looks + 1
    raise _TooLong
