"""What is kept of one call, as rows of the ledger: written to a spool as JSON, or inserted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.counting.changes import note_records
from service.ledger.schema import calls, cards, unmapped_codes

# The rows of one call by their table; a day is written 2026-11-26.
Record = Mapping[str, list[dict[str, Any]]]
_Plain = str | bool | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | float | None
_TABLES = {table.name: table for table in (calls, cards, unmapped_codes)}


def to_line(record: Record) -> bytes:
    """Write a record on one line."""
    return msgspec.json.encode(record)


def from_line(line: bytes) -> Record | None:
    """Read a record back; None from a line that was not written to its end, or is no record.

    Columns that another release keeps and this one does not are left out.
    """
    try:
        read = msgspec.json.decode(line, type=dict[str, list[dict[str, _Plain]]])
        tables = {name: _TABLES[name] for name in read}
        return {name: [_row(tables[name], row) for row in rows] for name, rows in read.items()}
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError):
        return None


def _row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a row that its table has; raises KeyError, ValueError or TypeError."""
    date.fromisoformat(row["day"])
    found = {column.name: row.get(column.name) for column in table.columns}
    for column in table.columns:
        value = found[column.name]
        if value is None and not column.nullable:
            raise KeyError(column.name)
        if value is not None and column.name != "day":
            of_kind = column.type.python_type
            if not isinstance(value, (int, float) if of_kind is float else of_kind):
                raise TypeError(column.name)
    return found


def insert(connection: Connection, records: Iterable[Record]) -> None:
    """Insert the rows of some records; a row that stands there already is left as it is.

    What was counted of their days before is noted as changed.
    """
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        for name, rows in record.items():
            by_table[name] += [row | {"day": date.fromisoformat(row["day"])} for row in rows]
    for name, table in _TABLES.items():
        if by_table[name]:
            insert_new(connection, table, by_table[name])
    days = {row["day"] for rows in by_table.values() for row in rows}
    note_records(connection, days, [row["uuid"] for row in by_table[cards.name]])


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert those rows whose key is new."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
