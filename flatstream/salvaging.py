"""Salvage: what can still be read of a corrupt stream, and what is lost of it.

Recovery stops at corruption, since it must lose nothing (C3). Salvage goes on behind it, and so can be wrong: it is
asked for by name, writes to another file, and says of each gap where it is and how long.

Behind a frame that is wrong it looks for the next place where a stream may go on:

1. Where the wrong frame says that it ends, if only its checksum is wrong: there one good frame is enough, or the end.
2. Else at each byte that follows, from left to right: a place is taken if ``in_a_row`` frames from there on are good,
   or all up to the end of the source. Unless told otherwise that many make 64 bits of checksum: 1 of ``xxh3_64``, 2 of
   ``crc32``, 4 of ``crc16``; and 8 without a checksum, where only lengths speak.

A header of nothing but zeros proves nothing, since a block that was lost reads so (C6): no place begins with one, and
those in front of a wrong frame are lost with it.

The first frame from such a place on has at most four times the payload of the largest that was seen before, or 64 KiB.
What a payload holds is not known: if it is itself a stream of the same algorithm, and is looked through because it is
damaged, its frames are taken for those of the stream that it lies in.

Work is linear in the size of the source, whatever that holds: no more than `HEADERS` + ``in_a_row`` headers are looked
at for each byte, and no more than `HASHED` bytes are put through the checksum for each. A place that would take more is
not tried, and counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Final, Protocol

from flatstream.arguments import whole_number
from flatstream.batch import ScanEnd, mapped, scan
from flatstream.checksum import by_name
from flatstream.errors import ChecksumMismatch, FlatStreamError, InvalidFrame, UnexpectedEof
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_FIELD, LENGTH_SIZE, flat_view, limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from flatstream.checksum import Checksum

__all__ = ["Gap", "Kept", "SalvageReport", "Work", "pieces", "salvage"]

WINDOW: Final = 2**20
"""Bytes that are scanned at a time while the frames are good."""

EVIDENCE: Final = 8
"""Bytes of checksum that frames in a row must have together; and so many frames, where there is no checksum."""

HEADERS: Final = 16
"""Empty frames that prove nothing and may stand between those in a row."""

HASHED: Final = 256
"""Bytes put through the checksum for each byte of the source, at most, beside those of the frames that are kept."""

NARROW: Final = 64 * 1024
"""Payload bytes that the first frame behind a gap may have, if no large one was seen before."""

AT_END: Final = 3
"""Frames in a row, up to the end of the source, that are enough where no checksum of two bytes or more proves them."""


@dataclass(slots=True)
class Work:
    """What a salvage has cost, counted."""

    headers: int = 0
    """Headers that were looked at."""
    hashed: int = 0
    """Bytes that were put through the checksum."""
    untried: int = 0
    """Places that were not tried, since they would have taken more work than is allowed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Good frames, one behind the other."""

    offset: int
    """Absolute offset in bytes of the first one."""
    length: int
    """Bytes of all of them."""
    frames: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that are lost."""

    offset: int
    """Absolute offset of the first one."""
    length: int
    error: FlatStreamError
    """What is wrong with the first frame in it; in front of that there are only headers of nothing but zeros."""


@dataclass(slots=True)
class SalvageReport:
    """What a salvage has kept and lost. Sizes and offsets are bytes."""

    size: int
    """Of the source; ``kept`` and all gaps together."""
    frames: int = 0
    """Frames that were kept."""
    kept: int = 0
    """Bytes of them."""
    gaps: list[Gap] = field(default_factory=list)
    work: Work = field(default_factory=Work)

    @property
    def lost(self) -> int:
        """Bytes that were not kept."""
        return self.size - self.kept


class Sink(Protocol):
    """Where kept frames go."""

    def write(self, data: memoryview, /) -> object:
        """Take all of the bytes."""


