"""One pass over a stream: what is in it, and how it ends. Faults are findings here, not exceptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flatstream.cli.source import opened, watched
from flatstream.errors import ChecksumMismatch, FlatStreamError, InvalidFrame, UnexpectedEof, ValidationFailed
from flatstream.feed import READAHEAD
from flatstream.reader import StreamReader
from flatstream.windows import windows

if TYPE_CHECKING:
    from pathlib import Path

    from flatstream.cli.source import Url
    from flatstream.deframer import Deframer
    from flatstream.feed import Readable

__all__ = ["Survey", "fault", "survey"]


@dataclass(slots=True)
class Survey:
    """What a pass found. Sizes and offsets are bytes."""

    payload_sizes: Counter[int] = field(default_factory=Counter)
    """How many good frames have a payload of that size."""
    empty_tail: int = 0
    """How many of the last frames are empty (C6)."""
    bad_frames: int = 0
    """Whole frames with a wrong checksum, or that a validator refused."""
    first_fault: FlatStreamError | None = None
    end: str = "clean_eof"
    """``clean_eof``; ``torn_tail`` (C2); ``corrupt`` where the stream cannot be read on; ``stopped`` at a bad frame."""
    end_offset: int = 0
    """One past the last whole frame."""

    @property
    def frames(self) -> int:
        """Good frames."""
        return self.payload_sizes.total()

    @property
    def good(self) -> bool:
        """Whether there is nothing to find fault with."""
        return self.first_fault is None


def survey(path: Path | Url, deframer: Deframer, *, keep_going: bool) -> tuple[Survey, int]:
    """Read to the end, or to the first fault; with ``keep_going`` past frames that are whole but bad (R10).

    What was found, and the size of the file in bytes. Raises ``StreamIOError`` if the source fails, ``OSError`` if it
    cannot be opened. Memory is constant, but for the number of different payload sizes.
    """
    found = Survey()
    with opened(path) as (file, length), watched(file, length, path.name) as source:
        source.seek(0)
        if not deframer.inspectors:
            _skim(source, deframer, found)
            source.seek(found.end_offset)
        _read(
            StreamReader(source, deframer, readahead=READAHEAD, offset=found.end_offset), found, keep_going=keep_going
        )
    return found, length


def _skim(source: Readable, deframer: Deframer, found: Survey) -> None:
    """All good frames up to the first fault, which is left to the reader, at the speed of a scan."""
    for window in windows(source, deframer.checksum, deframer.max_frame_len):
        found.payload_sizes.update(window.frames.sizes)
        found.empty_tail = window.empty_tail(found.empty_tail)
        found.end_offset = window.end


def _read(reader: StreamReader[memoryview], found: Survey, *, keep_going: bool) -> None:
    sizes = found.payload_sizes
    empty = found.empty_tail
    while True:
        try:
            for payload in reader:
                length = len(payload)
                sizes[length] += 1
                empty = 0 if length else empty + 1
        except (ChecksumMismatch, ValidationFailed) as error:
            found.bad_frames += 1
            found.first_fault = found.first_fault or error
            empty = 0
            if keep_going:
                continue
            found.end = "stopped"
        except UnexpectedEof as error:
            found.first_fault = found.first_fault or error
            found.end = "torn_tail"
        except InvalidFrame as error:
            found.first_fault = found.first_fault or error
            found.end = "corrupt"
        found.empty_tail = empty
        found.end_offset = reader.offset
        return


def fault(error: FlatStreamError | None) -> dict[str, object] | None:
    """An error as JSON: kind, offset, message and the kind's own facts (checksums in hex, as on the wire)."""
    if error is None:
        return None
    return {"kind": error.kind, "offset": error.offset, "message": error.describe(), **error.facts()}
