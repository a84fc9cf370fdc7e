"""All commands; those that judge a call or the content stand here."""

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
from service.options import as_of_day, of_issuer, read_settings, settings_file
from service.report_command import report
from service.serving import hash_password, migrate, serve

if TYPE_CHECKING:
    from service.web.answer import Desk
    from service.web.arrangement import Arrangement


@click.group()
def main() -> None:
    """Advice at the order for a lumbar-spine MRI."""


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


main.add_command(serve)
main.add_command(migrate)
main.add_command(canary)
main.add_command(ledger)
main.add_command(report)
main.add_command(hash_password)

if __name__ == "__main__":
    main()
