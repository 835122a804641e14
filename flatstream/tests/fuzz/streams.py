"""Streams of any bytes: the parser in all its ways of reading, `scan`, recovery and salvage."""

from __future__ import annotations

import io
from struct import unpack_from
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import flatstream
from flatstream import ChecksumDeframer, FlatStreamError, StreamReader, checksum
from flatstream.batch import ScanEnd
from flatstream.errors import ChecksumMismatch, InvalidFrame, UnexpectedEof
from flatstream.recovery import RecoveryEnd, recover, recover_file
from flatstream.salvaging import Gap, Work, pieces
from flatstream.tests.fuzz.engines import on_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream import Checksum

ALGORITHMS: Final = ("none", "crc16", "crc32", "xxh3_64")
LIMITS: Final = (2**31, 2**32 - 1, 64, 0)
HEAD: Final = 4
"""Bytes of an input in front of its stream: see `Stream.of`."""


class Dribble(io.RawIOBase):
    """A source that gives up to so many bytes at a time (R7)."""

    def __init__(self, data: bytes, size: int) -> None:
        self._file = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._file.readinto(memoryview(buffer)[: self._size])


WAYS: Final[tuple[Callable[[bytes, ChecksumDeframer], StreamReader[Any]], ...]] = (
    StreamReader,
    lambda data, deframer: StreamReader(data, deframer, copy=True),
    lambda data, deframer: StreamReader(io.BytesIO(data), deframer),
    lambda data, deframer: StreamReader(io.BytesIO(data), deframer, copy=True, readahead=7),
    lambda data, deframer: StreamReader(io.BytesIO(data), deframer, readahead=64),
    lambda data, deframer: StreamReader(Dribble(data, 1), deframer),
    lambda data, deframer: StreamReader(Dribble(data, 3), deframer, copy=True),
    lambda data, deframer: StreamReader(Dribble(data, 5), deframer, readahead=11),
)


class Stream(NamedTuple):
    """What an input means."""

    data: bytes
    checksum: Checksum
    limit: int
    way: int

    @classmethod
    def of(cls, data: bytes) -> Stream:
        """Four bytes choose, and the stream follows.

        First algorithm (bits 0 and 1), limit (2 and 3), way of reading (4 to 6), and whether checksums are put right
        (7), since a fuzzer would not get past them; then a place, of two bytes, and what is turned over there.
        """
        head = data[:HEAD].ljust(HEAD, b"\0")
        algorithm = checksum.by_name(ALGORITHMS[head[0] & 3])
        stream = bytearray(data[HEAD:])
        if head[0] & 128:
            _put_right(stream, algorithm)
            if stream:
                stream[int.from_bytes(head[1:3], "little") % len(stream)] ^= head[3]
        return cls(bytes(stream), algorithm, LIMITS[head[0] >> 2 & 3], head[0] >> 4 & 7)


def _put_right(stream: bytearray, algorithm: Checksum) -> None:
    """Make the checksum of each whole frame that of its payload."""
    pos = 0
    header = 4 + algorithm.width
    while pos + header <= len(stream):
        (length,) = unpack_from("<I", stream, pos)
        start = pos + header
        if start + length > len(stream):
            return
        value = algorithm.compute(bytes(stream[start : start + length]))
        stream[pos + 4 : start] = (value % 256**algorithm.width).to_bytes(algorithm.width, "little")
        pos = start + length


def framed(payloads: list[bytes], algorithm: Checksum) -> bytes:
    """The stream of these payloads, by the layout, and not by the library."""
    return b"".join(
        len(payload).to_bytes(4, "little")
        + (algorithm.compute(payload) % 256**algorithm.width).to_bytes(algorithm.width, "little")
        + payload
        for payload in payloads
    )


Facts: TypeAlias = tuple[type[FlatStreamError], int | None, str]
"""All that an error says, which can be compared."""


def facts(error: FlatStreamError) -> Facts:
    """Of an error."""
    return type(error), error.offset, str(error)


