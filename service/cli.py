"""The commands: serve, advise, check, check-content."""

import socket
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from service.clinical.findings import Finding
from service.clinical.guideline import Guideline
from service.content import content_folder, load
from service.errors import BadContent, BadHookRequest, BadSetting
from service.settings import Settings, from_environment

if TYPE_CHECKING:
    from service.web.answer import Desk

# One call is milliseconds of computing: more threads would only take turns.
_THREADS_A_WORKER = 1
_WAITING_A_WORKER = 64  # calls that a worker accepts at a time; others wait in the socket


@click.group()
def main() -> None:
    """Advice at the order for a lumbar-spine MRI."""


@main.command()
def serve() -> None:
    """Serve on loopback in the sandbox profile; HOST and PORT override."""
    from granian.constants import Interfaces
    from granian.server import Server

    from service.web.hook import SERVICE_ID

    try:
        settings = from_environment()
        guideline = load(content_folder())
    except (BadSetting, BadContent) as problem:
        raise click.ClickException(str(problem)) from problem
    _refuse_taken_port(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    click.echo(f"content {guideline.version}, sandbox profile: no caller is asked who it is")
    click.echo(f"discovery  {address}/cds-services")
    click.echo(f"hook call  {address}/cds-services/{SERVICE_ID}")
    click.echo(f"readiness  {address}/health/ready")
    click.echo(f"sources    {address}/source-attributes")
    Server(
        "service.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        websockets=False,
        blocking_threads=_THREADS_A_WORKER,
        backpressure=_WAITING_A_WORKER,
    ).serve()


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
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as of this day.")
@click.option("--explain", is_flag=True, help="Say for every row why it did or did not match.")
def advise(request: Path, as_of: datetime | None, explain: bool) -> None:
    """Print the response to REQUEST, without any network."""
    from service.web.answer import advices, today
    from service.web.hook import encode

    desk = _desk()
    try:
        given = advices(request.read_bytes(), desk, as_of.date() if as_of else today(desk.zone))
    except BadHookRequest as problem:
        _refuse(problem)
    click.echo(encode([card for advice in given for card in advice.cards]))
    if explain:
        for advice in given:
            _explain(desk.guideline, advice.assessment.findings.by_criterion)


def _explain(guideline: Guideline, found: Mapping[str, Finding]) -> None:
    """Say of every row of every table why it did or did not match, and which one decided."""
    for table in (guideline.indication, *guideline.modifiers):
        decided = False
        for row in table:
            cells = [(c, want, found[c].status) for c, want in row.cells]
            matches = all(want is has for _, want, has in cells)
            verdict = ("also matches" if decided else "matches") if matches else "no"
            decided = decided or matches
            said = ", ".join(f"{c} is {has} (asks {want})" for c, want, has in cells)
            click.echo(f"{row.table} {row.id}: {verdict}: {said or 'always'}", err=True)


@main.command()
@click.argument("request", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as of this day.")
def check(request: Path, as_of: datetime | None) -> None:
    """Say what is read from REQUEST, what is missing or malformed, and what is not FHIR R4.

    Exit code 0: complete and valid; 1: something is missing or wrong; 2: not a CDS Hooks call.
    """
    from service.check import check as checked
    from service.web.answer import today

    desk = _desk()
    try:
        found = checked(request.read_bytes(), desk, as_of.date() if as_of else today(desk.zone))
    except BadHookRequest as problem:
        _refuse(problem)
    click.echo("\n".join(found.lines))
    sys.exit(1 if found.problems else 0)


def _desk() -> "Desk":
    """Load the content, or say what is wrong in it and stop."""
    from service.app import open_desk

    try:
        return open_desk(Settings())
    except BadContent as problem:
        raise click.ClickException(str(problem)) from problem


def _refuse(problem: BadHookRequest) -> NoReturn:
    click.echo(f"{problem.field}: expected {problem.expected}", err=True)
    sys.exit(2)


@main.command(name="check-content")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def check_content(folder: Path | None) -> None:
    """Check the content in FOLDER (default: the shipped cards)."""
    try:
        guideline = load(folder or content_folder())
    except BadContent as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    click.echo(
        f"{guideline.version}: {len(guideline.indication)} rows, {len(guideline.criteria)} criteria"
    )


if __name__ == "__main__":
    main()
