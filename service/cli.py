"""The commands: serve, advise, check-content."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from service.clinical.findings import Finding
from service.clinical.guideline import Guideline
from service.content import content_folder, load
from service.errors import BadContent, BadHookRequest
from service.settings import Settings, from_environment


@click.group()
def main() -> None:
    """Advice at the order for a lumbar-spine MRI."""


@main.command()
def serve() -> None:
    """Serve on loopback in the sandbox profile; HOST and PORT override."""
    from granian.constants import Interfaces
    from granian.server import Server

    settings = from_environment()
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        raise click.ClickException("the sandbox profile serves loopback only: unset HOST")
    try:
        load(content_folder())
    except BadContent as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"http://{settings.host}:{settings.port}/cds-services")
    Server(
        "service.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
    ).serve()


@main.command()
@click.argument("request", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as of this day.")
@click.option("--explain", is_flag=True, help="Say for every row why it did or did not match.")
def advise(request: Path, as_of: "date | None", explain: bool) -> None:
    """Print the response to REQUEST, without any network."""
    from service.app import open_desk
    from service.web.answer import advices, today
    from service.web.hook import encode

    desk = open_desk(Settings())
    day = date(as_of.year, as_of.month, as_of.day) if as_of else today(desk.zone)
    try:
        given = advices(request.read_bytes(), desk, day)
    except BadHookRequest as problem:
        click.echo(f"{problem.field}: expected {problem.expected}", err=True)
        sys.exit(2)
    click.echo(encode([card for advice in given for card in advice.cards]))
    if explain:
        for advice in given:
            _explain(desk.guideline, advice.assessment.findings.by_criterion)


def _explain(guideline: Guideline, found: Mapping[str, Finding]) -> None:
    for row in guideline.indication:
        cells = [(c, want, found[c].status) for c, want in row.cells]
        verdict = "matches" if all(want is has for _, want, has in cells) else "no"
        said = ", ".join(f"{c} is {has} (asks {want})" for c, want, has in cells)
        click.echo(f"{row.id}: {verdict}: {said or 'always'}", err=True)


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
