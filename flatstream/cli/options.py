"""Options that several commands have."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import click

from flatstream.checksum import BUILT_IN
from flatstream.cli.source import Url
from flatstream.remote import is_url
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, MAX_PAYLOAD_LEN

__all__ = [
    "Seconds",
    "as_json",
    "checksum",
    "checksum_explicit",
    "checksum_written",
    "file",
    "max_frame_len",
    "path",
    "place",
    "places",
]

path = click.Path(path_type=Path)
_names = click.Choice(list(BUILT_IN))


def _place(value: str) -> Path | Url:
    """The path of a file, or a URL for fsspec, told apart by their form."""
    return Url(value) if is_url(value) else Path(value)


class Seconds(click.FloatRange):
    """A time, which is neither infinite nor no number at all."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, in the range."""
        seconds: float = super().convert(value, param, ctx)
        if not isfinite(seconds):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return seconds


file = click.argument("path", metavar="FILE", type=path)
place = click.argument("path", metavar="FILE", type=_place)
places = click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_place)

checksum = click.option(
    "--checksum", "-c", type=_names, help="Algorithm of the stream. Without it, it is guessed, and said so."
)
checksum_explicit = click.option("--checksum", "-c", type=_names, required=True, help="Algorithm of the stream.")
checksum_written = click.option(
    "--checksum", "-c", type=_names, default="xxh3_64", show_default=True, help="Algorithm to write with."
)
max_frame_len = click.option(
    "--max-frame-len",
    metavar="BYTES",
    type=click.IntRange(0, MAX_PAYLOAD_LEN),
    default=DEFAULT_MAX_FRAME_LEN,
    show_default=True,
    help="Largest payload to accept.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
