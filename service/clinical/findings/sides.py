"""Both sides: are both legs affected, and since when are there two?"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product

from msgspec.structs import replace

from service.clinical.chart import Chart, Entry, Side
from service.clinical.dates import days_between
from service.clinical.findings.coded import UNSETTLED, Past, about, in_window, is_new
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion

# Of one side only the last entries are paired, so that a long record costs no square of itself.
_MOST_A_SIDE = 20


def both_sides(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether both legs are affected: said so, or left and right close together.

    The onset of bilateral symptoms is that of the second side. Source: girft-ces-2023.
    """
    said = list(about(criterion, chart))
    entries = [e for e in said if e.assertion in criterion.assertions]
    pasts = {side: _past(side, criterion, chart) for side in Side}
    proof = next(
        (
            pair
            for pair in _pairs(entries, criterion)
            if any(_counts(one, criterion, chart, pasts[one.side]) for one in _as_one(pair))
        ),
        (),
    )
    open_ = [e for e in said if e.assertion in UNSETTLED and e.side is Side.BOTH]
    unsettled = [e for e in open_ if in_window(e.written, criterion, chart) or e.written is None]
    return from_evidence(criterion, chart, proof, unsettled=unsettled)


def _pairs(entries: list[Entry], criterion: Criterion) -> Iterator[tuple[Entry, ...]]:
    """Give each entry of both sides alone, then each left with each right close to it."""
    yield from ((e,) for e in entries if e.side is Side.BOTH)
    left = _latest(e for e in entries if e.side is Side.LEFT)
    right = _latest(e for e in entries if e.side is Side.RIGHT)
    yield from (pair for pair in product(left, right) if _together(*pair, criterion))


def _latest(entries: Iterable[Entry]) -> list[Entry]:
    """Keep the last entries of one side; undated ones count as the latest."""
    return sorted(entries, key=_day, reverse=True)[:_MOST_A_SIDE]


def _day(entry: Entry) -> date:
    return entry.dated.last if entry.dated else date.max


def _as_one(pair: tuple[Entry, ...]) -> Iterator[Entry]:
    """Take a pair as one entry with the onset of its second side.

    Where one onset is not known, the other may be that of the second side, or not: it is both.
    """
    one = replace(max(pair, key=_day), worse=any(side.worse for side in pair))
    onsets = [e.onset for e in pair if e.onset]
    if len(onsets) < len(pair):
        yield replace(one, onset=None)
    if onsets:
        yield replace(one, onset=max(onsets, key=lambda days: days.last))


def _past(side: Side, criterion: Criterion, chart: Chart) -> Past:
    """Gather what makes a second side an old matter: not that the first was recorded before."""
    return Past.of(criterion, chart, sides=(side, Side.BOTH, Side.UNSTATED))


def _counts(entry: Entry, criterion: Criterion, chart: Chart, past: Past) -> bool:
    """Whether a picture of both legs is as recent as asked; a question without days takes any."""
    if criterion.asserted_within_days is not None:
        return is_new(entry, criterion, chart, past)
    return in_window(entry.dated, criterion, chart)


def _together(one: Entry, other: Entry, criterion: Criterion) -> bool:
    """Whether two sides were written down close enough to be one picture, or may have been."""
    if one.written is None or other.written is None:
        return True
    apart = abs(days_between(one.written.last, other.written.last))
    return apart <= (criterion.together_within_days or 0)
