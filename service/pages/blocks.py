"""The blocks of the report: each a table, with the charts and the bars that show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.clinical.guideline import Verdict
from service.ledger.figures import Figures
from service.pages import charts
from service.pages.charts import Said, Series, bar
from service.pages.counted import advice as advised
from service.pages.counted import answers as answered
from service.pages.counted import calls as called
from service.pages.counted import practice as practised
from service.pages.counted.ink import Cell, Ink, Table
from service.pages.counted.words import VERDICTS, Words

_LOOKS = {name: f"v-{verdict or 'gone'}" for verdict, name in VERDICTS.items()}
_OUTCOMES = ("accepted", "overridden", "no-answer")
_HOOK_LOOKS = ("first", "second", "third", "third")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A table, the charts that show it, and one bar for each of its rows.

    `legend` names the colours (look, name). `folded`: so long that a reader unfolds it.
    """

    table: Table
    charts: tuple[tuple[str, Markup], ...] = ()  # each with a caption, which may be empty
    bars: tuple[Markup, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    folded: bool = False


def advice(found: Figures, words: Words, ink: Ink) -> tuple[Block, ...]:
    """Show what was advised on the indication, and when."""
    table = advised.recommendations(found, words, ink)
    by_verdict, by_name = advised.over_time(found, words, ink)
    orders = [cell.value or 0 for cell in table.column("Orders")]
    verdicts = [cell.text for cell in table.column("Verdict")]
    most = max(orders[:-1], default=0)
    bars = [bar([(_LOOKS.get(v, ""), n)], most) for v, n in zip(verdicts, orders, strict=True)]
    bars[-1:] = [bar((), 1)]
    return (
        Block(table=by_verdict, charts=_verdicts(by_verdict), legend=_legend(by_verdict)),
        Block(table=table, bars=tuple(bars)),
        Block(table=by_name, charts=_lines(by_name, table), folded=True),
    )


def _verdicts(table: Table) -> tuple[tuple[str, Markup], ...]:
    """Draw the orders over time, what discourages at the bottom."""
    names = [column.title for column in table.columns[1:-1]]
    series = [Series(name=n, look=_LOOKS[n], values=_values(table.column(n))) for n in names]
    labels = [cell.text[:10] for cell in table.column(table.columns[0].title)]
    said = Said(
        id=table.id,
        title=table.title,
        description=f"Stacked columns, one a {table.columns[0].title.lower()}: "
        f"{', '.join(names)}. The table beside it holds every number.",
    )
    return (("", charts.columns(said, labels, series[::-1])),)


def _legend(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple((_LOOKS[c.title], c.title) for c in table.columns[1:-1])


def _lines(table: Table, of: Table) -> tuple[tuple[str, Markup], ...]:
    """Draw one small line for each recommendation, each to its own height."""
    verdicts = dict(zip((c.text for c in of.column("Recommendation")),
                        (c.text for c in of.column("Verdict")), strict=True))  # fmt: skip
    drawn = []
    for number, column in enumerate(table.columns[1:]):
        values = _values(table.column(column.title))
        said = Said(
            id=f"{table.id}-{number}",
            title=column.title,
            description=f"Orders judged by {table.columns[0].title.lower()}, from zero to "
            f"{max((v for v in values if v is not None), default=0):,}.",
        )
        drawn.append((column.title, charts.line(said, values, _LOOKS[verdicts[column.title]])))
    return tuple(drawn)


def answers(found: Figures, words: Words, ink: Ink) -> tuple[Block, ...]:
    """Show what became of the cards."""
    outcomes = (
        answered.on_indication(found, words, ink),
        answered.on_study(found, words, ink),
        answered.by_indicator(found, ink),
        answered.by_hook(found, ink),
    )
    legend = tuple((name, name.replace("-", " ")) for name in _OUTCOMES)
    reasons = answered.reasons(found, words, ink)
    suggestions = answered.suggestions(found, words, ink)
    return (
        *(Block(table=table, bars=_stacks(table), legend=legend) for table in outcomes),
        Block(table=reasons, bars=_bars(reasons, "overridden")),
        Block(table=suggestions, bars=_bars(suggestions, "accepted")),
        Block(table=answered.lost(found, words, ink)),
    )


def _stacks(table: Table) -> tuple[Markup, ...]:
    """Draw for each row which part of the cards shown was accepted, overridden, not answered."""
    columns = [table.column(name) for name in ("Accepted", "Overridden", "No answer", "Shown")]
    rows = zip(*(_values(column) for column in columns), strict=True)
    return tuple(bar(list(zip(_OUTCOMES, parts, strict=True)), shown or 0)
                 for *parts, shown in rows)  # fmt: skip


def _bars(table: Table, look: str) -> tuple[Markup, ...]:
    counts = _values(table.column("Cards"))
    most = max((count for count in counts if count is not None), default=0)
    return tuple(bar([(look, count)], most) for count in counts)


def calls(found: Figures, words: Words, ink: Ink) -> tuple[Block, ...]:
    """Show how the calls went."""
    bars = called.histogram(found, ink)
    hooks = [column.title for column in bars.columns[1:]]
    looks = _HOOK_LOOKS[: len(hooks)]
    series = [
        Series(name=hook, look=look, values=_values(bars.column(hook)))
        for hook, look in zip(hooks, looks, strict=True)
    ]
    said = Said(
        id=bars.id,
        title=bars.title,
        description="Columns side by side, one for each hook. The table beside it holds every "
        "number.",
    )
    labels = [cell.text.replace("up to ", "≤ ").replace("over ", "> ").replace(" ms", "")
              for cell in bars.column("Duration")]  # fmt: skip
    return (
        Block(table=called.durations(found, ink)),
        Block(
            table=bars,
            charts=(("Milliseconds", charts.histogram(said, labels, series)),),
            legend=tuple(zip(looks, hooks, strict=True)),
        ),
        Block(table=called.missing(found, words, ink)),
        Block(table=called.refusals(found, ink)),
        Block(table=called.failed_questions(found, words, ink)),
        Block(table=called.unmapped(found, ink)),
    )


def practice(found: Figures, words: Words, ink: Ink) -> tuple[Block, ...]:
    """Show each one who orders beside the peers."""
    lines = practised.practices(found, words, ink)
    peers = practised.peers(lines, ink)
    looks = (f"v-{Verdict.DEFERRAL}", *_OUTCOMES)
    drawn = []
    for row, name, look in zip(peers.rows, practised.SHARES, looks, strict=True):
        shares = [100 * share for share in practised.told(lines, name, ink)]
        said = Said(
            id=f"peers-{look}",
            title=f"{name.capitalize()}: the share of each clinician",
            description=f"{len(shares)} dots from 0 to 100 percent; a box from the lower to the "
            f"upper quartile ({row[2].text} to {row[4].text}), a line at the median "
            f"({row[3].text}).",
        )
        quartiles = [cell.value for cell in row[2:]]
        drawn.append((row[0].text, charts.strip(said, shares, quartiles, look)))
    return (
        Block(table=peers, charts=tuple(drawn)),
        Block(table=practised.clinicians(lines, ink)),
    )


def _values(cells: Sequence[Cell]) -> tuple[float | int | None, ...]:
    return tuple(cell.value for cell in cells)
