"""Whole buffers at a time: scanning, and framing of many payloads, by the rules of reader and writer."""

from __future__ import annotations

import gc
import io
import mmap
import weakref
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    ChecksumMismatch,
    FlatStreamError,
    InvalidFrame,
    ScanEnd,
    StreamReader,
    StreamWriter,
    UnexpectedEof,
    frame_array,
    frame_many,
    scan,
)
from flatstream.batch import frame_some
from flatstream.checksum import BUILT_IN, CRC32, NONE, Checksum

if TYPE_CHECKING:
    from pathlib import Path

EVENT = np.dtype([("device", "<u8"), ("time", "<u8"), ("value", "<f8")])
CUSTOM = Checksum("crc32", 3, sum)  # the name of one that the engine knows, and another algorithm

ALGORITHMS = st.sampled_from([*BUILT_IN.values(), CUSTOM])
PAYLOADS = st.lists(st.just(b"") | st.binary(max_size=60) | st.just(b"same size"), max_size=12)


def read(data: bytes, algorithm: Checksum, bound: int = 2**31) -> tuple[list[bytes], int, FlatStreamError | None]:
    """What a reader gives up to its end or its first error, where that is, and the error."""
    reader = StreamReader(data, ChecksumDeframer(algorithm, bound), copy=True)
    payloads: list[bytes] = []
    try:
        reader.process_all(payloads.append)
    except FlatStreamError as error:
        assert error.offset is not None
        return payloads, error.offset, error
    return payloads, reader.offset, None


def same(one: FlatStreamError | None, other: FlatStreamError | None) -> bool:
    return (type(one), str(one), vars(one) if one else None) == (
        type(other),
        str(other),
        vars(other) if other else None,
    )


# Scanning


@given(st.data(), ALGORITHMS, PAYLOADS, st.integers(1, 3))
def test_a_scan_says_what_a_reader_says(data: Any, algorithm: Checksum, payloads: list[bytes], threads: int) -> None:
    stream = bytearray(frame_many(payloads, algorithm))
    if stream and data.draw(st.booleans(), label="flip a bit"):
        stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    del stream[data.draw(st.integers(0, len(stream)), label="cut") :]
    bound = data.draw(st.sampled_from([2**31, 2**32 - 1, 59, 9, 0]), label="bound")
    frames = scan(bytes(stream), algorithm, bound, threads)
    expected, end, error = read(bytes(stream), algorithm, bound)
    assert [bytes(payload) for payload in frames] == expected
    assert frames.last_good_offset == end
    assert same(frames.error, error)


@pytest.mark.parametrize(
    ("cut", "end", "error"), [(14, ScanEnd.CLEAN, None), (13, ScanEnd.TORN, UnexpectedEof), (7, ScanEnd.CLEAN, None)]
)
def test_how_a_scan_ends(cut: int, end: ScanEnd, error: type[Exception] | None) -> None:
    frames = scan(frame_many([b"abc", b"def"])[:cut])
    assert frames.end is end
    assert type(frames.error) is (type(None) if error is None else error)
    assert frames.last_good_offset == len(frames) * 7


def test_the_good_frames_before_an_error_are_kept() -> None:
    stream = frame_many([b"one", b"two", b"three"], "crc32")
    stream[22 + 8] ^= 1
    frames = scan(stream, "crc32")
    assert [bytes(payload) for payload in frames] == [b"one", b"two"]
    assert (frames.end, frames.last_good_offset) == (ScanEnd.ERROR, 22)
    with pytest.raises(ChecksumMismatch) as caught:
        frames.checked()
    assert caught.value.offset == 22


def test_a_clean_scan_is_its_own_check() -> None:
    frames = scan(b"\x00\x00\x00\x00")
    assert frames.checked() is frames
    assert repr(frames) == "<Frames: 1, clean at 4>"


def test_an_error_of_a_scan_names_the_limit() -> None:
    error = scan(b"\x05\x00\x00\x00hello", max_frame_len=4).error
    assert isinstance(error, InvalidFrame)
    assert (error.declared_len, error.limit, error.offset) == (5, 4, 0)


