"""The lines of a testee's output, and the lines of its input, with deadlines.

Where the system can wait for a pipe (`poll`, everywhere but under Windows) the calling thread does so itself: that
a thread hands each line to another costs more than many a testee takes for its answer. Elsewhere threads read and
write.
"""

from __future__ import annotations

import contextlib
import enum
import os
import queue
import select
import threading
import time
from typing import IO, Protocol

# The longest frame of a vector is far below this; a testee that writes without ever ending a line is cut off.
MAX_LINE = 1 << 28
CHUNK = 1 << 16
POLL_SECONDS = 0.1


class Event(enum.Enum):
    """What came instead of a line."""

    NOTHING_YET = enum.auto()
    END = enum.auto()
    TOO_LONG = enum.auto()


class Lines(Protocol):
    """Output, line by line."""

    def next(self, seconds: float) -> bytes | Event:
        """The next line without its LF, or what else there is after at most `seconds`."""

    def stop(self) -> None:
        """Let go of the pipe, which may then be closed, unless this returns with a thread still at it."""

    @property
    def done(self) -> bool:
        """Whether nothing reads the pipe any more."""


def lines_of(pipe: IO[bytes]) -> Lines:
    """The lines of a pipe, in the way that this system has."""
    return PolledLines(pipe) if hasattr(select, "poll") else ThreadedLines(pipe)


class _Splitter:
    """Bytes in, lines out."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> None:
        self._pending += chunk

    def next(self) -> bytes | None:
        end = self._pending.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._pending)
            return None
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        self._searched = 0
        return line

    @property
    def too_long(self) -> bool:
        return len(self._pending) > MAX_LINE


class PolledLines:
    """Waits for the pipe in the thread that asks."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._poll = select.poll()
        self._poll.register(pipe.fileno(), select.POLLIN)
        self._splitter = _Splitter()

    def next(self, seconds: float) -> bytes | Event:
        """As `Lines` says."""
        deadline = time.monotonic() + seconds
        while (line := self._splitter.next()) is None:
            if self._splitter.too_long:
                return Event.TOO_LONG
            left = deadline - time.monotonic()
            # A testee that writes without pause and never ends a line must not keep this from the deadline.
            if left <= 0 or not self._poll.poll(left * 1000):
                return Event.NOTHING_YET
            chunk = read_chunk(self._pipe)
            if not chunk:
                return Event.END
            self._splitter.feed(chunk)
        return line

    def stop(self) -> None:
        """As `Lines` says."""

    @property
    def done(self) -> bool:
        """As `Lines` says."""
        return True


class ThreadedLines:
    """Reads the pipe in a thread of its own."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lines: queue.Queue[bytes | Event] = queue.Queue(maxsize=64)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="testee output", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> bytes | Event:
        """As `Lines` says."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return Event.NOTHING_YET

    def stop(self) -> None:
        """As `Lines` says."""
        self._stopped.set()
        self._thread.join(timeout=5 * POLL_SECONDS)

    @property
    def done(self) -> bool:
        """As `Lines` says."""
        return not self._thread.is_alive()

    def _read(self) -> None:
        splitter = _Splitter()
        while chunk := read_chunk(self._pipe):
            splitter.feed(chunk)
            while (line := splitter.next()) is not None:
                if not self._put(line):
                    return
            if splitter.too_long:
                self._put(Event.TOO_LONG)
                return
        self._put(Event.END)

    def _put(self, item: bytes | Event) -> bool:
        """Wait for room in the queue, so that a testee that floods its output fills no memory."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(item, timeout=POLL_SECONDS)
                return True
        return False


class Requests:
    """Lines for the testee's input. Handing one over never blocks, also if the testee never reads."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._queued = 0
        self._written = 0
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            self._poll.register(pipe.fileno(), select.POLLOUT)
        self._thread = threading.Thread(target=self._write_queued, name="testee input", daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Hand over a line, with its LF."""
        if self._fits(line):
            with contextlib.suppress(OSError, ValueError):
                os.write(self._pipe.fileno(), line)
        else:
            self._queued += 1
            self._queue.put(line)

    def end(self) -> None:
        """Close the input after what was sent."""
        self._queue.put(None)

    def stop(self) -> None:
        """End, and wait a little for the thread."""
        self.end()
        self._thread.join(timeout=5 * POLL_SECONDS)

    @property
    def done(self) -> bool:
        """Whether nothing writes to the pipe any more."""
        return not self._thread.is_alive()

    def _fits(self, line: bytes) -> bool:
        """Whether the line can be written at once: a pipe that is ready takes PIPE_BUF bytes, whole."""
        if self._poll is None or len(line) > select.PIPE_BUF or self._queued != self._written:
            return False
        return any(event == select.POLLOUT for _, event in self._poll.poll(0))

    def _write_queued(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while (line := self._queue.get()) is not None:
                view = memoryview(line)
                while view:
                    view = view[os.write(self._pipe.fileno(), view) :]
                self._written += 1
        with contextlib.suppress(OSError):
            self._pipe.close()


def read_chunk(pipe: IO[bytes]) -> bytes:
    """What there is to read, at most CHUNK bytes; nothing at the end and after an error."""
    try:
        return os.read(pipe.fileno(), CHUNK)
    except (OSError, ValueError):
        return b""
