"""What a reader of the dashboard asks for, as it stands in an address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from service.ledger.period import ASKABLE, MODES, Period, Scope

_USUAL_DAYS = 28
_ROLLING = {"7 days": 7, "28 days": 28, "90 days": 90, "12 months": 365}
_MOST_LETTERS = 512


class NotAsked(ValueError):
    """What was asked for is nothing that can be shown; says why, for the reader."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Of which days and whose calls the figures are wanted."""

    period: Period
    scope: Scope

    @property
    def address(self) -> str:
        """Write it as the query of an address."""
        return _query(self.period, self.scope)


def asked(given: Mapping[str, str], today: date) -> Asked:
    """Read what is asked for; without days the last four weeks. Raises NotAsked."""
    last = _day(given, "to", today)
    usual = max(last.toordinal() - _USUAL_DAYS + 1, 1)
    first = _day(given, "from", date.fromordinal(usual))
    if last < first:
        raise NotAsked("The last day is before the first.")
    period = Period(first=first, last=last)
    if not period.may_be_asked():
        raise NotAsked(f"What can be asked for: {ASKABLE}.")
    mode = given.get("mode") or "all"
    if mode not in MODES:
        raise NotAsked("The mode is live, silent or all.")
    issuer = _text(given, "issuer")
    scope = Scope(
        issuer=issuer,
        tenant=_text(given, "tenant") if issuer else None,
        mode=mode,
        recommendation=_text(given, "recommendation"),
    )
    return Asked(period=period, scope=scope)


def _day(given: Mapping[str, str], name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(given[name]) if given.get(name) else otherwise
    except ValueError:
        raise NotAsked("A day is written like 2026-10-31.") from None


def _text(given: Mapping[str, str], name: str) -> str | None:
    told = given.get(name) or None
    if told is not None and len(told) > _MOST_LETTERS:
        raise NotAsked(f"The {name} is too long.")
    return told


def presets(now: Asked, today: date) -> Iterator[tuple[str, str, bool]]:
    """Give usual periods: name, query, and whether it is the present one."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    periods = {
        name: Period(first=today - timedelta(days=days - 1), last=today)
        for name, days in _ROLLING.items()
    } | {
        "This month": Period(first=month, last=today),
        "Last month": Period(first=before.replace(day=1), last=before),
    }
    for name, period in periods.items():
        yield name, _query(period, now.scope), period == now.period


def _query(period: Period, scope: Scope) -> str:
    told: dict[str, Any] = {"from": period.first, "to": period.last}
    for name in ("issuer", "tenant", "recommendation"):
        if getattr(scope, name) is not None:
            told[name] = getattr(scope, name)
    if scope.mode != "all":
        told["mode"] = scope.mode
    return urlencode(told)