def test_a_path_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "journal.bin"
    path.write_bytes(frame_many([b"abc", b""], "crc16"))
    for source in (path, str(path)):
        assert [bytes(payload) for payload in scan(source, "crc16")] == [b"abc", b""]
    path.write_bytes(b"")
    assert (len(scan(path)), scan(path).end) == (0, ScanEnd.CLEAN)
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "nothing")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.frombuffer])
def test_any_source_of_bytes(kind: Any) -> None:
    source = np.frombuffer(frame_many([b"abc"]), np.uint8) if kind is np.frombuffer else kind(frame_many([b"abc"]))
    assert bytes(scan(source)[0]) == b"abc"


def test_wrong_use_is_refused() -> None:
    with pytest.raises(BufferError, match="one piece"):
        scan(memoryview(bytes(20))[::2])
    with pytest.raises(ValueError, match="threads must be 1 or more, not 0"):
        scan(b"", threads=0)
    with pytest.raises(ValueError, match="max_frame_len must be"):
        scan(b"", max_frame_len=-1)
    with pytest.raises(ValueError, match="no checksum named 'crc64'"):
        scan(b"", "crc64")
    with pytest.raises(TypeError):
        scan(12)  # type: ignore[arg-type]  # that is the point


def test_threads_find_the_first_of_several_bad_frames() -> None:
    payloads = [bytes([n]) * 400_000 for n in range(20)]
    stream = frame_many(payloads, "xxh3_64")
    for bad in (18, 7):
        stream[bad * 400_012 + 100] ^= 1
        for threads in (1, 2, 5):
            frames = scan(stream, "xxh3_64", threads=threads)
            assert (len(frames), frames.last_good_offset) == (bad, bad * 400_012)
            assert same(frames.error, read(bytes(stream), BUILT_IN["xxh3_64"])[2])


# Frames


def test_frames_are_a_sequence() -> None:
    payloads = [b"zero", b"", b"two", b"three", b"four"]
    frames = scan(frame_many(payloads, "crc16"), "crc16")
    assert len(frames) == 5
    assert bytes(frames[3]) == bytes(frames[-2]) == b"three"
    assert [bytes(payload) for payload in reversed(frames)] == payloads[::-1]
    for part in (slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(9, 20)):
        assert [bytes(payload) for payload in frames[part]] == payloads[part]
    with pytest.raises(IndexError):
        frames[5]


def test_columns_are_views_without_a_copy() -> None:
    frames = scan(frame_many([b"abc", b"defgh"], "crc32"), "crc32")
    assert (frames.offsets.tolist(), frames.lengths.tolist()) == ([8, 19], [3, 5])
    assert (frames.offsets.dtype, frames.lengths.dtype) == (np.int64, np.uint32)
    for column, again in ((frames.offsets, frames.offsets), (frames.lengths, frames.lengths)):
        assert np.shares_memory(column, again)
        assert not column.flags.writeable


def test_equal_payloads_are_one_array_on_the_source() -> None:
    events = np.array([(1, 2, 3.5), (4, 5, 6.5), (7, 8, 9.5)], EVENT)
    stream = frame_array(events, "xxh3_64")
    frames = scan(stream, "xxh3_64")
    assert frames.array(EVENT).tolist() == events.tolist()
    assert np.shares_memory(frames.array(EVENT), np.frombuffer(stream, np.uint8))
    assert frames[::2].array(EVENT).tolist() == events[::2].tolist()
    assert frames[::-1].array(EVENT).tolist() == events[::-1].tolist()
    assert frames[1:2].array(EVENT).tolist() == events[1:2].tolist()
    assert frames[:0].array(EVENT).shape == (0,)


def test_payloads_that_are_no_array_are_refused() -> None:
    frames = scan(frame_many([b"1234", b"12345678", b"1234", b"1234"]))
    with pytest.raises(ValueError, match="payload 1 has 8 bytes, and the dtype 4"):
        frames.array("<u4")


def test_frames_that_do_not_lie_at_equal_distances_are_no_array() -> None:
    frames = scan(frame_many([b"1234", b"1234", b"12345678", b"1234"]))
    places = memoryview(array("q", [4, 12, 32])), memoryview(array("I", [4, 4, 4]))
    with pytest.raises(ValueError, match="equal distances"):
        flatstream.Frames(frames.source, places, 4, 0, None).array("<u4")


