"""What became of cards: stored before it is acknowledged, each thing said of a card only once."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from service.errors import StoreDown
from service.ledger.counting.changes import note_answers
from service.ledger.rows import insert_new
from service.ledger.schema import cards, feedback

# More would take the threads that answer calls.
_AT_A_TIME, _IN_ALL = 2, 4
_TURN_S = 1.0  # so long one waits for those before it
Rules = dict[str, str]  # of cards, by their UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One thing that was said of a card; `outcome_at` in milliseconds since 1970, by the caller.

    `suggestions` are the names of those that were accepted; None stands for an unknown one.
    """

    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_at: int
    time_doubtful: bool = False
    suggestions: tuple[str | None, ...] = ()
    reason_system: str | None = None
    reason_code: str | None = None
    reason_display: str | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """When and by whom something was said: one call to the feedback address."""

    call_id: str
    issuer: str | None
    tenant: str | None
    received_at: int  # ms since 1970
    day: date


@dataclass(kw_only=True)
class FeedbackBook:
    """The feedback table. `engine` writes through to the disk before it says so."""

    engine: Engine
    key: bytes
    recommendations: Mapping[str, str]  # of the rules in the content
    _seats: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_IN_ALL))
    _places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_A_TIME))

    def rules_of(self, unproven: Sequence[str], of: Occasion) -> Rules:
        """Look up the rules of cards that the present key does not prove, but a row does.

        A card of another issuer or tenant is not found. Raises StoreDown.
        """
        if not unproven:
            return {}
        mine = (
            cards.c.issuer.is_not_distinct_from(of.issuer),
            cards.c.tenant.is_not_distinct_from(of.tenant),
        )
        asked = select(cards.c.uuid, cards.c.rule).where(cards.c.uuid.in_(unproven), *mine)
        with self._connected() as connection:
            return {row.uuid: row.rule for row in connection.execute(asked)}

    def store(self, said: Sequence[Said], rules: Rules, of: Occasion) -> None:
        """Store what was said, and return when it is on the disk; raises StoreDown."""
        rows = [self._row(one, rules[one.card], of) for one in said]
        if not rows:
            return
        with self._connected() as connection:
            same = feedback.c.id.in_([row["id"] for row in rows])
            known = set(connection.execute(select(feedback.c.id).where(same)).scalars())
            new = [row for row in rows if row["id"] not in known]
            if new:
                insert_new(connection, feedback, new)
                note_answers(connection, {row["card"] for row in new})

    def _row(self, one: Said, rule: str, of: Occasion) -> dict[str, Any]:
        told = asdict(one)
        # Whether its time can be believed depends on when it came, and it may come again.
        content = {name: value for name, value in told.items() if name != "time_doubtful"}
        whole = json.dumps([of.issuer, of.tenant, sorted(content.items())]).encode()
        suggestions = json.dumps(one.suggestions) if one.suggestions else None
        return {
            **told,
            "id": hmac.new(self.key, whole, hashlib.sha256).hexdigest(),
            "suggestions": suggestions,
            "rule": rule,
            "recommendation": self.recommendations.get(rule),
            **asdict(of),
        }

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Give one transaction, if there is a place for it; raises StoreDown, whatever fails."""
        if not self._seats.acquire(blocking=False):
            raise StoreDown
        if not self._places.acquire(timeout=_TURN_S):
            self._seats.release()
            raise StoreDown
        try:
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as problem:
            raise StoreDown from problem
        finally:
            self._places.release()
            self._seats.release()
