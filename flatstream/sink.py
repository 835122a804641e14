"""The sink of a stream: whole frames into it, or an error that says that a part may have been taken (S1, S2, S4).

What writes frames, in Python or in the engine, refers to this and never to the writer in front of it, so that a writer
that nobody closed goes away, with its sink, when the last reference to it does.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, cast

from flatstream import engine
from flatstream.checksum import BUILT_IN, NONE
from flatstream.errors import FlatStreamError, StreamIOError
from flatstream.framer import ChecksumFramer, DefaultFramer
from flatstream.wire import flat_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from flatstream.checksum import Checksum
    from flatstream.framer import Framer
    from flatstream.wire import Payload

__all__ = ["JOINED", "FrameSink", "Writable"]

JOINED: Final = 16 * 1024
"""Up to this many payload bytes are copied behind their header, so that a frame is one write; more are not copied."""

CLOSED: Final = "this writer is closed"

_QUICK_SINKS: Final = (bytearray, io.BytesIO, io.BufferedWriter, io.BufferedRandom)
"""Sinks that the engine's writer may write to: their methods are known to do what they say."""


class Writable(Protocol):
    """What a file-like sink must have."""

    def write(self, data: Buffer, /) -> int | None:
        """Take bytes, and say how many; ``None`` from a raw file means that it would block."""


