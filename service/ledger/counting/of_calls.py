"""Counts the calls of one day: how they went, how long they took, what they did not bring."""

import json
from collections import Counter, defaultdict
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, case, cast, func, select

from service.ledger.counting import kinds
from service.ledger.counting.kinds import (
    Call,
    Duration,
    Failed,
    Missing,
    Read,
    Site,
    Table,
    Tables,
    Unmapped,
)
from service.ledger.period import COUNTED
from service.ledger.schema import calls, unmapped_codes

CALL_ENDPOINT = "/cds-services/lumbar-mri"
TENTHS_A_MS = 10  # durations are kept to a tenth of a millisecond
# Where a section was read from; any other word says why it was not.
_SENT, _FETCHED = "prefetch", "fhir-server"


def of_calls(connection: Connection, day: date) -> Tables:
    """Count the calls of a day."""
    read, missing, failed = _read(connection, day)
    return {
        kinds.CALLS.name: _calls(connection, day),
        kinds.DURATIONS.name: _durations(connection, day),
        kinds.READ.name: read,
        kinds.MISSING.name: missing,
        kinds.FAILED.name: failed,
        kinds.UNMAPPED.name: _unmapped(connection, day),
    }


def _calls(connection: Connection, day: date) -> Table[Call]:
    """Count them by what their index holds, in its order."""
    c = calls.c
    kind = (
        c.content_version, c.endpoint, c.hook, c.status, c.reason, c.mode, c.issuer, c.tenant,
        c.orders > 0,
    )  # fmt: skip
    asked = select(*kind, func.count()).where(c.day == day, c.mode.in_(COUNTED)).group_by(*kind)
    found: dict[Site, Counter[Call]] = defaultdict(Counter)
    for row in connection.execute(asked):
        version, endpoint, hook, status, reason, mode, issuer, tenant, with_order, count = row
        call = Call(endpoint, hook, version, status, reason, bool(with_order))
        found[Site(issuer, tenant, mode)][call] += count
    return found


def _durations(connection: Connection, day: date) -> Table[Duration]:
    """Count the calls of the hooks by how long they took, to three digits."""
    c = calls.c
    exact = c.duration_ms * TENTHS_A_MS
    rounded = case(
        (exact >= 10_000, func.round(exact / 100) * 100),
        (exact >= 1000, func.round(exact / 10) * 10),
        else_=func.round(exact),
    )
    tenths = cast(rounded, BigInteger)
    mine = (c.day == day, c.mode.in_(COUNTED), c.endpoint == CALL_ENDPOINT)
    kind = (tenths, c.hook, c.mode, c.tenant, c.issuer)
    asked = select(*kind, func.count()).where(*mine).group_by(*kind)
    found: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
    for tenth, hook, mode, tenant, issuer, count in connection.execute(asked).all():
        found[issuer, tenant, mode][hook, tenth] += count  # plain tuples, since there are many
    return found


def _read(connection: Connection, day: date) -> tuple[Table[Read], Table[Missing], Table[Failed]]:
    """Count what was read from where, and what could not be asked.

    There are many calls and few texts: each is read once.
    """
    c = calls.c
    kind = (c.issuer, c.tenant, c.mode, c.origins, c.failed_questions)
    said = c.origins.is_not(None) | c.failed_questions.is_not(None)
    asked = select(*kind, func.count()).where(c.day == day, c.mode.in_(COUNTED), said)
    read: dict[Site, Counter[Read]] = defaultdict(Counter)
    missing: dict[Site, Counter[Missing]] = defaultdict(Counter)
    failed: dict[Site, Counter[Failed]] = defaultdict(Counter)
    for issuer, tenant, mode, origins, questions, count in connection.execute(
        asked.group_by(*kind)
    ):
        site, words = Site(issuer, tenant, mode), _object(origins)
        if origins:
            read[site][Read(_FETCHED in words.values())] += count
        for section, word in words.items():
            if word not in (_SENT, _FETCHED):
                missing[site][Missing(section, word)] += count
        for question in _list(questions):
            failed[site][Failed(question)] += count
    return read, missing, failed


def _object(text: str | None) -> dict[str, str]:
    """Read the JSON of an object of texts; anything else tells nothing."""
    read = _json(text)
    return {str(k): str(v) for k, v in read.items()} if isinstance(read, dict) else {}


def _list(text: str | None) -> list[str]:
    read = _json(text)
    return [str(one) for one in read] if isinstance(read, list) else []


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _unmapped(connection: Connection, day: date) -> Table[Unmapped]:
    c = unmapped_codes.c
    kind = (c.issuer, c.tenant, c.mode, c.system, c.code)
    asked = select(*kind, func.count()).where(c.day == day, c.mode.in_(COUNTED)).group_by(*kind)
    found: dict[Site, Counter[Unmapped]] = defaultdict(Counter)
    for issuer, tenant, mode, system, code, count in connection.execute(asked):
        found[Site(issuer, tenant, mode)][Unmapped(system, code)] += count
    return found
