"""Options that several commands have."""

from __future__ import annotations

import math
from pathlib import Path

import click

MAX_SECONDS = 86400


def refuse_nan(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """A comparison with NaN is never true, so no bound keeps it out."""
    if math.isnan(value):
        raise click.BadParameter("not a number of seconds")
    return value


timeout = click.option(
    "--timeout",
    type=click.FloatRange(0, MAX_SECONDS, min_open=True),
    default=10.0,
    show_default=True,
    callback=refuse_nan,
    metavar="SECONDS",
    help="Time for each reply.",
)
vectors = click.option(
    "--vectors",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with manifest.json  [default: the vectors installed with this command]",
)
json_file = click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Results to write as JSON.",
)
require = click.option(
    "--require",
    metavar="NAME,...",
    help="Testees that must be there and build: a missing program is a failure.",
)


def names(text: str | None) -> tuple[str, ...]:
    """The names of an option that lists them with commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
