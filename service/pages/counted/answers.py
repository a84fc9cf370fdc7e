"""What became of the cards: outcomes under several headings, reasons, suggestions."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.ledger.figures import Figures
from service.ledger.outcomes import Given
from service.pages.counted.advice import ALL, NOW, OUTCOMES, all_of, cards_of, judged
from service.pages.counted.ink import Cell, Column, Ink, Table, text
from service.pages.counted.small_cells import Count
from service.pages.counted.words import NO_LONGER, Words

_COLUMNS = (
    Column(title="Cards"), Column(title="Kept back"), Column(title="Shown"),
    Column(title="Accepted"), Column(title="Overridden"), Column(title="No answer"),
    Column(title="Accepted share", unit="%"), Column(title="Overridden share", unit="%"),
    Column(title="No answer share", unit="%"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Breakdown:
    """One table of outcomes: what its rows are called, and how it is counted."""

    id: str
    heading: str
    title: str
    note: str


def on_indication(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell what became of the cards on the indication, by recommendation."""
    given = found.main.indication
    total = Count(
        number=sum(g.cards for g in given.values()), key=("cards", "outcomes", ALL, "cards")
    )
    ink.adds_up(judged(found.main), [total])
    for name, of in given.items():
        mine = cards_of(of, "outcomes", "each", words.recommendation(name))["cards"]
        ink.adds_up(Count(number=of.cards, key=(NOW, "recommendation", name)), [mine])
    return _outcomes(
        {words.recommendation(name): of for name, of in given.items()},
        ink,
        _Breakdown(
            id="outcomes",
            heading="Recommendation",
            title="What became of the cards on the indication",
            note="The outcome of a card is the last one that the EHR told of it, by the time of "
            "the outcome, or by that of its receipt where the first cannot be. Shares: of the "
            "cards shown. No answer: nothing was told, which is not a refusal.",
        ),
    )


def on_study(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell what was advised on the study itself, and what became of it."""
    return _outcomes(
        {words.recommendation(name): of for name, of in found.main.study.items()},
        ink,
        _Breakdown(
            id="study",
            heading="Recommendation",
            title="What was advised on the study: contrast, coverage, safety",
            note="At most two such cards an order, beside the one on its indication.",
        ),
    )


def by_indicator(found: Figures, ink: Ink) -> Table:
    """Tell what became of all cards, by how loud they were."""
    return _outcomes(
        found.by_indicator,
        ink,
        _Breakdown(
            id="indicators",
            heading="Indicator",
            title="By indicator",
            note="All cards, on the indication and on the study.",
        ),
    )


def by_hook(found: Figures, ink: Ink) -> Table:
    """Tell what became of all cards, by where in the EHR they were asked for."""
    return _outcomes(
        {hook or "not named": of for hook, of in found.by_hook.items()},
        ink,
        _Breakdown(
            id="hooks",
            heading="Hook",
            title="By hook",
            note="order-select: while an order is composed; order-sign: when it is signed.",
        ),
    )


def add_up_all(found: Figures, ink: Ink) -> None:
    """Note that each of these tables adds up to all cards, which the main numbers tell."""
    whole = cards_of(all_of(found.main), ALL, NOW)
    tables = (("outcomes", found.main.indication), ("study", found.main.study))
    parts = [cards_of(sum(given.values(), Given()), key, ALL) for key, given in tables]
    for name, total in whole.items():
        ink.adds_up(total, [part[name] for part in parts])
        for key, given in (("indicators", found.by_indicator), ("hooks", found.by_hook)):
            ink.adds_up(total, [cards_of(sum(given.values(), Given()), key, ALL)[name]])


def _outcomes(given: Mapping[str, Given], ink: Ink, of: _Breakdown) -> Table:
    total = cards_of(sum(given.values(), Given()), of.id, ALL)
    each = {name: cards_of(one, of.id, "each", name) for name, one in given.items()}
    for counts in (total, *each.values()):
        ink.adds_up(counts["cards"], (counts["shown"], counts["kept back"]))
        ink.adds_up(counts["shown"], [counts[name] for name, _ in OUTCOMES])
    for name, whole in total.items():
        ink.adds_up(whole, [counts[name] for counts in each.values()])
    return Table(
        id=of.id,
        title=of.title,
        note=of.note,
        columns=(Column(title=of.heading, is_number=False), *_COLUMNS),
        rows=tuple(_row(n, counts, ink) for n, counts in (*each.items(), ("All", total))),
    )


def _row(name: str, counts: Mapping[str, Count], ink: Ink) -> tuple[Cell, ...]:
    told = ("cards", "kept back", "shown", *(outcome for outcome, _ in OUTCOMES))
    return (
        text(name),
        *(ink.count(counts[one]) for one in told),
        *(ink.share(counts[outcome], counts["shown"]) for outcome, _ in OUTCOMES),
    )


def reasons(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell why cards were overridden: by code, never in the words of whoever overrode."""
    overridden = cards_of(all_of(found.main), ALL, NOW)["overridden"]
    counts = [
        Count(number=r.count, key=("reason", r.system or "", r.code or "")) for r in found.reasons
    ]
    ink.adds_up(overridden, counts)
    rows = [
        (text(words.reason(r.system, r.code)), text(r.code), text(r.system), ink.count(count),
         ink.share(count, overridden))
        for r, count in zip(found.reasons, counts, strict=True)
    ]  # fmt: skip
    return Table(
        id="reasons",
        title="Why cards were overridden",
        note="The code that came with the last answer, in our own words where the code is one that "
        "the cards offer. Comments are not read here. Share: of the cards overridden.",
        columns=(
            Column(title="Reason", is_number=False), Column(title="Code", is_number=False),
            Column(title="System", is_number=False), Column(title="Cards"),
            Column(title="Share", unit="%"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def suggestions(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell what clinicians took up."""
    accepted = cards_of(all_of(found.main), ALL, NOW)["accepted"]
    rows = []
    for name, number in found.suggestions.items():
        count = Count(number=number, key=("suggestion", name or ""))
        rows.append(
            (text(words.suggestion(name)), text(name), ink.count(count), ink.share(count, accepted))
        )
    return Table(
        id="suggestions",
        title="What was accepted",
        note="Suggestions of the cards accepted; one card may have several. Share: of those cards.",
        columns=(
            Column(title="Suggestion", is_number=False), Column(title="Name", is_number=False),
            Column(title="Cards"), Column(title="Share", unit="%"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def lost(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell how many answers cannot be set beside the card that they are on."""
    rows = [
        (text(words.recommendation(name) if name else NO_LONGER),
         ink.count(Count(number=number, key=("lost", name or ""))))
        for name, number in found.lost.items()
    ]  # fmt: skip
    return Table(
        id="lost",
        title="Answers to cards whose record was lost",
        note="They were proven to be on cards of this service, of which the ledger has no record: "
        "counted here, by the day on which they came, and nowhere else.",
        columns=(Column(title="Recommendation", is_number=False), Column(title="Answers")),
        rows=tuple(rows),
    )
