"""Counts of days and months that are over, kept so that a year is read in a moment."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.counting import kinds
from service.ledger.counting.changes import SETTLED_AFTER, changes
from service.ledger.counting.kinds import Part, Table, Tables
from service.ledger.counting.of_calls import of_calls
from service.ledger.counting.of_cards import of_cards
from service.ledger.period import Period
from service.ledger.schema import calls, cards, feedback, summaries, unmapped_codes
from service.ledger.store import at_one_moment

DAY, MONTH = "day", "month"
SOURCES: tuple[tuple[tuple[Part[Any], ...], Callable[[Connection, date], Tables]], ...] = (
    (kinds.OF_CARDS, of_cards),
    (kinds.OF_CALLS, of_calls),
)
_FORM = 1  # how counts are written down: raised with any change of what is counted
_ONE_DAY = timedelta(days=1)
_AT_ONCE = 100  # days or months of one question


def summarise(engine: Engine, today: date) -> int:
    """Count the days that are over and not counted yet, or changed since, then the months.

    Gives how many were counted; raises SQLAlchemyError. Nothing is kept of the last days, to which
    rows still come. Each is a transaction of its own, and several processes may do so at once.
    What changes while it is counted is left for the next time.
    """
    with engine.connect() as connection:
        there = days_of(connection)
    if there is None or today - SETTLED_AFTER < there.first:
        return 0
    period = Period(first=there.first, last=min(today - SETTLED_AFTER, there.last))
    counted = 0
    for day in _wanting(engine, DAY, period.each):
        _keep(engine, DAY, day, _count_day)
        counted += 1
    for first in _wanting(engine, MONTH, (month.first for month in period.months)):
        _keep(engine, MONTH, first, _add_up_month)
        counted += 1
    return counted


def forget(engine: Engine) -> None:
    """Remove all that is kept, so that it is counted anew; raises SQLAlchemyError."""
    with engine.begin() as connection:
        connection.execute(delete(summaries))


def days_of(connection: Connection) -> Period | None:
    """Give the first and the last day of which there are rows."""
    found = [
        connection.execute(select(end(table.c.day))).scalar()
        for table in (calls, cards, unmapped_codes, feedback)
        for end in (func.min, func.max)
    ]
    days = [day for day in found if day is not None]
    return Period(first=min(days), last=max(days)) if days else None


def _wanting(engine: Engine, step: str, begins: Iterable[date]) -> list[date]:
    """Give those that are not kept in all parts, or hold no more."""
    s = summaries.c
    asked = select(s.first, s.changes, func.count()).where(s.step == step, s.form == _FORM)
    with at_one_moment(engine) as connection:
        late = changes(connection)
        kept = connection.execute(asked.group_by(s.first, s.changes)).all()
    whole = {
        first for first, noted, parts in kept
        if parts == len(kinds.PARTS) and noted == changes_of(late, step, first)
    }  # fmt: skip
    return [first for first in begins if first not in whole]


def changes_of(late: Mapping[date, int], step: str, first: date) -> int:
    """Say how often rows of a day, or of a month that begins on it, were noted."""
    if step == DAY:
        return late.get(first, 0)
    return sum(count for day, count in late.items() if day.replace(day=1) == first)


def _keep(
    engine: Engine,
    step: str,
    first: date,
    count: Callable[[Connection, date], Mapping[str, bytes] | None],
) -> None:
    """Count a day or a month, and keep it with the changes that it has seen."""
    with at_one_moment(engine) as connection:
        noted = changes_of(changes(connection), step, first)
        made = count(connection, first)
    if made is None:
        return
    rows = [
        {"step": step, "first": first, "part": part, "form": _FORM, "changes": noted,
         "counts": counts}
        for part, counts in made.items()
    ]  # fmt: skip
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    added = dialect.insert(summaries)
    anew = {name: added.excluded[name] for name in ("form", "changes", "counts")}
    with engine.begin() as connection:
        connection.execute(
            added.on_conflict_do_update(index_elements=summaries.primary_key.columns, set_=anew),
            rows,
        )


def _count_day(connection: Connection, day: date) -> Mapping[str, bytes]:
    made: dict[str, bytes] = {}
    for _, source in SOURCES:
        made |= {name: kinds.write(table) for name, table in source(connection, day).items()}
    return made


def _add_up_month(connection: Connection, first: date) -> Mapping[str, bytes] | None:
    """Add up the days of a month; None if one of them is not kept, or holds no more."""
    days = set(_month(first).each)
    late = changes(connection)
    made: dict[str, bytes] = {}
    for part in kinds.PARTS:
        sums: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
        found = set()
        for day, table in kept(connection, part, DAY, days, late):
            found.add(day)
            for site, counts in table.items():
                sums[site].update(counts)
        if found != days:
            return None
        made[part.name] = kinds.write(sums)
    return made


def _month(first: date) -> Period:
    after = (first + 31 * _ONE_DAY).replace(day=1)
    return Period(first=first, last=after - _ONE_DAY)


def kept(
    connection: Connection,
    part: Part[Any],
    step: str,
    begins: Iterable[date],
    late: Mapping[date, int],
) -> Iterator[tuple[date, Table[Any]]]:
    """Give the tables of some days, or months, that are kept and still hold."""
    wanted = sorted(begins)
    s = summaries.c
    asked = select(s.first, s.changes, s.counts).where(
        s.step == step, s.part == part.name, s.form == _FORM
    )
    for place in range(0, len(wanted), _AT_ONCE):
        some = wanted[place : place + _AT_ONCE]
        for first, noted, counts in connection.execute(asked.where(s.first.in_(some))):
            table = kinds.read(counts) if noted == changes_of(late, step, first) else None
            if table is not None:
                yield first, table
