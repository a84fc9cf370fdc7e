"""Counts by who ordered: what was advised on each one's orders, and what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, func, select

from service.ledger.outcomes import Given, Outcome
from service.ledger.period import Period, Scope, within
from service.ledger.schema import cards
from service.ledger.tallies import Answered, Owner


@dataclass(frozen=True, kw_only=True, slots=True)
class Clinician:
    """One who ordered, as the ledger keeps who it was, and the cards on the indication it got."""

    owner: Owner
    given: Mapping[str, Given]  # by recommendation

    @property
    def orders(self) -> int:
        """How many orders were judged."""
        return sum(given.cards for given in self.given.values())


def clinicians_of(
    connection: Connection, period: Period, scope: Scope, answers: Iterable[Answered]
) -> tuple[Clinician, ...]:
    """Count the cards on the indication by who ordered; most orders first."""
    c = cards.c
    kinds = (c.clinician, c.recommendation, c.issuer, c.tenant)
    shown = func.sum(cast(c.shown, Integer))
    asked = (
        select(*kinds, func.count(), shown)
        .where(within(cards, period, scope), c.position == 0)
        .group_by(*kinds)
    )
    said: dict[tuple[Owner, str | None], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in answers:
        if not one.on_study:
            owner = Owner(issuer=one.issuer, tenant=one.tenant, clinician=one.clinician)
            said[owner, one.recommendation][one.outcome] += one.number
    found: dict[Owner, dict[str, Given]] = defaultdict(dict)
    for clinician, recommendation, issuer, tenant, count, seen in connection.execute(asked):
        owner = Owner(issuer=issuer, tenant=tenant, clinician=clinician)
        outcome = Outcome(shown=seen, **said[owner, recommendation])
        found[owner][recommendation] = Given(cards=count, outcome=outcome)
    made = [Clinician(owner=owner, given=given) for owner, given in found.items()]
    return tuple(sorted(made, key=lambda one: (-one.orders, str(one.owner))))
