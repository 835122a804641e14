"""The native engine against its model, function by function, and what it does with what nobody should give it."""

from __future__ import annotations

import gc
import io
import struct
import sys
import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream.engine import BUILT_IN
from flatstream.tests import model
from flatstream.wire import flat_view

NATIVE: Any = flatstream.engine.native or model
"""Where the native engine is not built, the model is held against itself, so that at least its shape is tested."""

CHECKSUMS = st.sampled_from(sorted(BUILT_IN))
LIMITS = st.sampled_from([0, 3, 40, 2**31, 2**32 - 1])
PAYLOADS = st.lists(st.binary(max_size=50) | st.just(bytes(36)), max_size=300)


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, bytes]:
    """A stream of that checksum, perhaps cut or with a byte changed, so that all kinds of end are common."""
    checksum = draw(CHECKSUMS)
    stream = bytearray(model.frame_some(draw(PAYLOADS), 0, 2**62, checksum, bytes)[0])
    if stream and draw(st.booleans()):
        stream[draw(st.integers(0, len(stream) - 1))] ^= draw(st.integers(1, 255))
    if draw(st.booleans()):
        del stream[draw(st.integers(0, len(stream))) :]
    return checksum, bytes(stream)


def outcome(call: Any, *arguments: Any) -> Any:
    """What a call returns, or the type of what it raises."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001
        return type(error)


@given(streams(), LIMITS, st.integers(1, 3))
def test_scan(stream: tuple[str, bytes], limit: int, threads: int) -> None:
    checksum, data = stream
    offsets, lengths, end, why = NATIVE.scan(data, checksum, limit, threads)
    expected = model.scan(data, checksum, limit, threads)
    assert (bytes(offsets), bytes(lengths), end, why) == expected


@given(streams(), LIMITS, st.booleans(), st.booleans())
def test_whole_frames(stream: tuple[str, bytes], limit: int, borrow: bool, copy: bool) -> None:
    checksum, data = stream
    window = memoryview(data) if borrow else data
    frames = NATIVE.WholeFrames(window, 0, checksum, limit, copy, None)
    expected = model.WholeFrames(window, 0, checksum, limit, copy, None)
    got: list[Any] = []
    for payloads in frames:
        first = len(got)
        ends = [frames.pos_after(given) for given in range(len(payloads) + 1)]
        assert ends[-1] == frames.pos
        assert [end - start for start, end in pairwise(ends)] == [
            4 + flatstream.checksum.by_name(checksum).width + len(payload) for payload in payloads
        ]
        got += payloads
        assert {type(payload) for payload in got[first:]} == {bytes if copy or not borrow else memoryview}
    assert got == [payload for payloads in expected for payload in payloads]
    assert frames.pos == expected.pos
    assert next(frames, None) is None


@given(CHECKSUMS, st.lists(st.binary(max_size=50) | st.builds(bytearray, st.binary(max_size=9))), st.integers(0, 400))
def test_frame_some(checksum: str, payloads: list[Any], enough: int) -> None:
    for start in (0, 1, len(payloads), len(payloads) + 5):
        arguments = payloads, start, enough, checksum, memoryview
        assert NATIVE.frame_some(*arguments) == model.frame_some(*arguments)


@given(CHECKSUMS, st.integers(0, 40), st.integers(0, 40), st.integers(-1, 1))
def test_frame_rows(checksum: str, count: int, row_len: int, more: int) -> None:
    rows = bytes(range(256)) * 8
    arguments = rows[: max(0, count * row_len + more)], count, row_len, checksum
    assert outcome(NATIVE.frame_rows, *arguments) == outcome(model.frame_rows, *arguments)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 30)), max_size=20), st.sampled_from([1, 50, 2**30]))
def test_views(places: list[tuple[int, int]], buffer_len: int) -> None:
    source = memoryview(bytes(range(120)))
    offsets = struct.pack(f"{len(places)}q", *(start for start, _ in places))
    lengths = struct.pack(f"{len(places)}I", *(length for _, length in places))
    assert list(NATIVE.Slices(source, offsets, lengths)) == list(model.Slices(source, offsets, lengths))
    arguments = source, offsets, lengths, buffer_len
    assert NATIVE.arrow_views(*arguments) == model.arrow_views(*arguments)


@given(CHECKSUMS, st.lists(st.binary(max_size=20) | st.just(b"x" * 17) | st.builds(bytearray, st.binary(max_size=5))))
def test_frame_writer(checksum: str, payloads: list[Any]) -> None:
    results = []
    for module in (NATIVE, model):
        for sink in (bytearray(), io.BytesIO()):
            left: list[Any] = []
            gate, sure = module.Gate(), lambda *_: pytest.fail("the sink is sure")
            writer = module.FrameWriter(gate, sink, checksum, 16, left.append, sure)
            for payload in payloads:
                writer.write_payload(payload)
            written = gate.written
            gate.close()
            writer.write_payload(b"closed")
            results.append((bytes(sink) if isinstance(sink, bytearray) else sink.getvalue(), written, left))
    assert results[0][2][-1] == b"closed"
    assert all(result == results[0] for result in results)


class Odd:
    """A sink that takes all but the last byte, or raises."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def write(self, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        return len(data) - 1


