"""Recovery: find where the whole frames of a journal end, and, as a separate step, cut off a torn tail.

Scanning never changes anything (C1 to C4). Only a torn tail may be cut off; corruption is an error, since what follows
it may still be good (C3, C5). Scan with the algorithm that the journal was written with: with another one, good frames
can look torn.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from flatstream import locking
from flatstream.adapters import checked_deframer
from flatstream.deframer import DefaultDeframer
from flatstream.errors import StreamIOError, TruncationRefused, UnexpectedEof
from flatstream.feed import READAHEAD
from flatstream.reader import StreamReader
from flatstream.windows import windows

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from flatstream.deframer import Deframer
    from flatstream.feed import Readable

__all__ = ["RecoveryEnd", "RecoveryReport", "recover", "recover_file", "truncate"]


class RecoveryEnd(Enum):
    """How a scan ended."""

    CLEAN_EOF = "clean_eof"
    TORN_TAIL = "torn_tail"


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What a scan found. Offsets and sizes are bytes."""

    frames: int
    """Whole frames before the end."""
    last_good_offset: int
    """One past the last whole frame: absolute for `recover_file`, relative to the start of the scan for `recover`."""
    end: RecoveryEnd
    empty_tail: int
    """How many of the last whole frames are empty: many of them may be a pre-allocated or lost block (C6)."""
    size: int | None = None
    """Size of the file when it was scanned; ``None`` if what was scanned is not known to be a whole file."""


def recover(source: Buffer | Readable, deframer: Deframer | None = None) -> RecoveryReport:
    """Scan from where ``source`` stands to its end; offsets are relative to that place (C4).

    A torn tail is a result (C2). ``ChecksumMismatch``, ``InvalidFrame``, ``ValidationFailed`` and ``StreamIOError`` are
    raised as they are (C3).
    """
    return _scan(StreamReader(source, deframer))


def recover_file(file: str | PathLike[str] | BinaryIO, deframer: Deframer | None = None) -> RecoveryReport:
    """Scan a whole file, given by its path or open and seekable; offsets are absolute, wherever its cursor was (C4).

    Raises what `recover` does. The cursor of an open file is left at ``last_good_offset``; after an error it may be
    anywhere.
    """
    if isinstance(file, str | PathLike):
        with Path(file).open("rb", buffering=0) as opened:
            return recover_file(cast("BinaryIO", opened), deframer)
    size = _seek(file, 0, os.SEEK_END)
    _seek(file, 0)
    deframer = DefaultDeframer() if deframer is None else checked_deframer(deframer)
    frames = empty = end = 0
    if not deframer.inspectors:
        frames, empty, end = _skimmed(file, deframer)
        _seek(file, end)
    report = _scan(StreamReader(file, deframer, readahead=READAHEAD, offset=end), frames, empty)
    _seek(file, report.last_good_offset)
    return replace(report, size=size)


def truncate(file: str | PathLike[str] | BinaryIO, report: RecoveryReport) -> int:
    """Cut the torn tail that ``report`` found off the file, and return the number of bytes that are gone (C5).

    ``TruncationRefused`` for anything but a torn tail, for a report that is not of a whole file, and for a file whose
    size has changed since. By its path, ``JournalLocked`` for one that a writer appends to, whose last frame may only
    be on its way. An open file, which must be writable, is left with its cursor at the cut, and is not locked.
    """
    if report.end is not RecoveryEnd.TORN_TAIL:
        raise TruncationRefused(f"the scan ended with {report.end.value}: only a torn tail may be cut off")
    if report.size is None:
        raise TruncationRefused("the report is not of a whole file: scan it with recover_file")
    if isinstance(file, str | PathLike):
        with Path(file).open("r+b", buffering=0) as opened:
            locking.claim_if_possible(opened.fileno(), os.fspath(file))
            return truncate(cast("BinaryIO", opened), report)
    size = _seek(file, 0, os.SEEK_END)
    if size != report.size:
        raise TruncationRefused(f"the file has {size} bytes, but had {report.size} when it was scanned")
    try:
        file.truncate(report.last_good_offset)
    except io.UnsupportedOperation:
        raise
    except OSError as cause:
        raise StreamIOError("truncating") from cause
    _seek(file, report.last_good_offset)
    return size - report.last_good_offset


def _skimmed(file: BinaryIO, deframer: Deframer) -> tuple[int, int, int]:
    """How many frames are good, how many at their end are empty, and where they end: at the speed of a scan."""
    frames = empty = end = 0
    try:
        for window in windows(file, deframer.checksum, deframer.max_frame_len):
            frames += len(window.frames)
            empty = window.empty_tail(empty)
            end = window.end
    except StreamIOError as error:
        error.offset = end  # as a reader says it: where the frame begins that the failure cut
        raise
    return frames, empty, end


def _scan(reader: StreamReader[memoryview], frames: int = 0, empty: int = 0) -> RecoveryReport:
    end = RecoveryEnd.CLEAN_EOF
    try:
        for payload in reader:
            frames += 1
            empty = 0 if len(payload) else empty + 1
    except UnexpectedEof:
        end = RecoveryEnd.TORN_TAIL
    return RecoveryReport(frames, reader.offset, end, empty)


def _seek(file: BinaryIO, offset: int, whence: int = os.SEEK_SET) -> int:
    try:
        return file.seek(offset, whence)
    except io.UnsupportedOperation:
        raise
    except OSError as cause:
        raise StreamIOError("seeking") from cause
