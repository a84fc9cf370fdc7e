"""Small counts are not told, nor anything from which one of them can be computed."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.counted.ink import Ink
from service.pages.counted.small_cells import Count, Hidden, Sum, hidden

SMALLEST = 5


def counts(*numbers: int, row: str = "") -> tuple[Count, ...]:
    return tuple(Count(number=n, key=(row, str(place))) for place, n in enumerate(numbers))


def breakdown(parts: tuple[Count, ...], name: str = "total") -> Sum:
    return Sum(total=Count(number=sum(p.number for p in parts), key=(name,)), parts=parts)


def kept(parts: tuple[Count, ...], smallest: int = SMALLEST) -> list[str | None]:
    one = breakdown(parts)
    found = hidden((one.total, *parts), [one], smallest)
    return [found[p.key].value if p.key in found else None for p in (*parts, one.total)]


@pytest.mark.parametrize(("numbers", "told"), [
    ((0, 5, 9), [None, None, None, None]),
    ((4, 9, 20), ["small", "withheld", None, None]),
    ((3, 4, 20), ["small", "small", None, None]),
    ((4, 4, 20), ["small", "small", "withheld", None]),  # 8 can only be 4 and 4
    ((4, 0, 20), ["small", None, "withheld", None]),
    ((1, 1, 20), ["small", "small", "withheld", None]),  # 2 can only be 1 and 1
    ((4, 4, 4), ["small", "small", "small", "withheld"]),  # 12 can only be 4 and 4 and 4
    ((1, 5, 20), ["small", "withheld", "withheld", None]),  # 6 can only be 1 and 5
    ((3, 0, 0), ["small", None, None, "small"]),
])  # fmt: skip
def test_what_is_hidden_of_a_breakdown(numbers: tuple[int, ...], told: list[str | None]) -> None:
    assert kept(counts(*numbers)) == told


def test_nothing_is_hidden_if_nobody_asks() -> None:
    assert kept(counts(1, 2, 3), smallest=1) == [None] * 4


def test_a_hidden_count_is_hidden_wherever_it_stands() -> None:
    """A column hides a second count; its row then betrays the first, and hides a third."""
    rows = [counts(2, 30, row="a"), counts(9, 40, row="b"), counts(50, 60, row="c")]
    columns = [tuple(row[place] for row in rows) for place in (0, 1)]
    sums = [breakdown(row, f"row {n}") for n, row in enumerate(rows)]
    sums += [breakdown(column, f"column {n}") for n, column in enumerate(columns)]
    found = hidden([one for row in rows for one in row], sums, SMALLEST)
    for one in sums:
        assert sum(part.key in found for part in one.parts) != 1
    assert found[("a", "0")] is Hidden.SMALL


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(1, 6))
def test_no_hidden_count_can_be_computed(numbers: list[int], smallest: int) -> None:
    """Every reading that fits what is told is tried: each hidden count has at least two."""
    parts = counts(*numbers)
    one = breakdown(parts)
    found = hidden((one.total, *parts), [one], smallest)
    most = sum(numbers) + smallest

    def may_be(count: Count) -> range:
        if count.key not in found:
            return range(count.number, count.number + 1)
        small = found[count.key] is Hidden.SMALL
        return range(1, smallest) if small else range(smallest, most + 1)

    fits = [r for r in product(*map(may_be, parts)) if sum(r) in may_be(one.total)]
    for place, part in enumerate(parts):
        if 0 < part.number < smallest:
            assert part.key in found
        if part.key in found and len(may_be(part)) > 1:
            assert len({reading[place] for reading in fits}) > 1


def test_shares_of_a_hidden_count_are_hidden_too() -> None:
    ink = Ink(smallest=SMALLEST)
    small, large = counts(2, 40)
    whole = Count(number=42, key=("whole",))
    ink.adds_up(whole, (small, large))
    ink.settle()
    assert ink.count(small).text == "< 5"
    assert ink.count(large).text == "withheld"
    assert (ink.share(small, whole).value, ink.share(large, whole).value) == (None, None)
    assert ink.count(whole).value == 42
