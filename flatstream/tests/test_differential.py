"""Both engines over the same random streams: the same payloads, offsets, ends and errors, to the last fact.

Seeded and without hypothesis, so that `tox run -e long` gets through hundreds of thousands of streams.
"""

from __future__ import annotations

import io
import os
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream import ChecksumDeframer, ChecksumFramer, FlatStreamError, StreamReader, StreamWriter
from flatstream.tests import model

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
STREAMS = 150_000 if LONG else 3_000
CALLS = 1_000_000 if LONG else 20_000
OTHER: Any = flatstream.engine.native or model
ALGORITHMS = ["none", "crc16", "crc32", "xxh3_64"]


def payloads(chance: random.Random) -> list[bytes]:
    if chance.random() < 0.3:  # a run of one size, for which the engine has a shorter way
        return [chance.randbytes(chance.choice([0, 1, 32]))] * chance.randrange(40)
    return [chance.randbytes(chance.choice([0, 1, 4, 32, chance.randrange(300)])) for _ in range(chance.randrange(8))]


def damaged(stream: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice([0, 0, 1, 2])):
        if stream:
            stream[chance.randrange(len(stream))] = chance.choice([0, 1, 255, chance.randrange(256)])
    return bytes(stream[: chance.randrange(len(stream) + 1)] if chance.random() < 0.4 else stream)


def read(stream: bytes, deframer: flatstream.Deframer, way: int) -> list[object]:
    """All that a reader says, with five tries after errors, in one way or another."""
    source = [stream, memoryview(stream), io.BytesIO(stream)][way % 3]
    copy, ahead = way < 3, 50 if way % 3 == 2 else 0
    reader: StreamReader[Any] = StreamReader(source, deframer, copy=copy, readahead=ahead)  # type: ignore[call-overload]
    said: list[object] = []
    for _ in range(5):
        try:
            for payload in reader:
                said += [bytes(payload), reader.offset]
        except FlatStreamError as error:
            said += [type(error), str(error), reader.offset]
        else:
            said.append("clean")
    return said


def scanned(stream: bytes, algorithm: str, limit: int, threads: int) -> tuple[object, ...]:
    frames = flatstream.scan(stream, algorithm, limit, threads)
    error = frames.error
    return [bytes(payload) for payload in frames], frames.last_good_offset, type(error), str(error)


def written(items: list[bytes], algorithm: str) -> tuple[object, ...]:
    one, many = bytearray(), io.BytesIO()
    writers = StreamWriter(one, ChecksumFramer(algorithm)), StreamWriter(many, ChecksumFramer(algorithm))
    for item in items:
        writers[0].write_payload(item)
    writers[1].write_many(items)
    return bytes(one), many.getvalue(), flatstream.frame_many(items, algorithm), writers[0].offset, writers[1].offset


def test_both_engines_say_the_same(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    seed = 1 if engine == "python" else 2  # this test itself switches, and runs once for each engine
    chance = random.Random(seed)

    def on_both(call: Any, *arguments: Any) -> object:
        results = []
        for native in (None, OTHER):
            monkeypatch.setattr(flatstream.engine, "native", native)
            results.append(call(*arguments))
        assert results[0] == results[1], (seed, call, arguments)
        return results[0]

    for _ in range(STREAMS // 2):
        algorithm, items = chance.choice(ALGORITHMS), payloads(chance)
        stream = damaged(bytearray(on_both(written, items, algorithm)[0]), chance)  # type: ignore[index]
        read_as = chance.choice([algorithm, algorithm, chance.choice(ALGORITHMS)])
        limit = chance.choice([2**31, 2**32 - 1, 32, 0])
        on_both(read, stream, ChecksumDeframer(read_as, limit), chance.randrange(6))
        on_both(scanned, stream, read_as, limit, chance.choice([1, 2]))


def calls() -> Iterator[Any]:
    """Every function of the engine, and every class, in ways that end well and in ways that do not."""
    stream = bytes(model.frame_some([b"abc", b"", b"defgh"], 0, 2**62, "xxh3_64", bytes)[0])
    torn = stream[:-1]
    array = bytearray()

    def write() -> None:
        array.clear()
        writer = OTHER.FrameWriter(OTHER.Gate(), array, "crc32", 16, len, print)
        writer.write_payload(b"abc")
        writer.write_payload(b"longer than sixteen bytes")

    def refuse() -> None:
        with pytest.raises(TypeError):
            OTHER.frame_some([12], 0, 9, "none", memoryview)

    yield lambda: OTHER.scan(torn, "xxh3_64", 2**31, 2)
    yield lambda: [list(run) for run in OTHER.WholeFrames(memoryview(torn), 0, "xxh3_64", 2**31, False, None)]
    yield lambda: [list(run) for run in OTHER.WholeFrames(torn, 0, "xxh3_64", 2**31, False, None)]
    yield lambda: OTHER.frame_some([b"abc", bytearray(b"defg")], 0, 99, "crc16", memoryview)
    yield lambda: OTHER.frame_rows(stream, len(stream), 1, "crc32")
    yield lambda: list(flatstream.scan(stream, "xxh3_64"))
    yield write
    yield refuse


def peak_memory() -> int:
    """The largest resident set so far, in KiB; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415  (which Windows has not)

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def test_memory_does_not_grow_with_the_number_of_calls() -> None:
    everything = list(calls())
    peaks = []
    for share in (CALLS // 10, CALLS):
        for _ in range(share // len(everything)):
            for call in everything:
                call()
        peaks.append(peak_memory())
    # A leak of 16 bytes a call would be 16 MiB in a million.
    assert peaks[1] - peaks[0] < 2048
