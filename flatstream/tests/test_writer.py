"""Writing: W8 and S1 to S6."""

from __future__ import annotations

import gc
import io
import mmap
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

import flatbuffers
import pytest

import flatstream
from flatstream import (
    ChecksumFramer,
    DefaultFramer,
    FlatBuffersError,
    InvalidFrame,
    SizeValidator,
    StreamIOError,
    StreamWriter,
    ValidationFailed,
)
from flatstream.checksum import CRC32, NONE, Checksum
from flatstream.sink import JOINED

if TYPE_CHECKING:
    from pathlib import Path


class Sink:
    """Takes ``chunk`` bytes at a time, and raises ``error``, while it is set, once it has taken ``fault_after``."""

    def __init__(self, chunk: int = 2**40, fault_after: int = 2**40, error: BaseException | None = None) -> None:
        self.taken = bytearray()
        self._chunk = chunk
        self._fault_after = fault_after
        self.error = error

    def write(self, data: Any) -> int:
        view = memoryview(data)
        if self.error is not None and len(self.taken) >= self._fault_after:
            raise self.error
        size = min(len(view), self._chunk)
        if self.error is not None:
            size = min(size, self._fault_after - len(self.taken))
        self.taken += view[:size]
        return size


class Answering:
    """Answers each write with the same count."""

    def __init__(self, answer: int | None) -> None:
        self.answer = answer
        self.taken = bytearray()

    def write(self, data: Any) -> int | None:
        self.taken += data
        return self.answer


PAYLOADS = (b"", b"a", b"abc" * 9, b"z" * (JOINED + 1), b"y" * JOINED, b"end")


@pytest.mark.parametrize("chunk", [1, 3, 7, 4096, 2**40])
def test_frames_arrive_whole_whatever_the_sink_takes_at_a_time(chunk: int, algorithm: Checksum, framed: Any) -> None:
    sink = Sink(chunk)
    writer = StreamWriter(sink, ChecksumFramer(algorithm))
    for payload in PAYLOADS:
        writer.write_payload(payload)
        assert writer.offset == len(sink.taken)
    assert sink.taken == framed(algorithm, *PAYLOADS)


def test_the_default_framer_has_no_checksum() -> None:
    array = bytearray()
    StreamWriter(array).write_payload(b"abc")
    StreamWriter(array, DefaultFramer()).write_payload(b"abc")
    assert array == b"\x03\0\0\0abc" * 2


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_like_is_a_payload(kind: Any) -> None:
    array = bytearray()
    StreamWriter(array, ChecksumFramer("crc32")).write_payload(kind(b"abc"))
    assert array.hex() == "03000000c2412435616263"


def test_a_payload_of_wider_items_is_written_as_its_bytes() -> None:
    array = bytearray()
    StreamWriter(array).write_payload(memoryview(b"abcdefgh").cast("I", (2, 1)))
    assert array == b"\x08\0\0\0abcdefgh"


@pytest.mark.parametrize(
    ("framer", "error"),
    [
        (DefaultFramer().bounded(3), InvalidFrame(4, 3)),
        (ChecksumFramer("crc32").bounded(3).bounded(9), InvalidFrame(4, 3)),
        (DefaultFramer().with_validator(SizeValidator(0, 3)), ValidationFailed("SizeValidator", "4 bytes, not 0 to 3")),
    ],
)
def test_a_refused_payload_writes_nothing_and_the_writer_stays_usable(framer: Any, error: Any) -> None:
    array = bytearray()
    writer = StreamWriter(array, framer, offset=100)
    writer.write_payload(b"abc")
    before = bytes(array)
    with pytest.raises(type(error)) as caught:
        writer.write_payload(b"abcd")
    assert caught.value.args == error.args
    assert caught.value.offset == 100 + len(before)
    assert array == before
    writer.write_payload(b"abc")
    assert array == before * 2


@pytest.mark.parametrize("framer", [DefaultFramer(), ChecksumFramer("crc32")])
def test_a_payload_of_2_to_the_32_bytes_is_refused(framer: flatstream.Framer) -> None:
    array = bytearray()
    with pytest.raises(InvalidFrame) as caught:  # of an anonymous mapping, which costs no memory until it is touched
        StreamWriter(array, framer).write_payload(mmap.mmap(-1, 2**32))
    assert (caught.value.declared_len, caught.value.limit) == (2**32, 2**32 - 1)
    assert array == b""


