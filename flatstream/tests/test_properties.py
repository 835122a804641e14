"""Whatever the bytes: round trips, cuts, flipped bits, chunks; no error but FlatStream's own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    FlatStreamError,
    InvalidFrame,
    RecoveryEnd,
    StreamReader,
    StreamWriter,
    TableRootValidator,
    UnexpectedEof,
    recover,
)
from flatstream.checksum import BUILT_IN, Checksum

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.adapters import Deframer

    Way = Callable[[bytes, Deframer], StreamReader[Any]]

LIMIT = 1 << 16
ALGORITHMS = st.sampled_from(list(BUILT_IN.values())) | st.builds(
    Checksum, st.just("custom"), st.integers(0, 8), st.sampled_from([sum, len, BUILT_IN["xxh3_64"].compute])
)
# Empty frames are common, so that they fall between any others.
PAYLOADS = st.lists(st.just(b"") | st.binary(max_size=60), max_size=12)


def written(algorithm: Checksum, payloads: list[bytes]) -> bytes:
    sink = bytearray()
    writer = StreamWriter(sink, ChecksumFramer(algorithm))
    for payload in payloads:
        writer.write_payload(payload)
    return bytes(sink)


def read(reader: StreamReader[Any]) -> tuple[list[bytes], FlatStreamError | None]:
    payloads: list[bytes] = []
    try:
        reader.process_all(lambda payload: payloads.append(bytes(payload)))
    except FlatStreamError as error:
        return payloads, error
    return payloads, None


@given(ALGORITHMS, PAYLOADS)
def test_what_is_written_is_read_back(way: Way, algorithm: Checksum, payloads: list[bytes]) -> None:
    reader = way(written(algorithm, payloads), ChecksumDeframer(algorithm))
    assert read(reader) == (payloads, None)


@given(ALGORITHMS, PAYLOADS, st.data())
def test_a_cut_stream_gives_its_whole_frames_and_then_its_end(
    way: Way, algorithm: Checksum, payloads: list[bytes], data: st.DataObject
) -> None:
    stream = written(algorithm, payloads)
    cut = data.draw(st.integers(0, len(stream)))
    got, error = read(way(stream[:cut], ChecksumDeframer(algorithm)))
    assert got == payloads[: len(got)]
    whole = len(written(algorithm, got))
    if error is None:
        assert whole == cut
    else:
        assert type(error) is UnexpectedEof
        assert error.offset == whole < cut < len(written(algorithm, payloads[: len(got) + 1]))


@given(st.sampled_from(["crc16", "crc32", "xxh3_64"]), PAYLOADS.filter(any), st.data())
def test_a_flipped_bit_is_never_taken_for_the_same_stream(
    way: Way, name: str, payloads: list[bytes], data: st.DataObject
) -> None:
    algorithm = BUILT_IN[name]
    stream = bytearray(written(algorithm, payloads))
    bit = data.draw(st.integers(0, 8 * len(stream) - 1))
    stream[bit // 8] ^= 1 << bit % 8
    got, error = read(way(bytes(stream), ChecksumDeframer(algorithm, LIMIT)))
    assert got != payloads
    # The frames before the damage are untouched, and the error is about the damaged frame or a later one.
    intact = sum(1 for count in range(1, len(payloads) + 1) if len(written(algorithm, payloads[:count])) <= bit // 8)
    assert got[:intact] == payloads[:intact]
    if error is not None:
        assert error.offset is not None
        assert error.offset >= len(written(algorithm, payloads[:intact]))


@given(ALGORITHMS, st.binary(max_size=80))
def test_any_bytes_give_payloads_or_an_error_of_flatstream(way: Way, algorithm: Checksum, stream: bytes) -> None:
    deframer = ChecksumDeframer(algorithm, LIMIT)
    got, error = read(way(stream, deframer))
    taken = len(written(algorithm, got))
    assert stream[:taken] == written(algorithm, got)
    if error is None:
        assert taken == len(stream)
    else:
        assert error.offset == taken


@st.composite
def streams(draw: st.DrawFn) -> tuple[Checksum, bytes]:
    """An algorithm and whole frames under it, of which the last bytes may be missing or any other ones may follow."""
    algorithm = draw(ALGORITHMS)
    stream = written(algorithm, draw(PAYLOADS))
    return algorithm, stream[: draw(st.integers(0, len(stream)))] if draw(st.booleans()) else stream + draw(st.binary())


@given(
    streams(),
    st.lists(st.integers(1, 9), min_size=1, max_size=9),
    st.booleans(),
    st.sampled_from([0, 1, 7, 64]),
)
def test_any_chunking_gives_the_same_as_all_at_once(
    trickle: Any, given_stream: tuple[Checksum, bytes], sizes: list[int], copy: bool, readahead: int
) -> None:
    algorithm, stream = given_stream
    deframer = ChecksumDeframer(algorithm, LIMIT)
    got, error = read(StreamReader(trickle(stream, *sizes), deframer, copy=copy, readahead=readahead))
    whole, whole_error = read(StreamReader(stream, deframer))
    assert got == whole
    assert (type(error), vars(error) if error else None) == (
        type(whole_error),
        vars(whole_error) if whole_error else None,
    )


@given(ALGORITHMS, st.binary(max_size=80))
def test_recovery_says_what_reading_says(algorithm: Checksum, stream: bytes) -> None:
    deframer = ChecksumDeframer(algorithm, LIMIT)
    payloads, error = read(StreamReader(stream, deframer))
    if error is None or type(error) is UnexpectedEof:
        report = recover(stream, deframer)
        assert report.frames == len(payloads)
        assert report.last_good_offset == len(written(algorithm, payloads))
        assert report.end is (RecoveryEnd.CLEAN_EOF if error is None else RecoveryEnd.TORN_TAIL)
    else:
        with pytest.raises(type(error)):
            recover(stream, deframer)


@given(ALGORITHMS, PAYLOADS, st.integers(1, 9))
def test_a_sink_that_takes_a_little_at_a_time_gets_the_same_bytes(
    algorithm: Checksum, payloads: list[bytes], size: int
) -> None:
    class Small(io.RawIOBase):
        def __init__(self) -> None:
            self.taken = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            self.taken += memoryview(data)[:size]
            return min(len(data), size)

    sink = Small()
    writer = StreamWriter(sink, ChecksumFramer(algorithm))
    for payload in payloads:
        writer.write_payload(payload)
    assert sink.taken == written(algorithm, payloads)


@given(st.integers(0, 70), PAYLOADS)
def test_a_bound_lets_through_exactly_what_fits(way: Way, limit: int, payloads: list[bytes]) -> None:
    algorithm = BUILT_IN["crc16"]
    got, error = read(way(written(algorithm, payloads), ChecksumDeframer(algorithm, limit)))
    over = next((index for index, payload in enumerate(payloads) if len(payload) > limit), None)
    if over is None:
        assert (got, error) == (payloads, None)
    else:
        assert got == payloads[:over]
        assert isinstance(error, InvalidFrame)
        assert (error.declared_len, error.limit) == (len(payloads[over]), limit)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_typed_reading_of_any_bytes_raises_only_flatstream_errors(payload: bytes) -> None:
    stream = written(BUILT_IN["none"], [payload])
    try:
        (text,) = StreamReader(stream, ChecksumDeframer("none").with_validator(TableRootValidator())).typed_messages(
            str
        )
    except FlatStreamError as error:
        assert error.offset == 0
    else:
        assert isinstance(text, str)
