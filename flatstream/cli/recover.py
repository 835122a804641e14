"""``flatstream recover``: find the torn end of a journal, and cut it off if told to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, cast

import click
from rich.text import Text

from flatstream import locking
from flatstream.cli import options
from flatstream.cli.guess import guess
from flatstream.cli.screen import can_ask, emit, facts, offset, plural, printable, show, size
from flatstream.cli.source import opened, watched
from flatstream.cli.survey import fault
from flatstream.deframer import ChecksumDeframer
from flatstream.disk import Disk
from flatstream.errors import ChecksumMismatch, FlatStreamError, InvalidFrame
from flatstream.recovery import RecoveryEnd, RecoveryReport, recover_file, truncate
from flatstream.whole import written_whole

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["recover_command"]


@click.command("recover", short_help="Find, and cut off, the torn tail of a file.")
@options.file
@options.checksum_explicit
@options.max_frame_len
@click.option("--truncate", "cut", is_flag=True, help="Cut a torn tail off, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--backup", is_flag=True, help="Keep what is cut off in FILE.torn-OFFSET.")
@options.as_json
def recover_command(
    *, path: Path, checksum: str, max_frame_len: int, cut: bool, yes: bool, backup: bool, as_json: bool
) -> int:
    """Scan FILE, say where its whole frames end, and with --truncate cut off what a crash left behind them.

    Only a torn tail is ever cut: a file that ends in the middle of a frame. Corruption is reported and left as it is,
    since what follows it may be good. --checksum has to be given, because a wrong one can make good frames look torn;
    if the frames say plainly that another one is right, nothing is cut. Nor is anything while a journal is being
    written.

    \b
    Example:
      flatstream recover journal.bin --checksum crc32 --truncate --backup

    Keys of --json: file, size (before cutting), checksum, frames, last_good_offset, end (clean_eof, torn_tail,
    corrupt), tail_bytes, empty_tail, truncated, backup (null or a path), hint (null, or why the algorithm seems to be
    another), error (null, or kind, offset, message and the
    facts of the kind). If corrupt, frames and the like are null.

    Exit status: 0 clean, or truncated; 1 torn and not truncated, or corrupt; 2 wrong usage.
    """
    if (yes or backup) and not cut:
        raise click.UsageError("--yes and --backup are for --truncate")
    deframer = ChecksumDeframer(checksum, max_frame_len)
    truncated, kept = False, None
    with opened(path, "r+b" if cut else "rb") as (raw, length):
        file = cast("BinaryIO", raw)
        if cut:  # what looks torn may be a frame that is being written
            locking.claim_if_possible(raw.fileno(), str(path))
        try:
            with watched(raw, length, path.name) as source:
                found: RecoveryReport | FlatStreamError = recover_file(cast("BinaryIO", source), deframer)
        except (ChecksumMismatch, InvalidFrame) as error:
            found = error
        torn = isinstance(found, RecoveryReport) and found.end is RecoveryEnd.TORN_TAIL
        other = _other_checksum(path, checksum) if torn else None
        if cut and isinstance(found, RecoveryReport) and torn:
            if other is not None:
                raise click.ClickException(f"{printable(path)}: not cut: {other}")
            if yes or _confirmed(path, found):
                kept = _kept(path, file) if backup else None
                truncate(file, found)
                Disk().sync(file.fileno())
                truncated = True
    record = _record(found) | {"truncated": truncated, "backup": kept and str(kept), "hint": other}
    if as_json:
        emit({"file": str(path), "size": length, "checksum": checksum, **record})
    else:
        show(Text(printable(path), style="bold"))
        show(facts(_rows(found, length, checksum, truncated=truncated, kept=kept)))
        if other is not None:
            show(Text(f"Mind: {other}.", style="yellow"))
    return 0 if truncated or record["end"] == "clean_eof" else 1


def _other_checksum(path: Path, checksum: str) -> str | None:
    """What to say if checksums prove that the tail is torn only under the wrong algorithm."""
    other = guess(path)
    if not other.proven or other.algorithm == checksum:
        return None
    return f"this looks like a stream of {other.algorithm}, not {checksum} ({other.sure}: {other.reason})"


def _confirmed(path: Path, report: RecoveryReport) -> bool:
    if not can_ask():
        raise click.ClickException("nobody can be asked: there is no terminal; say --yes to cut without asking")
    cut = f"Cut {size(_tail(report))} off {printable(path)}, from {offset(report.last_good_offset)} on?"
    kept = f"{plural(report.frames, 'whole frame')} and {size(report.last_good_offset)} stay."
    return click.confirm(f"{cut} {kept}", err=True)


def _kept(path: Path, file: BinaryIO) -> Path:
    """Write the tail, at whose start the cursor stands, beside the file; durable before anything is cut."""
    kept = path.with_name(f"{path.name}.torn-{file.tell()}")
    with written_whole(kept, replace=False, like=path) as copy:
        shutil.copyfileobj(file, copy)
    return kept


def _tail(report: RecoveryReport) -> int:
    return (report.size or 0) - report.last_good_offset


def _record(found: RecoveryReport | FlatStreamError) -> dict[str, object]:
    if isinstance(found, FlatStreamError):
        keys = ("frames", "last_good_offset", "tail_bytes", "empty_tail")
        return {**dict.fromkeys(keys), "end": "corrupt", "error": fault(found)}
    return {
        "frames": found.frames,
        "last_good_offset": found.last_good_offset,
        "tail_bytes": _tail(found),
        "empty_tail": found.empty_tail,
        "end": found.end.value,
        "error": None,
    }


def _rows(
    found: RecoveryReport | FlatStreamError, length: int, checksum: str, *, truncated: bool, kept: Path | None
) -> list[tuple[str, str | Text]]:
    rows: list[tuple[str, str | Text]] = [("size", size(length)), ("checksum", checksum)]
    if isinstance(found, FlatStreamError):
        rows.append(("end", Text(f"corrupt: {printable(str(found))}", style="red")))
        rows.append(("", "Nothing may be cut off here: what follows the fault may be good."))
        return rows
    rows.append(("whole frames", f"{found.frames:,}, up to {offset(found.last_good_offset)}"))
    if found.empty_tail:
        rows.append(("empty tail", f"{plural(found.empty_tail, 'empty frame')} at the end: a block that was lost?"))
    if found.end is RecoveryEnd.CLEAN_EOF:
        rows.append(("end", Text("clean", style="green")))
        return rows
    rows.append(("end", Text(f"torn: {size(_tail(found))} of a frame that is not whole", style="red")))
    if truncated:
        rows.append(("", Text("The torn tail is cut off. The file is clean now.", style="green")))
    else:
        rows.append(("", "Nothing was changed. To cut the tail off: --truncate"))
    if kept is not None:
        rows.append(("backup", printable(kept)))
    return rows
