"""Waiting for a file to change: told by the kernel where that is possible, else by looking again and again.

Looking every `INTERVAL` is enough for what following promises, needs nothing and works on every file system. Where
Linux's inotify can be had (package ``inotify_simple``, extra ``follow``: small, kept up, and nothing but system calls,
where ``watchfiles`` gathers changes for 50 ms and ``watchdog`` brings threads), a change is seen as soon as it is made,
and a follower that has nothing to do sleeps. Since inotify knows nothing of what other machines do to a network file
system, a look is taken every `SAFETY` all the same; one that finds what was not told, twice, ends the trust in it.
"""

from __future__ import annotations

import os
import select
import sys
from importlib import import_module
from io import FileIO
from threading import Event, RLock
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Changes", "Notified", "Polling", "changes_of"]

INTERVAL: Final = 0.02
"""Seconds from one look to the next."""

SAFETY: Final = 0.25
"""Seconds without being told anything after which a look is taken."""

_MODIFY, _MOVED_TO, _CREATE = 0x2, 0x80, 0x100
"""Events of inotify: bytes came, or the name leads to another file."""


class Changes(Protocol):
    """Tells when a file, or what its name leads to, may have changed. All but `wake` is for one thread at a time."""

    def wait(self, seconds: float | None) -> bool:
        """Return after a change, after `wake`, or in ``seconds`` at the latest; whether something was told.

        It may return at any time: look then.
        """

    def wake(self) -> None:
        """Let `wait` return at once, now and from now on. Any thread, and a signal handler, may call it."""

    def renamed(self) -> None:
        """The name leads to another file now, whose changes matter too."""

    def close(self) -> None:
        """Let go of what the system lent."""


class Polling:
    """Every `INTERVAL` there may have been a change."""

    def __init__(self) -> None:
        self._woken = Event()

    def wait(self, seconds: float | None) -> bool:
        """Sleep for the interval, or shorter."""
        self._woken.wait(INTERVAL if seconds is None else min(INTERVAL, seconds))
        return True

    def wake(self) -> None:
        """Sleep no more."""
        self._woken.set()

    def renamed(self) -> None:
        """Nothing: it looks at everything anyway."""

    def close(self) -> None:
        """Nothing is held."""


class Notified:
    """Told by inotify. ``OSError`` where the kernel cannot: no ``/proc``, no watches left, another kind of file."""

    def __init__(self, inotify: Any, path: Path, descriptor: int) -> None:
        self._path = path
        self._inotify = inotify(nonblocking=True)
        try:
            # By the descriptor, since the name may lead to another file already.
            self._inotify.add_watch(f"/proc/self/fd/{descriptor}", _MODIFY)
            self._inotify.add_watch(path.parent, _CREATE | _MOVED_TO)
            self._waker = FileIO(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK), "r+b")
        except OSError:
            self._inotify.close()
            raise
        self._waking = RLock()
        self._poll = select.poll()
        self._poll.register(self._inotify, select.POLLIN)
        self._poll.register(self._waker, select.POLLIN)

    def wait(self, seconds: float | None) -> bool:
        """Sleep until the kernel tells something."""
        told = bool(self._poll.poll(1000 * (SAFETY if seconds is None else min(SAFETY, seconds))))
        self._inotify.read(timeout=0)
        return told

    def wake(self) -> None:
        """Leave a mark that is never taken away."""
        with self._waking:
            if not self._waker.closed:
                os.eventfd_write(self._waker.fileno(), 1)

    def renamed(self) -> None:
        """Watch the file that has the name now; if it has none again, there is nothing to watch."""
        try:
            self._inotify.add_watch(self._path, _MODIFY)
        except FileNotFoundError:
            return

    def close(self) -> None:
        """Close both descriptors."""
        self._inotify.close()
        with self._waking:  # so that nobody wakes whatever has the number next
            self._waker.close()


def changes_of(path: Path, descriptor: int) -> Changes:
    """What tells of changes of the file that is open as ``descriptor``, and of the name ``path``."""
    if sys.platform != "linux":
        return Polling()
    try:
        return Notified(import_module("inotify_simple").INotify, path, descriptor)
    except (ImportError, OSError):
        return Polling()