class FrameSink:
    """Writes payloads as frames to ``target``, which is file-like or a ``bytearray``, from an absolute offset on."""

    def __init__(self, target: Writable | bytearray, framer: Framer, offset: int) -> None:
        self.target = target if isinstance(target, bytearray) else _writable(target)
        self.plain: Final = _plain_checksum(framer)
        """The checksum of a framer that does nothing but frame; ``None`` for any other."""
        self.error: StreamIOError | None = None
        """What the sink failed with; raised by each later write."""
        self.closed = False
        self._header: Callable[[Payload], bytes] = framer.header
        self._write: Callable[[Payload], int | None]
        self._write = self.target.extend if isinstance(self.target, bytearray) else self.target.write
        self._is_raw = isinstance(target, io.RawIOBase)
        self._offset = offset
        native, plain = engine.native, self.plain
        known = type(self.target) in _QUICK_SINKS and plain is not None and plain is BUILT_IN.get(plain.name)
        self._gate = native.Gate() if native is not None and known else None

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was written whole."""
        return self._offset if self._gate is None else self._offset + self._gate.written

    def quickest(self) -> Callable[[Buffer], None]:
        """`write_payload`, or what does the same in the engine, where it knows both the target and the framer."""
        native, gate, plain = engine.native, self._gate, self.plain
        if native is None or gate is None or plain is None:
            return self.write_payload
        writer = native.FrameWriter(gate, self.target, plain.name, JOINED, self.write_payload, self._unsure)
        return writer.write_payload

    def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame."""
        data: Payload = payload if type(payload) is bytes else flat_view(memoryview(payload))
        try:
            header = self._header(data)
        except FlatStreamError as error:
            if error is not self.error:
                error.offset = self.offset
            raise
        try:
            if len(data) <= JOINED:
                frame = header + data
                size = len(frame)
                count = self._write(frame)
                if count != size and (count is not None or self._is_raw):
                    self._put_rest(frame, count)
            else:
                size = len(header) + len(data)
                self._put_rest(header, self._write(header))
                self._put_rest(data, self._write(data))
        except Exception as cause:
            raise self.fail("writing", cause) from cause
        except BaseException as cause:
            self.fail("writing", cause)
            raise
        self._offset += size

    def write_frames(self, frames: bytes | bytearray) -> None:
        """Write what is framed already."""
        self._put(frames, self._write)

    @contextmanager
    def growing(self, array: bytearray) -> Iterator[None]:
        """While frames are appended to the target, which is ``array``, by somebody else.

        It takes all or, when it cannot be resized, none.
        """
        before = len(array)
        try:
            yield
        except BufferError as cause:
            raise self.fail("writing", cause) from cause
        self._offset += len(array) - before

    def attempt(self, action: str, call: Callable[[], object]) -> None:
        """Ask the target for something else than to take bytes."""
        try:
            call()
        except io.UnsupportedOperation:
            raise
        except Exception as cause:
            raise self.fail(action, cause) from cause
        except BaseException as cause:
            self.fail(action, cause)
            raise

    def fail(self, action: str, cause: BaseException) -> StreamIOError:
        """Write nothing more, after an error or an interruption, since a part may have been taken (S4).

        Returns the error that each later write raises.
        """
        self.error = error = StreamIOError(action)
        error.offset = self.offset
        error.__cause__ = cause

        def refuse_failed(_payload: Payload) -> bytes:
            raise error.with_traceback(None)

        self._stop(refuse_failed)
        return error

    def close(self) -> None:
        """Write nothing more."""
        self.closed = True
        self._stop(_refuse_closed)

    def check_usable(self) -> None:
        """Raise what each write does, if nothing can be written any more."""
        if self.closed:
            raise ValueError(CLOSED)
        if self.error is not None:
            raise self.error.with_traceback(None)

    def _unsure(self, frame: bytes | None, answer: object) -> None:
        """Go on where a target did not simply take what the engine's writer offered: it raised, or took less."""

        def answered(_frame: Payload) -> int | None:
            if isinstance(answer, BaseException):
                raise answer
            return cast("int | None", answer)

        self._put(b"" if frame is None else frame, answered)

    def _put(self, frames: bytes | bytearray, write: Callable[[Payload], int | None]) -> None:
        """Write whole frames, of which ``write`` takes the first part (S1, S4)."""
        data = frames if isinstance(frames, bytes) else memoryview(frames)
        try:
            self._put_rest(data, write(data))
        except Exception as cause:
            raise self.fail("writing", cause) from cause
        except BaseException as cause:
            self.fail("writing", cause)
            raise
        self._offset += len(frames)

    def _put_rest(self, data: Payload, count: int | None) -> None:
        """Offer what is left of ``data``, of which the target took ``count`` bytes, until it has taken all (S1)."""
        while count != len(data):
            if count is None and not self._is_raw:
                return  # a file-like that does not count takes everything or raises
            if count is None:
                raise BlockingIOError("the sink does not block and takes no bytes now")
            if not 0 < count < len(data):
                raise OSError(f"the sink says that it took {count} of {len(data)} bytes")
            data = memoryview(data)[count:]
            count = self._write(data)

    def _stop(self, refuse: Callable[[Payload], bytes]) -> None:
        """Frame nothing more: ``refuse`` stands in for the framer, so that nothing is framed or observed."""
        self._header = refuse
        if self._gate is not None:
            self._gate.close()


def _refuse_closed(_payload: Payload) -> bytes:
    raise ValueError(CLOSED)


def _plain_checksum(framer: Framer) -> Checksum | None:
    """``None`` for a framer with adapters, or of the caller's own."""
    if type(framer) is DefaultFramer:
        return NONE
    return framer.checksum if type(framer) is ChecksumFramer else None


def _writable(sink: object) -> Writable:
    """The sink, if bytes can be written to it."""
    if isinstance(sink, io.TextIOBase):
        raise TypeError("the sink is open in text mode; open it with mode 'wb'")
    if not hasattr(sink, "write"):
        hint = "; use socket.makefile('wb')" if hasattr(sink, "send") else ""
        raise TypeError(f"a sink has write() or is a bytearray, which {type(sink).__name__} is not{hint}")
    if getattr(sink, "closed", False) is True:
        raise ValueError("the sink is closed")
    writable = getattr(sink, "writable", None)
    if writable is not None and not writable():
        raise io.UnsupportedOperation("the sink is not open for writing")
    return cast("Writable", sink)
