"""A date as written: "yesterday", "10/01", "03/2026", "March 2026", "2026-10-01"."""

from calendar import monthrange
from datetime import date

from msgspec import Struct

from service.clinical.dates import Days, days_before
from service.clinical.text.lexicon import Times

DIGITS_OF_A_YEAR = 4
HYPHEN = "-"
STROKE = "/"
BETWEEN = (HYPHEN, STROKE)
_PARTS_OF_A_DAY = 2  # beside the year
_DIGITS_OF_A_MONTH = 2
_CENTURY = 2000
_WEEK = 7


class Found(Struct, frozen=True):
    """A date, and the token at which it ends."""

    days: Days
    end: int


def day_at(
    tokens: list[str], place: int, last: int, times: Times, written: date, *, led: bool
) -> Found | None:
    """Read "yesterday", "10/01", "10/01/2026", "03/2026", "March 2026", "Oct 1", "since June"."""
    if place >= last:
        return None
    for phrase, days in times.days_ago.get(tokens[place], ()):
        if tuple(tokens[place : place + len(phrase)]) == phrase:
            day = days_before(written, days)
            return Found(Days(first=day, last=day), place + len(phrase))
    if tokens[place] in times.weekdays:
        day = days_before(written, (written.weekday() - times.weekdays[tokens[place]]) % _WEEK)
        return Found(Days(first=day, last=day), place + 1)
    if tokens[place] in times.months:
        return _month(tokens, place, last, times, written, led=led)
    after = tokens[place + 1] if place + 1 < last else ""
    if after in times.months:
        return _day_first(tokens, place, last, times, written, led=led)
    if after not in BETWEEN:
        return None
    return _year_first(tokens, place, last, times, written) or _numeric(
        tokens, place, last, times, written, led=led
    )


def _month(
    tokens: list[str], place: int, last: int, times: Times, written: date, *, led: bool
) -> Found | None:
    """Read "March 2026" and "Oct 1", and the month alone where a word leads to it: "since June"."""
    month, end = times.months[tokens[place]], place + 1
    day: int | None = None
    if end < last and tokens[end].isdecimal() and len(tokens[end]) < DIGITS_OF_A_YEAR - 1:
        day, end = int(tokens[end]), end + 1
    after = end + 1 if end < last and tokens[end][0] == "," else end
    year = _as_year(tokens[after], times, written) if after < last else None
    if year is None and day is None:
        numbered = end < last and tokens[end][0].isdecimal()
        if not led or numbered or tokens[place] in times.other_words:
            return None
    end = after + 1 if year else end
    days = _latest(month, day, year, written)
    return Found(days, end) if days else None


def _day_first(
    tokens: list[str], place: int, last: int, times: Times, written: date, *, led: bool
) -> Found | None:
    """Read "1 October", where a word leads to it, and "1 October 2026"."""
    if not tokens[place].isdecimal() or len(tokens[place]) > _DIGITS_OF_A_MONTH:
        return None
    after = place + 2
    year = _as_year(tokens[after], times, written) if after < last else None
    if year is None and not led:
        return None
    days = _latest(times.months[tokens[place + 1]], int(tokens[place]), year, written)
    return Found(days, after + 1 if year else after) if days else None


def _year_first(
    tokens: list[str], place: int, last: int, times: Times, written: date
) -> Found | None:
    """Read "2026-10-01" and "2026-10", with strokes as well."""
    year, end = _as_year(tokens[place], times, written), place + 1
    if year is None:
        return None
    parts: list[int] = []
    while end + 1 < last and tokens[end] in BETWEEN and len(parts) < _PARTS_OF_A_DAY:
        if not tokens[end + 1].isdecimal() or len(tokens[end + 1]) != _DIGITS_OF_A_MONTH:
            break
        parts.append(int(tokens[end + 1]))
        end += 2
    if not parts:
        return None
    days = _latest(parts[0], parts[1] if parts[1:] else None, year, written)
    return Found(days, end) if days else None


def _numeric(
    tokens: list[str], place: int, last: int, times: Times, written: date, *, led: bool
) -> Found | None:
    if place + 2 >= last:
        return None
    mark, rest = tokens[place + 1], tokens[place + 3 : min(place + 5, last)]
    with_year = len(rest) > 1 and rest[0] == HYPHEN and len(rest[1]) == DIGITS_OF_A_YEAR
    if mark != STROKE and not with_year:
        return None
    first, second = tokens[place], tokens[place + 2]
    if not (first.isdecimal() and second.isdecimal()) or len(first) > _DIGITS_OF_A_MONTH:
        return None
    year = _as_year(second, times, written)
    if year is not None:
        days = _latest(int(first), None, year, written)
        return Found(days, place + 3) if days else None
    if len(second) > _DIGITS_OF_A_MONTH:
        return None
    end = place + 3
    if end + 1 < last and tokens[end] == mark and tokens[end + 1].isdecimal():
        if len(tokens[end + 1]) == 1:
            return None  # "S2/3/4" are roots: no year has one digit
        short = len(tokens[end + 1]) < DIGITS_OF_A_YEAR
        year = (
            _CENTURY + int(tokens[end + 1]) if short else _as_year(tokens[end + 1], times, written)
        )
        end += 2
    if year is None and not led:
        return None  # a day and a month alone may be a grade: "4/5"
    # Month first; day first where the other way there is no such day, or it has not come yet.
    days = _latest(int(first), int(second), year, written)
    days = days or _latest(int(second), int(first), year, written)
    return Found(days, end) if days else None


def _latest(month: int, day: int | None, year: int | None, written: date) -> Days | None:
    """Give a day or a month; without a year, the latest that has come; None if none has."""
    for known in (year,) if year else (written.year, written.year - 1):
        try:
            first = date(known, month, day or 1)
        except (ValueError, OverflowError):
            return None
        if first <= written:
            last = first if day else date(known, month, monthrange(known, month)[1])
            return Days(first=first, last=min(last, written))
    return None


def _as_year(token: str, times: Times, written: date) -> int | None:
    if len(token) != DIGITS_OF_A_YEAR or not token.isdecimal():
        return None
    year = int(token)
    return year if times.earliest_year <= year <= written.year else None


def year_at(tokens: list[str], place: int, last: int, times: Times, written: date) -> Found | None:
    """Read a year: all of it, up to the day of writing."""
    year = _as_year(tokens[place], times, written) if place < last else None
    if year is None:
        return None
    end = min(date(year, 12, 31), written)
    return Found(Days(first=date(year, 1, 1), last=end), place + 1)