@pytest.mark.parametrize("module", [NATIVE, model])
@pytest.mark.parametrize("error", [None, OSError("full"), KeyboardInterrupt()])
def test_a_sink_that_is_not_sure_is_asked_about(module: Any, error: BaseException | None) -> None:
    asked: list[Any] = []
    gate = module.Gate()
    writer = module.FrameWriter(gate, Odd(error), "none", 16, pytest.fail, lambda *answer: asked.append(answer))
    writer.write_payload(b"abc")
    assert asked == [(b"\3\0\0\0abc", 6 if error is None else error)]
    assert gate.written == 0


def test_an_array_that_cannot_grow_is_asked_about() -> None:
    sink, asked = bytearray(), []
    writer = flatstream.StreamWriter(sink)
    with memoryview(sink), pytest.raises(flatstream.StreamIOError, match="BufferError"):
        writer.write_payload(b"abc")
    asked.append(writer.offset)
    assert (asked, sink) == ([0], b"")


@pytest.mark.parametrize(
    "call",
    [
        lambda: NATIVE.scan(b"", "crc64", 1, 1),
        lambda: NATIVE.WholeFrames(b"", 1, "none", 1, False, None),
        lambda: NATIVE.WholeFrames(12, 0, "none", 1, False, None),
        lambda: NATIVE.frame_some([memoryview(b"abcd")[::2]], 0, 9, "none", flat_view),
        lambda: NATIVE.frame_some([12], 0, 9, "none", memoryview),
        lambda: NATIVE.frame_some([b"a", 12], 1, 9, "none", memoryview),
        lambda: NATIVE.frame_rows(b"abc", 2, 2, "none"),
    ],
)
def test_what_makes_no_sense_raises_and_does_not_crash(call: Any) -> None:
    with pytest.raises((ValueError, KeyError, IndexError, TypeError, BufferError)):
        call()


def test_a_list_that_changes_while_it_is_framed_is_framed_as_far_as_it_goes() -> None:
    payloads: list[Any] = [b"one", bytearray(b"two"), b"three", b"four"]

    def shortening(payload: Any) -> memoryview:
        del payloads[2:]
        return memoryview(payload)

    assert NATIVE.frame_some(payloads, 0, 99, "none", shortening)[0] == model.frame(b"one", "none") + model.frame(
        b"two", "none"
    )


@pytest.mark.parametrize("module", [NATIVE, model])
def test_an_interruption_while_payloads_are_looked_at_goes_through(module: Any) -> None:
    def interrupted(_payload: Any) -> memoryview:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        module.frame_some([b"one", bytearray(b"two")], 0, 99, "none", interrupted)


def test_nothing_is_leaked() -> None:
    stream = bytes(model.frame_some([bytes(1000)] * 300, 0, 2**62, "crc32", bytes)[0])
    payloads = [b"abc", bytearray(b"defg")]

    def work() -> None:
        for window in (stream, memoryview(stream)):
            for run in NATIVE.WholeFrames(window, 0, "crc32", 2**31, False, None):
                del run
        offsets, lengths, _, _ = NATIVE.scan(stream, "crc32", 2**31, 1)
        for view in NATIVE.Slices(memoryview(stream), offsets, lengths):
            del view
        NATIVE.frame_some(payloads, 0, 99, "xxh3_64", memoryview)
        NATIVE.frame_rows(bytes(64), 2, 32, "crc16")
        NATIVE.arrow_views(stream, offsets, lengths, 2**30)
        writer = NATIVE.FrameWriter(NATIVE.Gate(), bytearray(), "none", 99, print, print)
        writer.write_payload(b"abc")

    work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        work()
    gc.collect()
    # The smallest leak, of a block a call, would be 50; of one a frame, 15,000.
    assert sys.getallocatedblocks() - before < 25


def test_readers_of_one_source_in_several_threads_do_not_disturb_each_other() -> None:
    stream = bytes(model.frame_some([bytes([n % 251]) * 500 for n in range(2000)], 0, 2**62, "xxh3_64", bytes)[0])
    results: list[int] = []

    def work() -> None:
        found = NATIVE.scan(stream, "xxh3_64", 2**31, 2)
        results.append(found[2])
        results.append(sum(len(run) for run in NATIVE.WholeFrames(stream, 0, "xxh3_64", 2**31, False, None)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [2000] * 8 + [len(stream)] * 8


@pytest.mark.skipif(NATIVE is model, reason="only native code can let others run while it works")
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_other_threads_run_during_a_long_scan_of_what_nobody_can_write_to(kind: Any) -> None:
    stream = kind(model.frame(bytes(64 << 20), "xxh3_64"))
    began, ran = threading.Event(), threading.Event()

    def wait() -> None:
        began.wait()
        ran.set()

    thread = threading.Thread(target=wait)
    interval = sys.getswitchinterval()
    thread.start()
    try:
        sys.setswitchinterval(1000)  # the other thread now runs only where this one lets it
        began.set()
        for _ in range(100 if kind is bytes else 1):  # a busy machine may need more than one
            NATIVE.scan(stream, "xxh3_64", 2**31, 1)
            during = ran.is_set()
            if during:
                break
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert during == (kind is bytes)
