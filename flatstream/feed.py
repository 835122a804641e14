"""Where a reader's bytes come from: the four ways of the read path.

| feed          | source    | payloads are                                                        |
|---------------|-----------|---------------------------------------------------------------------|
| `MemoryFeed`  | in place  | slices of the source                                                |
| `ExactFeed`   | file-like | fresh `bytes` for each frame, and no byte more is taken (R9)        |
| `ReusedFeed`  | file-like | views of one buffer, valid until the next read; no byte more either |
| `AheadFeed`   | file-like | slices of fresh chunks, since the caller allowed to read ahead      |

None of them asks for, or allocates, more than one `GULP` ahead of what has arrived (R6), and all of them take short
reads as they come (R7).
"""

from __future__ import annotations

from io import BufferedRandom, BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from flatstream.deframer import GULP
from flatstream.policy import Installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.policy import MemoryPolicy, ReclamationInfo
    from flatstream.wire import Payload

MAX_READAHEAD: Final = 2**20
"""The most bytes that a reader may be allowed to read ahead."""

READAHEAD: Final = 256 * 1024
"""Bytes to read ahead from a file that this library opened itself."""


class Readable(Protocol):
    """What a file-like source must have."""

    def read(self, size: int, /) -> bytes | None:
        """Up to ``size`` bytes; none at the end; ``None`` if the source does not block and has none."""


class MemoryFeed:
    """Nothing follows the window that the parser started with."""

    def take(self, _need: int) -> Payload:
        """The end of the input."""
        return b""

    def complete(self, rest: Payload, _need: int) -> Payload:
        """The end of the input."""
        return rest


class ExactFeed:
    """Takes exactly what is asked for, as fresh ``bytes``."""

    def __init__(self, source: Readable) -> None:
        # For a source of the standard library this is its own method: half the cost of a frame is in these calls.
        self.take = reading(source)

    def complete(self, rest: Payload, need: int) -> Payload:
        """Go on after a short read, or after the first gulp of a large payload."""
        return gathered(self.take, rest, need)


class AheadFeed:
    """Takes up to ``readahead`` bytes at a time, or what the frame needs if that is more."""

    def __init__(self, source: Readable, readahead: int, *, borrow: bool) -> None:
        # `read1` gives what is there, where `read` would wait for all of it.
        self._read = reading(source, getattr(source, "read1", None))
        self._readahead = readahead
        self._borrow = borrow

    def take(self, need: int) -> Payload:
        """A fresh chunk."""
        chunk = self._read(max(need, self._readahead))
        return memoryview(chunk) if self._borrow else chunk

    def complete(self, rest: Payload, need: int) -> Payload:
        """The rest of the last chunk, joined to the next ones."""
        chunk = gathered(self._read, rest, need, self._readahead)
        return memoryview(chunk) if self._borrow else chunk


class ReusedFeed:
    """Takes exactly what is asked for, into one buffer that grows to the high-water mark and is used again."""

    def __init__(self, source: Readable, policy: MemoryPolicy) -> None:
        self._readinto = reading_into(source)
        self._policy = Installed(policy)
        self._buffer = memoryview(bytearray(self._policy.baseline))
        self._due: ReclamationInfo | None = None

    def take(self, need: int) -> Payload:
        """Overwrite the buffer, and with it the payload that was given last."""
        if self._due is not None:  # P5: not when the policy said so, since the last payload still lay in this buffer
            self._buffer = memoryview(bytearray(self._policy.baseline))
            self._policy.reclaimed(self._due)
            self._due = None
        return self._buffer[: self._readinto(self._buffer[:need])]

    def complete(self, rest: Payload, need: int) -> Payload:
        """Go on behind ``rest``, gulp by gulp into a larger buffer where this one is too small."""
        have = len(rest)
        if need <= len(self._buffer):
            while have < need and (count := self._readinto(self._buffer[have:need])):
                have += count
            return self._buffer[:have]
        # Not the old buffer resized: the caller may still hold a view of it, which forbids that.
        grown = bytearray(rest)
        while have < need:
            grown += bytes(min(need - have, GULP))
            with memoryview(grown) as view, view[have:] as room:
                count = self._readinto(room)
            have += count
            del grown[have:]
            if not count:
                break
        self._buffer = memoryview(grown)
        return self._buffer[:have]

    def consider(self, payload: Payload) -> None:
        """Ask the policy, after a frame was read well (P1)."""
        self._due = self._policy.ask(len(payload), len(self._buffer))


def gathered(read: Callable[[int], bytes], rest: Payload, need: int, ahead: int = 0) -> bytes:
    """``rest`` and what follows it, ``need`` bytes or more in all; fewer only at the end of the source.

    No ``rest`` means that the source was just found to have ended. Memory grows with what arrives (R6): at most a
    gulp, or ``ahead`` bytes if these are more, is asked for at a time.
    """
    whole = BytesIO()  # grows in place, and gives its bytes away without a copy
    have = whole.write(rest)
    while 0 < have < need and (more := read(max(min(need - have, GULP), ahead))):
        have += whole.write(more)
    return whole.getvalue()


def reading(source: Readable, read: Callable[[int], bytes | None] | None = None) -> Callable[[int], bytes]:
    """A function that reads up to that many bytes, through ``read`` or the source's own method.

    Buffered sources of the standard library need no guard: they give bytes and retry interrupted calls.
    """
    method = source.read if read is None else read
    if isinstance(source, BytesIO | BufferedReader | BufferedRandom):
        return cast("Callable[[int], bytes]", method)

    def guarded(size: int) -> bytes:
        data = _uninterrupted(method, size)
        if isinstance(data, bytes):
            return data
        if isinstance(data, bytearray | memoryview):
            return bytes(data)
        raise _not_bytes(data)

    return guarded


def reading_into(source: Readable) -> Callable[[memoryview], int]:
    """A function that reads into a view, and gives the number of bytes, 0 at the end."""
    readinto = getattr(source, "readinto", None)
    if readinto is None:
        read = reading(source)

        def copied(view: memoryview) -> int:
            data = read(len(view))
            view[: len(data)] = data
            return len(data)

        return copied
    if isinstance(source, BytesIO):
        return cast("Callable[[memoryview], int]", readinto)

    def guarded(view: memoryview) -> int:
        count = _uninterrupted(readinto, view)
        if isinstance(count, int):
            return count
        raise _not_bytes(count)

    return guarded


def _uninterrupted(call: Callable[[Any], object], argument: object) -> object:
    """R7: an interrupted call is made again, as the standard library's own files do (PEP 475)."""
    while True:
        try:
            return call(argument)
        except InterruptedError:
            continue


def _not_bytes(answer: object) -> Exception:
    if answer is None:
        return BlockingIOError("the source does not block and has no bytes now")
    return TypeError(f"the source gave {type(answer).__name__}, not bytes")
