"""What is kept of one call, as rows of the ledger: written to a spool as JSON, or inserted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.schema import calls, cards, unmapped_codes

# The rows of one call by their table; a day is written 2026-11-26.
Record = Mapping[str, list[dict[str, Any]]]
_TABLES = {table.name: table for table in (calls, cards, unmapped_codes)}


def to_line(record: Record) -> bytes:
    """Write a record on one line."""
    return msgspec.json.encode(record)


def from_line(line: bytes) -> Record | None:
    """Read a record back; None from a line that was not written to its end."""
    try:
        read = msgspec.json.decode(line, type=dict[str, list[dict[str, Any]]])
    except msgspec.MsgspecError:
        return None
    return read if set(read) <= set(_TABLES) else None


def insert(connection: Connection, records: Iterable[Record]) -> None:
    """Insert the rows of some records; a row that stands there already is left as it is."""
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        for name, rows in record.items():
            by_table[name] += [row | {"day": date.fromisoformat(row["day"])} for row in rows]
    for name, table in _TABLES.items():
        if by_table[name]:
            insert_new(connection, table, by_table[name])


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert those rows whose key is new."""
    if connection.dialect.name == "postgresql":
        connection.execute(postgresql.insert(table).on_conflict_do_nothing(), rows)
    else:
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)
