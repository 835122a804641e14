"""``flatstream verify``: read everything, and say whether it is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from rich.text import Text

from flatstream.cli import options
from flatstream.cli.guess import Guess, chosen
from flatstream.cli.screen import console, describe_os_error, emit, note, offset, plural, printable, size
from flatstream.cli.survey import Survey, fault, survey
from flatstream.cli.typed import record_of, root_option, schema_option
from flatstream.deframer import ChecksumDeframer, Deframer
from flatstream.errors import StreamIOError
from flatstream.validation import TableRootValidator, TypedValidator

if TYPE_CHECKING:
    from pathlib import Path

    from flatstream.cli.source import Url
    from flatstream.validation import Validator

__all__ = ["verify_command"]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What became of one file."""

    path: Path | Url
    checksum: str
    guessed: Guess | None
    size: int
    found: Survey

    def as_json(self) -> dict[str, object]:
        return {
            "file": str(self.path),
            "good": self.found.good,
            "size": self.size,
            "checksum": self.checksum,
            "guess": self.guessed and self.guessed.as_json(),
            "frames": self.found.frames,
            "payload_bytes": sum(length * count for length, count in self.found.payload_sizes.items()),
            "bad_frames": self.found.bad_frames,
            "end": self.found.end,
            "end_offset": self.found.end_offset,
            "error": fault(self.found.first_fault),
        }

    def as_text(self) -> Text:
        found = self.found
        word = ("good", "bold green") if found.good else ("BAD", "bold red")
        sort = self.checksum if self.guessed is None else f"{self.checksum}, guessed, {self.guessed.sure}"
        told = Text.assemble(word, f"  {printable(self.path)}: {plural(found.frames, 'good frame')}, {size(self.size)}")
        told.append(f" ({sort})", "dim")
        if self.checksum == "none" and found.good:
            told.append("\n      no checksum: only the lengths could be checked", "dim")
        if found.first_fault is not None:
            told.append(
                f"\n      at {offset(found.first_fault.offset or 0)}: {printable(found.first_fault.describe())}"
            )
        if found.bad_frames > 1:
            told.append(f"\n      {plural(found.bad_frames, 'bad frame')} in all")
        if found.end in {"torn_tail", "corrupt"} and found.bad_frames:
            told.append(f"\n      {_ENDS[found.end]} from {offset(found.end_offset)} on")
        return told


_ENDS = {"torn_tail": "torn", "corrupt": "unreadable"}


@click.command("verify", short_help="Check every frame of files.")
@options.places
@options.checksum
@options.max_frame_len
@click.option(
    "--validator", type=click.Choice(["table-root"]), help="Payloads must also begin as FlatBuffers tables do."
)
@schema_option
@root_option
@click.option("--keep-going", is_flag=True, help="Count all bad frames, not only up to the first.")
@options.as_json
def verify_command(
    *,
    paths: tuple[Path | Url, ...],
    checksum: str | None,
    max_frame_len: int,
    validator: str | None,
    schema: Path | None,
    root: str | None,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Read every frame of each FILE, and say which FILE is good, and where the first fault of a bad one is.

    A FILE may be a URL, such as s3://bucket/day1.bin, for which fsspec and the package of the protocol are needed.

    With --schema every payload must also be a sound message of the type that --root names: it is verified whole, as the
    official verifiers of FlatBuffers do.

    \b
    Examples:
      flatstream verify --checksum crc32 --keep-going day1.bin day2.bin
      flatstream verify --schema telemetry.bfbs day1.bin

    Keys of --json: good, bad, unreadable (numbers of files), files. Of each file: file, good, size, checksum, guess (as
    of inspect), frames, payload_bytes, bad_frames, end (clean_eof, torn_tail, corrupt, or stopped at a bad frame),
    end_offset, error (null, or kind, offset, message and the facts of the kind); of an unreadable one: file, good,
    unreadable (the reason).

    Exit status: 0 all good; 1 a FILE is bad; 2 a FILE cannot be read.
    """
    out = console()
    gates: list[Validator] = [TableRootValidator()] if validator is not None else []
    if schema is not None or root is not None:
        gates.append(TypedValidator(record_of(schema, root)))
    records: list[dict[str, object]] = []
    bad = unreadable = 0
    for path in paths:
        try:
            verdict = _verified(path, checksum, max_frame_len, gates, keep_going=keep_going)
        except (OSError, StreamIOError) as error:
            unreadable += 1
            reason = describe_os_error(error) if isinstance(error, OSError) else printable(str(error))
            note(f"error: {reason}")
            records.append({"file": str(path), "good": False, "unreadable": reason})
            continue
        bad += not verdict.found.good
        records.append(verdict.as_json())
        if not as_json:
            out.print(verdict.as_text(), soft_wrap=True)
    if as_json:
        good = len(paths) - bad - unreadable
        emit({"good": good, "bad": bad, "unreadable": unreadable, "files": records})
    return 2 if unreadable else min(bad, 1)


def _verified(
    path: Path | Url, checksum: str | None, limit: int, gates: list[Validator], *, keep_going: bool
) -> _Verdict:
    name, guessed = chosen(path, checksum)
    deframer: Deframer = ChecksumDeframer(name, limit)
    for gate in gates:
        deframer = deframer.with_validator(gate)
    found, length = survey(path, deframer, keep_going=keep_going)
    return _Verdict(path, name, guessed, length, found)
