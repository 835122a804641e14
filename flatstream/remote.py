"""Streams that lie elsewhere: ``s3://``, ``gs://``, ``https://`` and all that fsspec knows, for reading.

    with flatstream.open("s3://bucket/telemetry.bin", checksum="crc32") as reader:
        ...

What is read is asked for range by range, a few MiB ahead (extra ``fsspec``); each protocol needs a package of its own,
such as ``s3fs`` or ``gcsfs``. Credentials and other options are fsspec's own: environment, configuration files, or a
file that you opened with it, which a `flatstream.StreamReader` reads like any other.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, TypeGuard, cast

from flatstream.errors import MissingExtra, StreamIOError
from flatstream.extras import needing

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    Place: TypeAlias = str | PathLike[str]
    """Path or URL."""

__all__ = ["exists", "is_url", "opened", "read_whole"]

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:://|::)")
"""``s3://...`` or ``simplecache::s3://...``; no drive of Windows has two letters."""

_FileSystem: TypeAlias = Any
"""fsspec publishes no types."""


def is_url(path: Place) -> TypeGuard[str]:
    """Whether this is for fsspec, and not the path of a file."""
    return isinstance(path, str) and _URL.match(path) is not None


def opened(place: Place) -> BinaryIO:
    """The file at a path, unbuffered, or at a URL, for reading.

    ``MissingExtra`` without fsspec or the package of the protocol; ``OSError`` if the file cannot be opened, and
    ``StreamIOError`` where what went wrong is no error of the system's.
    """
    if not is_url(place):
        return cast("BinaryIO", Path(place).open("rb", buffering=0))
    system, path = _located(place)
    return cast("BinaryIO", _asked(place, lambda: system.open(path, "rb")))


def read_whole(url: str) -> bytes:
    """All bytes at ``url``. Raises what `opened` does."""
    system, path = _located(url)
    return cast("bytes", _asked(url, lambda: system.cat_file(path)))


def exists(place: Place) -> bool:
    """Whether there is something at a path or URL. Raises what `opened` does."""
    if not is_url(place):
        return Path(place).exists()
    system, path = _located(place)
    return bool(_asked(place, lambda: system.exists(path)))


def _located(url: str) -> tuple[_FileSystem, str]:
    with needing():
        fsspec = import_module("fsspec.core")
    try:
        return cast("tuple[_FileSystem, str]", fsspec.url_to_fs(url))
    except ImportError as cause:
        raise MissingExtra(f"another package: {cause}") from cause
    except ValueError as cause:
        raise StreamIOError(f"finding {url}") from cause


def _asked(url: str, question: Callable[[], object]) -> object:
    """The answer of a file system, whose errors are of the system's kind or of its own."""
    try:
        return question()
    except OSError:
        raise
    except Exception as cause:
        raise StreamIOError(f"reading {url}") from cause
