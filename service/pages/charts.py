"""Charts as SVG: plain shapes of what a table tells, coloured by the classes of the style sheet.

A number that is not told is drawn as nothing: None stands for it. Texts are escaped.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

Value = float | int | None
_WIDTH, _HEIGHT = 500, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 12, 26  # room for the axes
_MOST_LABELS = 5
_ROUND = (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10)  # times a power of ten: the ends of an axis
_MINI = (220, 44)
_STRIP_HEIGHT = 62


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One row of numbers with its name and the class that colours it."""

    name: str
    look: str
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a chart is called, and what it shows, for whoever cannot see it."""

    id: str
    title: str
    description: str


def columns(said: Said, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Draw stacked columns, one for each label, the first series at the bottom."""
    heights = [sum(s.values[n] or 0 for s in series) for n in range(len(labels))]
    top = _round_up(max(heights, default=0))
    wide = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    shapes = [_grid(top)]
    for n in range(len(labels)):
        below = 0.0
        for one in series:
            value = one.values[n] or 0
            high = _y(below, top) - _y(below + value, top)
            if value:
                x = _LEFT + (n + 0.1) * wide
                shapes.append(_rect(one.look, x, _y(below + value, top), wide * 0.8, high))
            below += value
    shapes.append(_labels(labels, wide))
    return _svg(said, (_WIDTH, _HEIGHT), Markup("").join(shapes))


def histogram(said: Said, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Draw columns side by side, one of each series for each label."""
    top = _round_up(max((v or 0 for s in series for v in s.values), default=0))
    wide = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    thick = wide * 0.84 / max(len(series), 1)
    shapes = [_grid(top)]
    for place, one in enumerate(series):
        for n, value in enumerate(one.values):
            if value:
                x = _LEFT + n * wide + wide * 0.08 + place * thick
                shapes.append(
                    _rect(one.look, x, _y(value, top), thick, _y(0, top) - _y(value, top))
                )
    shapes.append(_labels(labels, wide))
    return _svg(said, (_WIDTH, _HEIGHT), Markup("").join(shapes))


def line(said: Said, values: Sequence[Value], look: str) -> Markup:
    """Draw a small line over time, from zero to its highest point; a gap where nothing is told."""
    width, height = _MINI
    most = max((v for v in values if v is not None), default=0) or 1
    step = (width - 6) / max(len(values) - 1, 1)
    points = [
        None if v is None else (3 + n * step, height - 4 - (height - 10) * v / most)
        for n, v in enumerate(values)
    ]
    shapes = [_rule(0, height - 3.5, width, height - 3.5)]
    for run in _runs(points):
        if len(run) == 1:
            shapes.append(_dot(look, *run[0], 1.6))
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        shapes.append(Markup('<polyline class="line {}" points="{}"/>').format(look, path))
    return _svg(said, _MINI, Markup("").join(shapes))


def strip(said: Said, shares: Sequence[float], quartiles: Sequence[Value], look: str) -> Markup:
    """Draw one dot for each share from 0 to 100, and over them the quartiles."""
    width, height = _WIDTH, _STRIP_HEIGHT
    middle = 21.0
    shapes = [_rule(_LEFT, 42, width - _RIGHT, 42)]
    for tick in (0, 25, 50, 75, 100):
        x = _x(tick)
        shapes.append(_rule(x, 42, x, 46))
        shapes.append(_text(x, 58, f"{tick} %", "middle"))
    piles = Counter(round(share) for share in shares)
    step = min(4.0, 2 * middle * 0.9 / max(piles.values(), default=1))
    for place, pile in sorted(piles.items()):
        for n in range(pile):
            y = middle + step * (n - (pile - 1) / 2)
            shapes.append(_dot(look, _x(place), y, 2))
    low, median, high = (*quartiles, None, None, None)[:3]
    if low is not None and high is not None:
        shapes.append(_rect("box", _x(low), 2, max(_x(high) - _x(low), 1), 38))
    if median is not None:
        shapes.append(Markup('<path class="median" d="M{:.1f} 1V43"/>').format(_x(median)))
    return _svg(said, (width, height), Markup("").join(shapes))


def bar(parts: Sequence[tuple[str, Value]], whole: float) -> Markup:
    """Draw a bar for the cell of a table, whose numbers stand beside it: nothing to read out."""
    at, shapes = 0.0, []
    for look, value in parts:
        wide = 100 * (value or 0) / whole if whole else 0
        if wide:
            shapes.append(_rect(look, at, 0, wide, 10))
        at += wide
    return Markup(
        '<svg class="bar" aria-hidden="true" focusable="false" viewBox="0 0 100 10" '
        'preserveAspectRatio="none">{}</svg>'
    ).format(Markup("").join(shapes))


def _svg(said: Said, size: tuple[int, int], shapes: Markup) -> Markup:
    return Markup(
        '<svg role="img" class="chart" viewBox="0 0 {w} {h}" aria-labelledby="{id}-t {id}-d" '
        'xmlns="http://www.w3.org/2000/svg"><title id="{id}-t">{title}</title>'
        '<desc id="{id}-d">{told}</desc>{shapes}</svg>'
    ).format(w=size[0], h=size[1], id=said.id, title=said.title, told=said.description,
             shapes=shapes)  # fmt: skip


def _grid(top: float) -> Markup:
    lines = [_rule(_LEFT, _y(part, top), _WIDTH - _RIGHT, _y(part, top)) for part in _ticks(top)]
    texts = [_text(_LEFT - 6, _y(p, top) + 4, f"{p:,.0f}", "end") for p in _ticks(top)]
    return Markup("").join([*lines, *texts])


def _ticks(top: float) -> tuple[float, ...]:
    return (0, top / 2, top) if top % 2 == 0 or top > 10 else (0, top)


def _labels(labels: Sequence[str], wide: float) -> Markup:
    """Write some of the labels, evenly spread, so that none covers another."""
    every = ceil(len(labels) / _MOST_LABELS) if len(labels) > _MOST_LABELS + 6 else 1
    return Markup("").join(
        _text(_LEFT + (n + 0.5) * wide, _HEIGHT - 8, label, "middle")
        for n, label in enumerate(labels)
        if n % every == 0
    )


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _round_up(value: float) -> float:
    """Give the next round number for the end of an axis."""
    if value <= 1:
        return 1
    power = 10 ** floor(log10(value))
    return next(
        float(step * power) for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if step * power >= value
    )


def _x(share: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT - 20) * share / 100


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _rect(look: str, x: float, y: float, wide: float, high: float) -> Markup:
    return Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>').format(
        look, x, y, wide, high
    )


def _dot(look: str, x: float, y: float, radius: float) -> Markup:
    return Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(
        look, x, y, radius
    )


def _rule(x: float, y: float, to_x: float, to_y: float) -> Markup:
    return Markup('<path class="rule" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(x, y, to_x, to_y)


def _text(x: float, y: float, said: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, said
    )
