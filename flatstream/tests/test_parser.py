"""The parser by itself: bytes that arrive when they arrive, without any source."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import ChecksumDeframer, ChecksumMismatch, DefaultDeframer, InvalidFrame, Parser, UnexpectedEof
from flatstream.checksum import CRC32, NONE
from flatstream.deframer import GULP

if TYPE_CHECKING:
    from flatstream.wire import Payload


class Pushed:
    """A feed that is given bytes from outside, as under an event loop."""

    def __init__(self) -> None:
        self._arrived = bytearray()
        self.ended = False
        self.asked: list[int] = []

    def push(self, data: bytes) -> None:
        self._arrived += data

    def take(self, need: int) -> Payload:
        self.asked.append(need)
        taken = bytes(self._arrived[:need])
        del self._arrived[:need]
        return taken

    def complete(self, rest: Payload, need: int) -> Payload | None:
        missing = need - len(rest)
        if len(self._arrived) < missing and not self.ended:
            return None
        taken = bytes(rest) + bytes(self._arrived[:missing])
        del self._arrived[:missing]
        return taken


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_none_stands_for_a_payload_that_has_not_arrived_yet(size: int, framed: Any) -> None:
    stream = framed(CRC32, b"", b"abc", b"defg")
    feed = Pushed()
    parser = Parser(ChecksumDeframer("crc32"), feed)
    payloads: list[bytes] = []
    for pos in range(0, len(stream), size):
        feed.push(stream[pos : pos + size])
        for payload in parser:
            if payload is None:
                break
            payloads.append(bytes(payload))
    assert payloads == [b"", b"abc", b"defg"]
    assert parser.offset == len(stream)
    feed.ended = True
    assert list(parser) == []


def test_the_end_in_the_middle_of_a_frame_is_unexpected() -> None:
    feed = Pushed()
    parser = Parser(DefaultDeframer(), feed)
    feed.push(b"\x05\0\0\0ab")
    assert next(iter(parser)) is None
    feed.ended = True
    with pytest.raises(UnexpectedEof) as caught:
        next(iter(parser))
    assert (caught.value.field, caught.value.needed, caught.value.available) == ("payload", 5, 2)
    assert parser.error is caught.value


def test_it_asks_for_exactly_what_a_field_needs(framed: Any) -> None:
    feed = Pushed()
    feed.push(framed(CRC32, b"abc", b""))
    feed.ended = True
    assert list(Parser(ChecksumDeframer("crc32"), feed)) == [b"abc", b""]
    assert feed.asked == [4, 7, 4, 4, 4]


def test_it_asks_for_no_payload_that_is_empty() -> None:
    feed = Pushed()
    feed.push(bytes(4))
    feed.ended = True
    assert list(Parser(DefaultDeframer(), feed)) == [b""]
    assert feed.asked == [4, 4]


def test_a_length_over_the_limit_is_known_before_anything_behind_it_is_asked_for() -> None:
    feed = Pushed()
    feed.push(b"\xff\xff\xff\xff")
    with pytest.raises(InvalidFrame):
        next(iter(Parser(ChecksumDeframer("crc32", 16), feed)))
    assert feed.asked == [4]


def test_it_asks_for_a_large_payload_a_gulp_at_a_time() -> None:
    feed = Pushed()
    feed.push((5 * 2**20).to_bytes(4, "little"))
    assert next(iter(Parser(DefaultDeframer(), feed))) is None
    assert feed.asked == [4, GULP]


@given(st.lists(st.binary(max_size=20), max_size=8), st.lists(st.integers(0, 200), max_size=12), st.booleans())
def test_windows_may_begin_and_end_anywhere(payloads: list[bytes], cuts: list[int], borrow: bool) -> None:
    stream = b"".join(CRC32_HEADER(payload) + payload for payload in payloads)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    windows = [stream[begin:end] for begin, end in pairwise(edges) if begin < end]

    class Windows:
        def take(self, _need: int) -> Payload:
            window = windows.pop(0) if windows else b""
            return memoryview(window) if borrow else window

        def complete(self, rest: Payload, need: int) -> Payload:
            joined = bytes(rest)
            while 0 < len(joined) < need and windows:
                joined += windows.pop(0)
            return joined

    parser = Parser(ChecksumDeframer("crc32"), Windows())
    assert [bytes(payload or b"") for payload in parser] == payloads
    assert parser.offset == len(stream)


def CRC32_HEADER(payload: bytes) -> bytes:  # noqa: N802  (a stand-in for a constant)
    return len(payload).to_bytes(4, "little") + CRC32.field(payload)


def test_a_closed_parser_gives_nothing(framed: Any) -> None:
    parser = Parser(DefaultDeframer(), Pushed(), framed(NONE, b"abc"))
    parser.close()
    with pytest.raises(ValueError, match="closed"):
        next(iter(parser))


def test_a_parser_that_an_observer_closes_gives_that_payload_and_no_more(framed: Any) -> None:
    parser = Parser(DefaultDeframer().observed(lambda _: parser.close()), Pushed(), framed(NONE, b"abc"))
    payloads = iter(parser)
    assert next(payloads) == b"abc"


def test_a_mismatch_across_windows_names_its_frame(framed: Any) -> None:
    feed = Pushed()
    feed.push(framed(CRC32, b"abc") + framed(CRC32, b"def")[:-1] + b"!")
    feed.ended = True
    iterator = iter(Parser(ChecksumDeframer("crc32"), feed, offset=1000))
    assert next(iterator) == b"abc"
    with pytest.raises(ChecksumMismatch) as caught:
        next(iterator)
    assert caught.value.offset == 1011
    assert list(iterator) == []
