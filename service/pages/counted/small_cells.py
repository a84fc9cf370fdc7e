"""Which small counts are not told, and which others with them, so that none can be computed."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf

Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A number of cards, calls or answers. What has one key is one number, wherever it stands."""

    number: int
    key: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """A breakdown: the parts make up the total."""

    total: Count
    parts: tuple[Count, ...]


class Hidden(Enum):
    """Why a count is not told: it is small itself, or would betray one that is."""

    SMALL = "small"
    WITHHELD = "withheld"


def hidden(
    counts: Iterable[Count], sums: Iterable[Sum], smallest: int
) -> Mapping[tuple[str, ...], Hidden]:
    """Say which counts are not told: those above 0 and below `smallest`, and others beside them.

    Every breakdown is looked at alone: from what is told of it, and from the bounds that the words
    "fewer than" and "withheld" tell, no hidden count of it can be computed. Then the next smallest
    part is hidden as well. What several breakdowns tell together is followed from one to the next.
    """
    kept = {c.key: Hidden.SMALL for c in counts if 0 < c.number < smallest}
    waiting = deque(sums)
    touched: dict[tuple[str, ...], list[Sum]] = defaultdict(list)
    for one in waiting:
        for count in (one.total, *one.parts):
            touched[count.key].append(one)
    while kept and waiting:
        one = waiting.popleft()
        more = _one_more(one, kept, smallest)
        if more is not None:
            kept[more.key] = Hidden.SMALL if more.number < smallest else Hidden.WITHHELD
            waiting.extend(touched[more.key])
    return kept


def _one_more(one: Sum, kept: Mapping[tuple[str, ...], Hidden], smallest: int) -> Count | None:
    """Give the count that has to be hidden too, if what is told of this breakdown betrays one."""
    if not _betrays(one, kept, smallest):
        return None
    told = [part for part in one.parts if part.key not in kept and part.number > 0]
    if told:
        return min(told, key=lambda part: (part.number, part.key))
    return one.total if one.total.key not in kept and one.total.number > 0 else None


def _betrays(one: Sum, kept: Mapping[tuple[str, ...], Hidden], smallest: int) -> bool:
    """Whether a hidden count of a breakdown can be computed from the rest of it."""
    bounds = [_bounds(kept[part.key], smallest) for part in one.parts if part.key in kept]
    rest = sum(part.number for part in one.parts if part.key not in kept)
    total: Bounds = (one.total.number, one.total.number)
    if one.total.key in kept:
        total = _bounds(kept[one.total.key], smallest)
    of_all = (rest + sum(low for low, _ in bounds), rest + sum(high for _, high in bounds))
    open_ended = sum(high == inf for _, high in bounds)
    closed = sum(high for _, high in bounds if high < inf)
    for low, high in bounds:
        others = inf if open_ended > (high == inf) else closed - (high if high < inf else 0)
        least, most = total[0] - rest - others, total[1] - (of_all[0] - low)
        if _is_one(low, high, least, most):
            return True
    return one.total.key in kept and _is_one(*total, *of_all)


def _is_one(low: float, high: float, least: float, most: float) -> bool:
    """Whether a breakdown leaves one number of a range that held several."""
    return low < high and max(low, least) >= min(high, most)


def _bounds(why: Hidden, smallest: int) -> Bounds:
    """Between what a reader knows that a hidden count lies."""
    return (1, smallest - 1) if why is Hidden.SMALL else (smallest, inf)
