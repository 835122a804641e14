"""R6: a declared length costs no memory until its bytes arrive."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from flatstream import DefaultDeframer, InvalidFrame, StreamReader, UnexpectedEof

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.adapters import Deframer

    Way = Callable[[bytes, Deframer], StreamReader[Any]]

MIB = 2**20


def peak(work: Callable[[], object]) -> int:
    """Peak of newly allocated bytes while ``work`` runs."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [2**31, 2**32 - 1])
def test_a_hostile_length_with_ten_bytes_behind_it_takes_less_than_2_mib(way: Way, length: int) -> None:
    stream = length.to_bytes(4, "little") + b"ten bytes."

    def read() -> None:
        with pytest.raises(UnexpectedEof) as caught:
            way(stream, DefaultDeframer(max_frame_len=2**32 - 1)).read_message()
        assert (caught.value.needed, caught.value.available) == (length, 10)

    read()  # imports and caches are not the frame's
    assert peak(read) < 2 * MIB


def test_a_hostile_length_at_the_start_of_a_large_source_copies_nothing_of_it(way: Way) -> None:
    stream = b"\xff\xff\xff\xff" + bytes(8 * MIB)
    reader = way(stream, DefaultDeframer(max_frame_len=16))

    def read() -> None:
        with pytest.raises(InvalidFrame):
            reader.read_message()

    assert peak(read) < MIB


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 4096}])
def test_memory_follows_what_arrives(options: Any) -> None:
    arrived = 16 * MIB

    class Endless(io.RawIOBase):
        left = arrived

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            view = memoryview(buffer)
            if not self.left:
                return 0
            if self.left == arrived:
                view[:4] = (2**31).to_bytes(4, "little")
            size = min(len(view), self.left)
            type(self).left = self.left - size
            return size

    def read() -> None:
        with pytest.raises(UnexpectedEof):
            StreamReader(Endless(), DefaultDeframer(), **options).read_message()

    # The interpreter reserves up to an eighth more than a growing buffer holds; these pages are not touched.
    assert peak(read) < arrived * 9 / 8 + 3 * MIB
