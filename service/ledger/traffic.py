"""Counts of calls: refused, failed, how long they took, and what EHRs failed to send with them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, case, cast, func, select

from service.ledger.latencies import Latencies, latencies_of
from service.ledger.outcomes import most_first
from service.ledger.period import Period, Scope, within
from service.ledger.schema import calls, unmapped_codes

CALL_ENDPOINT = "/cds-services/lumbar-mri"
_REFUSED = 400  # and above: a status that says that there was no advice
# Where a section was read from; any other word says why it was not.
_READ = frozenset({"prefetch", "fhir-server"})
_MOST_CODES = 50
_TENTHS_A_MS = 10  # durations are kept to a tenth of a millisecond


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """So many calls to an address were refused, or failed, for one reason."""

    endpoint: str
    status: int
    reason: str | None
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """In so many calls of an issuer a section of the chart was not there, for one reason."""

    issuer: str | None
    section: str
    word: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmappedCode:
    """So many calls of an issuer ordered imaging by a code that nobody mapped."""

    issuer: str | None
    system: str
    code: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentVersion:
    """One version of the content, and the first and last day on which it judged."""

    version: str
    first: date
    last: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What was asked of the service, and how it went.

    `calls` are those of the hooks. `read` counts, by issuer, the calls for which a chart was read;
    `failed_questions` how often a criterion could not be asked.
    """

    calls: int
    calls_with_order: int
    refusals: tuple[Refusal, ...]
    content: tuple[ContentVersion, ...]
    latencies: Mapping[str | None, Latencies]  # by hook
    read: Mapping[str | None, int]
    missing: tuple[Missing, ...]
    failed_questions: Mapping[str, int]
    unmapped: tuple[UnmappedCode, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Calls:
    """So many calls of one kind came on one day; `with_order` of them brought a lumbar MRI."""

    day: date
    version: str | None
    endpoint: str
    hook: str | None
    status: int
    reason: str | None
    count: int
    with_order: int


def traffic_of(connection: Connection, period: Period, scope: Scope) -> Traffic:
    """Count the calls of a period."""
    came = _came(connection, period, scope)
    hooked = [one for one in came if one.endpoint == CALL_ENDPOINT]
    read, missing, failed = _read(connection, period, scope)
    return Traffic(
        calls=sum(one.count for one in hooked),
        calls_with_order=sum(one.with_order for one in hooked),
        refusals=_refusals(came),
        content=_content(hooked),
        latencies=_latencies(connection, period, scope),
        read=read,
        missing=missing,
        failed_questions=failed,
        unmapped=_unmapped(connection, period, scope),
    )


def calls_of(connection: Connection, period: Period, scope: Scope) -> tuple[int, int]:
    """Count the hook calls of a period, and those of them that brought a lumbar MRI order."""
    hooked = [one for one in _came(connection, period, scope) if one.endpoint == CALL_ENDPOINT]
    return sum(one.count for one in hooked), sum(one.with_order for one in hooked)


def _came(connection: Connection, period: Period, scope: Scope) -> list[_Calls]:
    """Count the calls; their index holds all of this, in this order."""
    c = calls.c
    kinds = (c.day, c.content_version, c.endpoint, c.hook, c.status, c.reason)
    with_order = func.sum(case((c.orders > 0, 1), else_=0))
    asked = (
        select(*kinds, func.count(), with_order)
        .where(within(calls, period, scope))
        .group_by(*kinds)
    )
    names = _Calls.__dataclass_fields__
    return [_Calls(**dict(zip(names, row, strict=True))) for row in connection.execute(asked)]


def _refusals(came: Iterable[_Calls]) -> tuple[Refusal, ...]:
    counted: Counter[tuple[str, int, str | None]] = Counter()
    for one in came:
        if one.status >= _REFUSED:
            counted[one.endpoint, one.status, one.reason] += one.count
    return tuple(
        Refusal(endpoint=endpoint, status=status, reason=reason, count=count)
        for (endpoint, status, reason), count in most_first(counted)
    )


def _content(hooked: Iterable[_Calls]) -> tuple[ContentVersion, ...]:
    days: dict[str, list[date]] = {}
    for one in hooked:
        if one.version is not None:
            days.setdefault(one.version, []).append(one.day)
    found = [ContentVersion(version=v, first=min(d), last=max(d)) for v, d in days.items()]
    return tuple(sorted(found, key=lambda one: (one.first, one.last, one.version)))


def _latencies(
    connection: Connection, period: Period, scope: Scope
) -> Mapping[str | None, Latencies]:
    """Count the calls by hook and tenth of a millisecond: enough for exact percentiles."""
    tenths = cast(func.round(calls.c.duration_ms * _TENTHS_A_MS), BigInteger)
    kinds = (tenths, calls.c.hook)
    hooked = (within(calls, period, scope), calls.c.endpoint == CALL_ENDPOINT)
    asked = select(*kinds, func.count()).where(*hooked).group_by(*kinds)
    counted: dict[str | None, Counter[float]] = {}
    for tenth, hook, count in connection.execute(asked):
        counted.setdefault(hook, Counter())[tenth / _TENTHS_A_MS] += count
    return {hook: latencies_of(counted[hook]) for hook in sorted(counted, key=str)}


def _read(
    connection: Connection, period: Period, scope: Scope
) -> tuple[dict[str | None, int], tuple[Missing, ...], dict[str, int]]:
    """Count what was read from where, and what could not be asked.

    There are many calls and few texts: each is read once. One day after the other, so that what
    has to be sorted stays small.
    """
    told: Counter[tuple[str | None, str | None, str | None]] = Counter()
    kinds = (calls.c.issuer, calls.c.origins, calls.c.failed_questions)
    said = calls.c.origins.is_not(None) | calls.c.failed_questions.is_not(None)
    for day in period.each:
        where = (within(calls, day, scope), said)
        for *of, count in connection.execute(
            select(*kinds, func.count()).where(*where).group_by(*kinds)
        ):
            told[of[0], of[1], of[2]] += count
    read: Counter[str | None] = Counter()
    missing: Counter[tuple[str | None, str, str]] = Counter()
    failed: Counter[str] = Counter()
    for (issuer, origins, questions), count in told.items():
        read[issuer] += count if origins else 0
        for section, word in _object(origins).items():
            missing[issuer, section, word] += 0 if word in _READ else count
        for question in _list(questions):
            failed[question] += count
    lacking = tuple(
        Missing(issuer=issuer, section=section, word=word, count=count)
        for (issuer, section, word), count in most_first(missing)
        if count
    )
    return dict(most_first(read)), lacking, dict(most_first(failed))


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


def _unmapped(connection: Connection, period: Period, scope: Scope) -> tuple[UnmappedCode, ...]:
    c = unmapped_codes.c
    kinds = (c.issuer, c.system, c.code)
    count = func.count()
    asked = (
        select(*kinds, count)
        .where(within(unmapped_codes, period, scope))
        .group_by(*kinds)
        .order_by(count.desc(), *kinds)
        .limit(_MOST_CODES)
    )
    return tuple(
        UnmappedCode(issuer=issuer, system=system, code=code, count=count)
        for issuer, system, code, count in connection.execute(asked)
    )
