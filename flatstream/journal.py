"""Journals: appending writers that say what survives a crash, and mean it.

    with flatstream.open("journal.bin", "ab", checksum="xxh3_64", durability="fsync") as journal:
        journal.write("this message is on the medium when the call returns")

What `write` and its sisters promise by returning, without a group commit and not in the background:

| durability | the frame is                                 | it survives                                     |
|------------|----------------------------------------------|-------------------------------------------------|
| ``none``   | in the memory of this process                | nothing; `flush` and `sync` say when it does     |
| ``flush``  | with the operating system (``write``)        | the end of this process, by whatever signal      |
| ``fsync``  | on the medium (``write``, then ``fsync``)    | a crash of the system and a loss of power        |

With a `GroupCommit`, or a `Background`, returning promises no more than ``none`` does, and that the commit follows when
the group is full, or at once. ``flushed_offset`` and ``durable_offset`` always tell, for every durability, how far each
promise holds: a frame is kept if it ends at or before them, and the offset after `write` is where its frame ends.
`sync` returns when everything that was written before is durable.

Opening takes an exclusive lock, makes what is there durable, scans it, and only then appends: it refuses corruption
with its error, and a torn tail with ``AppendRefused`` unless ``truncate_torn_tail`` says to cut it off. What a disk was
asked to write and not to sync it may write in any order. So behind the last durable frame, a loss of power can leave
holes, which a checksum tells from frames; use ``xxh3_64``, under which, alone of the built-in ones, zeros are no frame
(C6).

`flatstream/JOURNAL.md` says more: what was tested and how, and what no program can promise.
"""

from __future__ import annotations

import os
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self, cast

from flatstream.commit import check_settings
from flatstream.disk import Disk, DiskFile, attempted, sync_name
from flatstream.errors import AppendRefused
from flatstream.log import Log
from flatstream.recovery import RecoveryEnd, RecoveryReport, recover_file, truncate
from flatstream.writer import StreamWriter, gathered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike
    from types import TracebackType

    import flatbuffers
    from typing_extensions import Buffer

    from flatstream.commit import Background, Durability, GroupCommit
    from flatstream.deframer import Deframer
    from flatstream.framer import Framer
    from flatstream.policy import MemoryPolicy
    from flatstream.typed import StreamSerialize
    from flatstream.writer import Encoding

__all__ = ["JournalWriter", "open_journal"]

BATCH: Final = 256
"""Payloads that `JournalWriter.write_many` frames before it looks whether a commit is due."""


class JournalWriter:
    """Appends messages to a journal that it has for itself. Made by ``flatstream.open`` with a ``durability``.

    Messages are framed by the rules of `flatstream.StreamWriter`: what is refused leaves the journal untouched and the
    writer usable. An error of the disk fails the writer for good, and each later call raises it again:
    ``StreamIOError``, and ``SyncFailed`` if it was ``fsync`` that failed. Open the journal anew to learn what it holds.

    Threads may share a writer: their frames stay whole, and each thread's are in its order. After a fork, only the
    parent has it. One that is not closed commits its frames when it is collected as garbage or the interpreter exits,
    with a ``ResourceWarning``; a process that ends in another way keeps what ``flushed_offset`` promised.
    """

    def __init__(self, log: Log, stream: StreamWriter, recovered: RecoveryReport) -> None:
        self._log = log
        self._stream = stream
        self._finalizer = weakref.finalize(self, _unclosed, log)
        self.recovered = recovered
        """What the scan found when the journal was opened; a torn tail that it reports was cut off since."""

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was accepted, and not dropped."""
        return self._stream.offset

    @property
    def flushed_offset(self) -> int:
        """Up to this absolute offset in bytes, the operating system has the journal."""
        return self._log.flushed

    @property
    def durable_offset(self) -> int:
        """Up to this absolute offset in bytes, the journal is on the medium, as far as the system says the truth."""
        return self._log.durable

    @property
    def dropped(self) -> int:
        """Frames that found the queue full and were dropped, as ``Background(when_full="drop")`` asks."""
        return self._log.dropped

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._log.closed

    def write(self, message: str | StreamSerialize) -> None:
        """Build ``message`` in the writer's own builder and write it, as `flatstream.StreamWriter.write`."""
        log = self._log
        log.refuse_inside()
        with log.lock:
            try:
                if log.enter():
                    self._stream.write(message)
                else:
                    log.dropped += 1
            finally:
                log.leave(self._stream.offset, 1)

    def write_finished(self, builder: flatbuffers.Builder) -> None:
        """Write what a builder of the caller's has finished, as `flatstream.StreamWriter.write_finished`."""
        log = self._log
        log.refuse_inside()
        with log.lock:
            try:
                if log.enter():
                    self._stream.write_finished(builder)
                else:
                    log.dropped += 1
            finally:
                log.leave(self._stream.offset, 1)

    def write_payload(self, payload: Buffer) -> None:
        """Write any bytes-like as one frame, as `flatstream.StreamWriter.write_payload`."""
        log = self._log
        log.refuse_inside()
        with log.lock:
            try:
                if log.enter():
                    self._stream.write_payload(payload)
                else:
                    log.dropped += 1
            finally:
                log.leave(self._stream.offset, 1)

    def write_many(self, payloads: Iterable[Buffer]) -> int:
        """Write each payload as one frame; returns how many were accepted.

        One commit covers up to 256 payloads, and the last is done when this returns, if one a frame is due. Likewise,
        up to 256 are dropped or none. A payload that is refused is refused with all before it written; so is what
        ``payloads`` itself raises.
        """
        iterator, accepted = iter(payloads), 0
        while True:
            count, whole = self._write_some(iterator)
            accepted += count
            if whole < BATCH:
                return accepted

    def write_records(self, record: Encoding, table: Any) -> int:
        """Write each row of a table as one frame, as `flatstream.StreamWriter.write_records`; returns their number.

        One commit covers them all; their frames are held in memory until they are handed over. They are not dropped,
        but wait for room in the queue.
        """
        log = self._log
        log.refuse_inside()
        count = None
        with log.lock:
            try:
                log.enter(patient=True)
                count = self._stream.write_records(record, table)
            finally:
                log.leave(self._stream.offset, count)
        return count

    def flush(self) -> None:
        """Return when the operating system has all that was written before."""
        self._log.flush()

    def sync(self) -> None:
        """Return when the medium has all that was written before. In the background, threads share the work."""
        self._log.sync()

    def close(self) -> None:
        """Commit by the journal's durability, give the lock back and close the file; a second call does nothing.

        Raises an error that no call has raised before, such as one of a thread in the background.
        """
        try:
            self._log.close()
        finally:
            if self._log.closed:
                # Nothing is left to do when the collector comes: nobody hears of an interruption then.
                self._finalizer.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _write_some(self, payloads: Iterator[Buffer]) -> tuple[int, int]:
        """Write up to `BATCH` payloads; returns how many were accepted, and how many there were."""
        # Before the lock is taken, which a slow source would keep from others.
        some, failure = gathered(payloads, BATCH)
        log = self._log
        log.refuse_inside()
        accepted, count = 0, None
        with log.lock:
            try:
                if log.enter():
                    accepted = count = self._stream.write_many(some)
                else:
                    log.dropped += len(some)
            finally:
                log.leave(self._stream.offset, count)
        if failure is not None:
            raise failure
        return accepted, len(some)


