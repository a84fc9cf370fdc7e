"""The commands that keep a ledger: prune, export, summarise."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.errors import BadSetting, StoreDown
from service.ledger.counting.summaries import forget, summarise
from service.ledger.keeping import export, prune
from service.ledger.store import is_up_to_date, open_to_keep
from service.logs import begin, log
from service.options import day, read_settings, settings_file
from service.settings import Settings
from service.web.answer import today

_FIRST_AFTER_S, _EVERY_S = 60, 3600
_NICER = 10


@click.group()
def ledger() -> None:
    """Keep the ledger: remove what is old, copy it, count what is over."""


@ledger.command(name="prune")
@settings_file
@click.option("--days", type=click.IntRange(min=1), help="Instead of retention_days.")
def prune_command(file: Path | None, days: int | None) -> None:
    """Remove what is older than `retention_days` (or --days); safe while the service runs."""
    settings = read_settings(file)
    keep = timedelta(days=days or settings.retention_days)
    before = today(ZoneInfo(settings.time_zone)) - keep
    with opened(settings) as engine:
        removed = prune(engine, before)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in removed.items())
    click.echo(f"removed what is of days before {before}: {told}")


@ledger.command(name="export")
@settings_file
@click.option("--from", "first", type=day, required=True, help="The first day.")
@click.option("--to", "last", type=day, required=True, help="The last day, included.")
@click.option("--comments", is_flag=True, help="With the clinicians' own words.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_command(
    file: Path | None, first: datetime, last: datetime, comments: bool, folder: Path
) -> None:
    """Write calls, cards, feedback and unmapped codes of some days to FOLDER, as JSON lines.

    Nothing of a chart is in them; patients and encounters are keyed hashes. Files that are there
    already are not written over.
    """
    try:
        with opened(read_settings(file)) as engine:
            written = export(engine, first.date(), last.date(), folder, comments=comments)
    except OSError as problem:
        raise click.ClickException(f"{problem.filename}: {problem.strerror}") from None
    click.echo(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in written.items()))


@ledger.command(name="summarise")
@settings_file
@click.option("--anew", is_flag=True, help="Those that were counted before, too.")
def summarise_command(file: Path | None, *, anew: bool) -> None:
    """Count the days and months that are over, for reports and the dashboard.

    A service does so itself, every hour; safe while it runs, and safe to repeat. Rows that another
    program wrote, or an earlier release, are seen in days that were counted before only --anew.
    """
    settings = read_settings(file)
    with opened(settings) as engine:
        try:
            if anew:
                forget(engine)
            counted = summarise(engine, today(ZoneInfo(settings.time_zone)))
        except SQLAlchemyError as problem:
            raise StoreDown from problem
    click.echo(f"{counted} days and months were counted")


def summarise_by_and_by(settings: Settings) -> None:
    """Count what is over every hour, in a process of its own that takes a back seat."""
    if settings.ledger_url is not None:
        threading.Thread(target=_keep_summarising, args=(settings,), daemon=True).start()


def _keep_summarising(settings: Settings) -> None:
    apart = multiprocessing.get_context("spawn")
    time.sleep(_FIRST_AFTER_S)
    while True:
        try:
            counting = apart.Process(target=_summarise_once, args=(settings,), daemon=True)
            counting.start()
            counting.join(_EVERY_S)
            counting.terminate()  # if the ledger still says nothing
        except Exception as problem:  # whatever it is, it may be gone in an hour
            log.error("ledger not summarised", error=type(problem).__name__)
        time.sleep(_EVERY_S)


def _summarise_once(settings: Settings) -> None:
    """Count what is over; a ledger that cannot be used now is tried again in an hour."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service ends it
    os.nice(_NICER)
    begin(settings.log_level)
    try:
        with opened(settings) as engine:
            summarise(engine, today(ZoneInfo(settings.time_zone)))
    except (SQLAlchemyError, OSError, click.ClickException) as problem:
        log.error("ledger not summarised", error=type(problem).__name__)


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """Open the ledger of the settings for a while, or say why that is not possible."""
    try:
        if settings.ledger_url is None:
            raise BadSetting("ledger_url", expected="the address of a ledger")
        engine = open_to_keep(settings.ledger_url.get_secret_value())
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem
    try:
        if not is_up_to_date(engine):
            expected = "a ledger that can be reached and has the tables of this release: migrate"
            raise click.ClickException(f"ledger_url: expected {expected}")
        yield engine
    except StoreDown as problem:
        raise click.ClickException("ledger_url: the database failed on the way") from problem
    finally:
        engine.dispose()