def test_an_arrow_array_borrows_the_payloads() -> None:
    payloads = [b"", b"twelve bytes", b"thirteen byte", b"x" * 1000]
    stream = bytes(frame_many(payloads, "crc16"))
    frames = scan(stream, "crc16")
    for some, expected in ((frames, payloads), (frames[::-1], payloads[::-1]), (frames[:0], [])):
        arrow = some.to_arrow()
        assert arrow.type == pa.binary_view()
        arrow.validate(full=True)
        assert arrow.to_pylist() == expected
    _, _, source = frames.to_arrow().buffers()
    assert source.address == np.frombuffer(stream, np.uint8).ctypes.data


def test_a_source_over_a_gibibyte_is_several_arrow_buffers() -> None:
    source = memoryview(mmap.mmap(-1, 2**31 + 2**30))  # whose pages are almost all never touched
    places = [(5, 13), (2**30 - 1, 20), (2**31 + 7, 14), (2**30 + 100, 3)]
    offsets, lengths = array("q", [place for place, _ in places]), array("I", [size for _, size in places])
    for start, length in places:
        source[start : start + length] = bytes(range(length))
    frames = flatstream.Frames(source, (memoryview(offsets), memoryview(lengths)), 4, 0, None)
    assert frames.to_arrow().to_pylist() == [bytes(range(length)) for _, length in places]
    lengths[1] = 2**31 - 1
    assert len(frames[1:2].to_arrow()) == 1
    lengths[1] = 2**31
    with pytest.raises(ValueError, match="payload 1 has 2147483648 bytes, over the 2147483647 that Arrow can say"):
        frames.to_arrow()


def test_what_an_extra_is_needed_for_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str) -> object:
        raise ModuleNotFoundError(f"no {name}", name=name)

    frames = scan(b"")
    monkeypatch.setattr("flatstream.batch.import_module", no_module)
    with pytest.raises(flatstream.MissingExtra, match=r"this needs NumPy: pip install 'flatstream\[numpy\]'"):
        _ = frames.offsets
    with pytest.raises(flatstream.MissingExtra, match=r"this needs PyArrow: pip install 'flatstream\[arrow\]'"):
        frames.to_arrow()


# Who holds the source


def test_a_source_cannot_be_resized_or_closed_under_its_frames() -> None:
    source = frame_many([b"abc", b"def"])
    frames = scan(source)
    with pytest.raises(BufferError):
        source.append(0)
    payload = frames[1]
    del frames
    with pytest.raises(BufferError):
        source.clear()
    del payload
    source.clear()

    with mmap.mmap(-1, 14) as mapping:
        mapping[:] = bytes(frame_many([b"abc", b"def"]))
        views = iter(scan(mapping))
        assert bytes(next(views)) == b"abc"
        with pytest.raises(BufferError):
            mapping.close()
        del views


def test_a_failed_scan_keeps_nothing_of_its_source_when_it_is_gone() -> None:
    class Holder(bytearray):
        pass

    source = Holder(frame_many([b"abc"], "crc32")[:-1])
    gone = weakref.ref(source)
    error = scan(source, "crc32").error
    assert isinstance(error, UnexpectedEof)
    del source
    gc.collect()
    assert gone() is None


# Framing many


@given(ALGORITHMS, PAYLOADS)
def test_many_payloads_are_framed_as_one_at_a_time(algorithm: Checksum, payloads: list[bytes]) -> None:
    sink = bytearray()
    writer = StreamWriter(sink, ChecksumFramer(algorithm))
    for payload in payloads:
        writer.write_payload(payload)
    assert frame_many(payloads, algorithm) == sink
    assert frame_many(tuple(payloads), algorithm) == sink
    assert frame_many((bytearray(payload) for payload in payloads), algorithm) == sink


def test_payloads_of_any_kind_of_buffer_may_be_mixed(algorithm: Checksum) -> None:
    kinds: list[Any] = [b"abc", bytearray(b"abc"), memoryview(b"abc"), np.frombuffer(b"abc", "u1")]
    assert frame_many(kinds, algorithm) == frame_many([b"abc"] * 4, algorithm)


