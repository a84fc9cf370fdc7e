"""What was advised: the main numbers, by recommendation, over time, on the study."""

from collections.abc import Callable, Iterable, Mapping

from service.clinical.guideline import Verdict
from service.ledger.figures import Figures, Main
from service.ledger.outcomes import Given, Outcome
from service.pages.counted.ink import Cell, Column, Ink, Table, text
from service.pages.counted.small_cells import Count
from service.pages.counted.words import VERDICTS, Words

NOW, BEFORE = "now", "before"
OUTCOMES: tuple[tuple[str, Callable[[Outcome], int]], ...] = (
    ("accepted", lambda told: told.accepted),
    ("overridden", lambda told: told.overridden),
    ("no answer", lambda told: told.unanswered),
)
ALL = "all"


def main_numbers(found: Figures, words: Words, ink: Ink) -> Table:
    """Set the main numbers beside those of the period before."""
    now, before = (
        _main(main, when, words, ink) for main, when in ((found.main, NOW), (found.before, BEFORE))
    )
    return Table(
        id="main-numbers",
        title="The main numbers",
        note="An order is judged once a call: composing and signing one order may be two calls. "
        "Outcomes are those of every card that was shown, on the indication or on the study.",
        columns=(
            Column(title="Figure", is_number=False),
            Column(title="This period"),
            Column(title="Period before"),
        ),
        rows=tuple((text(name), now[name], before[name]) for name in now),
    )


def _main(main: Main, when: str, words: Words, ink: Ink) -> dict[str, Cell]:
    calls = Count(number=main.calls, key=(when, "calls"))
    with_order = Count(number=main.calls_with_order, key=(when, "calls", "with order"))
    without = Count(number=calls.number - with_order.number, key=(when, "calls", "without order"))
    ink.adds_up(calls, (with_order, without))
    orders = judged(main, when)
    discouraged = Count(
        number=sum(g.cards for name, g in main.indication.items() if words.discourages(name)),
        key=(when, "verdict", str(Verdict.DEFERRAL)),
    )
    counts = cards_of(all_of(main), ALL, when)
    shown = counts["shown"]
    ink.adds_up(counts["cards"], (shown, counts["kept back"]))
    ink.adds_up(shown, [counts[name] for name, _ in OUTCOMES])
    shares = {
        f"… of the cards shown, {name}": ink.share(counts[name], shown) for name, _ in OUTCOMES
    }
    return {
        "Calls": ink.count(calls),
        "Calls with a lumbar MRI order": ink.count(with_order),
        "Orders judged": ink.count(orders),
        "Orders discouraged": ink.count(discouraged),
        "… of the orders judged": ink.share(discouraged, orders),
        "Cards shown": ink.count(shown),
        "Cards kept back in silence": ink.count(counts["kept back"]),
        "Accepted": ink.count(counts["accepted"]),
        "Overridden": ink.count(counts["overridden"]),
        "No answer": ink.count(counts["no answer"]),
        **shares,
    }


def judged(main: Main, when: str = NOW) -> Count:
    """Count the orders that were judged."""
    number = sum(given.cards for given in main.indication.values())
    return Count(number=number, key=(when, "judged"))


def all_of(main: Main) -> Given:
    """Add up all cards of a period."""
    return sum((*main.indication.values(), *main.study.values()), Given())


def cards_of(given: Given, *key: str) -> dict[str, Count]:
    """Count the cards under one heading, and what became of them."""
    numbers = {"cards": given.cards, "shown": given.outcome.shown, "kept back": given.kept_back}
    numbers |= {name: number(given.outcome) for name, number in OUTCOMES}
    return {name: Count(number=n, key=("cards", *key, name)) for name, n in numbers.items()}


