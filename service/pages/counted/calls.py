"""How the calls went: durations, sections that were not there, refusals, codes nobody mapped."""

from service.ledger.figures import Figures
from service.ledger.latencies import BOUNDS_MS, Latencies
from service.pages.counted.advice import NOW
from service.pages.counted.ink import Cell, Column, Ink, Table, milliseconds, text
from service.pages.counted.small_cells import Count
from service.pages.counted.words import Words, site

_PERCENTILES = ("p50", "p95", "p99")


def durations(found: Figures, ink: Ink) -> Table:
    """Tell how long calls took, by hook."""
    calls = Count(number=found.traffic.calls, key=(NOW, "calls"))
    counts = {hook: _took(hook, told) for hook, told in found.traffic.latencies.items()}
    ink.adds_up(calls, counts.values())
    return Table(
        id="durations",
        title="How long the service took",
        note="From the first byte that was read to the answer, as measured by the service itself, "
        "the wait for FHIR servers included, the network to the EHR not. p95: 95 of 100 calls took "
        "so long or less.",
        columns=(
            Column(title="Hook", is_number=False), Column(title="Calls"),
            *(Column(title=name, unit="ms") for name in _PERCENTILES),
        ),
        rows=tuple(
            (
                text(hook), ink.count(counts[hook]),
                *(ink.made_of(milliseconds(getattr(told, p)), counts[hook]) for p in _PERCENTILES),
            )
            for hook, told in found.traffic.latencies.items()
        ),
    )  # fmt: skip


def _took(hook: str | None, told: Latencies) -> Count:
    return Count(number=told.count, key=(NOW, "calls", "hook", hook or ""))


def histogram(found: Figures, ink: Ink) -> Table:
    """Tell how many calls took how long, by hook."""
    hooks = found.traffic.latencies
    bars = {
        hook: [
            Count(number=number, key=(NOW, "took", hook or "", str(place)))
            for place, number in enumerate(told.histogram)
        ]
        for hook, told in hooks.items()
    }
    for hook, counts in bars.items():
        ink.adds_up(_took(hook, hooks[hook]), counts)
    spans = [f"up to {bound:,} ms" for bound in BOUNDS_MS] + [f"over {BOUNDS_MS[-1]:,} ms"]
    return Table(
        id="durations-histogram",
        title="Calls by duration",
        note="A call is counted in the first row that it fits.",
        columns=(
            Column(title="Duration", is_number=False),
            *(Column(title=hook or "not named") for hook in hooks),
        ),
        rows=tuple(
            (text(span), *(ink.count(counts[place]) for counts in bars.values()))
            for place, span in enumerate(spans)
        ),
    )


def missing(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell which sections of the record were not there, and why, by issuer."""
    rows: list[tuple[Cell, ...]] = []
    for one in found.traffic.missing:
        read = found.traffic.read[one.issuer]
        count = Count(number=one.count, key=("missing", one.issuer or "", one.section, one.word))
        of = Count(number=read, key=("read", one.issuer or ""))
        rows.append((
            text(site(one.issuer)), text(words.section(one.section)), text(words.why(one.word)),
            text(one.word), ink.count(count), ink.share(count, of),
        ))  # fmt: skip
    return Table(
        id="missing",
        title="What EHRs failed to send",
        note="Sections of the record that were neither sent nor could be fetched. Share: of the "
        "calls of that issuer for which a record was read. No order is discouraged without them.",
        columns=(
            Column(title="Issuer", is_number=False), Column(title="Section", is_number=False),
            Column(title="Why", is_number=False), Column(title="Word", is_number=False),
            Column(title="Calls"), Column(title="Share", unit="%"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def refusals(found: Figures, ink: Ink) -> Table:
    """Tell which calls got no advice."""
    rows = [
        (
            text(one.endpoint), text(str(one.status)), text(one.reason),
            ink.count(Count(
                number=one.count, key=("refused", one.endpoint, str(one.status), one.reason or "")
            )),
        )
        for one in found.traffic.refusals
    ]  # fmt: skip
    return Table(
        id="refusals",
        title="Calls refused or failed",
        note="Calls that were let in and got another answer than 200. Calls without a valid token "
        "stand in the log alone.",
        columns=(
            Column(title="Address", is_number=False), Column(title="Status", is_number=False),
            Column(title="Reason", is_number=False), Column(title="Calls"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def failed_questions(found: Figures, words: Words, ink: Ink) -> Table:
    """Tell which questions could not be asked: a fault of this service."""
    rows = [
        (text(words.question(name)), text(name),
         ink.count(Count(number=number, key=("failed", name))))
        for name, number in found.traffic.failed_questions.items()
    ]  # fmt: skip
    return Table(
        id="failed-questions",
        title="Questions that failed",
        note="Each is a fault of this service to be reported: the answer was taken as unknown, "
        "and the card said so.",
        columns=(
            Column(title="Question", is_number=False), Column(title="Name", is_number=False),
            Column(title="Times"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def unmapped(found: Figures, ink: Ink) -> Table:
    """Tell which codes of imaging orders are not known: perhaps lumbar MRIs that got no advice."""
    rows = []
    for one in found.traffic.unmapped:
        key = ("unmapped", one.issuer or "", one.system, one.code)
        count = ink.count(Count(number=one.count, key=key))
        rows.append((text(site(one.issuer)), text(one.code), text(one.system), count))
    return Table(
        id="unmapped-codes",
        title="Codes of imaging orders that nobody mapped",
        note="The fifty most frequent, by issuer. An order by such a code gets no advice: map it "
        "under order_codes of the issuer if it stands for a lumbar MRI.",
        columns=(
            Column(title="Issuer", is_number=False), Column(title="Code", is_number=False),
            Column(title="System", is_number=False), Column(title="Calls"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def content(found: Figures) -> Table:
    """Tell which content judged on which days."""
    return Table(
        id="content",
        title="Content versions",
        note="Release and digest of the content that judged the orders; days within the period.",
        columns=(
            Column(title="Version", is_number=False), Column(title="From", is_number=False),
            Column(title="Until", is_number=False),
        ),
        rows=tuple(
            (text(one.version), text(str(one.first)), text(str(one.last)))
            for one in found.traffic.content
        ),
    )  # fmt: skip
