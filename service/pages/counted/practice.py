"""The practice report: each one who ordered, beside the peers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles

from service.ledger.figures import Figures
from service.ledger.outcomes import Given
from service.ledger.practice import Clinician
from service.pages.counted.advice import ALL, cards_of, judged
from service.pages.counted.ink import Cell, Column, Ink, Table, percent, text
from service.pages.counted.small_cells import Count
from service.pages.counted.words import Words, clinician, short_sites

FEWEST_ORDERS = 10  # of a peer: a share of fewer says little
OTHERS = "others"
SHARES = ("discouraged", "accepted", "overridden", "no answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Practice:
    """One line: who it is, and the counts that its shares are made of."""

    name: str
    where: str
    counts: dict[str, Count]

    @property
    def is_peer(self) -> bool:
        """Whether there are orders enough to compare."""
        return self.name != OTHERS and self.counts["orders"].number >= FEWEST_ORDERS

    def share(self, name: str) -> tuple[Count, Count]:
        """Give part and whole of a share."""
        return self.counts[name], self.counts["orders" if name == "discouraged" else "shown"]


def practices(found: Figures, words: Words, ink: Ink) -> list[Practice]:
    """Give a line to everyone with as many orders as may be told, and one to all others."""
    told = [one for one in found.clinicians if one.orders >= ink.smallest]
    pooled = [one for one in found.clinicians if one.orders < ink.smallest]
    sites = short_sites(one.owner for one in found.clinicians)
    made = [
        Practice(
            name=clinician(one.owner.clinician),
            where=sites[one.owner.issuer, one.owner.tenant],
            counts=_counts((one,), repr(one.owner), words),
        )
        for one in told
    ]
    if pooled:
        made.append(Practice(name=OTHERS, where="", counts=_counts(pooled, OTHERS, words)))
    for one in made:
        counts = one.counts
        ink.adds_up(counts["orders"], (counts["discouraged"], counts["not discouraged"]))
        ink.adds_up(counts["shown"], [counts[name] for name in SHARES[1:]])
    ink.adds_up(judged(found.main), [one.counts["orders"] for one in made])
    whole = cards_of(sum(found.main.indication.values(), Given()), "outcomes", ALL)
    for name in ("shown", *SHARES[1:]):
        ink.adds_up(whole[name], [one.counts[name] for one in made])
    discouraged = sum(one.counts["discouraged"].number for one in made)
    total = Count(number=discouraged, key=("now", "verdict", "deferral"))
    ink.adds_up(total, [one.counts["discouraged"] for one in made])
    return made


def _counts(of: Iterable[Clinician], who: str, words: Words) -> dict[str, Count]:
    given = [(key, value) for one in of for key, value in one.given.items()]
    whole = sum((value for _, value in given), Given())
    discouraged = sum(value.cards for key, value in given if words.discourages(key))
    numbers = {
        "orders": whole.cards,
        "discouraged": discouraged,
        "not discouraged": whole.cards - discouraged,
        "shown": whole.outcome.shown,
        "accepted": whole.outcome.accepted,
        "overridden": whole.outcome.overridden,
        "no answer": whole.outcome.unanswered,
    }
    return {key: Count(number=n, key=("clinician", who, key)) for key, n in numbers.items()}


def peers(lines: list[Practice], ink: Ink) -> Table:
    """Tell how the shares of the peers spread."""
    rows = []
    for name in SHARES:
        shares = told(lines, name, ink)
        cuts = quantiles(shares, n=4, method="inclusive") if len(shares) > 1 else shares * 3
        rows.append((
            text(f"{name.capitalize()}, of {'orders' if name == SHARES[0] else 'cards shown'}"),
            Cell(text=str(len(shares)), value=len(shares), kind="number"),
            *(percent(cut) for cut in (cuts or (None, None, None))),
        ))  # fmt: skip
    return Table(
        id="peers",
        title="How the practices spread",
        note=f"Clinicians with at least {FEWEST_ORDERS} orders judged, one share each; those whose "
        "share is not told here are left out.",
        columns=(
            Column(title="Share", is_number=False), Column(title="Clinicians"),
            Column(title="Lower quartile", unit="%"), Column(title="Median", unit="%"),
            Column(title="Upper quartile", unit="%"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def told(lines: list[Practice], name: str, ink: Ink) -> list[float]:
    """Give the shares of the peers that may be told."""
    pairs = [one.share(name) for one in lines if one.is_peer]
    return [part.number / whole.number for part, whole in pairs
            if whole.number and ink.tells(part, whole)]  # fmt: skip


def clinicians(lines: list[Practice], ink: Ink) -> Table:
    """Set each one's shares beside those of the peers."""
    shares = {name: sorted(told(lines, name, ink)) for name in SHARES}
    columns = [Column(title="Clinician", is_number=False), Column(title="Site", is_number=False)]
    columns += [Column(title="Orders"), Column(title="Shown")]
    for name in SHARES:
        title = name.capitalize()
        columns += [
            Column(title=title), Column(title=f"{title} share", unit="%"),
            Column(title=f"{title} percentile"),
        ]  # fmt: skip
    return Table(
        id="clinicians",
        title="Practice report",
        note="Cards on the indication, by who ordered: as the ledger keeps who it was, a hash by "
        "its beginning. Percentile: how many of 100 peers have a lower share, those of the same "
        f"share counted half; for clinicians with at least {FEWEST_ORDERS} orders. A high share of "
        "discouraged orders may be a matter of patients, not of habit.",
        columns=tuple(columns),
        rows=tuple(_line(one, shares, ink) for one in lines),
    )


def _line(one: Practice, shares: dict[str, list[float]], ink: Ink) -> tuple[Cell, ...]:
    cells = [text(one.name), text(one.where)]
    cells += [ink.count(one.counts["orders"]), ink.count(one.counts["shown"])]
    for name in SHARES:
        part, whole = one.share(name)
        rank = Cell(text="–")
        if one.is_peer and whole.number and ink.tells(part, whole):
            place = round(_rank(part.number / whole.number, shares[name]))
            rank = Cell(text=str(place), value=place, kind="number")
        cells += [ink.count(part), ink.share(part, whole), ink.made_of(rank, part, whole)]
    return tuple(cells)


def _rank(share: float, of: list[float]) -> float:
    """Say how many of 100 sorted shares are lower, those that are the same counted half."""
    lower, not_higher = bisect_left(of, share), bisect_right(of, share)
    return 50 * (lower + not_higher) / len(of)
