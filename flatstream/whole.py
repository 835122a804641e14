"""Files that appear when they are whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO, Final

from flatstream.disk import Disk, sync_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["written_whole"]

UNSYNCED: Final = {errno.EACCES, errno.EINVAL, errno.ENOTSUP}
"""What a folder says that must not be opened, or whose file system cannot sync it."""


@contextmanager
def written_whole(path: Path, *, replace: bool = True, like: Path | None = None) -> Iterator[BinaryIO]:
    """A file that is written beside its place, and put there, durable, when the work in it is done.

    After an error, or an interruption, nothing has appeared or changed at ``path``, unless it is the folder whose sync
    fails; one that cannot be synced at all is let pass. ``FileExistsError`` if there is a
    file already and ``replace`` is false, ``IsADirectoryError`` if there is a folder: both before any work is done. A
    symbolic link stays, and leads to the new file. What is no regular file (``/dev/null``, a named pipe) is written as
    it is: it must never be replaced by one.

    Its permissions are those of the file that it replaces, or else of ``like``, which it is made of, less what the
    umask takes: what only its owner could read does not become readable to others.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    part = place.with_name(f".{place.name}.{token_hex(4)}.part")
    mode = _permissions(place if replace and place.exists() else like)
    try:
        # It is nobody else's, and no link that somebody put there. The `with` is below, where errors are its own.
        file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    except OSError as error:
        error.filename = str(path)  # the name that was given
        raise
    disk = Disk()
    with file:
        try:
            yield file
            file.flush()
            disk.sync(file.fileno())
        except BaseException:
            file.close()
            part.unlink()
            raise
    try:
        if replace:
            part.replace(place)
        else:
            _put(part, place)
    finally:
        part.unlink(missing_ok=True)
    try:
        sync_name(disk, str(place))
    except OSError as error:
        if error.errno not in UNSYNCED:
            raise


def _permissions(model: Path | None) -> int:
    return 0o666 if model is None else stat.S_IMODE(model.stat().st_mode) & 0o666 | stat.S_IWUSR


def _put(part: Path, path: Path) -> None:
    """Give ``part`` its name, if nobody else has taken that while it was written."""
    try:
        os.link(part, path)  # which refuses what is there, as on Windows renaming does
    except FileExistsError:
        raise
    except OSError:  # a file system without links: what is left is a moment in which somebody may take the name
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)
