"""The commands that run the service, and make it ready to run: serve, migrate, hash-password."""

import ctypes
import logging
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.clinical.guideline import Guideline
from service.content import content_folder
from service.errors import BadContent, BadSetting, StoreDown
from service.ledger_commands import summarise_by_and_by
from service.metrics import shared_by_workers
from service.options import read_settings, settings_file
from service.settings import Settings
from service.web.ending import announce, is_announced
from service.web.entrance import MOST_INSIDE, SPARE

if TYPE_CHECKING:
    from granian.server.mp import MPServer

_ENDS_WITHIN_S = 10
_SHORTEST_PASSWORD = 12
_M_ARENA_MAX, _ARENAS = -8, 2  # of glibc's mallopt(3); forked workers keep to it
_CONNECTIONS_A_WORKER = 1024  # others wait in the socket


@click.command()
@settings_file
def serve(file: Path | None) -> None:
    """Serve; without settings on loopback, in the sandbox profile.

    HOST, PORT and TIME_ZONE override the settings.
    """
    settings = read_settings(file)
    guideline = _made_ready(settings)
    _refuse_taken_port(settings)
    _say_where(settings, guideline)
    server = _server(settings)
    try:
        summarise_by_and_by(settings)
        _let_threads_share_memory()
        with shared_by_workers():
            server.serve()
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem


def _let_threads_share_memory() -> None:
    """Let the threads of a worker take memory from few places, and not each keep its own.

    Otherwise every thread that once made a page of the dashboard, or read a large call, keeps what
    that took: hundreds of megabytes. A C library other than glibc has its own ways.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _server(settings: Settings) -> "MPServer":
    """Make the server, which begins nothing yet."""
    from granian.server.mp import MPServer

    class Draining(MPServer):
        """Told to end by SIGTERM it is no longer ready, but takes calls for a while."""

        def signal_handler_interrupt(self, *told: Any) -> None:
            """End at once, or after a first SIGTERM when the time to drain is over."""
            end: Callable[..., None] = super().signal_handler_interrupt
            if told[:1] != (signal.SIGTERM,) or is_announced() or not settings.drains_s:
                end(*told)
                return
            announce()
            waiting = threading.Timer(settings.drains_s, end)
            waiting.daemon = True
            waiting.start()

    # It warns of many threads at each start; ours wait for one another.
    logging.getLogger("_granian").addFilter(lambda line: "Python threads" not in line.getMessage())
    return Draining(
        "service.app:create_app",
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        **server_options(),
        log_enabled=True,
        respawn_failed_workers=True,
        workers_kill_timeout=_ENDS_WITHIN_S,
    )


def server_options() -> dict[str, Any]:
    """Give what shapes a worker; the floor of the benchmarks is served with the same."""
    from granian.constants import Interfaces

    return {
        "factory": True,
        "interface": Interfaces.WSGI,
        "websockets": False,
        "blocking_threads": MOST_INSIDE + SPARE,  # though only one call computes at a time
        "backpressure": _CONNECTIONS_A_WORKER,
        "log_access": False,
    }


def _made_ready(settings: Settings) -> Guideline:
    """Try once, before any worker starts, all that could refuse to start."""
    from service.app import open_desk
    from service.ehr.keys import KeyRing
    from service.web.canaries import prove

    try:
        guideline = open_desk(settings).guideline
        prove(content_folder(), guideline)
        for issuer in settings.issuers:
            KeyRing(issuer=issuer).load()
    except (BadSetting, BadContent) as problem:
        raise click.ClickException(str(problem)) from problem
    try:
        _prepare_ledger(settings, shared=False)
    except StoreDown as problem:  # cards are more than the record of them
        click.echo(f"ledger_url: not to be used ({problem}); it is tried again", err=True)
    return guideline


def _prepare_ledger(settings: Settings, *, shared: bool) -> None:
    """Check the ledger's address, and make its tables; those of a shared one if asked to.

    Raises StoreDown where the database does not let itself be prepared.
    """
    if settings.ledger_url is None:
        return
    from service.ledger.store import is_up_to_date, migrate, open_store

    url = settings.ledger_url.get_secret_value()
    try:
        engine = open_store(url)
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem
    try:
        if (shared or engine.dialect.name == "sqlite") and not is_up_to_date(engine):
            migrate(url)
    finally:
        engine.dispose()  # before workers are forked, which may not share a connection


def _say_where(settings: Settings, guideline: Guideline) -> None:
    from service.web.hook import CALL_PATH, DISCOVERY_PATH

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    asked = (
        "no caller is asked who it is"
        if settings.open_to_anyone
        else (f"issuers registered: {len(settings.issuers)}; public address {settings.public_url}")
    )
    if settings.open_to_anyone:
        click.echo(f"open       {address}/  (order entry with invented patients)")
    if settings.serves_itself_only or settings.dashboard_password_hash:
        click.echo(f"dashboard  {address}/dashboard")
    click.echo(f"content {guideline.version}, {settings.profile} profile: {asked}")
    click.echo(f"discovery  {address}{DISCOVERY_PATH}")
    click.echo(f"hook call  {address}{CALL_PATH}")
    click.echo(f"readiness  {address}/health/ready")
    click.echo(f"sources    {address}/source-attributes")


@click.command()
@settings_file
def migrate(file: Path | None) -> None:
    """Bring the tables of the ledger to the version that this release needs."""
    try:
        _prepare_ledger(read_settings(file), shared=True)
    except StoreDown as problem:
        raise click.ClickException(f"ledger_url: {problem}") from None
    click.echo("the ledger is up to date")


@click.command(name="hash-password")
@click.option("--password", prompt="Password of the dashboard", hide_input=True,
              confirmation_prompt=True, help="Asked for if it is not given.")  # fmt: skip
def hash_password(password: str) -> None:
    """Print the setting `dashboard_password_hash` for a password."""
    from werkzeug.security import generate_password_hash

    if len(password) < _SHORTEST_PASSWORD:
        raise click.ClickException(f"a password has {_SHORTEST_PASSWORD} letters or more")
    click.echo(generate_password_hash(password, method="scrypt"))


def _refuse_taken_port(settings: Settings) -> None:
    """Refuse to share a port: two services, perhaps of two contents, would answer in turn."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            raise click.ClickException(f"PORT: {settings.port} cannot be used: {problem}") from None
