"""The same rules under asyncio."""

from __future__ import annotations

import asyncio
import struct
import tracemalloc
from typing import TYPE_CHECKING, Any

import flatbuffers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    ChecksumMismatch,
    DefaultDeframer,
    FlatStreamError,
    InvalidFrame,
    StreamIOError,
    StreamReader,
    StreamTimeout,
    UnexpectedEof,
)
from flatstream.aio import AsyncStreamReader, AsyncStreamWriter
from flatstream.checksum import CRC32, NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def fed(data: bytes, *, ended: bool = True) -> asyncio.StreamReader:
    source = asyncio.StreamReader()
    source.feed_data(data)
    if ended:
        source.feed_eof()
    return source


async def read(reader: AsyncStreamReader) -> tuple[list[bytes], FlatStreamError | None]:
    payloads: list[bytes] = []
    try:
        await reader.process_all(payloads.append)
    except FlatStreamError as error:
        return payloads, error
    return payloads, None


@given(st.binary(max_size=60), st.sampled_from(["none", "crc16", "crc32", "xxh3_64"]))
def test_any_bytes_give_what_the_synchronous_reader_gives(stream: bytes, name: str) -> None:
    deframer = ChecksumDeframer(name, 1000)

    async def main() -> tuple[list[bytes], FlatStreamError | None]:
        return await read(AsyncStreamReader(fed(stream), deframer))

    payloads, error = asyncio.run(main())
    expected: list[bytes] = []
    try:
        StreamReader(stream, deframer, copy=True).process_all(expected.append)
    except FlatStreamError as other:
        assert (type(error), vars(error)) == (type(other), vars(other))
    else:
        assert error is None
    assert payloads == expected


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), 30))


def test_payloads_come_as_they_arrive_and_no_byte_more_is_taken(framed: Any) -> None:
    async def main() -> None:
        source = fed(b"", ended=False)
        reader = AsyncStreamReader(source, ChecksumDeframer("crc32"))
        stream = framed(CRC32, b"abc", b"", b"x" * 600_000)
        task = asyncio.create_task(reader.read_message())
        for byte in stream[:11]:
            await asyncio.sleep(0)
            assert not task.done()
            source.feed_data(bytes([byte]))
        assert await task == b"abc"
        assert reader.offset == 11
        source.feed_data(stream[11:] + b"next")
        assert await reader.read_message() == b""
        assert await reader.read_message() == b"x" * 600_000
        assert await source.read(4) == b"next"

    run(main)