def test_large_payloads_are_framed_whole(algorithm: Checksum) -> None:
    payloads: list[Any] = [b"a" * 100_000, b"", memoryview(b"b" * 9_000_000), b"c" * 70_000]
    framed = frame_many(payloads, algorithm)
    assert [bytes(payload) for payload in scan(framed, algorithm)] == [bytes(payload) for payload in payloads]


@pytest.mark.parametrize(
    ("payload", "error"), [("text", TypeError), (None, TypeError), (memoryview(b"abcd")[::2], BufferError)]
)
def test_what_is_no_payload_is_refused(payload: Any, error: type[Exception]) -> None:
    for payloads in ([payload], [b"abc", payload]):
        with pytest.raises(error):
            frame_many(payloads)


def test_a_payload_over_the_length_field_is_refused() -> None:
    with pytest.raises(InvalidFrame) as caught:
        frame_many([b"abc", mmap.mmap(-1, 2**32)])  # whose pages nobody touches
    assert (caught.value.declared_len, caught.value.limit) == (2**32, 2**32 - 1)


def test_some_frames_stop_at_enough_bytes() -> None:
    payloads: list[Any] = [b"abc", bytearray(b"def"), b"", b"ghi"]
    assert frame_some(payloads, 0, 8, NONE) == (frame_many(payloads[:2]), 2)
    assert frame_some(payloads, 2, 5, NONE) == (frame_many(payloads[2:]), 4)
    assert frame_some(payloads, 1, 0, NONE) == (b"", 1)


def test_rows_of_an_array_are_payloads(algorithm: Checksum) -> None:
    events = np.array([(1, 2, 3.5), (4, 5, 6.5)], EVENT)
    numbers = np.arange(12, dtype="<u2").reshape(3, 4)
    for rows in (events, numbers, numbers.T, numbers[:, ::2], numbers[::2], np.array([5, 6], "<f4"), events[:0]):
        assert frame_array(rows, algorithm) == frame_many([row.tobytes() for row in rows], algorithm)
    assert frame_array(np.empty((3, 0), "u1"), algorithm) == frame_many([b""] * 3, algorithm)


def test_rows_of_an_own_algorithm() -> None:
    rows = np.arange(6, dtype="u1").reshape(2, 3)
    assert frame_array(rows, CUSTOM) == frame_many([b"\0\1\2", b"\3\4\5"], CUSTOM)


@pytest.mark.parametrize("rows", [np.zeros((2, 2, 2)), np.array(["text", None], object)])
def test_arrays_that_have_no_rows_of_bytes_are_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match="one or two dimensions and no Python objects"):
        frame_array(rows)


def test_rows_over_the_length_field_are_refused() -> None:
    with pytest.raises(InvalidFrame):
        frame_array(np.frombuffer(mmap.mmap(-1, 2**32), "u1").reshape(1, 2**32))


# Writing many


@given(ALGORITHMS, PAYLOADS)
def test_writing_many_is_writing_one_at_a_time(algorithm: Checksum, payloads: list[bytes]) -> None:
    expected = frame_many(payloads, algorithm)
    for sink in (bytearray(), io.BytesIO()):
        writer = StreamWriter(sink, ChecksumFramer(algorithm), offset=100)
        assert writer.write_many(payloads) == len(payloads)
        assert writer.write_many(iter(payloads)) == len(payloads)
        assert (sink if isinstance(sink, bytearray) else sink.getvalue()) == expected * 2
        assert writer.offset == 100 + 2 * len(expected)


def test_many_payloads_are_more_than_one_write_by_the_megabyte() -> None:
    class Sink:
        def __init__(self) -> None:
            self.sizes: list[int] = []

        def write(self, data: Any) -> int:
            self.sizes.append(len(data))
            return len(data)

    sink = Sink()
    assert StreamWriter(sink).write_many([b"x" * 300_000] * 10) == 10
    assert sink.sizes == [4 * 300_004, 4 * 300_004, 2 * 300_004]
    assert StreamWriter(sink).write_many(b"" for _ in range(1000)) == 1000


