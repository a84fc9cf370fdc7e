"""Connections to PostgreSQL that do not wait for ever: a server that hangs is one that is down.

A limit that the server keeps itself ends no wait for a server that answers nothing at all.
"""

from collections.abc import Generator
from typing import Any

import psycopg

_LOOK_EVERY_S = 0.1
_MOST_LOOKS = 20  # so often in a row nothing may have arrived


class Impatient(psycopg.Connection[Any]):
    """A connection that closes itself when an answer does not come for two seconds."""

    def wait(self, gen: Generator[Any, Any, Any], *_rest: Any, **_more: Any) -> Any:
        """Wait for what `gen` waits for; raises psycopg.OperationalError if it does not come."""
        try:
            return super().wait(_limited(gen), _LOOK_EVERY_S)
        except _TooLong:
            self.close()
            raise psycopg.OperationalError("no answer in time") from None


class _TooLong(Exception):
    pass


def _limited(gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Pass on what a generator waits for, and what it is told, until nothing comes too often."""
    ready, looks = None, 0
    while looks < _MOST_LOOKS:
        try:
            wanted = gen.send(ready)
        except StopIteration as done:
            return done.value
        ready = yield wanted
        looks = 0 if ready else looks + 1
    raise _TooLong