def test_the_outermost_adapter_sees_a_payload_first_also_when_it_is_refused() -> None:
    seen: list[tuple[str, bytes]] = []
    framer = (
        DefaultFramer()
        .observed(lambda payload: seen.append(("inner", bytes(payload))))
        .bounded(3)
        .observed(lambda payload: seen.append(("outer", bytes(payload))))
    )
    writer = StreamWriter(bytearray(), framer)
    with pytest.raises(InvalidFrame):
        writer.write_payload(b"long")
    writer.write_payload(b"abc")
    assert seen == [("outer", b"long"), ("outer", b"abc"), ("inner", b"abc")]


def test_an_observer_sees_the_payload_also_when_the_sink_then_fails() -> None:
    seen: list[bytes] = []
    writer = StreamWriter(
        Sink(fault_after=0, error=OSError()), DefaultFramer().observed(lambda p: seen.append(bytes(p)))
    )
    with pytest.raises(StreamIOError):
        writer.write_payload(b"abc")
    assert seen == [b"abc"]


def test_an_observer_error_comes_out_unchanged_and_writes_nothing() -> None:
    def observer(_payload: Any) -> None:
        raise LookupError("mine")

    array = bytearray()
    with pytest.raises(LookupError, match="mine"):
        StreamWriter(array, DefaultFramer().observed(observer)).write_payload(b"abc")
    assert array == b""


@pytest.mark.parametrize("size", [3, JOINED + 1])
def test_a_failing_sink_leaves_the_writer_failed(size: int, framed: Any) -> None:
    stream = framed(CRC32, b"first", b"s" * size)
    for fault_after in (*range(20), len(stream) - 1):
        sink = Sink(chunk=5, fault_after=fault_after, error=(cause := OSError("disk full")))
        writer = StreamWriter(sink, ChecksumFramer("crc32"))
        with pytest.raises(StreamIOError, match="writing failed: OSError: disk full") as caught:
            for payload in (b"first", b"s" * size, b"third", b"fourth" * size):
                writer.write_payload(payload)
        assert caught.value.__cause__ is cause
        assert caught.value.offset == writer.offset == (0 if fault_after < 13 else 13)
        sink.error = None
        for write in (
            lambda w=writer: w.write_payload(b""),
            lambda w=writer: w.write("text"),
            writer.flush,
            writer.sync,
        ):
            with pytest.raises(StreamIOError) as again:
                write()
            assert again.value is caught.value
        assert sink.taken == stream[:fault_after]
        writer.close()


