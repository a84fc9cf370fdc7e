"""Notes which past days got rows after they may have been counted."""

from collections.abc import Iterable, Mapping
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


def note_cards(connection: Connection, uuids: Mapping[str, date] | Iterable[str]) -> None:
    """Note that the records of some cards come, or answers to them: the days of both change.

    Of records, with their days, only those that come late can have answers on a day that is over.
    Of a record and an answer that come in the same instant, neither sees the other: only on
    PostgreSQL, and it only counts where both come days late.
    """
    if isinstance(uuids, Mapping):
        last = _last_watched(connection)
        uuids = [uuid for uuid, day in uuids.items() if day <= last]
    named = list(uuids)
    if named:
        issued = select(cards.c.day).where(cards.c.uuid.in_(named))
        said = select(feedback.c.day).where(feedback.c.card.in_(named))
        note_days(connection, connection.execute(issued.union(said)).scalars())


def _last_watched(connection: Connection) -> date:
    """Give the last day that may have been counted, by the one clock of the database."""
    today: date = connection.execute(select(func.current_date())).scalar_one()
    return today - _WATCHED_AFTER


def changes(connection: Connection) -> Mapping[date, int]:
    """Say how often rows of a day were noted; of most days none were."""
    asked = select(late_changes.c.day, late_changes.c.changes)
    return {row.day: row.changes for row in connection.execute(asked)}
