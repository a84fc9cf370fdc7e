"""The figures of a report: how often which advice was given, and what became of it."""

import json
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine

from service.ledger.counting import kinds
from service.ledger.counting.kinds import Card, Judged, Lost, Part
from service.ledger.counting.sums import sums
from service.ledger.outcomes import Given, given_of, most_first
from service.ledger.period import Bucket, Period, Scope
from service.ledger.practice import Clinician, clinicians_of
from service.ledger.store import at_one_moment
from service.ledger.traffic import Traffic, calls_of, traffic_of

_BY_DAY: frozenset[Part[Any]] = frozenset({kinds.JUDGED, kinds.CALLS})
ALL: frozenset[Part[Any]] = frozenset(kinds.PARTS) - _BY_DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why so many cards were overridden, as coded; no code where none was told."""

    system: str | None
    code: str | None
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Main:
    """The main numbers of one period, by recommendation."""

    calls: int
    calls_with_order: int
    indication: Mapping[str, Given]  # one card an order judged
    study: Mapping[str, Given]  # the other cards of an order


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """All figures of a period within a scope: plain numbers, no words of a card.

    Keys are recommendations unless it says so. `over_time` has for each recommendation the orders
    judged in each of the period's buckets. `by_indicator` and `by_hook` count all cards.
    `reasons` and `suggestions` are those of the answers that count; a suggestion None is one that
    nobody knows any more. `lost` counts answers to cards whose record is not there.
    """

    period: Period
    scope: Scope
    main: Main
    before: Main  # of `period.before`
    buckets: tuple[Bucket, ...]
    over_time: Mapping[str, tuple[int, ...]]
    by_indicator: Mapping[str, Given]
    by_hook: Mapping[str | None, Given]
    reasons: tuple[Reason, ...]
    suggestions: Mapping[str | None, int]
    lost: Mapping[str | None, int]
    clinicians: tuple[Clinician, ...]
    traffic: Traffic


def figures(
    engine: Engine, period: Period, scope: Scope, parts: frozenset[Part[Any]] = ALL
) -> Figures:
    """Count everything, as of one moment; raises SQLAlchemyError without a ledger.

    What canaries asked is never counted. A scope of one recommendation leaves the calls as they
    are: they have none. Cards and calls are always counted, of the rest what `parts` name.
    """
    with at_one_moment(engine) as connection:
        now = sums(connection, period, scope, parts | {kinds.CARDS}, by_day=_BY_DAY)
        before = sums(connection, period.before, scope, (kinds.CARDS, kinds.CALLS))
    traffic = traffic_of(now)
    cards = _within(now.everywhere(kinds.CARDS), scope)
    earlier = _within(before.everywhere(kinds.CARDS), scope)
    return Figures(
        period=period,
        scope=scope,
        main=_main((traffic.calls, traffic.calls_with_order), cards),
        before=_main(calls_of(before.everywhere(kinds.CALLS)), earlier),
        buckets=period.buckets,
        over_time=_over_time(now.by_day(kinds.JUDGED), period, scope),
        by_indicator=_given(cards, "indicator"),
        by_hook=_given(cards, "hook"),
        reasons=_reasons(cards),
        suggestions=_suggestions(cards),
        lost=_lost(_within(now.everywhere(kinds.LOST), scope)),
        clinicians=clinicians_of(now.total(kinds.ORDERS), scope),
        traffic=traffic,
    )


def callers(engine: Engine, period: Period) -> frozenset[tuple[str | None, str | None]]:
    """Give the issuers that called in a period, each with a tenant or none."""
    with at_one_moment(engine) as connection:
        found = sums(connection, period, Scope(), (kinds.CALLS,)).total(kinds.CALLS)
    return frozenset((site.issuer, site.tenant) for site in found)


def _within(counted: Counter[Any], scope: Scope) -> Counter[Any]:
    """Leave out what is of another recommendation than the scope's, if it has one."""
    if scope.recommendation is None:
        return counted
    return Counter({k: n for k, n in counted.items() if k.recommendation == scope.recommendation})


def _main(calls: tuple[int, int], cards: Mapping[Card, int]) -> Main:
    first, others = (
        _given({card: n for card, n in cards.items() if card.on_study is on_study},
               "recommendation")
        for on_study in (False, True)
    )  # fmt: skip
    return Main(calls=calls[0], calls_with_order=calls[1], indication=first, study=others)


def _given(cards: Mapping[Card, int], heading: str) -> dict[Any, Given]:
    """Count cards and their outcome under each value of one of their fields, most cards first."""
    issued: Counter[Any] = Counter()
    outcomes: dict[Any, Counter[str]] = defaultdict(Counter)
    for card, count in cards.items():
        issued[getattr(card, heading)] += count
        outcomes[getattr(card, heading)][card.outcome] += count
    return {name: given_of(outcomes[name]) for name, _ in most_first(issued)}


def _over_time(
    judged: Iterable[tuple[date, Judged, int]], period: Period, scope: Scope
) -> dict[str, tuple[int, ...]]:
    begins = [bucket.first for bucket in period.buckets]
    counted: dict[str, list[int]] = defaultdict(lambda: [0] * len(begins))
    for day, (recommendation,), count in judged:
        if scope.recommendation in (None, recommendation):
            counted[recommendation][bisect(begins, day) - 1] += count
    return {name: tuple(counts) for name, counts in counted.items()}


def _reasons(cards: Mapping[Card, int]) -> tuple[Reason, ...]:
    counted: Counter[tuple[str | None, str | None]] = Counter()
    for card, count in cards.items():
        if card.outcome == "overridden":
            counted[card.reason_system, card.reason_code] += count
    return tuple(Reason(system=s, code=c, count=count) for (s, c), count in most_first(counted))


def _suggestions(cards: Mapping[Card, int]) -> dict[str | None, int]:
    counted: Counter[str | None] = Counter()
    for card, count in cards.items():
        if card.suggestions:
            for name in json.loads(card.suggestions):
                counted[name] += count
    return dict(most_first(counted))


def _lost(counted: Mapping[Lost, int]) -> dict[str | None, int]:
    return dict(most_first(Counter({lost.recommendation: n for lost, n in counted.items()})))
