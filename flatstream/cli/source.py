"""A file that is read as a stream, with a progress bar if it is large and somebody watches."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from flatstream import remote
from flatstream.cli.screen import console, printable, stderr_is_terminal
from flatstream.errors import StreamIOError
from flatstream.feed import READAHEAD
from flatstream.reader import StreamReader

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flatstream.deframer import Deframer

__all__ = ["Url", "opened", "progress_bar", "reading", "watched"]

LARGE: Final = 64 * 2**20
"""Bytes from which a file is worth a progress bar: a second or more in pure Python."""


class Url(str):
    """Where a file lies that fsspec reads."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its last part."""
        return self.rstrip("/").rpartition("/")[2]


@contextmanager
def opened(path: Path | Url, mode: str = "rb") -> Iterator[tuple[io.FileIO, int]]:
    """The file, unbuffered, and its size in bytes. ``OSError`` for anything but a regular file.

    What is at a URL is only read; ``StreamIOError`` where it has no size, or cannot be read from any place.
    """
    if isinstance(path, Url):
        with remote.opened(path) as distant:
            try:
                size = distant.seek(0, os.SEEK_END)
            except (OSError, ValueError) as cause:
                raise StreamIOError("finding out the size") from cause
            yield cast("io.FileIO", distant), size
        return
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():  # which opening refuses in its own words
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open(mode, buffering=0) as file:
        plain = cast("io.FileIO", file)
        yield plain, plain.seek(0, os.SEEK_END)


@contextmanager
def reading(path: Path | Url, deframer: Deframer) -> Iterator[tuple[StreamReader[memoryview], int]]:
    """A reader of the whole file, and its size in bytes."""
    with opened(path) as (file, size), watched(file, size, path.name) as source:
        source.seek(0)
        yield StreamReader(source, deframer, readahead=READAHEAD), size


@contextmanager
def watched(file: io.FileIO, size: int, name: str) -> Iterator[io.FileIO | _Counted]:
    """The file, with a progress bar while it is read if it is large."""
    with progress_bar(f"reading {name}", size, large=LARGE) as advance:
        yield file if advance is None else _Counted(file, size, advance)


@contextmanager
def progress_bar(label: str, total: int, *, large: int) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr, moved by calling it with what is done and what there is; ``None`` if nobody needs one."""
    if total < large or not stderr_is_terminal():
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True))
    with Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(printable(label), total=total)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


class _Counted:
    """A file that tells how far it has been read."""

    def __init__(self, file: io.FileIO, size: int, advance: Callable[[int, int], None]) -> None:
        self._file = file
        self._size = size
        self._advance = advance
        self._done = 0

    def read(self, size: int, /) -> bytes | None:
        """Up to ``size`` bytes, counted."""
        data = self._file.read(size)
        self._done += len(data or b"")
        self._advance(self._done, self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move, and count from there."""
        self._done = self._file.seek(offset, whence)
        return self._done
