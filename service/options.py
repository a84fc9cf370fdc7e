"""What commands share: options that they have in common, and how a settings file is read."""

import os
from pathlib import Path

import click

from service.errors import BadSetting
from service.settings import SETTINGS_FILE, Settings, from_environment

settings_file = click.option(
    "--settings", "file", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file."
)
day = click.DateTime(["%Y-%m-%d"])
as_of_day = click.option("--as-of", type=day, help="Judge as of this day.")
of_issuer = click.option(
    "--iss", metavar="ISS", help="Go by the settings of this issuer, not of `client`."
)


def read_settings(file: Path | None) -> Settings:
    """Read the settings, for this process and for those that it starts, or say what is wrong."""
    if file is not None:
        os.environ[SETTINGS_FILE] = str(file.absolute())
    try:
        return from_environment()
    except BadSetting as problem:
        raise click.ClickException(str(problem)) from problem
