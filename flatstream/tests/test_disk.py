"""The system calls of a journal, and its lock, on this system and as the other ones have them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import flatstream
from flatstream import StreamIOError, locking
from flatstream.disk import Disk, DiskFile, attempted, sync_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[DiskFile]:
    disk = Disk()
    with DiskFile(disk, disk.open(str(tmp_path / "file"), os.O_RDWR | os.O_CREAT | os.O_APPEND)) as opened:
        yield opened


def test_a_file_is_read_appended_to_and_cut_off(file: DiskFile) -> None:
    assert file.readable()
    assert file.writable()
    assert file.seekable()
    assert file.write(b"abcdef") == 6
    file.seek(2)
    assert file.read(3) == b"cde"
    assert file.truncate() == 5
    file.seek(0)
    assert file.write(b"more") == 4
    file.seek(0)
    assert file.read() == b"abcdemore"
    assert file.truncate(1) == 1
    file.sync()
    file.disk.drop_cache(file.fileno())
    assert file.seek(0, os.SEEK_END) == 1


def test_a_closed_file_has_no_descriptor(file: DiskFile) -> None:
    descriptor = file.fileno()
    file.close()
    file.close()
    file.abandon()
    with pytest.raises(ValueError, match="this file is closed"):
        file.fileno()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)


def test_a_file_that_cannot_be_unlocked_is_closed_all_the_same(file: DiskFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int) -> None:
        raise OSError("no")

    monkeypatch.setattr(locking, "unlock", refuse)
    with pytest.raises(OSError, match="no"):
        file.close()
    assert file.closed


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        flatstream.open(tmp_path / "journal", "ab", durability="none").close()
    finally:
        os.umask(before)
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o640


def test_a_program_that_is_started_does_not_inherit_the_lock(tmp_path: Path) -> None:
    journal = flatstream.open(tmp_path / "journal", "ab", durability="none")
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, close_fds=False) as process:
        journal.close()
        flatstream.open(tmp_path / "journal", "ab", durability="none").close()
        assert process.poll() is None
        process.communicate(b"\n")


def test_forgetting_cached_pages_does_nothing_where_there_is_no_such_call(
    file: DiskFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    file.disk.drop_cache(file.fileno())
    file.write(b"abc")
    file.seek(0)
    assert file.disk.read(file.fileno(), 3) == b"abc"


def test_what_the_system_refuses_is_an_io_error_with_its_cause() -> None:
    cause = OSError(errno.EIO, "no")
    with pytest.raises(StreamIOError, match="trying failed") as caught, attempted("trying"):
        raise cause
    assert caught.value.__cause__ is cause


# Other systems


class MacOS:
    """The module ``fcntl`` as macOS has it."""

    F_FULLFSYNC = 51

    def __init__(self, number: int = 0) -> None:
        self.calls: list[tuple[int, int]] = []
        self._number = number

    def fcntl(self, fd: int, command: int) -> None:
        self.calls.append((fd, command))
        if self._number:
            raise OSError(self._number, os.strerror(self._number))


def test_on_macos_a_sync_reaches_behind_the_cache_of_the_drive(file: DiskFile) -> None:
    fcntl = MacOS()
    sync_call(fcntl)(file.fileno())
    assert fcntl.calls == [(file.fileno(), 51)]


def test_a_file_system_that_does_not_know_the_full_sync_gets_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sync_call(MacOS(errno.ENOTSUP))(7)
    assert synced == [7]
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync_call(MacOS(errno.EIO))(7)
    assert synced == [7]
    sync_call(None)(8)
    assert synced == [7, 8]


class Msvcrt:
    """The module ``msvcrt``: locks the bytes at the cursor."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        self.locked: dict[int, int] = {}
        self.calls: list[tuple[int, int]] = []

    def locking(self, fd: int, mode: int, count: int) -> None:
        place = os.lseek(fd, 0, os.SEEK_CUR)
        self.calls.append((mode, count))
        if mode == self.LK_UNLCK:
            del self.locked[place]
        elif place in self.locked:
            raise PermissionError(errno.EACCES, "locked")
        else:
            self.locked[place] = fd


def test_on_windows_a_byte_is_locked_that_no_file_has(file: DiskFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "FAR", 2**40)  # not every file system here knows an offset of 2**62
    msvcrt = Msvcrt()
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)  # a double
    windows = locking.way("nt")
    file.write(b"abc")
    file.seek(1)
    windows.lock(file.fileno())
    assert list(msvcrt.locked) == [2**40]
    with pytest.raises(BlockingIOError, match="locked"):
        windows.lock(file.fileno())
    windows.unlock(file.fileno())
    assert msvcrt.locked == {}
    assert msvcrt.calls == [(2, 1), (2, 1), (0, 1)]
    assert file.tell() == 1


# Who has the lock


def test_nobody_is_named_where_the_system_does_not_tell(
    file: DiskFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locking.holder(file.fileno()) is None
    monkeypatch.setattr(locking, "LOCKS", tmp_path / "none")
    file.disk.claim(file.fileno(), "a name")
    assert locking.holder(file.fileno()) is None


def test_a_holder_is_named_as_far_as_it_is_known(
    file: DiskFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = os.fstat(file.fileno())
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    monkeypatch.setattr(locking, "LOCKS", locks := tmp_path / "locks")
    for pid, name in ((os.getpid(), "this process"), (2**22 + 1, f"process {2**22 + 1}")):
        locks.write_text(
            f"1: POSIX  ADVISORY  WRITE 5 {place} 0 EOF\n1: FLOCK  ADVISORY  WRITE 6 00:00:1 0 EOF\n"
            f"2: FLOCK  ADVISORY  WRITE {pid} {place} 0 EOF\n"
        )
        assert locking.holder(file.fileno()) == name


def test_a_plain_writer_appends_where_a_file_system_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locking, "lock", refuse)
    with flatstream.open(tmp_path / "journal", "ab") as writer:
        writer.write_payload(b"abc")
    assert (tmp_path / "journal").read_bytes() == b"\x03\0\0\0abc"
    with pytest.raises(OSError, match=os.strerror(errno.ENOLCK)):
        flatstream.open(tmp_path / "journal", "ab", durability="none")


def test_a_system_that_does_not_fork_has_no_hook_for_it() -> None:
    # Loaded anew, since modules of the standard library that are loaded with it have a hook of their own.
    code = "import importlib, os, flatstream.log as log; del os.register_at_fork; print(importlib.reload(log).__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "flatstream.log\n"
