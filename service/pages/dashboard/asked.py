"""What a reader of the dashboard asks for, as it stands in an address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, cast, get_args
from urllib.parse import urlencode

from service.ledger.period import EARLIEST, LATEST, MOST_DAYS, Period, Scope

_USUAL_DAYS = 28
_ROLLING = {"7 days": 7, "28 days": 28, "90 days": 90, "12 months": 365}
Mode = Literal["live", "silent", "all"]
MODES = get_args(Mode)
_MOST_LETTERS = 512


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
    """Read what is asked for; without days the last four weeks. Raises ValueError, in words."""
    last = _day(given, "to", today)
    if not EARLIEST <= last <= LATEST:
        raise ValueError(f"Days from {EARLIEST} to {LATEST} can be asked for.")
    first = _day(given, "from", last - timedelta(days=_USUAL_DAYS - 1))
    if last < first:
        raise ValueError("The last day is before the first.")
    if first < EARLIEST or (last - first).days > MOST_DAYS:
        raise ValueError(f"Days since {EARLIEST} can be asked for, ten years at the most.")
    mode = given.get("mode") or "all"
    if mode not in MODES:
        raise ValueError("The mode is live, silent or all.")
    issuer = _text(given, "issuer")
    scope = Scope(
        issuer=issuer,
        tenant=_text(given, "tenant") if issuer else None,
        mode=cast(Mode, mode),
        recommendation=_text(given, "recommendation"),
    )
    return Asked(period=Period(first=first, last=last), scope=scope)


def _day(given: Mapping[str, str], name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(given[name]) if given.get(name) else otherwise
    except ValueError:
        raise ValueError("A day is written like 2026-10-31.") from None


def _text(given: Mapping[str, str], name: str) -> str | None:
    told = given.get(name) or None
    if told is not None and len(told) > _MOST_LETTERS:
        raise ValueError(f"The {name} is too long.")
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
