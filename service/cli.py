"""The commands: serve, advise, check, check-content."""

import socket
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from service.canary import canary
from service.clinical.findings import Finding
from service.clinical.guideline import Guideline
from service.content import content_folder, load
from service.errors import BadContent, BadHookRequest, BadSetting, MissingPrerequisite
from service.ledger_commands import ledger
from service.metrics import shared_by_workers
from service.options import as_of_day, of_issuer, read_settings, settings_file
from service.settings import Settings

if TYPE_CHECKING:
    from service.web.answer import Desk
    from service.web.arrangement import Arrangement

# Calls compute one at a time; the other threads wait for FHIR servers, or for their turn.
_THREADS_A_WORKER = 8
_ENDS_WITHIN_S = 10
_WAITING_A_WORKER = 64  # calls that a worker accepts at a time; others wait in the socket


@click.group()
def main() -> None:
    """Advice at the order for a lumbar-spine MRI."""


@main.command()
@settings_file
def serve(file: Path | None) -> None:
    """Serve; without settings on loopback, in the sandbox profile.

    HOST, PORT and TIME_ZONE override the settings.
    """
    from granian.constants import Interfaces
    from granian.server import Server

    settings = read_settings(file)
    guideline = _made_ready(settings)
    _refuse_taken_port(settings)
    _say_where(settings, guideline)
    server = Server(
        "service.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        websockets=False,
        blocking_threads=_THREADS_A_WORKER,
        backpressure=_WAITING_A_WORKER,
        log_enabled=True,
        log_access=False,
        respawn_failed_workers=True,
        # A worker that is told to end while it still starts would never hear of it again.
        workers_kill_timeout=_ENDS_WITHIN_S,
    )
    try:
        with shared_by_workers():
            server.serve()
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem


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
    _prepare_ledger(settings, shared=False)
    return guideline


def _prepare_ledger(settings: Settings, *, shared: bool) -> None:
    """Check the ledger's address, and make its tables; those of a shared one if asked to."""
    if settings.ledger_url is None:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from service.ledger.store import is_up_to_date, migrate, open_store

    url = settings.ledger_url.get_secret_value()
    try:
        engine = open_store(url)
        if (shared or engine.dialect.name == "sqlite") and not is_up_to_date(engine):
            migrate(url)
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem
    except SQLAlchemyError as problem:
        raise click.ClickException(f"ledger_url: {type(problem).__name__}") from None


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
    click.echo(f"content {guideline.version}, {settings.profile} profile: {asked}")
    click.echo(f"discovery  {address}{DISCOVERY_PATH}")
    click.echo(f"hook call  {address}{CALL_PATH}")
    click.echo(f"readiness  {address}/health/ready")
    click.echo(f"sources    {address}/source-attributes")


@main.command()
@settings_file
def migrate(file: Path | None) -> None:
    """Bring the tables of the ledger to the version that this release needs."""
    _prepare_ledger(read_settings(file), shared=True)
    click.echo("the ledger is up to date")


