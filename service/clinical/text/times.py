"""When something began: "x 3 weeks", "since 10/01", "3-wk history of", "since last night"."""

from calendar import monthrange
from datetime import date
from typing import NamedTuple

from service.clinical.dates import Days, days_before
from service.clinical.text.lexicon import Times
from service.clinical.text.words import Sentence, Words

_DIGITS_OF_A_YEAR = 4
_PARTS_OF_A_DAY = 2  # beside the year
_DIGITS_OF_A_MONTH = 2
_CENTURY = 2000
_WEEK = 7
_HYPHEN = "-"
_NEXT = 3  # tokens after a duration that may say which way it points


class Time(NamedTuple):
    """A date or a duration in a sentence, and the days on which something may have begun."""

    start: int
    end: int
    days: Days
    opens: bool = False  # "3 weeks of": it is about what follows
    lasted: bool = False  # a duration, against a date
    began: bool = True  # against a mere year, which says when something was


class _Found(NamedTuple):
    days: Days
    end: int
    sure: bool = True  # a day and a month alone may be a grade: "4/5"


def times_in(words: Words, sentence: Sentence, times: Times, written: date) -> list[Time]:
    """Find the dates and durations of a sentence, none of them after the day of writing."""
    found: list[Time] = []
    tokens, place = words.tokens, sentence.first
    begins = {kind for kind in sentence.kinds if kind in times.triggers or kind[0].isdigit()}
    while begins and place < sentence.last:
        reads = tokens[place] in begins
        time = _time(tokens, place, sentence, times, written) if reads else None
        if time is None:
            place += 1
            continue
        found.append(time)
        place = time.end
    return found


def _time(
    tokens: list[str], place: int, sentence: Sentence, times: Times, written: date
) -> Time | None:
    last = sentence.last
    if tokens[place] in times.since:
        after = _skip(tokens, place + 1, last, times)
        day = _day(tokens, place + 1, last, times, written) or _day(
            tokens, after, last, times, written
        )
        day = day or _year(tokens, after, last, times, written)
        return Time(place, day.end, day.days) if day else None
    lasted = _duration(tokens, place, sentence, times, written)
    if lasted is not None:
        return lasted
    day = _day(tokens, place, last, times, written)
    if day is not None and (day.sure or not tokens[place][0].isdigit()):
        return Time(place, day.end, day.days)
    year = _year(tokens, place, last, times, written)
    return Time(place, year.end, year.days, began=False) if year else None


def _skip(tokens: list[str], place: int, last: int, times: Times) -> int:
    while place < last and (tokens[place] in times.skipped or tokens[place] == _HYPHEN):
        place += 1
    return place


def _duration(
    tokens: list[str], place: int, sentence: Sentence, times: Times, written: date
) -> Time | None:
    """Read "x 3 weeks", "2-3 months ago", "for years", "2/52 of", "past few days"."""
    last = sentence.last
    start = place
    led = tokens[place] in times.during
    if led:
        place = _skip(tokens, place + 1, last, times)
    before = tokens[start - 1] if start > sentence.first else ""
    if place >= last or before in times.not_before:
        return None
    bounds = before
    if place < last and tokens[place] in times.more | times.less:
        bounds = tokens[place]
        place = _skip(tokens, place + 1, last, times)
    length = _length(tokens, place, last, times, led=led)
    if length is None:
        return None
    low, high, end = length
    if end < last and tokens[end] in times.not_after:
        return None
    high = times.longest_days if bounds in times.more else high
    low = 0 if bounds in times.less else min(low, times.longest_days)
    high = min(high, times.longest_days)
    ago, opens, end = _points(tokens, end, last, times)
    days = Days(first=days_before(written, int(high)), last=days_before(written, int(low)))
    return Time(
        start, end, days, opens=opens, lasted=True, began=not (ago and low >= times.long_ago_days)
    )


def _points(tokens: list[str], end: int, last: int, times: Times) -> tuple[bool, bool, int]:
    """Say whether "ago" follows a duration, or words that make it one of what comes next."""
    ago = opens = False
    for _ in range(_NEXT):
        if end >= last or tokens[end] not in times.ago | times.opens | {_HYPHEN}:
            break
        ago = ago or tokens[end] in times.ago
        opens = opens or tokens[end] in times.opens
        end += 1
    return ago, opens, end


def _length(
    tokens: list[str], place: int, last: int, times: Times, *, led: bool
) -> tuple[float, float, int] | None:
    """Read a number of days, at least and at most, and where it ends."""
    number = _number(tokens, place, last, times)
    if number is None:
        unit = times.units.get(tokens[place]) if led and place < last else None
        if unit is None:
            return None
        some = times.plural if tokens[place].endswith("s") else (1, 1)
        return some[0] * unit, some[1] * unit, place + 1
    low, high, place = number
    if place + 1 < last and tokens[place] == "/" and tokens[place + 1] in times.parts:
        longer = place + 2 < last and tokens[place + 2] == "/"
        days = None if longer else times.parts[tokens[place + 1]]
        sure = led or (place + 2 < last and tokens[place + 2] in times.ago | times.opens)
        return (low * days, high * days, place + 2) if days and sure else None
    place = _skip(tokens, place, last, times)
    days = times.units.get(tokens[place]) if place < last else None
    return (low * days, high * days, place + 1) if days else None


