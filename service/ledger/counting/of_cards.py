"""Counts the cards of one day, and what became of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from service.ledger.counting import kinds
from service.ledger.counting.kinds import Lost, Site, Table, Tables
from service.ledger.outcomes import KEPT_BACK, UNANSWERED
from service.ledger.period import COUNTED
from service.ledger.schema import cards, feedback

# What tells cards apart here, in the order of their index: then no row is read for it.
_OF_A_CARD = (
    cards.c.position, cards.c.recommendation, cards.c.indicator, cards.c.hook, cards.c.shown,
    cards.c.mode, cards.c.issuer, cards.c.tenant, cards.c.clinician,
)  # fmt: skip
_SHOWN = 4  # its place
_SAID = (
    feedback.c.outcome, feedback.c.reason_system, feedback.c.reason_code, feedback.c.suggestions,
)  # fmt: skip
_WHEN = (
    feedback.c.time_doubtful, feedback.c.outcome_at, feedback.c.received_at, feedback.c.id,
)  # fmt: skip
_NOTHING_SAID = (None, None, None)


def of_cards(connection: Connection, day: date) -> Tables:
    """Count the cards of a day with what became of them, whenever that was said.

    Of answers to a card whose record is not there, those that came on this day are counted.
    """
    mine = (cards.c.day == day, cards.c.mode.in_(COUNTED))
    asked = select(*_OF_A_CARD, func.count()).where(*mine).group_by(*_OF_A_CARD)
    issued = {tuple(row[:-1]): row[-1] for row in connection.execute(asked).all()}
    ended: Counter[tuple[Any, ...]] = Counter()
    for kind, said in _answers(connection, mine):
        issued[kind] -= 1
        ended[kind + said] += 1
    for kind, count in issued.items():
        if count:
            outcome = UNANSWERED if kind[_SHOWN] else KEPT_BACK
            ended[(*kind, outcome, *_NOTHING_SAID)] = count
    return _tables(ended) | {kinds.LOST.name: _lost(connection, day)}


def _answers(
    connection: Connection, mine: Sequence[Any]
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Give, for each shown card that was answered, what it is and the last thing said of it."""
    asked = (
        select(cards.c.uuid, *_WHEN, *_SAID, *_OF_A_CARD)
        .select_from(cards.join(feedback, feedback.c.card == cards.c.uuid))
        .where(*mine, cards.c.shown)
    )
    begins = 1 + len(_WHEN)
    for row in _last(connection.execute(asked).all()):
        outcome, system, code, suggestions = row[begins : begins + len(_SAID)]
        reason = (system, code) if outcome == "overridden" and code else (None, None)
        accepted = suggestions if outcome == "accepted" else None
        yield tuple(row[begins + len(_SAID) :]), (outcome, *reason, accepted)


def _last(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Give, of rows that begin with a card and the times of an answer, the last of each card."""
    last: dict[str, tuple[tuple[int, int, str], Any]] = {}
    for row in rows:
        card, doubtful, outcome_at, received_at, key = row[:5]
        when = (received_at if doubtful else outcome_at, received_at, key)
        if card not in last or when > last[card][0]:
            last[card] = (when, row)
    return (row for _, row in last.values())


def _tables(ended: Counter[tuple[Any, ...]]) -> dict[str, Table[Any]]:
    """Sort the counts of cards into the tables; plain tuples, since there are many."""
    all_cards: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
    orders: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
    judged: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
    for kind, count in ended.items():
        position, name, indicator, hook, _, mode, issuer, tenant, clinician, *said = kind
        site = (issuer, tenant, mode)
        all_cards[site][(position > 0, name, indicator, hook, *said)] += count
        if not position:
            orders[site][clinician, name, said[0]] += count
            judged[site][(name,)] += count
    return {kinds.CARDS.name: all_cards, kinds.ORDERS.name: orders, kinds.JUDGED.name: judged}


def _lost(connection: Connection, day: date) -> Table[Lost]:
    """Count the cards of whose answers, the last of which came on this day, nothing else is there.

    They were shown, or nobody could have answered: they count as live ones.
    """
    f = feedback.c
    of_day = (
        select(f.card)
        .outerjoin(cards, cards.c.uuid == f.card)
        .where(f.day == day, cards.c.uuid.is_(None))
    )
    asked = select(f.card, *_WHEN, f.day, f.issuer, f.tenant, f.recommendation).where(
        f.card.in_(of_day)
    )
    found: dict[Site, Counter[Lost]] = defaultdict(Counter)
    for *_, said_on, issuer, tenant, name in _last(connection.execute(asked).all()):
        if said_on == day:
            found[Site(issuer, tenant, "live")][Lost(name)] += 1
    return found
