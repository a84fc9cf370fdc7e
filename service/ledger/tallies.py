"""Counts of cards and of answers, made in the database: few passes, over ranges of days."""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

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


class Answered(NamedTuple):
    """So many shown cards of one kind got one and the same answer, the last that was given.

    `earlier`: those of the period before, of which who ordered is not told. `lost`: those of which
    nothing but the answer is there.
    """

    # In this order the database tells kinds apart: what differs most comes first.
    clinician: str | None
    recommendation: str | None
    outcome: str  # accepted, overridden
    reason_code: str | None
    hook: str | None
    suggestions: str | None  # JSON: a list of names
    position: int | None
    indicator: str | None
    lost: bool
    earlier: bool | None
    reason_system: str | None
    tenant: str | None
    issuer: str | None
    number: int

    @property
    def on_study(self) -> bool:
        """Whether it is not the card on the indication of its order."""
        return bool(self.position)


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
    clinician, tenant, issuer = (
        case((earlier, None), else_=one) for one in (c.clinician, c.tenant, c.issuer)
    )
    kinds = (
        clinician, func.coalesce(c.recommendation, f.recommendation), f.outcome, f.reason_code,
        c.hook, f.suggestions, c.position, c.indicator, lost, earlier, f.reason_system, tenant,
        issuer,
    )  # fmt: skip
    # Nothing is said of a card before the day on which it is shown.
    mine = (f.day >= whole.first, whose(feedback, scope), counted, ~_said_later())
    asked = (
        select(*kinds, func.count())
        .select_from(feedback.outerjoin(cards, c.uuid == f.card))
        .where(*mine)
        .group_by(*kinds)
    )
    return list(map(Answered._make, connection.execute(asked)))


def _said_later() -> ColumnElement[bool]:
    """Whether another answer to the same card counts instead: one of a later time."""
    later, other = feedback.alias(), feedback.alias()
    # Few cards are answered twice: these are listed at once, and only theirs are compared.
    twice = select(other.c.card).group_by(other.c.card).having(func.count() > 1)
    is_later = select(later.c.id).where(
        later.c.card == feedback.c.card, _when(later) > _when(feedback)
    )
    return and_(feedback.c.card.in_(twice), is_later.exists())


def _when(said: FromClause) -> Any:
    """The time by which answers to a card are put in order; the last part only breaks a tie."""
    c = said.c
    told = case((c.time_doubtful, c.received_at), else_=c.outcome_at)
    return tuple_(told, c.received_at, c.id)
