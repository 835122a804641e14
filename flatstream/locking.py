"""One writer at a time: an exclusive lock on an open file, and who holds it.

The lock is advisory and belongs to the open file: it goes with the descriptor, also when the process is killed, so that
no lock ever outlives its holder. It keeps out whoever asks for it, which is each appending writer of this library, and
hinders no reader. On POSIX it is ``flock``, which, unlike ``fcntl``, also keeps out the same process and is not lost
when that closes another descriptor of the file. On Windows it is one byte, far behind any that a file has.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from flatstream.errors import JournalLocked

__all__ = ["claim", "claim_if_possible", "holder", "lock", "unlock"]

FAR: Final = 2**62
"""Where the byte lies that is locked on Windows, where locks hinder readers of what is locked."""

LOCKS: Final = Path("/proc/locks")
"""Where Linux lists its locks."""


def lock(fd: int) -> None:
    """Take the lock of an open file, or raise ``BlockingIOError`` at once if somebody has it."""
    _WAY.lock(fd)


def claim(fd: int, path: str) -> None:
    """Take the lock of the file that is open from ``path``; ``JournalLocked``, with who has it, if somebody has."""
    try:
        lock(fd)
    except BlockingIOError as error:
        raise JournalLocked(path, holder(fd)) from error


def claim_if_possible(fd: int, path: str) -> None:
    """The same, where the file system has locks; where it has none, whoever keeps no promise does without."""
    with suppress(OSError):
        claim(fd, path)


def unlock(fd: int) -> None:
    """Give the lock back, also for a forked process that still has the descriptor."""
    _WAY.unlock(fd)


def holder(fd: int) -> str | None:
    """Who holds the lock of this file, as ``process 1234 (name)``; ``None`` where the system does not tell."""
    with suppress(OSError, ValueError):
        locks = LOCKS.read_text(encoding="ascii").splitlines()
        status = os.fstat(fd)
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in locks:
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5] == place:
                return _process(int(fields[4]))
    return None


def _process(pid: int) -> str:
    if pid == os.getpid():
        return "this process"
    name = ""
    with suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return f"process {pid} ({name})" if name else f"process {pid}"


class Posix:
    """``flock``."""

    def __init__(self, fcntl: Any) -> None:
        self._fcntl = fcntl

    def lock(self, fd: int) -> None:
        """Take it or raise ``BlockingIOError``."""
        self._fcntl.flock(fd, self._fcntl.LOCK_EX | self._fcntl.LOCK_NB)

    def unlock(self, fd: int) -> None:
        """Give it back."""
        self._fcntl.flock(fd, self._fcntl.LOCK_UN)


class Windows:
    """``LockFile``, through the C library, which locks from the cursor on."""

    def __init__(self, msvcrt: Any) -> None:
        self._msvcrt = msvcrt

    def lock(self, fd: int) -> None:
        """Take it or raise ``BlockingIOError``; the C library says ``PermissionError``."""
        try:
            self._at_far(fd, self._msvcrt.LK_NBLCK)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error

    def unlock(self, fd: int) -> None:
        """Give it back."""
        self._at_far(fd, self._msvcrt.LK_UNLCK)

    def _at_far(self, fd: int, mode: int) -> None:
        cursor = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            os.lseek(fd, FAR, os.SEEK_SET)
            self._msvcrt.locking(fd, mode, 1)
        finally:
            os.lseek(fd, cursor, os.SEEK_SET)


def way(system: str) -> Posix | Windows:
    """How files are locked on a system, by its ``os.name``; modules that only it has are imported for it alone."""
    return Windows(import_module("msvcrt")) if system == "nt" else Posix(import_module("fcntl"))


_WAY: Final = way(os.name)
