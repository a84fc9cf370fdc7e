"""Counts of cards and of answers, made in the database: few passes, over ranges of days."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, tuple_
from sqlalchemy.sql.selectable import FromClause

from service.ledger.period import Period, Scope, whose, within
from service.ledger.schema import cards, feedback


@dataclass(frozen=True, kw_only=True, slots=True)
class Advised:
    """So many cards of one kind were issued on one day."""

    day: date
    on_study: bool  # not the card on the indication of its order
    recommendation: str
    indicator: str
    hook: str | None
    shown: bool
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose clinician somebody is: what he is called may be another's name elsewhere."""

    issuer: str | None
    tenant: str | None
    clinician: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """So many shown cards of one kind got one and the same answer, the last that was given.

    `earlier`: those of the period before. `lost`: those of which nothing but the answer is there.
    """

    lost: bool
    earlier: bool
    owner: Owner
    on_study: bool
    recommendation: str | None
    indicator: str | None
    hook: str | None
    outcome: str  # accepted, overridden
    reason: tuple[str | None, str | None]  # system, code
    suggestions: str | None  # JSON: a list of names
    count: int


def advised(connection: Connection, period: Period, scope: Scope) -> list[Advised]:
    """Count the cards of a period; their index holds all of this, in this order."""
    c = cards.c
    kinds = (c.day, c.position, c.recommendation, c.indicator, c.hook, c.shown)
    asked = select(*kinds, func.count()).where(within(cards, period, scope)).group_by(*kinds)
    return [
        Advised(
            day=day,
            on_study=position > 0,
            recommendation=recommendation,
            indicator=indicator,
            hook=hook,
            shown=shown,
            count=count,
        )
        for day, position, recommendation, indicator, hook, shown, count in connection.execute(
            asked
        )
    ]


def answered(connection: Connection, period: Period, scope: Scope) -> list[Answered]:
    """Count the answers to the shown cards of a period and of that before it, whenever they came.

    Of a card that has no record, neither day nor mode are known: its answer is counted by the day
    on which it came, and in any scope but that of silence, which shows nothing to be answered.
    """
    f, c = feedback.c, cards.c
    whole = Period(first=period.before.first, last=period.last)
    lost = c.uuid.is_(None)
    counted = and_(within(cards, whole, scope), c.shown)
    if scope.mode != "silent":
        counted = or_(counted, and_(lost, f.day.between(period.first, period.last)))
    earlier = c.day < period.first
    # Of the period before nobody asks who answered: far fewer rows tell it.
    who = [case((earlier, None), else_=one) for one in (c.clinician, c.issuer, c.tenant)]
    kinds = (
        *who, func.coalesce(c.recommendation, f.recommendation), lost, earlier, c.position,
        c.indicator, c.hook, f.outcome, f.reason_system, f.reason_code, f.suggestions,
    )  # fmt: skip
    # Nothing is said of a card before the day on which it is shown.
    mine = (f.day >= whole.first, whose(feedback, scope), counted, ~_said_later())
    asked = (
        select(*kinds, func.count())
        .select_from(feedback.outerjoin(cards, c.uuid == f.card))
        .where(*mine)
        .group_by(*kinds)
    )
    return [_answered(row) for row in connection.execute(asked)]


def _said_later() -> ColumnElement[bool]:
    """Whether another answer to the same card counts instead: one of a later time."""
    later = feedback.alias()
    return (
        select(later.c.id)
        .where(later.c.card == feedback.c.card, _when(later) > _when(feedback))
        .exists()
    )


def _when(said: FromClause) -> Any:
    """The time by which answers to a card are put in order; the last part only breaks a tie."""
    c = said.c
    told = case((c.time_doubtful, c.received_at), else_=c.outcome_at)
    return tuple_(told, c.received_at, c.id)


def _answered(row: Any) -> Answered:
    clinician, issuer, tenant, recommendation, lost, earlier, position, *rest = row
    indicator, hook, outcome, system, code, suggestions, count = rest
    return Answered(
        lost=bool(lost),
        earlier=bool(earlier),
        owner=Owner(issuer=issuer, tenant=tenant, clinician=clinician),
        on_study=bool(position),
        recommendation=recommendation,
        indicator=indicator,
        hook=hook,
        outcome=outcome,
        reason=(system, code),
        suggestions=suggestions,
        count=count,
    )
