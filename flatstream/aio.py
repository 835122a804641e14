"""The same parser and the same writer under asyncio.

    reader = aio.AsyncStreamReader(stream_reader, ChecksumDeframer("crc32", max_frame_len=65536))
    async for payload in reader:
        ...

Timeouts are asyncio's (``async with asyncio.timeout(5)``). A read that is cancelled loses nothing: what has arrived of
the frame stays with the reader, and the next call goes on there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, cast

from flatstream.adapters import checked_deframer
from flatstream.deframer import GULP, DefaultDeframer, Parser
from flatstream.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    import flatbuffers
    from typing_extensions import Buffer

    from flatstream.deframer import Deframer
    from flatstream.framer import Framer
    from flatstream.policy import MemoryPolicy
    from flatstream.typed import StreamSerialize
    from flatstream.wire import Payload

__all__ = ["AsyncStreamReader", "AsyncStreamWriter"]


class AsyncReadable(Protocol):
    """What an asynchronous source must have: ``asyncio.StreamReader`` has it."""

    async def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes once there are any; none at the end."""


class AsyncWritable(Protocol):
    """What an asynchronous sink must have: ``asyncio.StreamWriter`` has it."""

    def write(self, data: Payload, /) -> object:
        """Take all of the bytes, to send them when that is possible."""

    async def drain(self) -> None:
        """Return when the peer keeps up again."""


class AsyncStreamReader:
    """Reads payloads, as fresh ``bytes``, by the rules of `flatstream.StreamReader`.

    It takes exactly the bytes of the frames that it gives (R9). Iterating ends at the clean end; errors are those of
    `flatstream.deframer.Parser`, and stick or not as there (R10).
    """

    def __init__(self, source: AsyncReadable, deframer: Deframer | None = None, *, offset: int = 0) -> None:
        self._source = source
        self._feed = _Arriving()
        self._parser = Parser(
            DefaultDeframer() if deframer is None else checked_deframer(deframer), self._feed, offset=offset
        )

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was taken whole."""
        return self._parser.offset

    async def read_message(self) -> bytes | None:
        """The next payload, or ``None`` at the clean end, which does not stick (R1)."""
        while True:
            try:
                payload = next(iter(self._parser))
            except StopIteration:
                self._feed.restart()
                return None
            if payload is not None:
                return cast("bytes", payload)
            await self._arrival()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        payload = await self.read_message()
        if payload is None:
            raise StopAsyncIteration
        return payload

    async def process_all(self, callback: Callable[[bytes], object]) -> int:
        """Call ``callback`` with each payload up to the clean end; returns how many there were (R12)."""
        count = 0
        async for payload in self:
            callback(payload)
            count += 1
        return count

    async def _arrival(self) -> None:
        """Wait for bytes of the frame, or for what stands in their place."""
        try:
            data = await self._source.read(min(self._feed.missing, GULP))
        except Exception as cause:  # noqa: BLE001  (whatever the source raises is the parser's to judge: R8)
            self._feed.fail(cause)
        else:
            self._feed.push(data)


class AsyncStreamWriter:
    """Writes messages as frames, by the rules of `flatstream.StreamWriter`, and waits for the sink after each one.

    So a peer that does not read holds the writer up, and memory stays bounded. A write that is cancelled while it waits
    has handed its whole frame to the sink.
    """

    def __init__(
        self,
        sink: AsyncWritable,
        framer: Framer | None = None,
        *,
        policy: MemoryPolicy | None = None,
        offset: int = 0,
    ) -> None:
        self._sink = sink
        self._writer = StreamWriter(_Taking(sink), framer, policy=policy, offset=offset)

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was written whole."""
        return self._writer.offset

    async def write(self, message: str | StreamSerialize) -> None:
        """Simple mode: build ``message`` in the writer's own builder and write it."""
        self._writer.write(message)
        await self.drain()

    async def write_finished(self, builder: flatbuffers.Builder) -> None:
        """Expert mode: write what a builder of the caller's has finished."""
        self._writer.write_finished(builder)
        await self.drain()

    async def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame."""
        self._writer.write_payload(payload)
        await self.drain()

    async def drain(self) -> None:
        """Wait until the sink keeps up; a sink that fails leaves the writer failed (S4)."""
        try:
            await self._sink.drain()
        except Exception as cause:
            raise self._writer.fail("writing", cause) from cause


class _Arriving:
    """A feed of what has arrived so far."""

    def __init__(self) -> None:
        self._arrived = bytearray()
        self._ended = False
        self._failure: Exception | None = None
        self.missing = 0
        """Bytes that the parser waits for."""

    def push(self, data: bytes) -> None:
        """Add what has arrived; nothing is the end."""
        self._arrived += data
        self._ended = not data

    def fail(self, cause: Exception) -> None:
        """The source failed."""
        self._failure = cause

    def restart(self) -> None:
        """Forget the end, since a later call may find more."""
        self._ended = False

    def take(self, _need: int) -> Payload:
        """Leave it to `complete`, which can wait."""
        return b""

    def complete(self, rest: Payload, need: int) -> Payload | None:
        """The bytes, once they are all there."""
        if self._failure is not None:
            raise self._failure
        self.missing = need - len(rest) - len(self._arrived)
        if self.missing > 0 and not self._ended:
            return None
        window = bytes(rest) + self._arrived
        self._arrived = bytearray()
        return bytes(window)


class _Taking:
    """An asynchronous sink as the synchronous writer sees it: it takes everything at once."""

    def __init__(self, sink: AsyncWritable) -> None:
        self._sink = sink

    def write(self, data: Buffer) -> int:
        self._sink.write(cast("Payload", data))  # a StreamWriter offers nothing else
        return len(memoryview(data))
