"""The command `report`: what was advised in a period and what became of it, as page and as CSV."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from service.content import content_folder, load
from service.errors import BadContent, BadSetting
from service.ledger.period import ASKABLE, MODES, Period, Scope
from service.options import day, read_settings, settings_file
from service.settings import Settings

if TYPE_CHECKING:
    from service.ledger.figures import Figures

_CACHE_KIB = 40 * 1024  # of the database, while the report is made
_MIGRATE = "`lumbar-mri-cds migrate` brings it up to date"


@click.command()
@settings_file
@click.option("--from", "first", type=day, help="First day. Default: the last full month.")
@click.option("--to", "last", type=day, help="Last day, included.")
@click.option("--issuer", metavar="ISS", help="Calls of this issuer only.")
@click.option("--tenant", metavar="NAME", help="Calls of this tenant of it only.")
@click.option("--mode", type=click.Choice(MODES), default="all",
              show_default=True, help="Calls that showed cards, or kept them back.")  # fmt: skip
@click.option("--recommendation", metavar="CODE", help="Cards with this recommendation only.")
@click.option("--smallest-cell", type=click.IntRange(min=1), metavar="N",
              help="Counts below N are not told; else the setting `smallest_cell`.")  # fmt: skip
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the page goes. Default: report-FROM-TO.html, here.")  # fmt: skip
@click.option("--csv", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="A folder for the tables, one CSV file each.")  # fmt: skip
def report(file: Path | None, page: Path | None, folder: Path | None, **asked: Any) -> None:
    """Tell what was advised in a period, and what became of it.

    Writes one HTML page that is complete in itself, and tables as CSV if a folder is named.
    Exit code 0: written; 1: the ledger, the settings or a place to write to cannot be used; 2:
    wrong options.
    """
    from service.pages import csv_files
    from service.pages.report import html
    from service.pages.report import report as written
    from service.web.answer import today

    try:
        settings = read_settings(file)
        guideline = load(content_folder())
        as_of = today(ZoneInfo(settings.time_zone))
        found = _figures(settings, as_of, asked)
    except (BadSetting, BadContent) as problem:
        raise click.ClickException(str(problem)) from problem
    made = written(found, guideline, asked["smallest_cell"] or settings.smallest_cell)
    period = found.period
    page = page or Path(f"report-{period.first}-{period.last}.html")
    try:
        page.write_text(html(made, guideline, as_of), encoding="utf-8")
        click.echo(str(page))
        if folder is not None:
            click.echo("\n".join(map(str, csv_files.write(made.tables, folder))))
    except OSError as problem:
        where = f"{problem.filename or page}: {problem.strerror}"
        raise click.ClickException(f"cannot be written: {where}") from None


def _figures(settings: Settings, as_of: date, asked: dict[str, Any]) -> "Figures":
    """Count what is asked for; raises BadSetting, or says what is wrong with the ledger."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.ledger.figures import figures
    from service.ledger.store import is_up_to_date, open_to_read

    first, last = _days(asked["first"], asked["last"], as_of)
    if asked["tenant"] is not None and asked["issuer"] is None:
        raise click.UsageError("--tenant: name its --issuer too")
    names = ("issuer", "tenant", "mode", "recommendation")
    scope = Scope(**{name: asked[name] for name in names})
    if settings.ledger_url is None:
        raise BadSetting("ledger_url", expected="a ledger to report on")
    engine = open_to_read(settings.ledger_url.get_secret_value(), cache_kib=_CACHE_KIB)
    try:
        with engine.connect():
            pass
        if not is_up_to_date(engine):
            raise click.ClickException(f"ledger_url: the ledger is of another version: {_MIGRATE}")
        return figures(engine, Period(first=first, last=last), scope)
    except SQLAlchemyError as problem:
        kind = type(problem).__name__
        told = f"ledger_url: the ledger cannot be read ({kind}): is it there, and up?"
        raise click.ClickException(told) from None
    finally:
        engine.dispose()


def _days(first: datetime | None, last: datetime | None, as_of: date) -> tuple[date, date]:
    """Give both days: the last full month if none is asked for."""
    if (first is None) != (last is None):
        raise click.UsageError("give both --from and --to, or neither")
    if first is None or last is None:
        end = as_of.replace(day=1) - timedelta(days=1)
        return end.replace(day=1), end
    if last < first:
        raise click.UsageError("--to: expected a day on or after --from")
    if not Period(first=first.date(), last=last.date()).may_be_asked():
        raise click.UsageError(f"--from, --to: expected {ASKABLE}")
    return first.date(), last.date()
