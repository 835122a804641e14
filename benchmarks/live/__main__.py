"""The command ``python -m benchmarks.live``: follow, large, salvage, report."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

import flatstream
from benchmarks.live import follow as following
from benchmarks.live import large as sizing
from benchmarks.live import salvage as salvaging
from benchmarks.live.page import (
    DATA,
    PAGE,
    follow_record,
    large_record,
    load,
    rendered,
    salvage_record,
    save,
)
from benchmarks.records import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

keep = click.option("--keep", is_flag=True, help="Write the record, and with it reports/live.md.")


@click.group()
def main() -> None:
    """Measure what live and large journals cost, and what salvage saves."""


@main.command()
@click.option("--seconds", type=click.FloatRange(0.1), default=20, show_default=True, help="For each of two parts.")
@keep
def follow(*, seconds: float, keep: bool) -> None:
    """How soon a follower sees a frame, and what it costs while nothing comes."""
    _measure("follow", lambda: follow_record(following.measured(seconds, _say)), keep=keep)


@main.command()
@click.option("--gib", type=click.FloatRange(0.001), default=1, show_default=True, help="Size of the journal.")
@click.option(
    "--payload-len",
    type=click.IntRange(0),
    default=32,
    show_default=True,
    metavar="BYTES",
    help="From 65536 on payloads are zeros, which take no room on the disk.",
)
@click.option("--checksum", type=click.Choice(list(flatstream.checksum.BUILT_IN)), default="xxh3_64", show_default=True)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=tempfile.gettempdir,
    help="Where the journal is made, and removed again.  [default: the folder for temporary files]",
)
@keep
def large(*, gib: float, payload_len: int, checksum: str, folder: Path, keep: bool) -> None:
    """Time a GiB and peak memory of verify, recover and index, beside cat and the raw checksum."""
    _measure(
        "large",
        lambda: large_record(checksum, payload_len, sizing.measured(gib, payload_len, checksum, folder, _say)),
        keep=keep,
    )


@main.command()
@click.option("--streams", type=click.IntRange(1), default=200, show_default=True, help="Of each kind.")
@keep
def salvage(*, streams: int, keep: bool) -> None:
    """How many frames salvage saves of seeded damage, and how often it is wrong."""
    _measure("salvage", lambda: salvage_record(salvaging.measured(streams, _say)), keep=keep)


@main.command()
@click.option("--check", is_flag=True, help="Only say whether the page is what the records render to.")
def report(*, check: bool) -> None:
    """Render reports/live.md from the records."""
    text = rendered(load())
    if not check:
        write_text(PAGE, text)
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{PAGE.name} differs from what the records render to")


def _say(text: str) -> None:
    click.echo(f"{text} ...", err=True)


def _measure(name: str, work: Callable[[], Mapping[str, object]], *, keep: bool) -> None:
    try:
        record = work()
    except KeyboardInterrupt:
        click.echo("Stopped; nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    except (OSError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    if keep:
        save(name, record, DATA)
        write_text(PAGE, rendered(load()))
    with tempfile.TemporaryDirectory() as folder:  # shown by what renders the page
        save(name, record, Path(folder))
        click.echo(rendered(load(Path(folder))))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.live")
