"""The frames of a source window by window: at the speed of a scan, and in constant memory whatever the size.

with open("telemetry.bin", "rb", buffering=0) as file:
    for window in windows(file, "crc32"):
        count += len(window.frames)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flatstream.batch import Frames, ScanEnd, scan
from flatstream.checksum import by_name
from flatstream.errors import StreamIOError, UnexpectedEof
from flatstream.feed import gathered, reading
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flatstream.checksum import Checksum
    from flatstream.errors import FlatStreamError
    from flatstream.feed import Readable

__all__ = ["Window", "windows"]

WINDOW: Final = 2**20
"""Bytes that are read at a time. A frame that is larger makes a window of its own."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some frames, one behind the other."""

    base: int
    """Absolute offset in bytes of the first one."""
    frames: Frames
    """The frames, with offsets relative to ``base``; they stay valid as long as they are held."""
    error: FlatStreamError | None
    """What ended the source other than clean, with the absolute offset of its frame; only in the last window."""

    @property
    def end(self) -> int:
        """Absolute offset in bytes one past the last good frame."""
        return self.base + self.frames.last_good_offset

    def empty_tail(self, before: int) -> int:
        """How many of the last frames are empty (C6), if that many were at the end of what stands before."""
        sizes = self.frames.sizes
        return next((count for count, length in enumerate(reversed(sizes)) if length), before + len(sizes))


def windows(
    source: Readable,
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    offset: int = 0,
    stop: int | None = None,
    size: int = WINDOW,
) -> Iterator[Window]:
    """The good frames of a source from where it stands, up to its end, to ``stop``, or to the first that is wrong.

    The source stands at the absolute ``offset``; ``stop`` (bytes) is taken for its end. An error ends the last window,
    and is not raised, but for ``StreamIOError`` of the source itself (R8). Memory is a few times ``size`` bytes and the
    largest frame, beside the windows that the caller holds.
    """
    algorithm = by_name(checksum)
    read = reading(source)
    left = None if stop is None else stop - offset
    rest, alone = b"", False

    def limited(count: int) -> bytes:
        nonlocal left
        try:
            data = read(count if left is None else min(count, left))
        except Exception as cause:
            raise StreamIOError("reading") from cause
        left = None if left is None else left - len(data)
        return data

    while True:
        chunk = b"" if alone else limited(size)
        data = rest + chunk
        frames = scan(data, algorithm, max_frame_len)
        good = frames.last_good_offset
        error = frames.error
        more = alone or bool(chunk)
        if error is not None and not (more and frames.end is ScanEnd.TORN):
            error.offset = offset + good
            yield Window(offset, frames, error)
            return
        yield Window(offset, frames, None)
        if not more:
            return
        offset += good
        rest = data[good:]
        need = 0
        if isinstance(error, UnexpectedEof) and error.field == "payload":
            need = LENGTH_SIZE + algorithm.width + error.needed
        del chunk, data, frames, error  # while a large frame is gathered, nothing else is held
        if need > size:
            rest = gathered(limited, rest, need)
        alone = 0 < need == len(rest)