def test_adapters_see_each_of_many_payloads() -> None:
    sink, seen = bytearray(), []
    writer = StreamWriter(sink, ChecksumFramer("crc32").observed(lambda payload: seen.append(bytes(payload))))
    assert writer.write_many([b"one", b"two"]) == 2
    assert seen == [b"one", b"two"]
    assert sink == frame_many([b"one", b"two"], CRC32)


@pytest.mark.parametrize("bad", ["text", memoryview(b"abcd")[::2]])
def test_of_many_payloads_all_before_a_bad_one_are_written(bad: Any) -> None:
    sink = bytearray()
    writer = StreamWriter(sink)
    with pytest.raises((TypeError, BufferError)):
        writer.write_many([b"one", bad, b"three"])
    assert sink == frame_many([b"one"])
    writer.write_payload(b"two")
    assert sink == frame_many([b"one", b"two"])


def test_whatever_a_payload_raises_all_before_it_are_written() -> None:
    closed = mmap.mmap(-1, 10)
    closed.close()
    sink = bytearray()
    with pytest.raises(ValueError, match="closed"):
        StreamWriter(sink).write_many([b"one", closed])
    assert sink == frame_many([b"one"])


def test_a_payload_too_long_among_many_names_its_offset() -> None:
    sink = bytearray()
    with pytest.raises(InvalidFrame) as caught:
        StreamWriter(sink, offset=50).write_many([b"one", mmap.mmap(-1, 2**32), b"three"])
    assert caught.value.offset == 57
    assert sink == frame_many([b"one"])


def test_what_the_payloads_raise_comes_out_behind_what_came_before_it() -> None:
    def payloads() -> Any:
        yield b"one"
        raise KeyError("no second")

    sink = bytearray()
    with pytest.raises(KeyError, match="no second"):
        StreamWriter(sink).write_many(payloads())
    assert sink == frame_many([b"one"])


def test_a_sink_that_fails_among_many_leaves_the_writer_failed() -> None:
    class Failing:
        def write(self, data: Any) -> int:
            raise OSError("disk full")

    writer = StreamWriter(Failing(), offset=7)
    for _ in range(2):
        with pytest.raises(flatstream.StreamIOError, match="disk full") as caught:
            writer.write_many([b"one", b"two"])
        assert (caught.value.offset, writer.offset) == (7, 7)


def test_an_interruption_while_many_are_written_leaves_the_writer_failed() -> None:
    class Interrupted:
        def write(self, data: Any) -> int:
            raise KeyboardInterrupt

    writer = StreamWriter(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        writer.write_many([b"one", b"two"])
    with pytest.raises(flatstream.StreamIOError):
        writer.write_payload(b"three")


def test_a_writer_of_ones_own_method_keeps_it() -> None:
    class Doubling(StreamWriter):
        def write_payload(self, payload: Any) -> None:
            super().write_payload(bytes(payload) * 2)

    sink = bytearray()
    Doubling(sink).write_payload(b"ab")
    assert sink == frame_many([b"abab"])


def test_a_closed_writer_writes_none_of_many() -> None:
    sink = bytearray()
    writer = StreamWriter(sink)
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write_many([b"one"])
    assert sink == b""


def test_what_a_sink_took_only_a_part_of_is_finished_by_the_rules() -> None:
    sink = bytearray(b"\x03\x00\x00")
    writer = StreamWriter(sink)
    writer._sink._unsure(b"\x03\x00\x00\x00abc", 3)
    assert (sink, writer.offset) == (b"\x03\x00\x00\x00abc", 7)


@pytest.mark.parametrize("tail", [b"", b"\x05", b"\xff\xff\xff\xff", bytes(12)])
def test_a_scan_lets_go_of_its_source_at_once_and_not_when_garbage_is_collected(tail: bytes) -> None:
    source = frame_many([b"abc"], "xxh3_64") + tail
    gc.disable()
    try:
        frames = scan(source, "xxh3_64", 100)
        assert len(frames) == 1
        del frames
        source.append(0)  # which nobody may who is looked at
    finally:
        gc.enable()
