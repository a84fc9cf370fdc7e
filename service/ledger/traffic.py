"""Counts of calls: refused, failed, how long they took, and what EHRs failed to send with them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from service.ledger.counting import kinds
from service.ledger.counting.kinds import Call, Duration, Site, Unmapped
from service.ledger.counting.of_calls import CALL_ENDPOINT, TENTHS_A_MS
from service.ledger.counting.sums import Sums
from service.ledger.latencies import Latencies, latencies_of
from service.ledger.outcomes import most_first

_REFUSED = 400  # and above: a status that says that there was no advice
_MOST_CODES = 50


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


def traffic_of(found: Sums) -> Traffic:
    """Sum up what is counted of calls in a period; `CALLS` by day too."""
    days = list(found.by_day(kinds.CALLS))
    came: Counter[Call] = Counter()
    for _, call, count in days:
        came[call] += count
    calls, calls_with_order = calls_of(came)
    return Traffic(
        calls=calls,
        calls_with_order=calls_with_order,
        refusals=_refusals(came),
        content=_content(days),
        latencies=_latencies(found.everywhere(kinds.DURATIONS)),
        read=_read(found.total(kinds.READ)),
        missing=_missing(found.total(kinds.MISSING)),
        failed_questions={
            failed.question: count for failed, count in most_first(found.everywhere(kinds.FAILED))
        },
        unmapped=_unmapped(found.total(kinds.UNMAPPED)),
    )


def calls_of(came: Mapping[Call, int]) -> tuple[int, int]:
    """Count the calls of the hooks, and those of them that brought a lumbar MRI order."""
    hooked = {call: count for call, count in came.items() if call.endpoint == CALL_ENDPOINT}
    return sum(hooked.values()), sum(n for call, n in hooked.items() if call.with_order)


def _refusals(came: Mapping[Call, int]) -> tuple[Refusal, ...]:
    counted: Counter[tuple[str, int, str | None]] = Counter()
    for call, count in came.items():
        if call.status >= _REFUSED:
            counted[call.endpoint, call.status, call.reason] += count
    return tuple(
        Refusal(endpoint=endpoint, status=status, reason=reason, count=count)
        for (endpoint, status, reason), count in most_first(counted)
    )


def _content(days: Iterable[tuple[date, Call, int]]) -> tuple[ContentVersion, ...]:
    seen: dict[str, list[date]] = defaultdict(list)
    for day, call, _ in days:
        if call.endpoint == CALL_ENDPOINT and call.version is not None:
            seen[call.version].append(day)
    found = [ContentVersion(version=v, first=min(d), last=max(d)) for v, d in seen.items()]
    return tuple(sorted(found, key=lambda one: (one.first, one.last, one.version)))


def _latencies(counted: Mapping[Duration, int]) -> Mapping[str | None, Latencies]:
    by_hook: dict[str | None, Counter[float]] = defaultdict(Counter)
    for (hook, tenths), count in counted.items():
        by_hook[hook][tenths / TENTHS_A_MS] += count
    return {hook: latencies_of(by_hook[hook]) for hook in sorted(by_hook, key=str)}


def _read(counted: Mapping[Site, Counter[kinds.Read]]) -> dict[str | None, int]:
    by_issuer: Counter[str | None] = Counter()
    for (issuer, _, _), counts in counted.items():
        by_issuer[issuer] += counts.total()
    return dict(most_first(by_issuer))


def _missing(counted: Mapping[Site, Counter[kinds.Missing]]) -> tuple[Missing, ...]:
    by_issuer: Counter[tuple[str | None, str, str]] = Counter()
    for (issuer, _, _), counts in counted.items():
        for (section, word), count in counts.items():
            by_issuer[issuer, section, word] += count
    return tuple(
        Missing(issuer=issuer, section=section, word=word, count=count)
        for (issuer, section, word), count in most_first(by_issuer)
    )


def _unmapped(counted: Mapping[Site, Counter[Unmapped]]) -> tuple[UnmappedCode, ...]:
    by_issuer: Counter[tuple[str | None, str, str]] = Counter()
    for (issuer, _, _), counts in counted.items():
        for (system, code), count in counts.items():
            by_issuer[issuer, system, code] += count
    return tuple(
        UnmappedCode(issuer=issuer, system=system, code=code, count=count)
        for (issuer, system, code), count in most_first(by_issuer)[:_MOST_CODES]
    )