def recommendations(found: Figures, words: Words, ink: Ink) -> Table:
    """Count the orders judged by recommendation, those that discourage last."""
    orders, orders_before = judged(found.main), judged(found.before, BEFORE)
    names = sorted_names(found, words)
    now = {name: of_recommendation(found.main, NOW, name) for name in names}
    before = {name: of_recommendation(found.before, BEFORE, name) for name in names}
    ink.adds_up(orders, now.values())
    ink.adds_up(orders_before, before.values())
    _by_verdict(now, orders, NOW, words, ink)
    _by_verdict(before, orders_before, BEFORE, words, ink)
    rows = [
        (
            text(words.recommendation(name)), text(VERDICTS[words.verdict(name)]),
            ink.count(now[name]), ink.share(now[name], orders),
            ink.count(before[name]), ink.share(before[name], orders_before),
        )
        for name in names
    ]  # fmt: skip
    last = (text("All"), Cell(text=""), ink.count(orders), ink.share(orders, orders),
            ink.count(orders_before), ink.share(orders_before, orders_before))  # fmt: skip
    return Table(
        id="recommendations",
        title="What was advised on the indication",
        note="One recommendation for each order judged: the first row of the table of the "
        "indication that matched. Share: of all orders judged.",
        columns=(
            Column(title="Recommendation", is_number=False),
            Column(title="Verdict", is_number=False),
            Column(title="Orders"), Column(title="Share", unit="%"),
            Column(title="Orders before"), Column(title="Share before", unit="%"),
        ),
        rows=(*rows, last),
    )  # fmt: skip


def of_recommendation(main: Main, when: str, name: str) -> Count:
    """Count the orders judged under one recommendation."""
    number = main.indication.get(name, Given()).cards
    return Count(number=number, key=(when, "recommendation", name))


def sorted_names(found: Figures, words: Words) -> list[str]:
    """Give the recommendations of this period and the one before, the loudest verdict first."""
    order = list(VERDICTS)
    given = found.main.indication
    names = {*given, *found.before.indication}
    return sorted(
        names,
        key=lambda n: (order.index(words.verdict(n)), -given.get(n, Given()).cards, n),
    )


def _by_verdict(
    counts: Mapping[str, Count], orders: Count, when: str, words: Words, ink: Ink
) -> None:
    """Note that recommendations add up to their verdict, and verdicts to all."""
    totals = []
    for verdict in VERDICTS:
        parts = [count for name, count in counts.items() if words.verdict(name) is verdict]
        number = sum(part.number for part in parts)
        totals.append(Count(number=number, key=(when, "verdict", str(verdict))))
        ink.adds_up(totals[-1], parts)
    ink.adds_up(orders, totals)


def over_time(found: Figures, words: Words, ink: Ink) -> tuple[Table, Table]:
    """Count the orders judged in each day, week or month: by verdict, and by recommendation."""
    names = sorted_names(found, words)
    by_name = {name: _counts(found, (name,), "recommendation", name) for name in names}
    in_all = _counts(found, names, "judged")
    by_verdict = {}
    for verdict in VERDICTS:
        mine = [name for name in names if words.verdict(name) is verdict]
        if mine:
            sums = _counts(found, mine, "verdict", str(verdict))
            by_verdict[verdict] = sums
            for place, total in enumerate(sums):
                ink.adds_up(total, [by_name[name][place] for name in mine])
            number = sum(count.number for count in sums)
            ink.adds_up(Count(number=number, key=(NOW, "verdict", str(verdict))), sums)
    for name in names:
        ink.adds_up(of_recommendation(found.main, NOW, name), by_name[name])
    for place, total in enumerate(in_all):
        ink.adds_up(total, [counts[place] for counts in by_verdict.values()])
    ink.adds_up(judged(found.main), in_all)
    return (
        _by_time(found, {VERDICTS[v]: c for v, c in by_verdict.items()} | {"All": in_all}, ink),
        _by_time(
            found, {words.recommendation(n): c for n, c in by_name.items()}, ink, by_verdict=False
        ),
    )


def _counts(found: Figures, names: Iterable[str], *key: str) -> list[Count]:
    """Add up some recommendations in each step of the period."""
    told = [found.over_time[name] for name in names if name in found.over_time]
    return [
        Count(number=sum(counts[place] for counts in told), key=(NOW, *key, str(bucket.first)))
        for place, bucket in enumerate(found.buckets)
    ]


def _by_time(
    found: Figures, columns: Mapping[str, list[Count]], ink: Ink, *, by_verdict: bool = True
) -> Table:
    rows = [
        (text(str(bucket.first)), *(ink.count(counts[place]) for counts in columns.values()))
        for place, bucket in enumerate(found.buckets)
    ]
    what = "verdict" if by_verdict else "recommendation"
    return Table(
        id=f"{what}s-over-time",
        title=f"Orders judged by {what}, by {found.period.step}",
        note="Days are those of the facility that called. A week begins on Monday, a month on its "
        "first day, and each is named by its first day in the period, which may cut it.",
        columns=(
            Column(title=found.period.step.capitalize(), is_number=False),
            *(Column(title=name) for name in columns),
        ),
        rows=tuple(rows),
    )
