"""The system calls of a journal, in one place, where each can be made to fail, and a loss of power simulated.

`Disk` is the operating system. A test hands another one to `flatstream.journal.open_journal`, and nothing else changes.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flatstream import locking
from flatstream.errors import StreamIOError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

__all__ = ["Disk", "DiskFile", "attempted", "sync_name"]

_FLAGS: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
"""Bytes are bytes, and a program that is started does not inherit the file, and with it the lock."""


class Disk:
    """The operating system's files: a method for each call, on descriptors, ``OSError`` from each."""

    syncs_directories = os.name != "nt"
    """Whether a directory can be opened and synced; NTFS keeps a journal of names itself."""

    def open(self, path: str, flags: int) -> int:
        """A descriptor. New files get the permissions that the umask leaves of ``rw-rw-rw-``."""
        return os.open(path, flags | _FLAGS, 0o666)

    def close(self, fd: int) -> None:
        """The descriptor is gone after this, also when it raises."""
        os.close(fd)

    def is_regular(self, fd: int) -> bool:
        """Whether it is a file, and no pipe, device or directory."""
        return stat.S_ISREG(os.fstat(fd).st_mode)

    def read(self, fd: int, size: int) -> bytes:
        """Up to ``size`` bytes at the cursor."""
        return os.read(fd, size)

    def write(self, fd: int, data: Buffer) -> int:
        """How many of the bytes were taken, at the file's end."""
        return os.write(fd, data)

    def seek(self, fd: int, offset: int, whence: int) -> int:
        """The new place of the cursor."""
        return os.lseek(fd, offset, whence)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file off."""
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Return when the system says that all of the file, or the names in a directory, are on the medium."""
        _sync(fd)

    def drop_cache(self, fd: int) -> None:
        """Ask that clean pages of the file be forgotten, so that what is read next comes from the medium."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def claim(self, fd: int, path: str) -> None:
        """Take the exclusive lock of the file, or raise ``JournalLocked``."""
        locking.claim(fd, path)

    def unlock(self, fd: int) -> None:
        """Give the lock back."""
        locking.unlock(fd)


class DiskFile(io.RawIOBase):
    """An open file of a `Disk`, as `flatstream.recovery` and a reader take one. It owns the descriptor."""

    def __init__(self, disk: Disk, fd: int) -> None:
        super().__init__()
        self.disk = disk
        self._fd = fd

    def fileno(self) -> int:
        """The descriptor; ``ValueError`` once it is closed."""
        if self.closed:
            raise ValueError("this file is closed")
        return self._fd

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill ``buffer`` as far as bytes are at hand; 0 at the end."""
        with memoryview(buffer) as view:
            data = self.disk.read(self.fileno(), len(view))
            view[: len(data)] = data
        return len(data)

    def write(self, data: Buffer, /) -> int:
        """Take some of the bytes, at the end of the file."""
        return self.disk.write(self.fileno(), data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the cursor, which only reading has."""
        return self.disk.seek(self.fileno(), offset, whence)

    def truncate(self, size: int | None = None, /) -> int:
        """Cut the file off at ``size`` bytes, or at the cursor."""
        size = self.tell() if size is None else size
        self.disk.truncate(self.fileno(), size)
        return size

    def sync(self) -> None:
        """Return when the file's bytes are on the medium."""
        self.disk.sync(self.fileno())

    def close(self) -> None:
        """Give the lock back and close the descriptor, whatever fails of this."""
        if self.closed:
            return
        try:
            self.disk.unlock(self._fd)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the descriptor and keep the lock, which belongs to the process that this one was forked from."""
        if self.closed:
            return
        super().close()
        self.disk.close(self._fd)


def sync_name(disk: Disk, path: str) -> None:
    """Make the name of a file durable: a file that was synced can still be missing after a crash."""
    if not disk.syncs_directories:
        return
    fd = disk.open(str(Path(os.path.realpath(path)).parent), os.O_RDONLY)
    try:
        disk.sync(fd)
    finally:
        disk.close(fd)


@contextmanager
def attempted(action: str) -> Iterator[None]:
    """What the system refuses becomes ``StreamIOError``, with its error as the cause."""
    try:
        yield
    except OSError as cause:
        raise StreamIOError(action) from cause


def sync_call(fcntl: Any) -> Any:
    """The call that reaches the medium: on macOS ``fsync`` leaves bytes in the drive's cache, which power clears."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        return os.fsync

    def sync(fd: int) -> None:
        try:
            fcntl.fcntl(fd, full)
        except OSError as error:
            if error.errno not in {errno.ENOTSUP, errno.EINVAL, errno.ENOTTY}:
                raise
            os.fsync(fd)  # a file system that does not know it, such as one over a network

    return sync


_sync: Final = sync_call(None if os.name == "nt" else import_module("fcntl"))
