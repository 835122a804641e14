"""The CSV files inside a ZIP, as text that streams.

``zipfile`` answers hostile bytes with a dozen kinds of exception; here they all become one.
"""

from __future__ import annotations

import errno
import io
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, Self, TextIO

from flatstream.lobster.errors import LobsterError
from flatstream.lobster.members import Pair, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typing_extensions import Buffer

__all__ = ["Archive"]

_CHUNK: Final = 256 * 1024


class Archive:
    """A LOBSTER ZIP. ``progress`` is told how many bytes of CSV were read, and how many there are."""

    def __init__(self, source: Path, progress: Callable[[int, int], object] | None = None) -> None:
        self.name = source.name
        self._progress = progress
        self._done = 0
        with _zip_errors(self.name):
            self._zip = zipfile.ZipFile(source)  # closed in __exit__
        try:
            sizes = {info.filename: info.file_size for info in self._zip.infolist()}
            self.pairs = pairs((info.filename for info in self._zip.infolist()), self.name)
        except BaseException:
            self._zip.close()
            raise
        self._total = sum(sizes[name] for pair in self.pairs for name in pair if name is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def has(self, kind: str) -> bool:
        """Whether there is any file of that kind: ``message`` or ``orderbook``."""
        at = Pair._fields.index(kind)
        return any(pair[at] is not None for pair in self.pairs)

    @contextmanager
    def text(self, name: str | None) -> Iterator[TextIO]:
        """The file ``name``; an empty one in place of one that is missing.

        Bytes that are not ASCII come through escaped, to be refused with their place.
        """
        if name is None:
            yield io.StringIO()
            return
        with _zip_errors(self.place(name)):
            member = self._zip.open(name)
        with (
            io.BufferedReader(_Member(member, self.place(name), self._count), _CHUNK) as buffered,
            io.TextIOWrapper(buffered, encoding="ascii", errors="backslashreplace", newline="") as text,
        ):
            yield text

    def place(self, name: str | None) -> str:
        """The name of a file in this ZIP, for an error."""
        return f"{self.name}/{name}"

    def _count(self, size: int) -> None:
        self._done += size
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Member(io.RawIOBase):
    """One file in the ZIP, decompressed as it is read."""

    def __init__(self, file: IO[bytes], place: str, count: Callable[[int], None]) -> None:
        super().__init__()
        self._file = file
        self._place = place
        self._count = count

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill ``buffer`` with what comes next."""
        with memoryview(buffer) as view:
            with _zip_errors(self._place):
                chunk = self._file.read(len(view))
            view[: len(chunk)] = chunk
        self._count(len(chunk))
        return len(chunk)

    def close(self) -> None:
        """Close the file in the ZIP too."""
        self._file.close()
        super().close()


@contextmanager
def _zip_errors(place: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Of the system's errors, these two are about the ZIP: an offset in it that leads nowhere, and damaged bzip2.
        if isinstance(error, OSError) and error.errno not in {errno.EINVAL, None}:
            raise
        raise LobsterError(f"not a ZIP that can be read: {str(error) or type(error).__name__}", place) from error
