"""The end of an open journal: frames are handed to the operating system, and made durable.

`Log` stands between a writer, which frames into memory, and a file. What it knows of the file are three offsets, each
one past a last byte: ``accepted`` by the writer, ``flushed``, which means that the operating system has it, and
``durable``, which means that the medium has it. They only grow, in this order, and an error stops the later two for
good.

    frames -> staged -> write() -> flushed -> fsync() -> durable

A `Log` does its I/O in the thread that calls it, or in one of its own, with a bounded queue in front of it. Both are
one class, and one file of some length, since all of its state is guarded by one lock and has to be read together.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakSet

from flatstream.commit import Background
from flatstream.errors import StreamIOError, SyncFailed

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from flatstream.commit import Durability, GroupCommit
    from flatstream.disk import DiskFile

__all__ = ["Log"]

BUFFER: Final = 256 * 1024
"""Bytes of frames that are gathered at most before they are handed to the operating system, and up to a frame more."""

CLOSED: Final = "this writer is closed"


class Log:
    """The end of an open journal: takes whole frames and writes, flushes and syncs them when that is due.

    Every method may be called from any thread. Frames go in between `enter` and `leave`, by a writer that appends to
    ``staged`` and holds ``lock`` meanwhile. An error of the disk, or an interruption in the middle of writing, fails
    the log for good (S4).

    An interruption (Ctrl-C) may come between any two steps of the bookkeeping. So the lock is taken by ``with`` on the
    lock itself, which nothing comes between, and its being held is the only sign that a thread is inside.
    """

    def __init__(
        self,
        file: DiskFile,
        offset: int,
        durability: Durability = "none",
        group: GroupCommit | None = None,
        background: Background | None = None,
    ) -> None:
        self.staged = bytearray()
        """Frames that were accepted and not yet handed over."""
        self.flushed = self.durable = offset
        self.dropped = 0
        self._file = file
        self._durability = durability
        self._group = group
        self._background = Background() if background is None and group is not None and group.seconds else background
        self._taken = offset  # where `staged` begins
        self._noted = offset  # what of it has been counted
        self._frames = 0  # that are not committed, and since when:
        self._since = 0.0
        self._wanted_flushed = self._wanted_durable = offset
        self._error: StreamIOError | None = None
        self._told = False
        self._closing = self._ended = self._foreign = False
        self.lock = threading.RLock()
        """Guards all of this; whoever frames holds it, from before `enter` until after `leave`."""
        self._changed = threading.Condition(self.lock)
        self._enough = BUFFER if self._background is None else min(BUFFER, self._background.queue_bytes)
        self._worker: threading.Thread | None = None
        _LOGS.add(self)
        if self._background is not None:
            # A daemon, since the interpreter waits for others before it runs what closes a journal at exit.
            self._worker = threading.Thread(target=self._work, name="flatstream-journal", daemon=True)
            self._worker.start()

    @property
    def accepted(self) -> int:
        """One past the last byte of the last frame that was taken."""
        return self._taken + len(self.staged)

    @property
    def closed(self) -> bool:
        """Whether `close` was called, or has nothing to do since the log is another process's."""
        return self._closing or self._foreign

    def refuse_inside(self) -> None:
        """See, before the lock is taken, that this thread may take it.

        ``ValueError`` if a fork has copied the log, whose lock nobody may ever give back there; ``RuntimeError`` if the
        thread is framing already, as an observer or a signal handler may find it.
        """
        if self._foreign:
            raise ValueError("this journal belongs to the process that opened it, which forked this one")
        if self._inside() and not self._closing:
            raise RuntimeError("this journal is in the middle of a write, from which this call comes")

    def enter(self, *, patient: bool = False) -> bool:
        """Begin to frame into ``staged``; `leave` has to follow. ``False`` if there is no room: drop the frames.

        Waits for room if ``patient``, or as the settings say. Raises the error of a failed log, and ``ValueError`` for
        one that is closed; `leave` may follow all the same.
        """
        self._check()
        if self._background is not None:
            while not self._has_room(self._background.queue_bytes):
                if self._background.when_full == "drop" and not patient:
                    return False
                self._wait()
                self._check()
        return True

    def leave(self, end: int, frames: int | None) -> None:
        """End framing: whole frames reach up to the offset ``end``; ``frames`` of them are new, ``None`` if unknown.

        Commits what is due; so an error of the disk is raised here, unless a thread of the log's own finds it.
        """
        try:
            del self.staged[end - self._taken :]  # a part of a frame, if an exception ended the framing of it
            if end > self._noted:
                self._noted = end
                first = not self._frames
                if first:
                    self._since = time.monotonic()
                self._frames += self._many if frames is None else frames
                self._advance(wake=first)
        except BaseException:
            self._changed.notify_all()  # a worker that would have been woken looks for itself what is due
            raise

    def flush(self) -> None:
        """Return when the operating system has all that was accepted before."""
        self.refuse_inside()
        with self.lock:
            self._check()
            self._wanted_flushed = target = self.accepted
            self._advance(wake=True)
            while self.flushed < target:
                self._wait()
                self._raise()

    def sync(self) -> None:
        """Return when the medium has all that was accepted before. With a worker, threads that wait share the work."""
        self.refuse_inside()
        with self.lock:
            self._check()
            self._wanted_durable = target = self.accepted
            self._advance(wake=True)
            while self.durable < target:
                self._wait()
                self._raise()

    def close(self) -> None:
        """Commit what was accepted, by the log's durability, and close the file. A second call waits for the first.

        Raises an error that nobody has been told of yet; the file is closed all the same.
        """
        if self._foreign:
            return
        self.refuse_inside()
        if self._inside():
            return  # a signal handler in the middle of closing
        with self.lock:
            if not self._closing:
                self._wanted_flushed = self.accepted
                if self._durability == "fsync":
                    self._wanted_durable = self.accepted
                self._closing = True
            if self._worker is not None:
                self._changed.notify_all()
            elif not self._ended:  # if it was interrupted before, this goes on
                try:
                    if self._error is None:
                        self._advance(wake=False)
                finally:
                    self._end()
            # Collected as garbage in its own thread, a log has no other to wait for.
            while self._worker not in {None, threading.current_thread()} and not self._ended:
                self._wait()
            if not self._told:
                self._raise()

    def after_fork(self) -> None:
        """In a forked process: let go of a file that is the other process's, and of frames that it will write."""
        self._foreign = True
        with suppress(OSError):
            self._file.abandon()

    @property
    def _many(self) -> int:
        """A number of frames that makes a commit due, for an unknown one."""
        return (self._group and self._group.frames) or 1

    def _has_room(self, queue_bytes: int) -> bool:
        return len(self.staged) < queue_bytes

    def _inside(self) -> bool:
        """Whether this thread holds the lock, other than as the worker, in which the collector of garbage may run."""
        held: bool = self.lock._is_owned()  # type: ignore[attr-defined]  # noqa: SLF001  (as `Condition` asks it)
        return held and threading.current_thread() is not self._worker

    def _check(self) -> None:
        if self._closing:
            raise ValueError(CLOSED)
        self._raise()

    def _wait(self, seconds: float | None = None) -> None:
        """Wait for a change. The lock is held behind it, whatever ends it: an interruption may leave it without."""
        try:
            self._changed.wait(seconds)
        finally:
            if not self.lock._is_owned():  # type: ignore[attr-defined]  # noqa: SLF001  (as `Condition` asks it)
                self.lock.acquire()

    def _raise(self) -> None:
        if self._error is not None:
            self._told = True
            raise self._error.with_traceback(None)

    def _advance(self, *, wake: bool) -> None:
        """Do what is due, or have it done."""
        if self._worker is None:
            while (due := self._due()) is not None:
                self._do(due)
        elif wake or self._due() is not None:
            self._changed.notify_all()

    def _due(self) -> Literal["flush", "sync"] | None:
        """What has to be done now; nothing if all may wait."""
        syncing = self._durability == "fsync"
        if self.durable < self._wanted_durable:
            return "sync"
        if self._durability != "none" and self._group_is_full(self.durable if syncing else self.flushed):
            return "sync" if syncing else "flush"
        waiting = len(self.staged)
        if self.flushed < self._wanted_flushed or waiting >= self._enough:
            return "flush"
        if waiting and self._background is not None and self._durability == "none":
            return "flush"
        return None

    def _group_is_full(self, committed: int) -> bool:
        waiting, group = self.accepted - committed, self._group
        if not waiting or group is None:
            return waiting > 0
        return (
            (group.frames is not None and self._frames >= group.frames)
            or (group.bytes is not None and waiting >= group.bytes)
            or (group.seconds is not None and self._patience() == 0)
        )

    def _patience(self) -> float | None:
        """Seconds until the age of the first frame makes a commit due; ``None`` if there is none, or no limit."""
        if self._group is None or self._group.seconds is None or not self._frames:
            return None
        return max(0.0, self._since + self._group.seconds - time.monotonic())

    def _do(self, due: Literal["flush", "sync"]) -> None:
        """Hand over what is staged, and sync if that is due. The lock is held, and left during the I/O of a worker."""
        if due == "sync" or self._durability == "flush":
            self._frames = 0
        if self._worker is None:
            self._write(self.staged, due, clear=True)
            return
        chunk = bytes(self.staged)
        del self.staged[:]
        self._taken += len(chunk)
        self._changed.notify_all()  # there is room
        self.lock.release()
        try:
            self._write(chunk, due, clear=False)
        finally:
            self.lock.acquire()
            self._changed.notify_all()

    def _write(self, data: Buffer, due: Literal["flush", "sync"], *, clear: bool) -> None:
        """Write all of ``data``, and sync. Whatever stops this in the middle fails the log: nobody can go on there."""
        error = StreamIOError("writing")
        error.offset = self.flushed
        try:
            with memoryview(data) as whole:
                done = 0
                while done < len(whole):
                    with whole[done:] as rest:
                        done += self._written(rest)
            if due == "sync":
                error = SyncFailed(self.durable)
                error.offset = self.durable
                reached = self.flushed
                self._file.sync()
                self.durable = reached
            if clear:
                del self.staged[:]
                self._taken = self.flushed
        except BaseException as cause:
            self._fail(error, cause)
            self._told = self._worker is None  # else nobody hears of it here
            if isinstance(cause, Exception):
                raise error from cause
            raise

    def _written(self, rest: memoryview) -> int:
        """How many bytes the system takes; none if it was interrupted (its own calls try again by themselves)."""
        try:
            count = self._file.write(rest)
        except InterruptedError:
            return 0
        if not 0 < count <= len(rest):
            raise OSError(errno.EIO, f"the disk says that it took {count} of {len(rest)} bytes")
        self.flushed += count
        return count

    def _fail(self, error: StreamIOError, cause: BaseException) -> None:
        error.__cause__ = cause
        if self._error is None:
            self._error = error

    def _work(self) -> None:
        """The log's own thread: do what is due, until the log is closed or fails."""
        with self.lock:
            try:
                while not (self._closing and self._due() is None):
                    due = self._due()
                    if due is None:
                        self._wait(self._patience())
                    else:
                        self._do(due)
            except BaseException as cause:  # noqa: BLE001  (it is kept, and raised to whoever calls next)
                self._fail(StreamIOError("writing"), cause)
                self._changed.notify_all()
            while not self._closing:
                self._wait()
            with suppress(StreamIOError):
                self._end()

    def _end(self) -> None:
        """Close the file. What that fails with matters only if nothing failed before."""
        try:
            self._file.close()
        except OSError as cause:
            error = StreamIOError("closing")
            error.offset = self.durable
            self._fail(error, cause)
            self._told = self._worker is None
            raise error from cause
        finally:
            self._ended = self._file.closed
            self._changed.notify_all()


_LOGS: WeakSet[Log] = WeakSet()


def _after_fork() -> None:
    for log in list(_LOGS):
        log.after_fork()


# Windows, where nothing forks, has no such function.
getattr(os, "register_at_fork", lambda **_hooks: None)(after_in_child=_after_fork)
