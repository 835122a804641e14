"""The same rules under asyncio."""

from __future__ import annotations

import asyncio
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