def open_journal(
    path: str | PathLike[str],
    framer: Framer,
    deframer: Deframer,
    *,
    durability: Durability,
    group_commit: GroupCommit | None = None,
    background: Background | None = None,
    truncate_torn_tail: bool = False,
    new: bool = False,
    policy: MemoryPolicy | None = None,
    disk: Disk | None = None,
) -> JournalWriter:
    """What ``flatstream.open`` does for a journal; ``new`` is mode "xb". ``disk`` takes the system's place.

    ``OSError`` if the file cannot be opened or is none, ``JournalLocked`` if it has a writer, ``AppendRefused`` for a
    torn tail, ``StreamIOError`` if the disk fails, and whatever corruption the scan finds, with the offset of its
    frame.
    """
    check_settings(durability, group_commit, background)
    StreamWriter(bytearray(), framer, policy=policy)  # raises for a wrong one of these before a file is made
    file = claimed(path, Disk() if disk is None else disk, new=new)
    try:
        report = _made_sound(file, os.fspath(path), deframer, truncate_torn_tail=truncate_torn_tail)
        log = Log(file, report.last_good_offset, durability, group_commit, background)
        return JournalWriter(log, StreamWriter(log.staged, framer, policy=policy, offset=log.flushed), report)
    except BaseException:
        with suppress(OSError):
            file.close()
        raise


def claimed(path: str | PathLike[str], disk: Disk, *, new: bool) -> DiskFile:
    """The file at ``path``, made if it is not there, open for reading and appending, and locked."""
    name = os.fspath(path)
    file = DiskFile(disk, disk.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND | (os.O_EXCL if new else 0)))
    try:
        if not disk.is_regular(file.fileno()):
            raise ValueError(f"a journal is a regular file, which {name} is not")
        disk.claim(file.fileno(), name)
    except BaseException:
        with suppress(OSError):
            file.abandon()
        raise
    return file


def _made_sound(file: DiskFile, name: str, deframer: Deframer, *, truncate_torn_tail: bool) -> RecoveryReport:
    """Make what the file holds durable, and find out what that is; cut off a torn tail if that is allowed.

    Whoever wrote it may have died before it was durable, file and name alike. If a sync of theirs had failed, the
    system may show bytes that the medium has not got; so it is asked to forget them before the scan.
    """
    disk = file.disk
    with attempted("syncing"):
        file.sync()
        sync_name(disk, name)
    with attempted("forgetting cached pages"):
        disk.drop_cache(file.fileno())
    report = recover_file(cast("BinaryIO", file), deframer)
    if report.end is RecoveryEnd.TORN_TAIL:
        if not truncate_torn_tail:
            raise AppendRefused(report.last_good_offset, report.size)
        truncate(cast("BinaryIO", file), report)
        with attempted("syncing"):
            file.sync()
    return report


def _unclosed(log: Log) -> None:
    """What a writer leaves that was never closed: collected as garbage, or alive when the interpreter exits."""
    if not log.closed:
        warnings.warn("a journal was not closed", ResourceWarning, stacklevel=2)
        log.close()