def test_an_interruption_by_the_user_goes_through_and_leaves_the_writer_failed() -> None:
    writer = StreamWriter(Sink(fault_after=2, error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        writer.write_payload(b"abc")
    with pytest.raises(StreamIOError, match="writing failed: KeyboardInterrupt"):
        writer.write_payload(b"abc")


@pytest.mark.parametrize("answer", [0, -1, 8])
def test_a_sink_that_counts_wrong_fails_the_writer(answer: int) -> None:
    writer = StreamWriter(Answering(answer))
    with pytest.raises(StreamIOError, match=f"the sink says that it took {answer} of 7 bytes"):
        writer.write_payload(b"abc")


def test_a_file_like_that_does_not_count_takes_everything() -> None:
    for payload in (b"abc", b"x" * (JOINED + 1)):
        sink = Answering(None)
        StreamWriter(sink).write_payload(payload)
        assert sink.taken == len(payload).to_bytes(4, "little") + payload


def test_a_raw_sink_that_would_block_fails_the_writer() -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, _data: Any, /) -> None:
            return None

    with pytest.raises(StreamIOError, match="takes no bytes now"):
        StreamWriter(Full()).write_payload(b"abc")


# Simple and expert mode.


class Event:
    def __init__(self, text: str, error: Exception | None = None) -> None:
        self._text = text
        self._error = error

    def serialize(self, builder: flatbuffers.Builder) -> None:
        root = builder.CreateString(self._text)
        if self._error is not None:
            builder.StartVector(4, 3, 4)
            raise self._error
        builder.Finish(root)


def finished(text: str) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(builder.CreateString(text))
    return bytes(builder.Output())


def test_simple_mode_writes_messages_and_plain_text(framed: Any) -> None:
    array = bytearray()
    writer = StreamWriter(array)
    writer.write(Event("one"))
    writer.write("two")
    writer.write(Event("a much longer one" * 100))
    assert array == framed(NONE, finished("one"), finished("two"), finished("a much longer one" * 100))


def test_expert_mode_writes_what_a_builder_has_finished(framed: Any) -> None:
    array = bytearray()
    builder = flatbuffers.Builder(8)
    writer = StreamWriter(array)
    for text in ("one", "two" * 50):
        builder.Clear()
        Event(text).serialize(builder)
        writer.write_finished(builder)
    assert array == framed(NONE, finished("one"), finished("two" * 50))


def test_a_serializer_that_raises_has_written_nothing_and_the_builder_stays_usable(framed: Any) -> None:
    array = bytearray()
    writer = StreamWriter(array)
    with pytest.raises(LookupError, match="mine"):
        writer.write(Event("half", LookupError("mine")))
    assert array == b""
    writer.write(Event("whole"))
    assert array == framed(NONE, finished("whole"))


def test_an_unfinished_builder_is_refused() -> None:
    class Unfinished:
        def serialize(self, builder: flatbuffers.Builder) -> None:
            builder.CreateString("and no Finish")

    array = bytearray()
    writer = StreamWriter(array)
    with pytest.raises(FlatBuffersError, match=r"Finish\(\) was not called"):
        writer.write(Unfinished())
    with pytest.raises(FlatBuffersError, match=r"Finish\(\) was not called"):
        writer.write_finished(flatbuffers.Builder(0))
    assert array == b""


def test_what_is_no_builder_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a flatbuffers.Builder is needed, not bytes"):
        StreamWriter(bytearray()).write_finished(b"abc")


def test_what_cannot_be_serialized_is_refused() -> None:
    with pytest.raises(TypeError, match=r"bytes cannot be serialized: .* write_payload"):
        StreamWriter(bytearray()).write(b"abc")  # type: ignore[arg-type]  # that is the point


# Flushing, syncing, closing.


class Counting(io.BytesIO):
    def __init__(self, fails: str = "") -> None:
        super().__init__()
        self.calls: list[str] = []
        self._fails = fails

    def flush(self) -> None:
        self.calls.append("flush")
        if self._fails == "flush":
            raise OSError("no")

    def sync(self) -> None:
        self.calls.append("sync")
        if self._fails == "sync":
            raise OSError("no")


def test_flush_is_not_sync() -> None:
    sink = Counting()
    writer = StreamWriter(sink)
    writer.write_payload(b"abc")
    assert sink.calls == []
    writer.flush()
    assert sink.calls == ["flush"]
    writer.sync()
    assert sink.calls == ["flush", "flush", "sync"]


@pytest.mark.parametrize("fails", ["flush", "sync"])
def test_a_failed_flush_or_sync_leaves_the_writer_failed(fails: str) -> None:
    writer = StreamWriter(Counting(fails))
    with pytest.raises(StreamIOError, match=f"{fails}ing failed: OSError: no"):
        writer.sync()
    with pytest.raises(StreamIOError):
        writer.write_payload(b"")


def test_sync_reaches_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with (tmp_path / "journal").open("wb") as sink:
        writer = StreamWriter(sink)
        writer.write_payload(b"abc")
        writer.sync()
        assert synced == [sink.fileno()]
        assert (tmp_path / "journal").read_bytes() == b"\x03\0\0\0abc"


@pytest.mark.parametrize("sink", [io.BytesIO(), bytearray()])
def test_what_cannot_be_made_durable_says_so_and_the_writer_stays_usable(sink: Any) -> None:
    writer = StreamWriter(sink)
    with pytest.raises(io.UnsupportedOperation):
        writer.sync()
    writer.write_payload(b"")


def test_a_sink_that_says_that_it_cannot_sync_is_not_a_failed_one() -> None:
    class Unsyncable(io.BytesIO):
        def sync(self) -> None:
            raise io.UnsupportedOperation("sync")

    writer = StreamWriter(Unsyncable())
    with pytest.raises(io.UnsupportedOperation):
        writer.sync()
    writer.write_payload(b"")


def test_an_interrupted_flush_leaves_the_writer_failed() -> None:
    class Interrupted(io.BytesIO):
        def flush(self) -> None:
            raise KeyboardInterrupt

    writer = StreamWriter(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    with pytest.raises(StreamIOError, match="flushing failed: KeyboardInterrupt"):
        writer.write_payload(b"")


def test_closing_flushes_and_leaves_the_sink_open() -> None:
    sink = Counting()
    with StreamWriter(sink) as writer:
        writer.write_payload(b"abc")
    writer.close()
    assert sink.calls == ["flush"]
    assert writer.closed
    assert not sink.closed
    with pytest.raises(ValueError, match="this writer is closed"):
        writer.write_payload(b"")
    with pytest.raises(ValueError, match="this writer is closed"):
        writer.write("text")
    with pytest.raises(ValueError, match="this writer is closed"):
        writer.flush()


def test_a_mapping_is_a_sink_up_to_its_end() -> None:
    with mmap.mmap(-1, 16) as mapping:
        writer = StreamWriter(mapping)
        writer.write_payload(b"abc")
        with pytest.raises(StreamIOError):
            writer.write_payload(b"x" * 16)
        assert mapping[:7] == b"\x03\0\0\0abc"


# Wrong use.


def test_a_payload_in_pieces_is_refused() -> None:
    array = bytearray()
    with pytest.raises(BufferError, match="C-contiguous"):
        StreamWriter(array).write_payload(memoryview(b"abcdef")[::2])
    assert array == b""


@pytest.mark.parametrize("payload", ["text", 5, None, [1, 2]])
def test_what_has_no_bytes_is_refused(payload: Any) -> None:
    array = bytearray()
    with pytest.raises(TypeError):
        StreamWriter(array).write_payload(payload)
    assert array == b""


def test_wrong_sinks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w", encoding="utf-8") as text, pytest.raises(TypeError, match="open it with mode 'wb'"):
        StreamWriter(text)  # type: ignore[arg-type]  # that is the point
    with path.open("rb") as reading, pytest.raises(io.UnsupportedOperation, match="not open for writing"):
        StreamWriter(reading)
    with pytest.raises(ValueError, match="the sink is closed"):
        StreamWriter(reading)
    with pytest.raises(TypeError, match="a sink has write"):
        StreamWriter(b"bytes")  # type: ignore[arg-type]  # that is the point


def test_a_bare_socket_is_refused_with_the_way_out() -> None:
    class Socket:
        def send(self, data: bytes) -> int:
            return len(data)

    with pytest.raises(TypeError, match=r"socket\.makefile\('wb'\)"):
        StreamWriter(Socket())  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("bound", [-1, 2**32])
def test_a_bound_outside_its_range_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match=f"max_payload_len must be from 0 to 4294967295, not {bound}"):
        DefaultFramer().bounded(bound)


def test_a_framer_of_your_own_needs_only_header() -> None:
    class Marked(flatstream.Framer):
        def header(self, payload: bytes | memoryview) -> bytes:
            return b"!" + bytes([len(payload)])

    array = bytearray()
    StreamWriter(array, Marked().bounded(5)).write_payload(b"abc")
    assert array == b"!\x03abc"


@pytest.mark.parametrize("kind", [bytearray, io.BytesIO, Sink])
@pytest.mark.parametrize("size", [3, JOINED + 1])
def test_a_writer_that_nobody_closed_lets_go_of_its_sink_at_once_and_not_when_garbage_is_collected(
    kind: Any, size: int
) -> None:
    sink = kind()
    held = sys.getrefcount(sink)
    gc.disable()
    try:
        writer = StreamWriter(sink)
        writer.write_payload(bytes(size))
        gone = weakref.ref(writer)
        del writer
        assert (gone(), sys.getrefcount(sink)) == (None, held)
    finally:
        gc.enable()
