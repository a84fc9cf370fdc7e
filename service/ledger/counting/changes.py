"""Notes which past days got rows after they may have been counted."""

from collections.abc import Collection, Iterable, Mapping, Set
from datetime import date, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.schema import cards, feedback, late_changes

# Rows of the last days come all the time: these are counted whenever somebody asks.
SETTLED_AFTER = timedelta(days=3)
# A day earlier: rows are still being written when the day turns.
_WATCHED_AFTER = timedelta(days=2)


def note_days(connection: Connection, days: Iterable[date]) -> None:
    """Note that rows of some days come or go: what was counted of these days holds no more."""
    last = _last_watched(connection)
    rows = [{"day": day, "changes": 1} for day in sorted(set(days)) if day <= last]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    more = {"changes": late_changes.c.changes + 1}
    connection.execute(
        dialect.insert(late_changes).on_conflict_do_update(index_elements=["day"], set_=more), rows
    )


def note_records(connection: Connection, days: Set[date], uuids: Collection[str]) -> None:
    """Note that records of some days come, with these cards.

    Only where some come late can answers have come before them, and have been counted without.
    """
    last = _last_watched(connection)
    if any(day <= last for day in days):
        note_days(connection, {*days, *_days_of(connection, uuids)})


def note_answers(connection: Connection, uuids: Collection[str]) -> None:
    """Note that answers to some cards come: the days of the cards, and of answers to them, change.

    Of a record and an answer that come in the same instant, neither sees the other: only on
    PostgreSQL, and it only counts where both come days late.
    """
    note_days(connection, _days_of(connection, uuids))


def _days_of(connection: Connection, uuids: Collection[str]) -> Iterable[date]:
    issued = select(cards.c.day).where(cards.c.uuid.in_(uuids))
    said = select(feedback.c.day).where(feedback.c.card.in_(uuids))
    return connection.execute(issued.union(said)).scalars()


def _last_watched(connection: Connection) -> date:
    """Give the last day that may have been counted, by the one clock of the database."""
    today: date = connection.execute(select(func.current_date())).scalar_one()
    return today - _WATCHED_AFTER


def changes(connection: Connection) -> Mapping[date, int]:
    """Say how often rows of a day were noted; of most days none were."""
    asked = select(late_changes.c.day, late_changes.c.changes)
    return {row.day: row.changes for row in connection.execute(asked)}