def _number(
    tokens: list[str], place: int, last: int, times: Times
) -> tuple[float, float, int] | None:
    """Read "3", "three", "a few", "2-3" or "2 to 3"."""
    if place >= last:
        return None
    if tokens[place][0].isdigit():
        low = high = _bounded(tokens[place], times)
    elif tokens[place] in times.numbers:
        low, high = times.numbers[tokens[place]]
    else:
        return None
    after = place + 1
    if after < last and tokens[after] in times.numbers:  # "a few", "a couple"
        low, high = times.numbers[tokens[after]]
        after += 1
    to = after + 1 < last and (tokens[after] == _HYPHEN or tokens[after] in times.to)
    if to and tokens[after + 1][0].isdigit():
        high = max(low, _bounded(tokens[after + 1], times))
        after += 2
    return low, high, after


def _bounded(token: str, times: Times) -> float:
    """Read a number; one too long to be meant is as long as any duration can be."""
    short = len(token) < len(str(times.longest_days)) + _DIGITS_OF_A_YEAR
    return min(float(token), float(times.longest_days)) if short else float(times.longest_days)


def _day(tokens: list[str], place: int, last: int, times: Times, written: date) -> _Found | None:
    """Read "yesterday", "10/01", "10/01/2026", "03/2026", "March 2026", "Oct 1"."""
    if place >= last:
        return None
    for phrase, days in times.days_ago.get(tokens[place], ()):
        if tuple(tokens[place : place + len(phrase)]) == phrase:
            day = days_before(written, days)
            return _Found(Days(first=day, last=day), place + len(phrase))
    if tokens[place] in times.weekdays:
        day = days_before(written, (written.weekday() - times.weekdays[tokens[place]]) % _WEEK)
        return _Found(Days(first=day, last=day), place + 1)
    if tokens[place] in times.months:
        return _month(tokens, place, last, times, written)
    return _year_first(tokens, place, last, times, written) or _numeric(
        tokens, place, last, times, written
    )


def _month(tokens: list[str], place: int, last: int, times: Times, written: date) -> _Found | None:
    month, end = times.months[tokens[place]], place + 1
    day: int | None = None
    if end < last and tokens[end].isdecimal() and len(tokens[end]) < _DIGITS_OF_A_YEAR - 1:
        day, end = int(tokens[end]), end + 1
    after = end + 1 if end < last and tokens[end][0] == "," else end
    year = _as_year(tokens[after], times, written) if after < last else None
    if year is None and day is None:
        return None
    end = after + 1 if year else end
    days = _latest(month, day, year, written)
    return _Found(days, end) if days else None


def _year_first(
    tokens: list[str], place: int, last: int, times: Times, written: date
) -> _Found | None:
    """Read "2026-10-01" and "2026-10", with strokes as well."""
    year, end = _as_year(tokens[place], times, written), place + 1
    parts: list[int] = []
    while end + 1 < last and tokens[end] in (_HYPHEN, "/") and len(parts) < _PARTS_OF_A_DAY:
        if not tokens[end + 1].isdecimal() or len(tokens[end + 1]) != _DIGITS_OF_A_MONTH:
            break
        parts.append(int(tokens[end + 1]))
        end += 2
    if year is None or not parts:
        return None
    days = _latest(parts[0], parts[1] if parts[1:] else None, year, written)
    return _Found(days, end) if days else None


def _numeric(
    tokens: list[str], place: int, last: int, times: Times, written: date
) -> _Found | None:
    if place + 2 >= last or tokens[place + 1] != "/":
        return None
    first, second = tokens[place], tokens[place + 2]
    if not (first.isdecimal() and second.isdecimal()) or len(first) > _DIGITS_OF_A_MONTH:
        return None
    year = _as_year(second, times, written)
    if year is not None:
        days = _latest(int(first), None, year, written)
        return _Found(days, place + 3) if days else None
    if len(second) > _DIGITS_OF_A_MONTH:
        return None
    end = place + 3
    if end + 1 < last and tokens[end] == "/" and tokens[end + 1].isdecimal():
        if len(tokens[end + 1]) == 1:
            return None  # "S2/3/4" are roots: no year has one digit
        short = len(tokens[end + 1]) < _DIGITS_OF_A_YEAR
        year = (
            _CENTURY + int(tokens[end + 1]) if short else _as_year(tokens[end + 1], times, written)
        )
        end += 2
    # Month first; day first where the other way there is no such day, or it has not come yet.
    days = _latest(int(first), int(second), year, written)
    days = days or _latest(int(second), int(first), year, written)
    return _Found(days, end, sure=year is not None) if days else None


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
    if len(token) != _DIGITS_OF_A_YEAR or not token.isdecimal():
        return None
    year = int(token)
    return year if times.earliest_year <= year <= written.year else None


def _year(tokens: list[str], place: int, last: int, times: Times, written: date) -> _Found | None:
    year = _as_year(tokens[place], times, written) if place < last else None
    if year is None:
        return None
    end = min(date(year, 12, 31), written)
    return _Found(Days(first=date(year, 1, 1), last=end), place + 1)