def test_a_cancelled_read_loses_nothing(framed: Any) -> None:
    async def main() -> None:
        stream = framed(CRC32, b"abcdef")
        for cut in range(len(stream)):
            source = fed(stream[:cut], ended=False)
            reader = AsyncStreamReader(source, ChecksumDeframer("crc32"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await reader.read_message()
            task = asyncio.create_task(reader.read_message())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            source.feed_data(stream[cut:])
            assert await reader.read_message() == b"abcdef"

    run(main)


def test_a_clean_end_does_not_stick(framed: Any) -> None:
    class Growing:
        chunks: tuple[bytes, ...] = ()

        async def read(self, size: int) -> bytes:
            if not self.chunks:
                return b""
            data, *rest = self.chunks
            self.chunks = (data[size:], *rest) if data[size:] else tuple(rest)
            return data[:size]

    async def main() -> None:
        source = Growing()
        reader = AsyncStreamReader(source)
        for value in (b"1", b"22"):
            assert await reader.read_message() is None
            source.chunks = (framed(NONE, value),)
            assert await reader.read_message() == value
        assert await reader.read_message() is None

    run(main)


def test_errors_stick_or_not_as_in_the_synchronous_reader(framed: Any) -> None:
    async def main() -> None:
        bad = framed(CRC32, b"bad")[:-1] + b"?"
        reader = AsyncStreamReader(fed(bad + framed(CRC32, b"good") + b"\xff\0\0\0"), ChecksumDeframer("crc32", 16))
        with pytest.raises(ChecksumMismatch):
            await reader.read_message()
        assert await reader.read_message() == b"good"
        for _ in range(2):
            with pytest.raises(InvalidFrame):
                await reader.read_message()
        torn = AsyncStreamReader(fed(b"\x05\0\0\0ab"), DefaultDeframer())
        for _ in range(2):
            with pytest.raises(UnexpectedEof):
                await torn.read_message()

    run(main)


def test_a_failing_source_is_an_io_error_with_its_cause() -> None:
    async def main() -> None:
        source = fed(b"\x05\0\0\0ab", ended=False)
        source.set_exception(cause := ConnectionResetError("gone"))
        reader = AsyncStreamReader(source)
        for _ in range(2):
            with pytest.raises(StreamIOError, match="reading failed: ConnectionResetError: gone") as caught:
                await reader.read_message()
            assert caught.value.__cause__ is cause

    run(main)


class Peer:
    """A sink whose peer may be slow or gone."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.drained = 0
        self.error: Exception | None = None

    def write(self, data: Any) -> None:
        self.taken += data

    async def drain(self) -> None:
        self.drained += 1
        if self.error is not None:
            raise self.error


def test_messages_payloads_and_builders_are_written_and_waited_for(framed: Any) -> None:
    async def main() -> None:
        sink = Peer()
        writer = AsyncStreamWriter(sink, ChecksumFramer("crc32"))
        await writer.write("text")
        await writer.write_payload(b"z" * 20_000)
        builder = flatbuffers.Builder(0)
        builder.Finish(builder.CreateString("text"))
        await writer.write_finished(builder)
        assert sink.drained == 3
        assert writer.offset == len(sink.taken)
        assert sink.taken == framed(CRC32, bytes(builder.Output()), b"z" * 20_000, bytes(builder.Output()))

    run(main)


def test_a_peer_that_is_gone_leaves_the_writer_failed() -> None:
    async def main() -> None:
        sink = Peer()
        sink.error = ConnectionResetError("gone")
        writer = AsyncStreamWriter(sink)
        with pytest.raises(StreamIOError, match="ConnectionResetError: gone"):
            await writer.write_payload(b"abc")
        sink.error = None
        with pytest.raises(StreamIOError):
            await writer.write_payload(b"abc")

    run(main)


def test_frames_cross_a_connection() -> None:
    async def main() -> None:
        received: list[bytes] = []
        done = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await AsyncStreamReader(reader, ChecksumDeframer("xxh3_64")).process_all(received.append)
            writer.close()
            await writer.wait_closed()
            done.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            _, stream = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer = AsyncStreamWriter(stream, ChecksumFramer("xxh3_64"))
            for index in range(100):
                await writer.write_payload(bytes([index]) * index * 100)
            stream.close()
            await stream.wait_closed()
            await done.wait()
        assert received == [bytes([index]) * index * 100 for index in range(100)]

    run(main)


# bounded: time, and what waits to be sent


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_timeouts_that_make_no_sense_are_refused(seconds: float) -> None:
    async def main() -> None:
        for make in (
            lambda: AsyncStreamReader(fed(b""), idle_timeout=seconds),
            lambda: AsyncStreamReader(fed(b""), frame_timeout=seconds),
            lambda: AsyncStreamWriter(Peer(), timeout=seconds),
        ):
            with pytest.raises(ValueError, match="timeout must be 0 seconds or more"):
                make()

    run(main)


def test_a_peer_that_sends_nothing_is_given_up_and_nothing_is_lost(framed: Any) -> None:
    async def main() -> None:
        source = fed(framed(CRC32, b"abc"), ended=False)
        reader = AsyncStreamReader(source, ChecksumDeframer("crc32"), idle_timeout=0.01, frame_timeout=30)
        assert await reader.read_message() == b"abc"
        for _ in range(2):
            with pytest.raises(StreamTimeout) as caught:
                await reader.read_message()
            assert (caught.value.waited_for, caught.value.offset, caught.value.arrived) == ("first byte", 11, 0)
            assert isinstance(caught.value, TimeoutError)
        source.feed_data(framed(CRC32, b"def"))
        assert await reader.read_message() == b"def"

    run(main)


def test_a_peer_that_sends_a_byte_now_and_then_is_given_up(framed: Any) -> None:
    async def main() -> None:
        source = fed(b"", ended=False)
        reader = AsyncStreamReader(source, DefaultDeframer(), idle_timeout=30, frame_timeout=0.05)
        stream = framed(NONE, b"x" * 1_000_000)

        async def trickle() -> None:
            for byte in stream:
                source.feed_data(bytes([byte]))
                await asyncio.sleep(0.001)

        loris = asyncio.create_task(trickle())
        with pytest.raises(StreamTimeout) as caught:
            await reader.read_message()
        loris.cancel()
        assert (caught.value.waited_for, caught.value.seconds, caught.value.offset) == ("rest", 0.05, 0)
        assert 4 < caught.value.arrived < 1_000_000
        with pytest.raises(StreamTimeout):
            await reader.read_message()  # its time is over, whatever call asks

    run(main)


def test_the_time_of_a_frame_begins_with_it_and_ends_with_it(framed: Any) -> None:
    async def main() -> None:
        bad = framed(CRC32, b"bad")[:-1] + b"?"
        source = fed(bad[:5], ended=False)
        reader = AsyncStreamReader(source, ChecksumDeframer("crc32"), frame_timeout=30)
        task = asyncio.create_task(reader.read_message())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert reader._begun is not None
        source.feed_data(bad[5:])
        with pytest.raises(ChecksumMismatch):
            await reader.read_message()
        assert (reader._begun, reader._arrived) == (None, 0)
        source.feed_data(framed(CRC32, b"good")[:6])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read_message(), 0.01)
        assert reader._arrived == 6
        source.feed_data(framed(CRC32, b"good")[6:])
        assert await reader.read_message() == b"good"
        assert (reader._begun, reader._arrived) == (None, 0)

    run(main)


def test_a_timeout_of_the_source_itself_is_an_io_error() -> None:
    async def main() -> None:
        source = fed(b"\x05", ended=False)
        source.set_exception(TimeoutError("the network's"))
        with pytest.raises(StreamIOError, match="the network's"):
            await AsyncStreamReader(source, idle_timeout=30, frame_timeout=30).read_message()

    run(main)


class Slow(Peer):
    """A sink whose peer takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.room = asyncio.Event()

    async def drain(self) -> None:
        await super().drain()
        await self.room.wait()


def test_a_write_that_was_cancelled_has_handed_over_its_frame_whole_and_the_next_waits_first(framed: Any) -> None:
    async def main() -> None:
        sink = Slow()
        writer = AsyncStreamWriter(sink, ChecksumFramer("crc32"))
        for _ in range(3):
            task = asyncio.create_task(writer.write_payload(b"abc"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert sink.taken == framed(CRC32, b"abc")  # of the second and third nothing
            assert writer.offset == 11
        sink.room.set()
        await writer.write_payload(b"def")
        assert sink.taken == framed(CRC32, b"abc", b"def")

    run(main)


def test_a_peer_that_takes_nothing_is_given_up_and_what_waits_does_not_grow(framed: Any) -> None:
    async def main() -> None:
        sink = Slow()
        writer = AsyncStreamWriter(sink, ChecksumFramer("crc32"), timeout=0.01)
        for _ in range(3):
            with pytest.raises(StreamTimeout, match="without room to write"):
                await writer.write("x" * 1000)
            assert len(sink.taken) == writer.offset
            assert writer.offset < 1100
        sink.room.set()
        await writer.write_payload(b"abc")
        assert sink.taken.endswith(framed(CRC32, b"abc"))

    run(main)


def test_a_sink_that_fails_in_time_is_an_io_error() -> None:
    async def main() -> None:
        sink = Peer()
        sink.error = TimeoutError("the network's")
        writer = AsyncStreamWriter(sink, timeout=30)
        for _ in range(2):
            with pytest.raises(StreamIOError, match="the network's"):
                await writer.write_payload(b"abc")

    run(main)


def test_a_large_frame_takes_its_own_size_and_little_more() -> None:
    size = 16 * 2**20

    class Endless:
        async def read(self, count: int) -> bytes:
            return bytes(count)

    async def main() -> None:
        reader = AsyncStreamReader(Endless())
        reader._feed.push(struct.pack("<I", size))
        assert len(await reader.read_message() or b"") == size

    run(main)
    tracemalloc.start()
    try:
        run(main)
        assert tracemalloc.get_traced_memory()[1] < size * 9 / 8 + 2 * 2**20
    finally:
        tracemalloc.stop()


def test_a_flood_is_held_back_at_its_sender_and_arrives_whole() -> None:
    limit, frame = 2**16, 20_000
    count = 1500  # more than all buffers of a connection on loopback hold

    async def main() -> None:
        gate, done = asyncio.Event(), asyncio.Event()
        held: list[int] = []

        async def serve(stream: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            await gate.wait()
            reader = AsyncStreamReader(stream, ChecksumDeframer("crc32", frame))
            async for payload in reader:
                assert len(payload) == frame
                held.append(len(stream._buffer))  # type: ignore[attr-defined]  # what asyncio keeps back
            back.close()
            done.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=limit)
        async with server:
            _, stream = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer = AsyncStreamWriter(stream, ChecksumFramer("crc32"))

            async def flood() -> None:
                for number in range(count):
                    await writer.write_payload(number.to_bytes(4, "little") * (frame // 4))

            flooding = asyncio.create_task(flood())
            written = -1
            while written != writer.offset:  # until nothing moves any more
                written = writer.offset
                await asyncio.sleep(0.05)
            assert not flooding.done()
            assert stream.transport.get_write_buffer_size() <= 2**16 + frame + 8
            gate.set()
            await flooding
            stream.close()
            await stream.wait_closed()
            await done.wait()
        assert len(held) == count
        assert max(held) <= 2 * limit + 2**18  # and one read of the transport

    run(main)