def salvage(
    source: Buffer | str | PathLike[str],
    sink: Sink,
    checksum: str | Checksum,
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    in_a_row: int | None = None,
    progress: Callable[[int], object] = lambda _done: None,
) -> SalvageReport:
    """Write the good frames of ``source``, a path or bytes-like, to ``sink``, which takes all that it is given.

    A file is mapped, and must not be cut meanwhile. ``progress`` is told, now and then, how many bytes are done. Raises
    ``OSError`` if the file cannot be read, and what ``sink`` raises; ``ValueError`` for arguments that make no sense.
    """
    view = mapped(source) if isinstance(source, str | PathLike) else flat_view(memoryview(source))
    report = SalvageReport(len(view))
    for piece in pieces(view, checksum, max_frame_len, in_a_row=in_a_row, work=report.work):
        if isinstance(piece, Gap):
            report.gaps.append(piece)
        else:
            report.frames += piece.frames
            report.kept += piece.length
            for start in range(piece.offset, piece.offset + piece.length, WINDOW):
                sink.write(view[start : min(start + WINDOW, piece.offset + piece.length)])
        progress(piece.offset + piece.length)
    return report


def pieces(
    source: Buffer,
    checksum: str | Checksum,
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    in_a_row: int | None = None,
    work: Work | None = None,
) -> Iterator[Kept | Gap]:
    """All of ``source`` from left to right: what is kept, and gaps, of which no two follow each other.

    What is kept comes in pieces of no particular size. ``work`` is counted up.
    """
    algorithm = by_name(checksum)
    bound = limit(max_frame_len, "max_frame_len")
    row = -(-EVIDENCE // (algorithm.width or 1)) if in_a_row is None else whole_number(in_a_row, "in_a_row")
    if row < 1:
        raise ValueError(f"in_a_row must be 1 frame or more, not {row}")
    return _Salvage(flat_view(memoryview(source)), algorithm, bound, row, work or Work()).pieces()


class _Salvage:
    def __init__(self, source: memoryview, checksum: Checksum, bound: int, row: int, work: Work) -> None:
        self._source = source
        self._size = len(source)
        self._checksum = checksum
        self._header = LENGTH_SIZE + checksum.width
        self._bound = bound
        self._row = row
        self._work = work
        self._vain = 0
        """Bytes that were put through the checksum and are of no frame that is kept."""
        self._largest = 0
        """Payload bytes of the largest good frame so far."""

    def pieces(self) -> Iterator[Kept | Gap]:
        pos = begin = 0  # what lies between the two is kept, unless a gap follows: empty frames that prove nothing
        held = 0
        while pos < self._size:
            kept, empty, error = self._good(pos)
            if empty < kept.frames:
                length = pos + kept.length - empty * self._header - begin
                yield Kept(begin, length, held + kept.frames - empty)
                begin, held = begin + length, 0
            held += empty
            pos += kept.length
            if error is not None:
                behind = self._next_place(pos, error)
                yield Gap(begin, behind - begin, error)
                pos = begin = behind
                held = 0
        if held:
            yield Kept(begin, pos - begin, held)

    def _good(self, pos: int) -> tuple[Kept, int, FlatStreamError | None]:
        """Good frames from ``pos`` on, at least one unless there is an error.

        Then how many of the last ones are headers of nothing but zeros; and the error behind them.
        """
        stop = min(pos + WINDOW, self._size)
        while True:
            # A frame over what may still be spent in vain is refused by its length, before its checksum costs that.
            bound = min(self._bound, self._allowed(pos)) if self._checksum.width else self._bound
            frames = scan(self._source[pos:stop], self._checksum, bound)
            error = frames.error
            cut = frames.end is ScanEnd.TORN and stop < self._size
            if not cut or len(frames) or not isinstance(error, UnexpectedEof):
                break
            stop = min(pos + self._header + max(error.needed, 1), self._size)  # one frame, larger than the window
        self._work.headers += len(frames) + 1
        self._work.hashed += frames.last_good_offset if self._checksum.width else 0
        self._largest = max(self._largest, max(frames.sizes, default=0))
        kept = Kept(pos, frames.last_good_offset, len(frames))
        empty = self._empty_tail(kept, frames.sizes)
        if error is None or cut:
            return kept, empty, None
        error.offset = pos + kept.length
        if isinstance(error, ChecksumMismatch):
            self._spend(self._length_at(error.offset))
        elif isinstance(error, InvalidFrame) and error.declared_len <= self._bound:
            frame = self._source[error.offset :]
            if self._header + error.declared_len > len(frame):
                torn = scan(frame, self._checksum, self._bound).error or error  # which looks at its length alone
                torn.offset = error.offset
                error = torn
            else:
                self._work.untried += 1
        return kept, empty, error

    def _empty_tail(self, kept: Kept, sizes: memoryview) -> int:
        count = 0
        stop = kept.offset + kept.length
        zeros = bytes(self._header)
        while count < kept.frames and sizes[-1 - count] == 0 and self._source[stop - self._header : stop] == zeros:
            stop -= self._header
            count += 1
        return count

    def _next_place(self, pos: int, error: FlatStreamError) -> int:
        """Where the stream goes on behind the wrong frame at ``pos``; the end of the source if nowhere."""
        if isinstance(error, ChecksumMismatch):
            behind = pos + self._header + self._length_at(pos)
            if behind == self._size or self._plausible(behind, self._bound, 1):
                return behind
        widest = min(self._bound, max(4 * self._largest, NARROW))
        for found in _headers(widest, self._header).finditer(self._source, pos + 1):
            place = found.start()
            if self._length_at(place) <= widest and self._plausible(place, widest, self._row):
                return place
        return self._size

    def _plausible(self, pos: int, widest: int, row: int) -> bool:
        """Whether ``row`` frames from ``pos`` on are good, or fewer up to the end; the first not over ``widest``."""
        before = self._vain
        plausible = self._lead_on(pos, widest, row)
        if plausible:
            self._vain = before  # what it took was of frames that are kept now
        return plausible

    def _lead_on(self, pos: int, widest: int, row: int) -> bool:
        source, header, checksum = self._source, self._header, self._checksum
        proven = 0
        for _ in range(row + HEADERS):
            if pos == self._size:
                # The one length in 2^32 that leads to the very end; that alone is little where there are many zeros.
                return proven >= (1 if checksum.width > 1 else min(row, AT_END))
            if pos + header > self._size:
                return False
            self._work.headers += 1
            length = self._length_at(pos)
            start = pos + header
            if length > widest or start + length > self._size:
                return False
            if checksum.width and not self._verified(pos, length):
                return False
            proven += length > 0 or any(source[pos:start])
            if proven == row:
                return True
            pos, widest = start + length, self._bound
        return False

    def _verified(self, pos: int, length: int) -> bool:
        if length > self._allowed(pos):
            self._work.untried += 1
            return False
        checksum, start = self._checksum, pos + self._header
        (expected,) = checksum.unpack_from(self._source, start - checksum.width)
        good = checksum.value(self._source[start : start + length]) == expected
        self._spend(length)
        return good

    def _length_at(self, pos: int) -> int:
        (length,) = LENGTH_FIELD.unpack_from(self._source, pos)
        return int(length)

    def _allowed(self, pos: int) -> int:
        """Bytes that may still be put through the checksum in vain: a payload, and more the further it has come."""
        return max(self._size + (HASHED - 4) * pos - self._vain, 0)

    def _spend(self, count: int) -> None:
        """Count bytes that were put through the checksum, as yet in vain."""
        self._vain += count
        self._work.hashed += count


@cache
def _headers(widest: int, header: int) -> re.Pattern[bytes]:
    """Where a length of up to ``widest`` may stand, and a few places more, at the speed of a search for bytes."""
    top = max((widest.bit_length() - 1) // 8, 0)  # the highest byte of the length that may be anything but zero
    digits = rb"[\x00-\xff]" * top + rb"[\x00-\x%02x]" % (widest >> 8 * top) + rb"\x00" * (3 - top)
    return re.compile(rb"(?=(?!\x00{%d})%s)" % (header, digits))
