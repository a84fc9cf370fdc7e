"""Notes which past days got rows after they may have been counted."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.schema import cards, feedback, late_changes

# Rows of the last days come all the time: these are counted whenever somebody asks.
SETTLED_AFTER = timedelta(days=3)
# A day earlier: no two machines differ by so much in what day it is.
_WATCHED_AFTER = timedelta(days=2)


def is_watched(day: date) -> bool:
    """Whether a day is so long ago that it may have been counted."""
    now = datetime.now(UTC)  # noqa: TID251 - when rows are written, not how an order is judged
    return day <= now.date() - _WATCHED_AFTER


def note_days(connection: Connection, days: Iterable[date]) -> None:
    """Note that rows of some days come or go: what was counted of these days holds no more."""
    rows = [{"day": day, "changes": 1} for day in sorted(set(days)) if is_watched(day)]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    more = {"changes": late_changes.c.changes + 1}
    connection.execute(
        dialect.insert(late_changes).on_conflict_do_update(index_elements=["day"], set_=more), rows
    )


def note_cards(connection: Connection, uuids: Iterable[str]) -> None:
    """Note that the records of some cards come, or answers to them: the days of both change.

    Of a record and an answer that come in the same instant, neither sees the other: only on
    PostgreSQL, and it only counts where both come days late.
    """
    named = list(uuids)
    issued = select(cards.c.day).where(cards.c.uuid.in_(named))
    said = select(feedback.c.day).where(feedback.c.card.in_(named))
    note_days(connection, connection.execute(issued.union(said)).scalars())


def changes(connection: Connection) -> Mapping[date, int]:
    """Say how often rows of a day were noted; of most days none were."""
    asked = select(late_changes.c.day, late_changes.c.changes)
    return {row.day: row.changes for row in connection.execute(asked)}
