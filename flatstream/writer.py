"""Writing streams: from a message, a finished builder or a payload to whole frames in a sink.

For example:

    with open("telemetry.bin", "wb") as sink:
        writer = StreamWriter(sink, ChecksumFramer("crc32"))
        writer.write("a message")
        writer.flush()
"""

from __future__ import annotations

import io
import os
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, cast

import flatbuffers

from flatstream import engine
from flatstream.adapters import checked_framer
from flatstream.arguments import whole_number
from flatstream.batch import frame_some
from flatstream.checksum import BUILT_IN, NONE
from flatstream.errors import FlatStreamError, StreamIOError
from flatstream.framer import ChecksumFramer, DefaultFramer
from flatstream.policy import Installed, NoOpPolicy
from flatstream.typed import finished_payload, serialize
from flatstream.wire import flat_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Buffer

    from flatstream.checksum import Checksum
    from flatstream.engine import FrameWriter
    from flatstream.framer import Framer
    from flatstream.policy import MemoryPolicy
    from flatstream.typed import StreamSerialize
    from flatstream.wire import Payload

__all__ = ["StreamWriter"]

JOINED: Final = 16 * 1024
"""Up to this many payload bytes are copied behind their header, so that a frame is one write; more are not copied."""


MANY: Final = 2**20
"""Bytes of frames that `StreamWriter.write_many` hands to the sink at a time, and up to a frame more."""

ITERATED: Final = 256
"""Payloads that it takes at a time from an iterable that is no list."""

CLOSED: Final = "this writer is closed"

_QUICK_SINKS: Final = (bytearray, io.BytesIO, io.BufferedWriter, io.BufferedRandom)
"""Sinks that the engine's writer may write to: their methods are known to do what they say."""


class Writable(Protocol):
    """What a file-like sink must have."""

    def write(self, data: Buffer, /) -> int | None:
        """Take bytes, and say how many; ``None`` from a raw file means that it would block."""


class Encoding(Protocol):
    """What `StreamWriter.write_records` must be given: `flatstream.Record` has it."""

    def encode_many(self, table: Any, /) -> Iterator[bytes | memoryview]:
        """The payloads of all rows of a table."""

    def frame_parts(
        self, table: Any, checksum: Checksum, into: bytearray | None = None, /
    ) -> Iterator[tuple[bytearray, int]]:
        """The frames of all rows, in parts, each with their number; or appended to ``into``, in one part."""


