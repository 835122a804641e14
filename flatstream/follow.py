"""Following: a reader of a journal that is still being written, as ``tail -F`` does for text.

    with flatstream.open("telemetry.bin", "rb", checksum="crc32", follow=True) as reader:
        for payload in reader:  # waits for the next frame, whenever that is written
            ...

| the file                                    | the reader                                                             |
|---------------------------------------------|------------------------------------------------------------------------|
| grows                                       | gives each frame once it is whole, waits for the rest of a torn one    |
| holds a frame that is wrong                 | raises at once what any reader raises (R10)                            |
| is replaced by another of its name, with    | reads the old one to its end, then the new one from its start; a torn  |
| something in it (rotation)                  | tail in the old one is ``UnexpectedEof``: nobody will complete it      |
| loses its torn tail (recovery)              | goes on where the frame began, also if others stand there at once      |
| is cut or overwritten below what was given  | ``FileTruncated``                                                      |

A new file counts once there is a byte in it: a writer that rotates closes the old one before it writes to the new one,
so that nothing of the old one is missed. Of a file that has come and gone while the reader was busy with an older one,
it cannot know. Windows lets nobody rename or remove a file that is open here.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BytesIO
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, Final, Self, TypeVar, cast

from flatstream.changes import Polling, changes_of
from flatstream.deframer import GULP, Parser
from flatstream.errors import FileTruncated, StreamIOError
from flatstream.feed import READAHEAD
from flatstream.reader import StreamReader
from flatstream.wire import LENGTH_SIZE

if TYPE_CHECKING:
    import io

    from flatstream.changes import Changes
    from flatstream.deframer import Deframer
    from flatstream.errors import FlatStreamError
    from flatstream.wire import Payload

__all__ = ["FollowingReader"]

P = TypeVar("P", bytes, memoryview)

MEMORY: Final = 64
"""Bytes before the cursor that are read again with what follows them, to see that they are still the same."""

TRUSTED: Final = 2
"""Changes in a row of which nothing was told: then nothing is expected to be told any more."""


class FollowingReader(StreamReader[P]):
    """A `StreamReader` of a file that grows: iterating waits, and `poll` does not.

    Iterating ends when `stop` or `close` is called, by any thread, or when no frame has come for ``timeout`` seconds;
    it can be taken up again after a timeout. An interruption (Ctrl-C) goes through, and loses nothing. Payloads stay
    valid.
    """

    _file: io.FileIO
    _feed: _Growing
    _changes: Changes

    def __init__(
        self, path: str | os.PathLike[str], deframer: Deframer, *, copy: bool, timeout: float | None = None
    ) -> None:
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout must be 0 seconds or more, not {timeout}")
        self._deframer = deframer
        self._borrow = not copy
        self._timeout = timeout
        self._path = Path(path).absolute()  # the process may change its directory
        self._failure: FlatStreamError | None = None
        self._turn = RLock()
        self._busy = self._stopped = False
        self._untold = 0
        self._listens = True
        self.rotations = 0
        """How often the file was replaced by a new one, to whose start ``offset`` then relates."""
        super().__init__(b"", deframer, copy=copy)
        self._enter(_regular(self._path.open("rb", buffering=0), self._path))
        self._changes = changes_of(self._path, self._file.fileno())

    @property
    def pending(self) -> int:
        """Bytes that were read behind ``offset``: once the iteration has ended, those of a frame that is not whole."""
        return self._feed.position - self.offset

    def __iter__(self) -> Self:
        if self._closed:
            raise ValueError("this reader is closed")
        return self

    def __next__(self) -> P:
        payload = self._next(self._timeout)
        if payload is None:
            raise StopIteration
        return payload

    def poll(self) -> P | None:
        """The next payload, if its frame is whole already; else ``None``."""
        if self._closed:
            raise ValueError("this reader is closed")
        return self._next(0)

    def stop(self) -> None:
        """End the iteration once what is whole has been given; any thread, and a signal handler, may call it."""
        self._stopped = True
        self._changes.wake()

    def close(self) -> None:
        """End the iteration, and close the file; any thread, and a signal handler, may call it."""
        self._closed = True
        self._changes.wake()
        with self._turn:
            if not self._busy:  # else this very thread reads, and closes when it is done
                self._release()

    def _next(self, timeout: float | None) -> P | None:
        """The next payload; ``None`` if there is none in time, or the end has been asked for."""
        with self._turn:
            self._busy = True
            try:
                return self._awaited(timeout)
            finally:
                self._busy = False
                if self._closed:
                    self._release()

    def _awaited(self, timeout: float | None) -> P | None:
        deadline = None if timeout is None else monotonic() + timeout
        told = True
        while not self._closed:
            stopped = self._stopped  # before the look, so that what was there when it was said is given
            payload = self._look()
            if payload is not None:
                self._trust(told=told)
                return payload
            left = None if deadline is None else deadline - monotonic()
            if stopped or (left is not None and left <= 0):
                break
            told = self._changes.wait(left)
        return None

    def _look(self) -> P | None:
        """The next payload, of this file or of one that has taken its name; ``None`` if it is not whole yet."""
        while True:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            try:
                payload = next(iter(self._parser), _END)
            except Exception:
                raise
            except BaseException:
                self._restart()  # what was interrupted in the middle of a frame reads that again
                raise
            if payload is _END:
                self._enter_next()
            elif payload is not None:
                return cast("P", payload)
            elif self._feed.disturbed:
                self._restart()
            elif self._replaced():
                self._feed.last = True  # read on to its end, which counts from now on
            else:
                return None

    def _replaced(self) -> bool:
        """Whether the name leads to another file that has something in it."""
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False  # between the two steps of a rotation
        except OSError as cause:
            raise StreamIOError("looking for the file") from cause
        if os.path.samestat(named, os.fstat(self._file.fileno())):
            return False
        try:
            self._changes.renamed()
        except OSError:  # no watches are left: looking again and again needs none
            self._listen(Polling())
        return named.st_size > 0

    def _enter_next(self) -> None:
        """From the clean end of a file to the one that has its name now, if it still has."""
        self._feed.last = False
        try:
            file = _regular(self._path.open("rb", buffering=0), self._path)
        except FileNotFoundError:
            return
        except OSError as cause:
            raise StreamIOError("opening the next file") from cause
        self._file.close()
        self._enter(file)
        self._listen(changes_of(self._path, file.fileno()) if self._listens else Polling())
        self.rotations += 1

    def _enter(self, file: io.FileIO) -> None:
        self._file = file
        self._feed = _Growing(file, borrow=self._borrow)
        self._parser = Parser(self._deframer, self._feed)

    def _restart(self) -> None:
        """Go on where the last whole frame ended, if all that stands before is what it was."""
        offset = self.offset
        known = self._feed.known(offset)
        try:
            size = os.fstat(self._file.fileno()).st_size
            self._file.seek(offset - len(known))
            same = self._file.read(len(known)) == known
        except OSError as cause:
            raise StreamIOError("reading") from cause
        if size < offset or not same:
            self._failure = FileTruncated(offset, size)
            return
        self._feed = _Growing(self._file, borrow=self._borrow, position=offset, seen=known)
        self._parser = Parser(self._deframer, self._feed, offset=offset)

    def _trust(self, *, told: bool) -> None:
        """Look again and again from now on if changes come of which nothing is told, as other machines make them."""
        self._untold = 0 if told else self._untold + 1
        if self._untold == TRUSTED:
            self._listens = False
            self._listen(Polling())

    def _listen(self, changes: Changes) -> None:
        self._changes, former = changes, self._changes
        former.close()
        if self._stopped or self._closed:  # which only the former may have been told
            changes.wake()

    def _release(self) -> None:
        self._parser.close()
        if not self._file.closed:
            self._file.close()
            self._changes.close()


def _regular(file: io.FileIO, path: Path) -> io.FileIO:
    """The file, if it has a size that can grow; else it is closed, and ``OSError`` raised."""
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


class _Growing:
    """A feed of a file that grows: it says where bytes have merely not arrived."""

    def __init__(self, file: io.FileIO, *, borrow: bool, position: int = 0, seen: bytes = b"") -> None:
        self._file = file
        self._borrow = borrow
        self._arrived = BytesIO()
        self._before, self._start = b"", 0  # what stands before that which arrived, and where that begins
        self._seen = self._last = seen  # the last bytes, and the last read with those before it
        self.position = position
        """Absolute offset in bytes one past what was read."""
        self.last = False
        """Whether the end of the file is the end of the input."""
        self.disturbed = False
        """Whether bytes that were read stand there no longer."""

    def take(self, need: int) -> Payload:
        """A fresh chunk."""
        return self._given(self._read(max(need, READAHEAD)))

    def complete(self, rest: Payload, need: int) -> Payload | None:
        """What was taken short and what has arrived since; ``None`` if that is not enough yet."""
        arrived = self._arrived
        if not (waited := arrived.tell()):
            waited = arrived.write(rest)
            self._start = self.position - waited
            self._before = self._last[: len(self._last) - waited][-MEMORY - LENGTH_SIZE :]
        have = waited
        while have < need and (more := self._read(max(min(need - have, GULP), READAHEAD))):
            have += arrived.write(more)
        if self.disturbed:
            return None
        # What waited may have been cut off since, and a frame have been written there that is equal to it where it
        # ended, as records filled up with zeros are. Its beginning is looked at each time, all of it once it is whole.
        whole = have >= need
        if (waited or need != LENGTH_SIZE) and not self._stands(waited if whole else min(waited, MEMORY)):
            self.disturbed = True
            return None
        if not whole and not self.last:
            return None
        self._arrived = BytesIO()
        return self._given(arrived.getvalue())

    def known(self, offset: int) -> bytes:
        """What is remembered of the bytes before ``offset``."""
        memory, end = (self._before, self._start) if self._arrived.tell() else (self._seen, self.position)
        return memory[: max(0, len(memory) - (end - offset))]

    def _stands(self, size: int) -> bool:
        """Whether the file still has the first ``size`` bytes that arrived, and those before them."""
        self._file.seek(self._start - len(self._before))
        if self._file.read(len(self._before)) != self._before:
            return False
        with self._arrived.getbuffer() as arrived:
            for at in range(0, size, GULP):
                stop = min(at + GULP, size)
                if self._file.read(stop - at) != arrived[at:stop]:
                    return False
        return True

    def _given(self, chunk: bytes) -> Payload:
        return memoryview(chunk) if self._borrow else chunk

    def _read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none if there are no more, or those before them have changed."""
        if os.fstat(self._file.fileno()).st_size == self.position:
            return b""  # as most looks of an idle follower find it, at a tenth of the cost of a read
        seen = len(self._seen)
        self._file.seek(self.position - seen)
        chunk = self._file.read(seen + size)
        if chunk[:seen] != self._seen:
            self.disturbed = True
            return b""
        more = chunk[seen:]
        self._seen, self._last = chunk[-MEMORY:], chunk
        self.position += len(more)
        return more


_END: Final = object()
"""There is no next payload."""
