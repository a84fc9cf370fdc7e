"""FHIR dates as whole days: a partial date is the interval of days that it may mean."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

_YEAR_OR_MONTH = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_INSTANT = re.compile(  # midnight is 00:00, never 24:00
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
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
    try:
        if len(text) == _WHOLE_DAY:
            return _whole_day(text)
        if _INSTANT.fullmatch(text):
            return _single(datetime.fromisoformat(text).astimezone(zone).date())
        found = _YEAR_OR_MONTH.fullmatch(text)
        if found is None:
            return None
        year, month = found.groups()
        if month:
            return _month(int(year), int(month))
        return Days(first=date(int(year), 1, 1), last=date(int(year), 12, 31))
    except (ValueError, OverflowError):
        return None


def _whole_day(text: str) -> Days | None:
    """Give the day of a text as long as a date; a day of a numbered week is no FHIR date."""
    return _single(date.fromisoformat(text)) if text[7] == "-" else None


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
