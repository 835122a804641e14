"""``flatstream ingest-lobster`` and ``flatstream lobster-sample``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.text import Text

from flatstream.cli import options
from flatstream.cli.screen import emit, facts, plural, printable, show, size
from flatstream.cli.source import LARGE, progress_bar
from flatstream.lobster import Ingested, Written, ingest, verify, write_sample
from flatstream.lobster.sample import MAX_LEVELS

__all__ = ["ingest_command", "sample_command"]

_MANY_ROWS = 200_000
"""Rows from which a sample takes long enough for a progress bar."""

_folder = click.option(
    "--out", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Made if it is missing."
)


@click.command("ingest-lobster", short_help="LOBSTER's ZIPs to FlatStream files.")
@click.argument("paths", metavar="ZIP...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_folder
@options.checksum_written
@click.option(
    "--shasums",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="SHA-256 of the ZIPs, as sha256sum writes them  [default: SHASUMS.txt beside each ZIP, if it is there]",
)
@options.as_json
def ingest_command(paths: tuple[Path, ...], folder: Path, checksum: str, shasums: Path | None, *, as_json: bool) -> int:
    """Read LOBSTER's ZIPs, and write STEM-message.bin and STEM-orderbook.bin into DIR for each: a frame a row.

    Every ZIP is compared with its SHA-256 first, where there is one. The files of a ZIP appear when they are whole; a
    row that is wrong stops the work, with its file, line and column.

    \b
    Example:
      flatstream ingest-lobster AAPL_2012-06-21_10.zip --out streams

    Keys of --json: checksum, zips. Of each ZIP: zip, sha256_verified, message and orderbook (null, or file, frames,
    size), unpaired (rows of the book without a message, whose time is 0.0).

    Exit status: 0 good; 2 a ZIP is not what it should be, or a file cannot be read or written.
    """
    twice = [stem for stem, count in Counter(path.stem for path in paths).items() if count > 1]
    if twice:
        raise click.UsageError(f"two ZIPs would write {twice[0]}-message.bin")
    verified = [verify(path, shasums) for path in paths]
    done = [_ingest(path, folder, checksum) for path in paths]
    if as_json:
        zips = [_as_json(each, known) for each, known in zip(done, verified, strict=True)]
        emit({"checksum": checksum, "zips": zips})
        return 0
    for each, known in zip(done, verified, strict=True):
        show(Text(printable(each.source), style="bold"))
        rows = [("SHA-256", "as listed" if known else "not compared: no list names it")]
        rows += [(kind, _written(made)) for kind, made in (("messages", each.message), ("order book", each.orderbook))]
        if each.unpaired:
            rows.append(("without time", f"{plural(each.unpaired, 'row')} of the book, for want of a message"))
        show(facts(rows))
    return 0


def _ingest(path: Path, folder: Path, checksum: str) -> Ingested:
    with progress_bar(f"reading {path.name}", path.stat().st_size, large=LARGE // 16) as advance:
        return ingest(path, folder, checksum=checksum, progress=advance)


def _written(made: Written | None) -> str:
    if made is None:
        return "none in this ZIP"
    return f"{plural(made.frames, 'frame')}, {size(made.size)}: {printable(made.path)}"


def _as_json(each: Ingested, known: bool) -> dict[str, object]:  # noqa: FBT001  (private, and called once)
    made = {
        kind: written and {"file": str(written.path), "frames": written.frames, "size": written.size}
        for kind, written in (("message", each.message), ("orderbook", each.orderbook))
    }
    return {"zip": str(each.source), "sha256_verified": known, **made, "unpaired": each.unpaired}


@click.command("lobster-sample", short_help="A made-up ZIP of LOBSTER's form.")
@_folder
@click.option("--rows", type=click.IntRange(1, 10**9), default=10_000, show_default=True, help="Events.")
@click.option("--levels", type=click.IntRange(1, MAX_LEVELS), default=10, show_default=True, help="Of the book.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same bytes.")
@click.option("--ticker", default="SYNTH", show_default=True, help="Up to 10 capitals, digits and dots.")
@options.as_json
def sample_command(*, folder: Path, rows: int, levels: int, seed: int, ticker: str, as_json: bool) -> int:
    """Write TICKER_date_LEVELS.zip into DIR: one made-up trading day, of the form of LOBSTER's samples.

    \b
    Example:
      flatstream lobster-sample --out zips --rows 100000 --levels 50 --seed 7

    Keys of --json: file, rows, levels, seed, size.

    Exit status: 0 good; 2 wrong usage, or a file cannot be written.
    """
    with progress_bar("writing rows", rows, large=_MANY_ROWS) as advance:
        try:
            made = write_sample(folder, rows=rows, levels=levels, seed=seed, ticker=ticker, progress=advance)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        emit({"file": str(made.path), "rows": rows, "levels": levels, "seed": seed, "size": made.size})
    else:
        click.echo(f"{printable(made.path)}: {plural(rows, 'row')}, {plural(levels, 'level')}, {size(made.size)}")
    return 0
