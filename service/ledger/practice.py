"""Counts by who ordered: what was advised on each one's orders, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.ledger.counting.kinds import Order, Table
from service.ledger.outcomes import Given, given_of
from service.ledger.period import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose clinician somebody is: what he is called may be another's name elsewhere."""

    issuer: str | None
    tenant: str | None
    clinician: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clinician:
    """One who ordered, as the ledger keeps who it was, and the cards on the indication it got."""

    owner: Owner
    given: Mapping[str, Given]  # by recommendation

    @property
    def orders(self) -> int:
        """How many orders were judged."""
        return sum(given.cards for given in self.given.values())


def clinicians_of(orders: Table[Order], scope: Scope) -> tuple[Clinician, ...]:
    """Sort orders by who ordered; most orders first."""
    found: dict[tuple[Any, ...], dict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for (issuer, tenant, _), counts in orders.items():
        for (clinician, recommendation, outcome), count in counts.items():
            if scope.recommendation in (None, recommendation):
                found[issuer, tenant, clinician][recommendation][outcome] += count
    made = [
        Clinician(
            owner=Owner(issuer=issuer, tenant=tenant, clinician=clinician),
            given={name: given_of(counts) for name, counts in of.items()},
        )
        for (issuer, tenant, clinician), of in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.orders, str(one.owner))))
