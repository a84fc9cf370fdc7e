"""The figures of a report: how often which advice was given, and what became of it."""

import json
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from service.ledger.outcomes import Given, Outcome, most_first
from service.ledger.period import Bucket, Period, Scope
from service.ledger.practice import Clinician, clinicians_of
from service.ledger.tallies import Advised, Answered, advised, answered
from service.ledger.traffic import Traffic, calls_of, traffic_of


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


def figures(engine: Engine, period: Period, scope: Scope) -> Figures:
    """Count everything, calls and cards at the same time; raises SQLAlchemyError without a ledger.

    What canaries asked is never counted.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Nothing of one has to add up to anything of the other: each has a moment of its own.
        of_calls = beside.submit(_of_calls, engine, period, scope)
        with at_one_moment(engine) as connection:
            cards = advised(connection, period, scope)
            told = answered(connection, period, scope)
            answers = [one for one in told if not one.lost and not one.earlier]
            clinicians = clinicians_of(connection, period, scope, answers)
            answers = _of_anyone(answers)
            cards_before = advised(connection, period.before, scope)
        traffic, calls_before = of_calls.result()
    return Figures(
        period=period,
        scope=scope,
        main=_main(traffic.calls, traffic.calls_with_order, cards, answers),
        before=_main(*calls_before, cards_before, [one for one in told if one.earlier]),
        buckets=period.buckets,
        over_time=_over_time(cards, period),
        by_indicator=_given(cards, answers, "indicator"),
        by_hook=_given(cards, answers, "hook"),
        reasons=_reasons(answers),
        suggestions=_suggestions(answers),
        lost=_lost(told),
        clinicians=clinicians,
        traffic=traffic,
    )


@contextmanager
def at_one_moment(engine: Engine) -> Iterator[Connection]:
    """Give a connection to which the ledger does not change; raises SQLAlchemyError."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # the driver itself begins at a change only
        yield connection


def _of_calls(engine: Engine, period: Period, scope: Scope) -> tuple[Traffic, tuple[int, int]]:
    with at_one_moment(engine) as connection:
        return (
            traffic_of(connection, period, scope),
            calls_of(connection, period.before, scope),
        )


def _main(calls: int, calls_with_order: int, cards: list[Advised], answers: list[Answered]) -> Main:
    first, others = (
        _given(
            [card for card in cards if card.on_study is on_study],
            [answer for answer in answers if answer.on_study is on_study],
            "recommendation",
        )
        for on_study in (False, True)
    )
    return Main(calls=calls, calls_with_order=calls_with_order, indication=first, study=others)


def _given(cards: list[Advised], answers: list[Answered], heading: str) -> dict[Any, Given]:
    """Count cards and their outcome under each value of one of their fields, most cards first."""
    issued: Counter[Any] = Counter()
    outcomes: dict[Any, Counter[str]] = defaultdict(Counter)
    for card in cards:
        issued[getattr(card, heading)] += card.count
        outcomes[getattr(card, heading)]["shown"] += card.count if card.shown else 0
    for answer in answers:
        outcomes[getattr(answer, heading)][answer.outcome] += answer.number
    return {
        name: Given(cards=count, outcome=Outcome(**outcomes[name]))
        for name, count in most_first(issued)
    }


def _over_time(cards: Iterable[Advised], period: Period) -> dict[str, tuple[int, ...]]:
    begins = [bucket.first for bucket in period.buckets]
    counted: dict[str, list[int]] = defaultdict(lambda: [0] * len(begins))
    for card in cards:
        if not card.on_study:
            counted[card.recommendation][bisect(begins, card.day) - 1] += card.count
    return {name: tuple(counts) for name, counts in counted.items()}


def _reasons(answers: Iterable[Answered]) -> tuple[Reason, ...]:
    counted: Counter[tuple[str | None, str | None]] = Counter()
    for answer in answers:
        if answer.outcome == "overridden":
            system, code = answer.reason_system, answer.reason_code
            counted[(system, code) if code else (None, None)] += answer.number
    return tuple(Reason(system=s, code=c, count=count) for (s, c), count in most_first(counted))


def _suggestions(answers: Iterable[Answered]) -> dict[str | None, int]:
    counted: Counter[str | None] = Counter()
    for answer in answers:
        if answer.outcome == "accepted" and answer.suggestions:
            for name in json.loads(answer.suggestions):
                counted[name] += answer.number
    return dict(most_first(counted))


def _of_anyone(answers: Iterable[Answered]) -> list[Answered]:
    """Add up what differs only by who ordered: there is far less of it."""
    counted: Counter[tuple[Any, ...]] = Counter()
    for answer in answers:
        counted[answer[1:-3]] += answer.number
    return [Answered._make((None, *of, None, None, n)) for of, n in counted.items()]


def _lost(told: Iterable[Answered]) -> dict[str | None, int]:
    counted: Counter[str | None] = Counter()
    for answer in told:
        if answer.lost:
            counted[answer.recommendation] += answer.number
    return dict(most_first(counted))
