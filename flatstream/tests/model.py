"""The native engine's contract in plain Python: what each function must do, in the fewest lines and with no haste.

The tests of the library run against it where the native engine is not built, and its own tests compare it with that
where it is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from flatstream.checksum import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def frame_at(
    data: Any, pos: int, checksum: str, limit: int
) -> tuple[int, int] | tuple[str, str | None, int, int] | None:
    """Start and end of the payload of a good frame, or why there is none; ``None`` at the end."""
    algorithm = BUILT_IN[checksum]
    left = len(data) - pos
    if left == 0:
        return None
    if left < 4:
        return "unexpected_eof", "length", 4, left
    length = int.from_bytes(data[pos : pos + 4], "little")
    if length > limit:
        return "invalid_frame", None, length, 0
    start = pos + 4 + algorithm.width
    if start > len(data):
        return "unexpected_eof", "checksum", algorithm.width, left - 4
    if start + length > len(data):
        return "unexpected_eof", "payload", length, len(data) - start
    expected, calculated = data[pos + 4 : start], algorithm.field(data[start : start + length])
    if expected != calculated:
        return "checksum_mismatch", None, int.from_bytes(expected, "little"), int.from_bytes(calculated, "little")
    return start, start + length


def frame(payload: Any, checksum: str) -> bytes:
    data = bytes(payload)
    return struct.pack("<I", len(data)) + BUILT_IN[checksum].field(data) + data


class WholeFrames:
    """Two payloads at a time, so that lists of them are left half read."""

    def __init__(self, window: Any, pos: int, checksum: str, limit: int, copy: bool) -> None:
        if pos > len(window):
            raise IndexError(pos)
        self._window, self._args, self._copy = window, (checksum, limit), copy
        self.pos = pos
        self._ends = [pos]

    def pos_after(self, given: int) -> int:
        return self._ends[given]

    def __iter__(self) -> WholeFrames:
        return self

    def __next__(self) -> list[Any]:
        payloads: list[Any] = []
        self._ends = [self.pos]
        while len(payloads) < 2:
            found = frame_at(self._window, self.pos, *self._args)
            if found is None or len(found) == 4:
                break
            payload = self._window[found[0] : found[1]]
            payloads.append(bytes(payload) if self._copy else payload)
            self.pos = found[1]
            self._ends.append(self.pos)
        if not payloads:
            raise StopIteration
        return payloads


class FrameWriter:
    def __init__(self, sink: Any, checksum: str, longest: int, slow: Any, unsure: Any) -> None:
        self._write = sink.extend if isinstance(sink, bytearray) else sink.write
        self._args = checksum, longest
        self._slow, self._unsure = slow, unsure
        self._open = True
        self.written = 0

    def close(self) -> None:
        self._open = False

    def write_payload(self, payload: Any, /) -> None:
        checksum, longest = self._args
        if type(payload) is not bytes or len(payload) > longest or not self._open:
            self._slow(payload)
            return
        data = frame(payload, checksum)
        try:
            taken = self._write(data)
        except BaseException as error:  # noqa: BLE001
            self._unsure(data, error)
            return
        if taken not in {len(data), None}:
            self._unsure(data, taken)
        else:
            self.written += len(data)


def Slices(source: memoryview, offsets: Any, lengths: Any) -> Iterator[memoryview]:  # noqa: N802
    offsets, lengths = memoryview(offsets).cast("q"), memoryview(lengths).cast("I")
    return (source[start : start + length] for start, length in zip(offsets, lengths, strict=True))


def scan(source: Any, checksum: str, limit: int, threads: int) -> Any:
    assert threads > 0
    offsets, lengths, pos = [], [], 0
    while (found := frame_at(source, pos, checksum, limit)) is not None and len(found) == 2:
        offsets.append(found[0])
        lengths.append(found[1] - found[0])
        pos = found[1]
    return struct.pack(f"{len(offsets)}q", *offsets), struct.pack(f"{len(lengths)}I", *lengths), pos, found


def frame_some(
    payloads: list[Any], start: int, enough: int, checksum: str, flat_view: Callable[[Any], Any]
) -> tuple[bytearray, int]:
    frames, index = bytearray(), start
    while index < len(payloads) and len(frames) < enough:
        payload = payloads[index]
        try:
            data = payload if type(payload) is bytes else flat_view(payload)
            if len(data) >= 2**32:
                raise OverflowError(len(data))
        except Exception:
            if index == start:
                raise
            break
        frames += frame(data, checksum)
        index += 1
    return frames, index


def frame_rows(rows: Any, count: int, row_len: int, checksum: str) -> bytearray:
    if len(rows) != count * row_len:
        raise BufferError("the rows are not all of their buffer")
    return frame_some([rows[row * row_len :][:row_len] for row in range(count)], 0, 2**62, checksum, bytes)[0]


def arrow_views(source: Any, offsets: Any, lengths: Any, buffer_len: int) -> bytearray:
    views = bytearray()
    columns = zip(memoryview(offsets).cast("q"), memoryview(lengths).cast("I"), strict=True)
    for index, (start, length) in enumerate(columns):
        if length >= 2**31:
            raise ValueError(f"payload {index} has {length} bytes, over the 2147483647 that Arrow can say")
        payload = bytes(source[start : start + min(length, 12)])
        place = divmod(start, buffer_len)
        views += struct.pack("<i12s", length, payload if length <= 12 else struct.pack("<4sii", payload, *place))
    return views


def seal(frames: bytearray, offsets: Any, lengths: Any, checksum: str) -> None:
    algorithm = BUILT_IN[checksum]
    for start, length in zip(memoryview(offsets).cast("q"), memoryview(lengths).cast("q"), strict=True):
        if not algorithm.width <= start <= start + length <= len(frames):
            raise IndexError("a payload does not lie within the frames")
        frames[start - algorithm.width : start] = algorithm.field(bytes(frames[start : start + length]))
