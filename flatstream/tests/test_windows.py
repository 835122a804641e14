"""Window by window, a source has the same frames, and the same end, as all at once."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import StreamIOError, UnexpectedEof
from flatstream.checksum import CRC32
from flatstream.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream.windows import Window


def told(found: Iterable[Window], offset: int = 0) -> tuple[list[bytes], int, object]:
    """Payloads, the end, and the facts of the error."""
    payloads: list[bytes] = []
    end, facts = offset, None
    for window in found:
        assert window.base == end
        assert facts is None  # nothing follows an error
        payloads += map(bytes, window.frames)
        end = window.end
        facts = window.error and (window.error.kind, window.error.offset, window.error.args)
    return payloads, end, facts


def expected(stream: bytes, checksum: str, bound: int) -> tuple[list[bytes], int, object]:
    frames = flatstream.scan(stream, checksum, bound)
    error = frames.error
    return list(map(bytes, frames)), frames.last_good_offset, error and (error.kind, error.offset, error.args)


@given(
    st.lists(st.binary(max_size=30), max_size=10),
    st.binary(max_size=8),
    st.sampled_from(["none", "crc16", "crc32", "xxh3_64"]),
    st.integers(1, 40),
    st.integers(0, 40),
)
def test_any_stream_is_what_a_scan_of_it_is(
    payloads: list[bytes], tail: bytes, name: str, size: int, bound: int
) -> None:
    stream = bytes(flatstream.frame_many(payloads, name)) + tail
    assert told(windows(io.BytesIO(stream), name, bound, size=size)) == expected(stream, name, bound)


def test_offsets_are_absolute_and_the_stop_is_an_end(framed: Any) -> None:
    stream = framed(CRC32, b"abc", b"defg", b"hi")
    source = io.BytesIO(stream)
    source.seek(11)
    assert told(windows(source, "crc32", offset=11, stop=23), 11) == ([b"defg"], 23, None)
    source.seek(11)
    payloads, end, facts = told(windows(source, "crc32", offset=11, stop=30), 11)
    assert (payloads, end) == ([b"defg"], 23)
    assert facts == (UnexpectedEof.kind, 23, ("checksum", 4, 3))


def test_a_source_that_fails_is_an_io_error(framed: Any) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError("gone")
            return super().read(size)

    found = windows(Failing(framed(CRC32, b"abc", b"def")), "crc32", size=15)
    assert list(map(bytes, next(found).frames)) == [b"abc"]
    with pytest.raises(StreamIOError, match="reading failed: OSError: gone"):
        next(found)


def test_a_large_frame_is_read_once(framed: Any) -> None:
    class Counted(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            type(self).given += len(data)
            return data

    stream = framed(CRC32, b"x" * 3_000_000, b"y")
    payloads, end, facts = told(windows(Counted(stream), "crc32", size=1000))
    assert ([len(payload) for payload in payloads], end, facts) == ([3_000_000, 1], len(stream), None)
    assert Counted.given == len(stream)


@pytest.mark.parametrize("held", [False, True])
def test_memory_is_that_of_the_largest_frame_and_of_the_window_that_the_caller_holds(framed: Any, held: bool) -> None:
    size = 16 * 2**20
    source = io.BytesIO(framed(CRC32, bytes(size)) * 3)
    tracemalloc.start()
    try:
        found = windows(source, "crc32")
        window = next(found)
        while window.end < source.getbuffer().nbytes:
            if not held:
                del window
            window = next(found)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The interpreter reserves up to an eighth more than a growing buffer holds.
    assert peak < (size if held else 0) + size * 9 / 8 + 4 * 2**20
