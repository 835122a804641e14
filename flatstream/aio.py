"""The same parser and the same writer under asyncio.

    reader = aio.AsyncStreamReader(stream_reader, ChecksumDeframer("crc32", max_frame_len=65536), frame_timeout=10)
    async for payload in reader:
        ...

What a peer can do is bounded: memory by the bytes of one frame that have arrived (R6), and these by the deframer's
bound; time by ``idle_timeout`` and ``frame_timeout``, so that nobody holds a reader by a byte now and then; and what
waits to be sent by what the peer takes, since a writer waits for that. `flatstream.examples.tls_journal` shows it all.

A read that is cancelled, or times out, loses nothing: what has arrived of the frame stays with the reader, and the next
call goes on there. A write that is cancelled has handed its whole frame to the sink, or nothing of it, as ``offset``
says.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Protocol, Self, cast

from flatstream.adapters import checked_deframer
from flatstream.deframer import GULP, DefaultDeframer, Parser
from flatstream.errors import StreamTimeout
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

    ``idle_timeout`` is the longest wait for the first byte of a frame, from the call on; ``frame_timeout`` the longest
    time from its first byte to its last, over however many calls. Both are seconds; ``StreamTimeout`` says that one is
    over.
    """

    def __init__(
        self,
        source: AsyncReadable,
        deframer: Deframer | None = None,
        *,
        offset: int = 0,
        idle_timeout: float | None = None,
        frame_timeout: float | None = None,
    ) -> None:
        self._source = source
        self._idle_timeout = checked_timeout(idle_timeout, "idle_timeout")
        self._frame_timeout = checked_timeout(frame_timeout, "frame_timeout")
        self._begun: float | None = None
        """When the first byte arrived of a frame that is not whole yet."""
        self._arrived = 0
        """Bytes of that frame."""
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
        idle = None if self._idle_timeout is None else asyncio.get_running_loop().time() + self._idle_timeout
        while True:
            try:
                payload = next(iter(self._parser))
            except StopIteration:
                self._feed.restart()
                return None
            except BaseException:
                self._begin()
                raise
            if payload is not None:
                self._begin()
                return cast("bytes", payload)
            await self._arrival(idle)

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

    async def _arrival(self, idle: float | None) -> None:
        """Wait for bytes of the frame, or for what stands in their place."""
        deadline = idle
        if self._begun is not None:
            deadline = None if self._frame_timeout is None else self._begun + self._frame_timeout
        size = min(self._feed.missing, GULP)
        try:
            if deadline is None:
                data = await self._source.read(size)
            else:
                async with asyncio.timeout_at(deadline) as timeout:
                    data = await self._source.read(size)
        except Exception as cause:  # noqa: BLE001  (whatever the source raises is the parser's to judge: R8)
            if deadline is not None and timeout.expired():
                raise self._too_slow() from None
            self._feed.fail(cause)
        else:
            if self._begun is None and data:
                self._begun = asyncio.get_running_loop().time()
            self._arrived += len(data)
            self._feed.push(data)

    def _begin(self) -> None:
        """What arrives from here on is of another frame."""
        self._begun, self._arrived = None, 0

    def _too_slow(self) -> StreamTimeout:
        if self._begun is None:
            error = StreamTimeout("first byte", self._idle_timeout or 0)
        else:
            error = StreamTimeout("rest", self._frame_timeout or 0, self._arrived)
        error.offset = self.offset
        return error


class AsyncStreamWriter:
    """Writes messages as frames, by the rules of `flatstream.StreamWriter`, and waits for the sink after each one.

    So a peer that does not read holds the writer up, and memory stays bounded: also if the wait is cancelled or takes
    longer than ``timeout`` (seconds, ``StreamTimeout``), since the next write goes on with it before it hands anything
    to the sink. Until then the frame that was to be written is with the sink as a whole, or not at all: ``offset`` says
    so.
    """

    def __init__(
        self,
        sink: AsyncWritable,
        framer: Framer | None = None,
        *,
        policy: MemoryPolicy | None = None,
        offset: int = 0,
        timeout: float | None = None,
    ) -> None:
        self._sink = sink
        self._timeout = checked_timeout(timeout, "timeout")
        self._behind = False
        self._writer = StreamWriter(_Taking(sink), framer, policy=policy, offset=offset)

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was written whole."""
        return self._writer.offset

    async def write(self, message: str | StreamSerialize) -> None:
        """Simple mode: build ``message`` in the writer's own builder and write it."""
        await self._room()
        self._writer.write(message)
        await self.drain()

    async def write_finished(self, builder: flatbuffers.Builder) -> None:
        """Expert mode: write what a builder of the caller's has finished."""
        await self._room()
        self._writer.write_finished(builder)
        await self.drain()

    async def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame."""
        await self._room()
        self._writer.write_payload(payload)
        await self.drain()

    async def drain(self) -> None:
        """Wait until the sink keeps up; a sink that fails leaves the writer failed (S4)."""
        self._behind = True
        try:
            if self._timeout is None:
                await self._sink.drain()
            else:
                async with asyncio.timeout(self._timeout) as timeout:
                    await self._sink.drain()
        except Exception as cause:
            if self._timeout is not None and timeout.expired():
                raise StreamTimeout("room", self._timeout) from None
            raise self._writer.fail("writing", cause) from cause
        self._behind = False

    async def _room(self) -> None:
        """Wait where an earlier wait was given up."""
        if self._behind:
            await self.drain()


def checked_timeout(seconds: float | None, name: str) -> float | None:
    """``seconds`` if they can be waited for, else ``ValueError`` naming ``name``."""
    if seconds is not None and not seconds >= 0:
        raise ValueError(f"{name} must be 0 seconds or more, not {seconds}")
    return seconds


class _Arriving:
    """A feed of what has arrived so far."""

    def __init__(self) -> None:
        self._whole = BytesIO()
        self._ended = False
        self._failure: Exception | None = None
        self.missing = 0
        """Bytes that the parser waits for."""

    def push(self, data: bytes) -> None:
        """Add what has arrived; nothing is the end."""
        self._whole.write(data)
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

    def complete(self, _rest: Payload, need: int) -> Payload | None:
        """The bytes, once they are all there; there is never a rest, since exactly what is needed is read."""
        if self._failure is not None:
            raise self._failure
        self.missing = need - self._whole.tell()
        if self.missing > 0 and not self._ended:
            return None
        whole, self._whole = self._whole, BytesIO()
        return whole.getvalue()


class _Taking:
    """An asynchronous sink as the synchronous writer sees it: it takes everything at once."""

    def __init__(self, sink: AsyncWritable) -> None:
        self._sink = sink

    def write(self, data: Buffer) -> int:
        self._sink.write(cast("Payload", data))  # a StreamWriter offers nothing else
        return len(memoryview(data))
