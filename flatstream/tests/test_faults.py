"""Every system call of a journal, its recovery and its reader fails once, in turn, by count.

Whatever fails: the error is of the right kind, nothing that was acknowledged is lost, the journal can be opened again,
and no descriptor, lock or thread is left.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from flatstream import (
    Background,
    ChecksumDeframer,
    ChecksumFramer,
    FlatStreamError,
    StreamIOError,
    StreamReader,
    recover_file,
    truncate,
)
from flatstream.disk import Disk, DiskFile
from flatstream.errors import SyncFailed
from flatstream.journal import open_journal
from flatstream.tests.crashes import frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Buffer

    from flatstream.commit import Durability

KINDS = {name: getattr(errno, name) for name in ("EIO", "ENOSPC", "EINTR", "EAGAIN", "EPIPE")} | {"short": None}


class FailingDisk(Disk):
    """The system, of which one call fails, or takes or gives one byte. Syncs are only counted: no power fails."""

    def __init__(self, fail_at: int = 0, number: int | None = None) -> None:
        self.calls = 0
        self.failed: str | None = None
        self.descriptors: set[int] = set()
        self._fail_at = fail_at
        self._number = number

    def _strikes(self, call: str, *, can_be_short: bool = False) -> bool:
        """Whether this is the call; raises unless it is to be short."""
        self.calls += 1
        if self.calls != self._fail_at or (self._number is None and not can_be_short):
            return False
        self.failed = call
        if self._number is not None:
            raise OSError(self._number, os.strerror(self._number))
        return True

    def open(self, path: str, flags: int) -> int:
        self._strikes("open")
        fd = super().open(path, flags)
        self.descriptors.add(fd)
        return fd

    def close(self, fd: int) -> None:
        super().close(fd)
        self.descriptors.remove(fd)
        self._strikes("close")

    def is_regular(self, fd: int) -> bool:
        self._strikes("fstat")
        return super().is_regular(fd)

    def read(self, fd: int, size: int) -> bytes:
        return super().read(fd, 1 if self._strikes("read", can_be_short=True) else size)

    def write(self, fd: int, data: Buffer) -> int:
        short = self._strikes("write", can_be_short=True)
        return super().write(fd, bytes(data)[:1] if short else data)

    def seek(self, fd: int, offset: int, whence: int) -> int:
        self._strikes("lseek")
        return super().seek(fd, offset, whence)

    def truncate(self, fd: int, size: int) -> None:
        self._strikes("ftruncate")
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self._strikes("fsync")

    def drop_cache(self, fd: int) -> None:
        self._strikes("fadvise")

    def claim(self, fd: int, path: str) -> None:
        self._strikes("flock")
        super().claim(fd, path)

    def unlock(self, fd: int) -> None:
        super().unlock(fd)
        self._strikes("unlock")


class Story:
    """Write a journal, tear its tail, open it again and go on, read it, recover it; and what was acknowledged."""

    def __init__(self, path: Path, disk: Disk, durability: Durability, background: Background | None) -> None:
        self.path = path
        self.disk = disk
        self.settings: dict[str, Any] = {"durability": durability, "background": background, "disk": disk}
        self.written: list[bytes] = []
        self.acknowledged = 0

    def run(self) -> None:
        self._write([b"one", b"two" * 9, b"", b"four"], new=True)
        self._tear()
        self._write([b"five", b"six" * 1000], truncate_torn_tail=True)
        self._read()

    def _tear(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"\x09\0\0\0torn")

    def _write(self, payloads: list[bytes], **options: Any) -> None:
        framer, deframer = ChecksumFramer("xxh3_64"), ChecksumDeframer("xxh3_64")
        journal = open_journal(self.path, framer, deframer, **self.settings, **options)
        ends: list[int] = []
        before = self.acknowledged
        try:
            for payload in payloads[:2]:
                self.written.append(payload)
                journal.write_payload(payload)
                ends.append(journal.offset)
            journal.flush()
            journal.sync()
            self.written += payloads[2:]
            journal.write_many(payloads[2:])
            ends += [journal.offset] * len(payloads[2:])
            journal.close()
        finally:
            with suppress(StreamIOError):
                journal.close()
            durability = self.settings["durability"]
            reached = journal.durable_offset if durability == "fsync" else journal.flushed_offset
            self.acknowledged = before + sum(end <= reached for end in ends)

    def _read(self) -> None:
        file = DiskFile(self.disk, self.disk.open(str(self.path), os.O_RDWR))
        try:
            deframer = ChecksumDeframer("xxh3_64")
            assert [bytes(payload) for payload in StreamReader(file, deframer)] == self.written
            self._tear()
            report = recover_file(file, deframer)  # type: ignore[arg-type]  # a raw file is enough
            truncate(file, report)  # type: ignore[arg-type]  # the same
        finally:
            with suppress(OSError):
                file.close()


def stories(tmp_path: Path, durability: Durability, *settings: Any) -> Iterator[tuple[Story, FailingDisk, str]]:
    """A story for each kind of failure of each call, up to the last call that there is.

    Without syncs two kinds are enough: the paths are the same, and so are those of all errors but an interruption.
    """
    for kind, number in KINDS.items() if durability == "fsync" else (("EIO", errno.EIO), ("short", None)):
        for fail_at in range(1, 1000):
            disk = FailingDisk(fail_at, number)
            yield Story(tmp_path / f"{kind}-{fail_at}.bin", disk, durability, *settings), disk, kind
            if disk.calls < fail_at:
                break
        else:
            pytest.fail("it never ends")


@pytest.mark.parametrize("background", [None, Background(queue_bytes=10)])
@pytest.mark.parametrize("durability", ["none", "flush", "fsync"])
def test_every_call_fails_once(tmp_path: Path, durability: Durability, background: Background | None) -> None:
    threads = set(threading.enumerate())
    failed: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for story, disk, kind in stories(tmp_path, durability, background):
        error: BaseException | None = None
        try:
            story.run()
        except (OSError, FlatStreamError) as raised:
            error = raised
        failed[kind].add(disk.failed or "nothing")
        _of_the_right_kind(error, disk.failed, kind)
        assert disk.descriptors == set()
        assert set(threading.enumerate()) <= threads

        found = frames_of(story.path.read_bytes(), "xxh3_64") if story.path.exists() else []
        assert found == story.written[: len(found)]
        assert len(found) >= story.acknowledged
        with open_journal(  # nobody has left a lock
            story.path,
            ChecksumFramer("xxh3_64"),
            ChecksumDeframer("xxh3_64"),
            durability="flush",
            truncate_torn_tail=True,
            disk=FailingDisk(),
        ) as again:
            again.write_payload(b"more")
        assert frames_of(story.path.read_bytes(), "xxh3_64") == [*found, b"more"]
        story.path.unlink()
    calls = {"open", "close", "fstat", "read", "write", "lseek", "ftruncate", "fsync", "fadvise", "flock", "unlock"}
    assert failed["EIO"] == {*calls, "nothing"}
    assert failed["short"] == {"read", "write", "nothing"}


def _of_the_right_kind(error: BaseException | None, call: str | None, kind: str) -> None:
    if call is None or kind == "short" or (kind == "EINTR" and call in {"read", "write"}):
        assert error is None
    elif isinstance(error, StreamIOError):
        assert isinstance(error.__cause__, OSError)
        assert error.__cause__.errno == KINDS[kind]
        assert isinstance(error, SyncFailed) <= (call == "fsync")
    else:
        # What opens no journal is an OSError; that the story's own reader cannot be closed, it ignores.
        assert call in {"open", "fstat", "flock", "close", "unlock"}
        assert error is None or (isinstance(error, OSError) and error.errno == KINDS[kind])
