"""``flatstream salvage``: what is still good in a corrupt file, into a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from flatstream.cli import options
from flatstream.cli.screen import emit, facts, offset, plural, printable, show, size
from flatstream.cli.source import LARGE, opened, progress_bar
from flatstream.cli.survey import fault
from flatstream.cli.whole import whole_file
from flatstream.salvaging import SalvageReport, salvage

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["salvage_command"]

_SHOWN = 20
"""Gaps that a person is shown; --json has all of them."""


class _NothingFound(Exception):  # noqa: N818  (it ends the writing, and is no error)
    """There is not one frame, and so there is to be no file."""

    def __init__(self, report: SalvageReport) -> None:
        super().__init__()
        self.report = report


@click.command("salvage", short_help="Copy the good frames of a corrupt file.")
@options.file
@options.checksum_explicit
@options.max_frame_len
@click.option("--out", type=options.path, required=True, metavar="NEW", help="Where they go: no file is there yet.")
@click.option(
    "--in-a-row",
    type=click.IntRange(1),
    metavar="K",
    help="Good frames in a row that a place behind a gap must begin  "
    "[default: 1 of xxh3_64, 2 of crc32, 4 of crc16, 8 of none]",
)
@options.as_json
def salvage_command(
    *, path: Path, checksum: str, max_frame_len: int, out: Path, in_a_row: int | None, as_json: bool
) -> int:
    """Copy the good frames of a corrupt FILE to NEW, and say what is lost. FILE is not changed.

    Behind a frame that is wrong, the next place is looked for from which frames are good again. That can be wrong: with
    --checksum none only lengths speak for a place, and crc16 fits by chance once in 65,536; a larger --in-a-row makes
    it surer, and loses the frames of shorter stretches. A --max-frame-len as tight as the stream allows helps, too.

    \b
    Example:
      flatstream salvage journal.bin --checksum crc32 --out salvaged.bin

    Keys of --json: file, size, checksum, out (null if there was no frame to keep), frames, kept_bytes, lost_bytes,
    gaps (of each: offset, length, error with kind, offset, message and the facts of the kind), untried (places that
    were passed over to bound the work, in a FILE that is made to cost much).

    Exit status: 0 nothing is lost; 1 something is, and all that is good is in NEW; 2 wrong usage, NEW is there already,
    FILE cannot be read or NEW not be written: then there is no NEW.
    """
    written: Path | None = out
    with opened(path) as (_, length), progress_bar(f"searching {path.name}", length, large=LARGE) as advance:

        def progress(done: int) -> None:
            if advance is not None:
                advance(done, length)

        try:
            with whole_file(out, path, replace=False) as file:
                report = salvage(path, file, checksum, max_frame_len, in_a_row=in_a_row, progress=progress)
                if report.size and not report.frames:
                    raise _NothingFound(report)
        except _NothingFound as found:
            report, written = found.report, None
    if as_json:
        emit({"file": str(path), "checksum": checksum, "out": written and str(written), **_record(report)})
    else:
        show(Text(printable(path), style="bold"))
        show(facts(_rows(report, written)))
    return 1 if report.lost else 0


def _record(report: SalvageReport) -> dict[str, object]:
    return {
        "size": report.size,
        "frames": report.frames,
        "kept_bytes": report.kept,
        "lost_bytes": report.lost,
        "gaps": [{"offset": gap.offset, "length": gap.length, "error": fault(gap.error)} for gap in report.gaps],
        "untried": report.work.untried,
    }


def _rows(report: SalvageReport, written: Path | None) -> list[tuple[str, str | Text]]:
    rows: list[tuple[str, str | Text]] = [
        ("size", size(report.size)),
        ("kept", f"{plural(report.frames, 'frame')}, {size(report.kept)}"),
        ("lost", Text(f"{size(report.lost)} in {plural(len(report.gaps), 'gap')}", "red" if report.lost else "green")),
    ]
    rows += [
        ("gap", f"{offset(gap.offset)}, {size(gap.length)}: {printable(gap.error.describe())}")
        for gap in report.gaps[:_SHOWN]
    ]
    if len(report.gaps) > _SHOWN:
        rows.append(("", f"and {plural(len(report.gaps) - _SHOWN, 'gap')} more: --json has all of them"))
    if report.work.untried:
        rows.append(("untried", f"{plural(report.work.untried, 'place')}, which would have cost too much work"))
    rows.append(("written", "nothing: there is no good frame" if written is None else printable(written)))
    return rows
