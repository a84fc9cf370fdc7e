"""What leaves the ledger: rows whose time has come, and copies of rows for an archive."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    delete,
    select,
    tuple_,
    union,
)
from sqlalchemy.exc import SQLAlchemyError

from service.errors import StoreDown
from service.ledger.counting.changes import note_days
from service.ledger.counting.summaries import days_of
from service.ledger.period import Period
from service.ledger.schema import calls, cards, feedback, summaries, unmapped_codes

TABLES = (calls, cards, unmapped_codes, feedback)
_AT_ONCE = 5000  # rows: calls that come meanwhile wait for no more


def prune(engine: Engine, before: date) -> dict[str, int]:
    """Remove all rows of days before one, and say how many of each table; raises StoreDown.

    Answers go with their cards, whenever they came. What was counted of those days goes too, with
    the month that they are cut from.
    """
    old = {table: table.c.day < before for table in TABLES}
    of_old_cards = feedback.c.card.in_(select(cards.c.uuid).where(old[cards]))
    with _or_down(engine.connect()) as connection:  # which takes its time, and holds up no writer
        changing = _days_that_change(connection, before)
    with _or_down(engine.begin()) as connection:
        connection.execute(delete(summaries).where(summaries.c.first < before))
        note_days(connection, changing)
    answers = _prune(engine, feedback, of_old_cards)
    removed = {table.name: _prune(engine, table, old[table]) for table in TABLES}
    removed[feedback.name] += answers
    return removed


def _days_that_change(connection: Connection, before: date) -> set[date]:
    """Give the days that go, and those of answers to cards of which record or an answer goes."""
    there = days_of(connection)
    if there is None or there.first >= before:
        return set()
    gone = Period(first=there.first, last=min(there.last, before - timedelta(days=1)))
    recorded = select(cards.c.uuid).where(cards.c.day < before)
    said = feedback.alias()
    answered = select(said.c.card).where(said.c.day < before)
    asked = (
        select(feedback.c.day).where(feedback.c.day >= before, feedback.c.card.in_(of))
        for of in (recorded, answered)
    )
    return {*gone.each, *connection.execute(union(*asked)).scalars()}


def _prune(engine: Engine, table: Table, old: ColumnElement[bool]) -> int:
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(old).limit(_AT_ONCE)
    removed = 0
    while True:
        with _or_down(engine.begin()) as connection:
            count = connection.execute(delete(table).where(key.in_(some))).rowcount
        removed += count
        if not count:
            return removed


@contextmanager
def _or_down(opened: AbstractContextManager[Connection]) -> Iterator[Connection]:
    """Give a connection; raises StoreDown, whatever fails."""
    try:
        with opened as connection:
            yield connection
    except (SQLAlchemyError, OSError) as problem:
        raise StoreDown from problem


def export(
    engine: Engine, first: date, last: date, folder: Path, *, comments: bool
) -> dict[str, int]:
    """Write the rows of some days, the last one too, to `folder`: a file of JSON lines a table.

    The words of clinicians are written only with `comments`. Gives how many rows each table had.
    Raises StoreDown, and OSError where a file is there already or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as open_files:
        files = {
            table: open_files.enter_context(
                (folder / f"{table.name}.jsonl").open("x", encoding="utf-8")
            )
            for table in TABLES
        }
        try:
            with engine.connect() as connection:
                return {
                    table.name: _written(connection, _rows(table, first, last, comments), file)
                    for table, file in files.items()
                }
        except SQLAlchemyError as problem:
            raise StoreDown from problem


def _rows(table: Table, first: date, last: date, comments: bool) -> Select[Any]:
    kept = [column for column in table.columns if comments or column is not feedback.c.comment]
    within = table.c.day.between(first, last)
    return select(*kept).where(within).order_by(table.c.day, *table.primary_key.columns)


def _written(connection: Any, asked: Select[Any], file: Any) -> int:
    count = 0
    for row in connection.execution_options(yield_per=1000).execute(asked).mappings():
        file.write(json.dumps(_plain(row), ensure_ascii=True) + "\n")
        count += 1
    return count


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
