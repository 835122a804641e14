"""Files that appear when they are whole, or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from flatstream.cli.screen import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path, source: Path) -> Iterator[BinaryIO]:
    """A file that is written beside its place, and put there, durable, when the work in it is done.

    After an error nothing has appeared or changed at ``path``. ``UsageError`` if that is the ``source`` of the work,
    which would be lost. A symbolic link stays, and leads to the new file. What is no regular file (``/dev/null``, a
    named pipe) is written as it is: it must never be replaced by one.
    """
    if path.exists() and path.samefile(source):
        raise click.UsageError(f"{printable(path)} would be written over itself: name another file with --out")
    if path.is_dir():  # which would be found only when all is done
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        file = part.open("wb")
    except OSError as error:
        error.filename = str(path)  # the name that was given
        raise
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
