"""The report: one page that is complete in itself, and the same tables as files."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.clinical.guideline import Guideline
from service.ledger.figures import Figures
from service.ledger.period import Period, Scope
from service.pages.blocks import Block, advice, answers, calls, practice
from service.pages.counted import advice as counted_advice
from service.pages.counted.answers import add_up_all
from service.pages.counted.calls import content
from service.pages.counted.ink import Ink, Table
from service.pages.counted.words import Words, site

_TEMPLATES = Path(__file__).with_name("templates")
FIGURES_STYLE = Path(__file__).with_name("static") / "figures.css"
_MODES = {"live": "live", "silent": "silent", "all": "live and silent"}
# Of the main numbers, those that stand at the head of the page.
_HEADLINES = (
    "Orders judged", "… of the orders judged", "Cards shown", "… of the cards shown, accepted",
    "… of the cards shown, overridden", "… of the cards shown, no answer",
)  # fmt: skip
_CALLED = ("Orders judged", "Discouraged", "Cards shown", "Accepted", "Overridden", "No answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One part of the page."""

    id: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that is told of a period: in sections, with small counts hidden."""

    period: Period
    scope: Scope
    smallest_cell: int
    sites: tuple[str, ...]
    main: Table
    content: Table
    sections: tuple[Section, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table of it, in the order of the page."""
        blocks = (block for section in self.sections for block in section.blocks)
        return (self.main, *(block.table for block in blocks), self.content)

    def section(self, name: str) -> Section:
        """Give one section by its id."""
        return next(section for section in self.sections if section.id == name)


def report(found: Figures, guideline: Guideline, smallest_cell: int = 1) -> Report:
    """Write the tables and draw the charts; counts below `smallest_cell` are not told."""
    ink = Ink(smallest=smallest_cell)
    if smallest_cell > 1:
        _written(found, Words(guideline), ink)
        ink.settle()
    return _written(found, Words(guideline), ink)


def _written(found: Figures, words: Words, ink: Ink) -> Report:
    add_up_all(found, ink)
    sites = {site(one.owner.issuer, one.owner.tenant) for one in found.clinicians}
    return Report(
        period=found.period,
        scope=found.scope,
        smallest_cell=ink.smallest,
        sites=tuple(sorted(sites)),
        main=counted_advice.main_numbers(found, words, ink),
        content=content(found),
        sections=(
            Section(
                id="advice",
                title="What was advised",
                lead="Every order for a lumbar MRI gets one card on whether it is indicated now.",
                blocks=advice(found, words, ink),
            ),
            Section(
                id="answers",
                title="What became of it",
                lead="What EHRs told of the cards that were shown.",
                blocks=answers(found, words, ink),
            ),
            Section(
                id="calls",
                title="How the service did",
                lead="How fast it answered, what it was not sent, and what went wrong.",
                blocks=calls(found, words, ink),
            ),
            Section(
                id="practice",
                title="Who orders how",
                lead="For a conversation between colleagues, not for a ranking.",
                blocks=practice(found, words, ink),
            ),
        ),
    )


def html(made: Report, guideline: Guideline, written_on: date) -> str:
    """Give the page: one file without script that asks nothing of any network."""
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = FIGURES_STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return pages.get_template("report.html").render(
        report=made,
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=f"'sha256-{digest}'",
        headlines=headline_numbers(made.main),
        mode=_MODES[made.scope.mode],
        scope=site(made.scope.issuer, made.scope.tenant) if made.scope.issuer else "all issuers",
        version=guideline.version,
        written_on=written_on,
    )


def headline_numbers(main: Table) -> Sequence[tuple[str, str, str]]:
    """Give name, number and number before of what stands at the head of the page."""
    rows = {row[0].text: row for row in main.rows}
    return [
        (name, rows[row][1].text, rows[row][2].text)
        for name, row in zip(_CALLED, _HEADLINES, strict=True)
    ]
