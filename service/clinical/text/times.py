"""When something began: "x 3 weeks", "since 10/01", "3-wk history of", "since last night"."""

from datetime import date

from msgspec import Struct

from service.clinical.dates import Days, days_before
from service.clinical.text.dates import BETWEEN, DIGITS_OF_A_YEAR, HYPHEN, STROKE, day_at, year_at
from service.clinical.text.lexicon import Times
from service.clinical.text.words import Sentence, Words

_LAST_DAY = 31  # of any month
_LAST_WEEK = 52  # of a year: "110/52" is a blood pressure
_NEXT = 3  # tokens after a duration that may say which way it points


class Time(Struct, frozen=True, gc=False):
    """A date or a duration in a sentence, and the days on which something may have begun."""

    start: int
    end: int
    days: Days
    opens: bool = False  # "3 weeks of": it is about what follows
    lasted: bool = False  # a duration, against a date
    began: bool = True  # against a mere year, which says when something was


def times_in(words: Words, sentence: Sentence, times: Times, written: date) -> list[Time]:
    """Find the dates and durations of a sentence, none of them after the day of writing."""
    found: list[Time] = []
    tokens, place = words.tokens, sentence.first
    spans = STROKE in sentence.kinds or not sentence.kinds.isdisjoint(times.units)
    begins = _beginnings(sentence.kinds, times, spans=spans)
    while begins and place < sentence.last:
        reads = tokens[place] in begins
        time = _time(tokens, place, sentence, times, written, spans=spans) if reads else None
        if time is None:
            place += 1
            continue
        found.append(time)
        place = time.end
    return found


def _beginnings(kinds: frozenset[str], times: Times, *, spans: bool) -> set[str]:
    """Give the tokens of a sentence at which a date or a duration can begin."""
    begins = {kind for kind in kinds if kind in times.days or kind[0].isdecimal()}
    if spans:
        return begins | (kinds & times.lengths)
    years = {kind for kind in begins if len(kind) == DIGITS_OF_A_YEAR}
    if not kinds.isdisjoint(times.months) or (years and HYPHEN in kinds):
        return begins
    return years | (begins & times.days)


def _time(
    tokens: list[str], place: int, sentence: Sentence, times: Times, written: date, *, spans: bool
) -> Time | None:
    last = sentence.last
    if tokens[place][0].isdecimal() and not _goes_on(tokens, place, last, times):
        return None
    if tokens[place] in times.since:
        after = _skip(tokens, place + 1, last, times)
        day = day_at(tokens, place + 1, last, times, written, led=True) or day_at(
            tokens, after, last, times, written, led=True
        )
        day = day or year_at(tokens, after, last, times, written)
        return Time(place, day.end, day.days) if day else None
    lasted = _duration(tokens, place, sentence, times, written) if spans else None
    if lasted is not None:
        return lasted
    day = day_at(tokens, place, last, times, written, led=False)
    if day is not None:
        return Time(place, day.end, day.days)
    year = year_at(tokens, place, last, times, written)
    return Time(place, year.end, year.days, began=False) if year else None


def _goes_on(tokens: list[str], place: int, last: int, times: Times) -> bool:
    """Whether a number may be a year, or what follows makes it one of days."""
    if len(tokens[place]) == DIGITS_OF_A_YEAR:
        return True
    after = tokens[place + 1] if place + 1 < last else ""
    return after in times.after_a_number or after in BETWEEN or after in times.months


def _skip(tokens: list[str], place: int, last: int, times: Times) -> int:
    while place < last and (tokens[place] in times.skipped or tokens[place] == HYPHEN):
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
    if tokens[place] in times.more or tokens[place] in times.less:
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
    if before in times.visits and not (led or ago or opens):
        return None
    days = Days(first=days_before(written, int(high)), last=days_before(written, int(low)))
    return Time(
        start, end, days, opens=opens, lasted=True, began=not (ago and low >= times.long_ago_days)
    )


def _points(tokens: list[str], end: int, last: int, times: Times) -> tuple[bool, bool, int]:
    """Say whether "ago" follows a duration, or words that make it one of what comes next."""
    ago = opens = False
    for _ in range(_NEXT):
        if end >= last:
            break
        token = tokens[end]
        if token in times.ago:
            ago = True
        if token in times.opens:
            opens = True
        elif token != HYPHEN and token not in times.ago:
            break
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
    if place + 1 < last and tokens[place] == STROKE and tokens[place + 1] in times.parts:
        after = tokens[place + 2] if place + 2 < last else ""
        days = None if after == STROKE else times.parts[tokens[place + 1]]
        surely = int(tokens[place + 1]) > _LAST_DAY and high <= _LAST_WEEK  # never a date
        sure = surely or led or after in times.ago or after in times.opens
        return (low * days, high * days, place + 2) if days and sure else None
    end = _skip(tokens, place, last, times)
    unit = times.units.get(tokens[end]) if end < last else None
    if unit is None or not times.during.isdisjoint(tokens[place:end]):
        return None  # "39.2 last night" is no number of nights
    return low * unit, high * unit, end + 1


def _number(
    tokens: list[str], place: int, last: int, times: Times
) -> tuple[float, float, int] | None:
    """Read "3", "three", "a few", "2-3" or "2 to 3"."""
    if place >= last:
        return None
    if tokens[place][0].isdecimal():
        low = high = _bounded(tokens[place], times)
    elif tokens[place] in times.numbers:
        low, high = times.numbers[tokens[place]]
    else:
        return None
    after = place + 1
    if after < last and tokens[after] in times.numbers:  # "a few", "a couple"
        low, high = times.numbers[tokens[after]]
        after += 1
    to = after + 1 < last and (tokens[after] == HYPHEN or tokens[after] in times.to)
    if to and tokens[after + 1][0].isdecimal():
        high = max(low, _bounded(tokens[after + 1], times))
        after += 2
    return low, high, after


def _bounded(token: str, times: Times) -> float:
    """Read a number; one too long to be meant is as long as any duration can be."""
    return min(float(token), times.longest_days)