def read(stream: Stream, way: int) -> tuple[list[bytes], list[int], list[Facts], int]:
    """Payloads and offsets up to the first error; the errors met, of those that stick two (R10)."""
    reader = WAYS[way](stream.data, ChecksumDeframer(stream.checksum, stream.limit))
    payloads: list[bytes] = []
    offsets: list[int] = []
    errors: list[Facts] = []
    good = 0
    while len(errors) < 4:
        try:
            payload = reader.read_message()
        except FlatStreamError as error:
            errors.append(facts(error))
            if not isinstance(error, ChecksumMismatch) and len(errors) > 1 and errors[-2] == errors[-1]:
                break
            continue
        if payload is None:
            break
        if errors:
            good += 1  # behind a wrong checksum
        else:
            payloads.append(bytes(payload))
            offsets.append(reader.offset)
    return payloads, offsets, errors, good


def parse(data: bytes) -> None:
    """Reader, scan and recovery find the same, on both engines; what they find is the stream up to there, exactly."""
    stream = Stream.of(data)
    payloads, offsets, errors, _ = on_each(lambda _: read(stream, stream.way))
    assert on_each(lambda _: read(stream, 0))[:3] == (payloads, offsets, errors), "two ways of reading differ"
    end = offsets[-1] if offsets else 0
    assert framed(payloads, stream.checksum) == stream.data[:end], "what was read is not what is there"
    assert all(len(payload) <= stream.limit for payload in payloads)

    def scanned(_: str) -> tuple[list[bytes], ScanEnd, int, Facts | None, list[int]]:
        threads = 2 if stream.way == 7 else 1  # starting them costs more than all the rest does
        frames = flatstream.scan(stream.data, stream.checksum, stream.limit, threads)
        return (
            [bytes(each) for each in frames],
            frames.end,
            frames.last_good_offset,
            facts(frames.error) if frames.error else None,
            [*frames.sizes],
        )

    found, ending, last_good, error, sizes = on_each(scanned)
    assert found == payloads, "scan and reader find other payloads"
    assert sizes == [len(payload) for payload in payloads]
    assert last_good == end
    assert error == (errors[0] if errors else None), "scan and reader give other errors"

    def recovered(_: str) -> list[object]:
        said: list[object] = []
        for look in (recover, recover_file):  # of which the second reads as a scan does
            try:
                report = look(io.BytesIO(stream.data), ChecksumDeframer(stream.checksum, stream.limit))
                said.append((report.frames, report.last_good_offset, report.end, report.empty_tail))
            except FlatStreamError as failure:
                said.append(facts(failure))
        return said

    empty = next((count for count, payload in enumerate(reversed(payloads)) if payload), len(payloads))
    report, as_file = on_each(recovered)
    assert as_file == report
    if error is None:
        assert end == len(stream.data)
        assert ending is ScanEnd.CLEAN
        assert report == (len(payloads), end, RecoveryEnd.CLEAN_EOF, empty)
    elif error[0] is UnexpectedEof:
        assert ending is ScanEnd.TORN
        assert report == (len(payloads), end, RecoveryEnd.TORN_TAIL, empty)
    else:
        assert ending is ScanEnd.ERROR
        assert error[0] in {ChecksumMismatch, InvalidFrame}
        assert error[1] == end
        assert report == error, "corruption was reported, and not raised"  # C3


def salvage(data: bytes) -> None:
    """What is kept and the gaps are the whole source; what is kept is good frames, and all of a good stream."""
    stream = Stream.of(data)

    def salvaged(_: str) -> list[tuple[object, ...]]:
        work = Work()
        found: list[tuple[object, ...]] = []
        for piece in pieces(stream.data, stream.checksum, stream.limit, in_a_row=stream.way or None, work=work):
            if isinstance(piece, Gap):
                found.append(("gap", piece.offset, piece.length, facts(piece.error)))
            else:
                found.append(("kept", piece.offset, piece.length, piece.frames))
        size = len(stream.data)
        assert work.hashed <= 257 * size + 2**16, "more work than is promised"
        return found

    pos = 0
    found = on_each(salvaged)
    for kind, offset, length, content in found:
        assert offset == pos
        assert isinstance(length, int)
        assert length > 0
        if kind == "kept":
            frames = flatstream.scan(stream.data[pos : pos + length], stream.checksum, stream.limit)
            assert (frames.end, len(frames)) == (ScanEnd.CLEAN, content), "what was kept is not good"
        pos += length
    assert pos == len(stream.data)
    clean = flatstream.scan(stream.data, stream.checksum, stream.limit).end is ScanEnd.CLEAN
    assert clean == all(kind == "kept" for kind, *_ in found)


__all__ = ["ALGORITHMS", "HEAD", "LIMITS", "Stream", "parse", "salvage"]
