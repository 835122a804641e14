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
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import flatbuffers

from flatstream.adapters import checked_framer
from flatstream.arguments import whole_number
from flatstream.batch import frame_some
from flatstream.errors import FlatStreamError
from flatstream.framer import DefaultFramer
from flatstream.policy import Installed, NoOpPolicy
from flatstream.sink import FrameSink
from flatstream.typed import finished_payload, serialize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Buffer

    from flatstream.checksum import Checksum
    from flatstream.errors import StreamIOError
    from flatstream.framer import Framer
    from flatstream.policy import MemoryPolicy
    from flatstream.sink import Writable
    from flatstream.typed import StreamSerialize

__all__ = ["StreamWriter"]

MANY: Final = 2**20
"""Bytes of frames that `StreamWriter.write_many` hands to the sink at a time, and up to a frame more."""

ITERATED: Final = 256
"""Payloads that it takes at a time from an iterable that is no list."""


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
        framer = DefaultFramer() if framer is None else checked_framer(framer)
        self._sink = FrameSink(sink, framer, whole_number(offset, "offset"))
        self._policy = Installed(NoOpPolicy() if policy is None else policy)
        if self._policy.baseline > flatbuffers.Builder.MAX_BUFFER_SIZE:
            raise ValueError(f"no builder has {self._policy.baseline} bytes, which are the baseline of the policy")
        self._builder: flatbuffers.Builder | None = None
        """Of the simple mode, made when that is first used: a writer of payloads needs none."""
        if type(self).write_payload is StreamWriter.write_payload:
            # In place of the method, since the call of a Python function costs more than all that there is to do.
            self.__dict__["write_payload"] = self._sink.quickest()

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was written whole."""
        return self._sink.offset

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._sink.closed

    def write(self, message: str | StreamSerialize) -> None:
        """Simple mode: build ``message`` in the writer's own builder and write it (S6).

        ``FlatBuffersError`` if it did not finish the builder; what its ``serialize`` raises comes out unchanged.
        """
        self._sink.check_usable()
        builder = self._builder
        if builder is None:
            builder = self._builder = flatbuffers.Builder(self._policy.baseline)
        builder.Clear()
        serialize(message, builder)
        payload = finished_payload(builder)
        self.write_payload(payload)
        due = self._policy.ask(len(payload), len(builder.Bytes))
        if due is not None:
            self._builder = None
            self._policy.reclaimed(due)

    def write_finished(self, builder: flatbuffers.Builder) -> None:
        """Expert mode: write what a builder of the caller's has finished, without a copy. No policy is asked (P6)."""
        self.write_payload(finished_payload(builder))

    def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame.

        ``InvalidFrame`` or ``ValidationFailed`` if the framer refuses it, ``BufferError`` if it does not lie in one
        piece, ``TypeError`` if it has no bytes.
        """
        self._sink.write_payload(payload)

    def write_many(self, payloads: Iterable[Buffer]) -> int:
        """Write each payload as one frame; returns how many there were.

        The same as `write_payload` for each, but handed to the sink by the megabyte. A payload that is refused is
        refused with all before it written; what ``payloads`` itself raises comes out unchanged, likewise. A sink that
        fails may have taken any part of the last megabyte; ``offset`` then stands in front of that.
        """
        self._sink.check_usable()
        checksum, count = self._sink.plain, 0
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
                self._sink.write_frames(frames)
                count += stop - start
                start = stop
        return count

    def write_records(self, record: Encoding, table: Any) -> int:
        """Write each row of a table as one frame; returns how many there were.

        ``record`` is a `flatstream.Record`, ``table`` of any kind that it takes: a NumPy structured array, a mapping of
        arrays, a table of Arrow, pandas or Polars, a list of rows. Nothing is written unless all rows fit the record;
        what is refused after that is refused as by `write_many`.
        """
        checksum, count = self._sink.plain, 0
        if checksum is None:
            return self.write_many(record.encode_many(table))
        self._sink.check_usable()
        target = self._sink.target
        if isinstance(target, bytearray):  # without a copy on their way
            with self._sink.growing(target):
                return sum(rows for _, rows in record.frame_parts(table, checksum, target))
        for frames, rows in record.frame_parts(table, checksum):
            self._sink.write_frames(frames)
            count += rows
        return count

    def flush(self) -> None:
        """Hand what was written to the operating system. That does not make it durable: see `sync` (S5)."""
        self._sink.check_usable()
        flush = getattr(self._sink.target, "flush", None)
        if flush is not None:
            self._sink.attempt("flushing", flush)

    def sync(self) -> None:
        """Flush, and return when the operating system says that the bytes are on the medium (S5).

        By the sink's own ``sync()`` if it has one, else by ``fsync`` of its ``fileno()``; ``io.UnsupportedOperation``
        if it has neither.
        """
        self.flush()
        sync = getattr(self._sink.target, "sync", None)
        if sync is None:
            fileno = getattr(self._sink.target, "fileno", None)
            if fileno is None:
                raise io.UnsupportedOperation("this sink cannot be made durable: it has no file descriptor")
            descriptor = fileno()
            sync = lambda: os.fsync(descriptor)  # noqa: E731  (one line that names the whole job)
        self._sink.attempt("syncing", sync)

    def close(self) -> None:
        """Flush, and write no more. A writer that has failed is closed without another error."""
        if self.closed:
            return
        try:
            if self._sink.error is None:
                self.flush()
        finally:
            self._sink.close()

    def fail(self, action: str, cause: BaseException) -> StreamIOError:
        """Make the writer failed, by an error or by an interruption, since a part may have been taken (S4).

        For whoever drives the sink: returns the error that each later write raises.
        """
        return self._sink.fail(action, cause)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _batches(payloads: Iterable[Buffer]) -> Iterator[list[Buffer]]:
    """The payloads in lists; of any other iterable small ones, so that few payloads exist at a time."""
    if isinstance(payloads, list | tuple):
        yield list(payloads)
        return
    iterator = iter(payloads)
    while True:
        batch, failure = gathered(iterator, ITERATED)
        if batch:
            yield batch
        if failure is not None:
            raise failure
        if len(batch) < ITERATED:
            return


def gathered(payloads: Iterator[Buffer], most: int) -> tuple[list[Buffer], BaseException | None]:
    """Up to ``most`` payloads, and what their source raised instead of the next one: what came before that counts."""
    batch: list[Buffer] = []
    try:
        for payload in islice(payloads, most):
            batch.append(payload)  # noqa: PERF402  (what came before an error counts)
    except BaseException as failure:  # noqa: BLE001  (raised by the caller, behind what came before it)
        return batch, failure
    return batch, None
