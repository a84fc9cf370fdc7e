"""What was given, and what became of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT_BACK, UNANSWERED = "kept-back", "unanswered"  # what became of a card of which nothing was said


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of cards: how many were shown, accepted, overridden; the rest got no answer."""

    shown: int = 0
    accepted: int = 0
    overridden: int = 0

    @property
    def unanswered(self) -> int:
        """Those of which nobody said anything."""
        return self.shown - self.accepted - self.overridden

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            shown=self.shown + other.shown,
            accepted=self.accepted + other.accepted,
            overridden=self.overridden + other.overridden,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What was given under one heading: cards in all, shown or kept back, and their outcome."""

    cards: int = 0
    outcome: Outcome = Outcome()

    @property
    def kept_back(self) -> int:
        """Those that silence kept back."""
        return self.cards - self.outcome.shown

    def __add__(self, other: "Given") -> "Given":
        return Given(cards=self.cards + other.cards, outcome=self.outcome + other.outcome)


def given_of(outcomes: Mapping[str, int]) -> Given:
    """Sum up counts by outcome: KEPT_BACK, UNANSWERED, accepted, overridden."""
    kept_back = outcomes.get(KEPT_BACK, 0)
    cards = sum(outcomes.values())
    shown = Outcome(
        shown=cards - kept_back,
        accepted=outcomes.get("accepted", 0),
        overridden=outcomes.get("overridden", 0),
    )
    return Given(cards=cards, outcome=shown)


def most_first(counted: Counter[Any]) -> list[tuple[Any, int]]:
    """Put the most first, those of one count by name: the same ledger gives the same report."""
    return sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))