class StreamWriter:
    """Writes messages as frames.

    ``sink`` is file-like (has ``write``) or a ``bytearray``, which is appended to. ``framer`` decides on the header and
    on what may be written. ``policy`` governs the builder of the simple mode. ``offset`` is the absolute offset at
    which the first frame will lie, to which errors add.

    A payload that is refused leaves the sink untouched and the writer usable (S2, S6). A sink that fails leaves the
    writer failed: each later write raises the same ``StreamIOError``, since part of a frame may have been taken (S4).
    The sink stays the caller's: closing the writer flushes it, and does not close it.
    """

    def __init__(
        self,
        sink: Writable | bytearray,
        framer: Framer | None = None,
        *,
        policy: MemoryPolicy | None = None,
        offset: int = 0,
    ) -> None:
        self._sink = sink if isinstance(sink, bytearray) else _writable(sink)
        framer = DefaultFramer() if framer is None else checked_framer(framer)
        self._write: Callable[[Payload], int | None]
        self._write = self._sink.extend if isinstance(self._sink, bytearray) else self._sink.write
        self._header: Callable[[Payload], bytes]
        self._header = framer.header
        self._policy = Installed(NoOpPolicy() if policy is None else policy)
        self._builder = flatbuffers.Builder(self._policy.baseline)
        self._is_raw = isinstance(sink, io.RawIOBase)
        self._error: StreamIOError | None = None
        self._closed = False
        self._offset = whole_number(offset, "offset")
        self._plain = _plain_checksum(framer)
        self._quick = self._quick_writer()
        if self._quick is not None:
            # In place of the method, since the call of a Python function costs more than all that there is to do.
            self.__dict__["write_payload"] = self._quick.write_payload

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was written whole."""
        return self._offset if self._quick is None else self._offset + self._quick.written

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def write(self, message: str | StreamSerialize) -> None:
        """Simple mode: build ``message`` in the writer's own builder and write it (S6).

        ``FlatBuffersError`` if it did not finish the builder; what its ``serialize`` raises comes out unchanged.
        """
        self._check_usable()
        builder = self._builder
        builder.Clear()
        serialize(message, builder)
        payload = finished_payload(builder)
        self.write_payload(payload)
        due = self._policy.ask(len(payload), len(builder.Bytes))
        if due is not None:
            self._builder = flatbuffers.Builder(self._policy.baseline)
            self._policy.reclaimed(due)

    def write_finished(self, builder: flatbuffers.Builder) -> None:
        """Expert mode: write what a builder of the caller's has finished, without a copy. No policy is asked (P6)."""
        self.write_payload(finished_payload(builder))

    def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame.

        ``InvalidFrame`` or ``ValidationFailed`` if the framer refuses it, ``BufferError`` if it does not lie in one
        piece, ``TypeError`` if it has no bytes.
        """
        data: Payload = payload if type(payload) is bytes else flat_view(memoryview(payload))
        try:
            header = self._header(data)
        except FlatStreamError as error:
            if error is not self._error:
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

    def write_many(self, payloads: Iterable[Buffer]) -> int:
        """Write each payload as one frame; returns how many there were.

        The same as `write_payload` for each, but handed to the sink by the megabyte. A payload that is refused is
        refused with all before it written; what ``payloads`` itself raises comes out unchanged, likewise. A sink that
        fails may have taken any part of the last megabyte; ``offset`` then stands in front of that.
        """
        self._check_usable()
        checksum, count = self._plain, 0
        if checksum is None:
            for payload in payloads:
                self.write_payload(payload)
                count += 1
            return count
        for batch in _batches(payloads):
            start = 0
            while start < len(batch):
                try:
                    frames, stop = frame_some(batch, start, MANY, checksum)
                except FlatStreamError as error:
                    error.offset = self.offset
                    raise
                self._put(frames, self._write)
                count += stop - start
                start = stop
        return count

    def write_records(self, record: Encoding, table: Any) -> int:
        """Write each row of a table as one frame; returns how many there were.

        ``record`` is a `flatstream.Record`, ``table`` of any kind that it takes: a NumPy structured array, a mapping of
        arrays, a table of Arrow, pandas or Polars, a list of rows. Nothing is written unless all rows fit the record;
        what is refused after that is refused as by `write_many`.
        """
        checksum, count = self._plain, 0
        if checksum is None:
            return self.write_many(record.encode_many(table))
        self._check_usable()
        if isinstance(self._sink, bytearray):
            return self._append(record, table, checksum, self._sink)
        for frames, rows in record.frame_parts(table, checksum):
            self._put(frames, self._write)
            count += rows
        return count

    def _append(self, record: Encoding, table: Any, checksum: Checksum, sink: bytearray) -> int:
        """Write records without a copy on their way: a sink in memory takes all or, when it cannot be resized, none."""
        before, count = len(sink), 0
        try:
            for _, rows in record.frame_parts(table, checksum, sink):
                count += rows
        except BufferError as cause:
            raise self.fail("writing", cause) from cause
        self._offset += len(sink) - before
        return count

    def flush(self) -> None:
        """Hand what was written to the operating system. That does not make it durable: see `sync` (S5)."""
        self._check_usable()
        flush = getattr(self._sink, "flush", None)
        if flush is not None:
            self._attempt("flushing", flush)

    def sync(self) -> None:
        """Flush, and return when the operating system says that the bytes are on the medium (S5).

        By the sink's own ``sync()`` if it has one, else by ``fsync`` of its ``fileno()``; ``io.UnsupportedOperation``
        if it has neither.
        """
        self.flush()
        sync = getattr(self._sink, "sync", None)
        if sync is None:
            fileno = getattr(self._sink, "fileno", None)
            if fileno is None:
                raise io.UnsupportedOperation("this sink cannot be made durable: it has no file descriptor")
            descriptor = fileno()
            sync = lambda: os.fsync(descriptor)  # noqa: E731  (one line that names the whole job)
        self._attempt("syncing", sync)

    def close(self) -> None:
        """Flush, and write no more. A writer that has failed is closed without another error."""
        if self._closed:
            return
        try:
            if self._error is None:
                self.flush()
        finally:
            self._closed = True
            self._stop(_refuse_closed)
            # Writer and engine refer to each other, which only the collector of garbage would see.
            self._offset, self._quick = self.offset, None
            self.__dict__.pop("write_payload", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _quick_writer(self) -> FrameWriter | None:
        """The engine's writer, where the sink and the framer are ones that it knows, and nobody changed the method."""
        native, plain = engine.native, self._plain
        if native is None or plain is None or plain is not BUILT_IN.get(plain.name):
            return None
        if type(self._sink) not in _QUICK_SINKS or type(self).write_payload is not StreamWriter.write_payload:
            return None
        by_the_rules = StreamWriter.write_payload.__get__(self)
        return native.FrameWriter(self._sink, plain.name, JOINED, by_the_rules, self._unsure)

    def _unsure(self, frame: bytes | None, answer: object) -> None:
        """Go on where a sink did not simply take what the engine's writer offered: it raised, or took less."""

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
        """Offer what is left of ``data``, of which the sink has taken ``count`` bytes, until it has taken all (S1)."""
        while count != len(data):
            if count is None and not self._is_raw:
                return  # a file-like that does not count takes everything or raises
            if count is None:
                raise BlockingIOError("the sink does not block and takes no bytes now")
            if not 0 < count < len(data):
                raise OSError(f"the sink says that it took {count} of {len(data)} bytes")
            data = memoryview(data)[count:]
            count = self._write(data)

    def _attempt(self, action: str, call: Callable[[], object]) -> None:
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
        """Make the writer failed, by an error or by an interruption, since a part may have been taken (S4).

        For whoever drives the sink: returns the error that each later write raises.
        """
        self._error = error = StreamIOError(action)
        error.offset = self.offset
        error.__cause__ = cause

        def refuse_failed(_payload: Payload) -> bytes:
            raise error.with_traceback(None)

        self._stop(refuse_failed)
        return error

    def _stop(self, refuse: Callable[[Payload], bytes]) -> None:
        """Frame nothing more: ``refuse`` stands in for the framer, so that nothing is framed or observed."""
        self._header = refuse
        if self._quick is not None:
            self._quick.close()

    def _check_usable(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            raise refusal

    def _refusal(self) -> Exception | None:
        """Why nothing can be written any more, if that is so."""
        if self._closed:
            return ValueError(CLOSED)
        return self._error and self._error.with_traceback(None)


def _refuse_closed(_payload: Payload) -> bytes:
    raise ValueError(CLOSED)


def _plain_checksum(framer: Framer) -> Checksum | None:
    """The checksum of a framer that does nothing but frame; ``None`` for one with adapters, or of the caller's own."""
    if type(framer) is DefaultFramer:
        return NONE
    return framer.checksum if type(framer) is ChecksumFramer else None


def _batches(payloads: Iterable[Buffer]) -> Iterator[list[Buffer]]:
    """The payloads in lists; of any other iterable small ones, so that few payloads exist at a time."""
    if isinstance(payloads, list | tuple):
        yield list(payloads)
        return
    iterator = iter(payloads)
    while True:
        batch: list[Buffer] = []
        failure: BaseException | None = None
        try:
            for payload in islice(iterator, ITERATED):
                batch.append(payload)  # noqa: PERF402  (what came before an error counts)
        except BaseException as raised:  # noqa: BLE001  (raised again below, behind what came before it)
            failure = raised
        if batch:
            yield batch
        if failure is not None:
            raise failure
        if len(batch) < ITERATED:
            return


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
