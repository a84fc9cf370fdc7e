"""FHIR dates as whole days: a partial date is the interval of days that it may mean."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

_FHIR_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_DAYS_A_WEEK = 7
_WHOLE_DAY = len("2026-11-26")


class Days(Struct, frozen=True, kw_only=True):
    """From the first to the last day that a date may mean, both included."""

    first: date
    last: date

    @property
    def exact(self) -> bool:
        """Whether the date names one single day."""
        return self.first == self.last


def read_days(text: str | None, zone: tzinfo) -> Days | None:
    """Read a FHIR date or dateTime as days in the facility's time zone.

    `2026-10` is the whole of October; an instant is the calendar day it falls on in `zone`.
    Anything that is not a FHIR date (no such day, a time without seconds or zone) is None.
    """
    if not text:
        return None
    if len(text) == _WHOLE_DAY and text[7] == "-":  # as nearly every date is that is no instant
        try:
            return _single(date.fromisoformat(text))
        except ValueError:
            return None
    found = _FHIR_DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, time = found.groups()
    try:
        if time:
            return _single(_local_day(text, zone))
        if day:
            return _single(date(int(year), int(month), int(day)))
        if month:
            return _month(int(year), int(month))
        return Days(first=date(int(year), 1, 1), last=date(int(year), 12, 31))
    except (ValueError, OverflowError):
        return None


def _local_day(text: str, zone: tzinfo) -> date:
    """Give the calendar day of an instant in `zone`; midnight is 00:00, never 24:00."""
    if text[11:13] == "24":
        raise ValueError
    whole, fraction = text[:19], text[19:].lstrip(".0123456789")
    return datetime.fromisoformat(whole + fraction.replace("Z", "+00:00")).astimezone(zone).date()


def _single(day: date) -> Days:
    return Days(first=day, last=day)


def _month(year: int, month: int) -> Days:
    last = monthrange(year, month)[1]
    return Days(first=date(year, month, 1), last=date(year, month, last))


def days_between(earlier: date, later: date) -> int:
    """Count calendar days from `earlier` to `later`; negative when `earlier` is the later one."""
    return (later - earlier).days


def years_between(birth: date, day: date) -> int:
    """Count completed years of life."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def days_before(day: date, count: int) -> date:
    """Give the day `count` days before `day`, no earlier than the first day of the calendar."""
    try:
        return day - timedelta(days=count)
    except OverflowError:
        return date.min


def days_after(day: date, count: int) -> date:
    """Give the day `count` days after `day`, no later than the last day of the calendar."""
    try:
        return day + timedelta(days=count)
    except OverflowError:
        return date.max


def past_part(days: Days | None, as_of: date) -> Days | None:
    """Keep the part of an interval that is not in the future; None when all of it is."""
    if days is None or days.first > as_of:
        return None
    return Days(first=days.first, last=min(days.last, as_of))


def whole_weeks(days: int) -> int:
    """Count the full weeks in a number of days."""
    return days // _DAYS_A_WEEK
