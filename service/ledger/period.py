"""Of which days a report is, and of whose calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

# What can be asked for.
_EARLIEST, _LATEST, _MOST_DAYS = date(2000, 1, 1), date(2999, 12, 31), 3660
ASKABLE = f"days since {_EARLIEST}, at most ten years"
_MOST_DAYS_BY_DAY = 70
_MOST_DAYS_BY_WEEK = 731
_DAY = timedelta(days=1)
Mode = Literal["live", "silent", "all"]
MODES: tuple[Mode, ...] = get_args(Mode)
COUNTED = ("live", "silent")  # never canary


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Some days in a row that a report counts together, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """First and last day, both included; days of the facility that was called."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends on its first day or later")

    def may_be_asked(self) -> bool:
        """Whether it is one that a reader can ask for."""
        return self.first >= _EARLIEST and self.last <= _LATEST and self.days <= _MOST_DAYS

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def each(self) -> Iterator[date]:
        """Its days, one by one."""
        for number in range(self.days):
            yield self.first + number * _DAY

    def shared_with(self, other: "Period") -> "Period | None":
        """Give the days that are in both, if there are any."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Period(first=first, last=last) if first <= last else None

    @property
    def months(self) -> Iterator["Period"]:
        """The whole months in it."""
        for number in range(_month(self.first), _month(self.last) + 1):
            first, last = _first_of(number), _first_of(number + 1) - _DAY
            if self.first <= first and last <= self.last:
                yield Period(first=first, last=last)

    @property
    def before(self) -> "Period":
        """The period before it of the same length; of whole months, as many whole months."""
        last = self.first - _DAY
        if self.first.day == 1 and (self.last + _DAY).day == 1:
            months = _month(self.last) - _month(self.first) + 1
            year, month = divmod(_month(self.first) - months, 12)
            return Period(first=date(year, month + 1, 1), last=last)
        return Period(first=self.first - timedelta(days=self.days), last=last)

    @property
    def step(self) -> Literal["day", "week", "month"]:
        """How finely it is told: by day up to ten weeks, by week up to two years, else by month."""
        if self.days <= _MOST_DAYS_BY_DAY:
            return "day"
        return "week" if self.days <= _MOST_DAYS_BY_WEEK else "month"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Its days, weeks (from Monday) or months; the first and the last may be cut."""
        return tuple(self._buckets())

    def _buckets(self) -> Iterator[Bucket]:
        first = self.first
        while first <= self.last:
            last = min(self._end(first), self.last)
            yield Bucket(first=first, last=last)
            first = last + _DAY

    def _end(self, first: date) -> date:
        if self.step == "day":
            return first
        if self.step == "week":
            return first + timedelta(days=6 - first.weekday())
        return _first_of(_month(first) + 1) - _DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose calls are counted, and of which advice: None stands for all.

    `recommendation` is one of cards; calls have none.
    """

    issuer: str | None = None
    tenant: str | None = None
    mode: Mode = "all"
    recommendation: str | None = None

    def __post_init__(self) -> None:
        # Two issuers may use one name for two tenants.
        if self.tenant is not None and self.issuer is None:
            raise ValueError("a tenant is one of an issuer")

    def has(self, issuer: str | None, tenant: str | None, mode: str) -> bool:
        """Whether calls of a tenant of an issuer, in a mode, are counted."""
        return (
            self.issuer in (None, issuer)
            and self.tenant in (None, tenant)
            and self.mode in ("all", mode)
            and mode in COUNTED
        )


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