def _refuse_taken_port(settings: Settings) -> None:
    """Refuse to share a port: two services, perhaps of two contents, would answer in turn."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            raise click.ClickException(f"PORT: {settings.port} cannot be used: {problem}") from None


@main.command()
@click.argument("request", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_of_day
@click.option("--explain", is_flag=True, help="Say for every row why it did or did not match.")
@settings_file
@of_issuer
def advise(
    request: Path, as_of: datetime | None, explain: bool, file: Path | None, iss: str | None
) -> None:
    """Print what the service would answer to REQUEST, without any network.

    It goes by the settings as `serve` does; without any, by those of the sandbox.
    """
    from service.web.answer import advices, answer, today
    from service.web.arrangement import without_servers
    from service.web.hook import CALL_PATH
    from service.web.record import CallRecord

    desk, arranged = _arranged(file, iss)
    arranged = without_servers(arranged)
    body, day = request.read_bytes(), as_of.date() if as_of else today(arranged.zone)
    try:
        click.echo(answer(body, desk, day, arranged, CallRecord(endpoint=CALL_PATH, issuer=iss)))
        given = advices(body, desk, day, arranged) if explain else []
    except (BadHookRequest, MissingPrerequisite) as problem:
        _refuse(problem)
    for advice in given:
        _explain(desk.guideline, advice.assessment.findings.by_criterion)


def _explain(guideline: Guideline, found: Mapping[str, Finding]) -> None:
    """Say of every row of every table why it did or did not match, and which one decided."""
    from service.clinical.explanation import explain

    for one in explain(guideline, found):
        cells = [f"{c.criterion} is {c.status} (asks {c.wanted})" for c in one.cells]
        said = ", ".join(cells) or "always"
        click.echo(f"{one.row.table} {one.row.id}: {one.verdict}: {said}", err=True)


@main.command()
@click.argument(
    "request", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@as_of_day
@settings_file
@of_issuer
@click.option("--ehr", metavar="URL", help="Ask this FHIR server instead for what a call needs.")
@click.option("--patient", metavar="ID", help="A test patient of that server.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that holds an access token for it.",
)
def check(
    request: Path | None, as_of: datetime | None, file: Path | None, iss: str | None, **server: Any
) -> None:
    """Say what is read from REQUEST, what is missing or malformed, and what is not FHIR R4.

    With --ehr, say what a FHIR server gives of what a call would ask it for.
    Exit code 0: complete and valid; 1: something is missing or wrong; 2: not a CDS Hooks call.
    """
    if (request is None) == (server["ehr"] is None):
        raise click.UsageError("give either REQUEST or --ehr URL")
    desk, arranged = _arranged(file, iss)
    if request is None:
        lines, problems = _checked_server(arranged, **server)
    else:
        lines, problems = _checked_request(request, as_of, desk, arranged)
    click.echo("\n".join(lines))
    sys.exit(1 if problems else 0)


def _checked_request(
    request: Path, as_of: datetime | None, desk: "Desk", arranged: "Arrangement"
) -> tuple[tuple[str, ...], int]:
    from service.check import check as checked
    from service.web.answer import today
    from service.web.arrangement import without_servers

    day = as_of.date() if as_of else today(arranged.zone)
    try:
        found = checked(request.read_bytes(), desk, day, without_servers(arranged))
    except BadHookRequest as problem:
        _refuse(problem)
    return found.lines, found.problems


def _checked_server(
    arranged: "Arrangement", ehr: str, patient: str | None, token_file: Path | None
) -> tuple[tuple[str, ...], int]:
    """Try a FHIR server by the settings of one issuer, or of anyone."""
    from service.ehr.preflight import preflight

    token = token_file.read_text(encoding="latin-1").strip() if token_file else None
    try:
        found = preflight(ehr, token, patient, arranged.client, arranged.guideline)
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem
    return found.lines, found.problems


def _arranged(file: Path | None, iss: str | None) -> "tuple[Desk, Arrangement]":
    """Load the content, and what was arranged with one issuer or anyone; or say what is wrong."""
    from service.app import open_desk

    try:
        desk = open_desk(read_settings(file))
    except (BadContent, BadSetting) as problem:
        raise click.ClickException(str(problem)) from problem
    if iss is not None and iss not in desk.arrangements:
        raise click.ClickException("--iss: no issuer of the settings")
    return desk, desk.anyone if iss is None else desk.arrangements[iss]


def _refuse(problem: BadHookRequest | MissingPrerequisite) -> NoReturn:
    click.echo(str(problem), err=True)
    sys.exit(2)


@main.command(name="check-content")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def check_content(folder: Path | None) -> None:
    """Check the content in FOLDER (default: the shipped cards).

    Each of its canaries has to get the card that it expects.
    """
    from service.web.canaries import prove

    folder = folder or content_folder()
    try:
        guideline = load(folder)
        heard = prove(folder, guideline)
    except BadContent as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    click.echo(
        f"{guideline.version}: {len(guideline.indication)} rows, "
        f"{len(guideline.criteria)} criteria, {heard} canaries heard"
    )


main.add_command(canary)
main.add_command(ledger)

if __name__ == "__main__":
    main()
