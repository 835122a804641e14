"""Ingestion: LOBSTER's ZIPs in, FlatStream files out.

Of ``AAPL.zip`` come ``AAPL-message.bin`` and ``AAPL-orderbook.bin``, one frame a row. Row k of a book takes the time of
row k of its messages, and 0.0 where there is none. Rows stream through: memory does not grow with the files.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Self

from flatstream.framer import ChecksumFramer
from flatstream.lobster.archive import Archive
from flatstream.lobster.messages import encode_message, encode_orderbook
from flatstream.lobster.rows import book_rows, message_rows
from flatstream.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flatstream.checksum import Checksum
    from flatstream.lobster.members import Pair

__all__ = ["Ingested", "Written", "ingest", "output_path"]

_BUFFER: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A FlatStream file that was made."""

    path: Path
    frames: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came out of one ZIP; ``None`` where it held no file of that kind."""

    source: Path
    message: Written | None
    orderbook: Written | None
    unpaired: int
    """Rows of the book that have no message, and so the time 0.0."""


def output_path(source: Path, folder: Path, kind: str) -> Path:
    """The file that ingesting the ZIP ``source`` writes for that kind: ``message`` or ``orderbook``."""
    return folder / f"{source.stem}-{kind}.bin"


def ingest(
    source: Path,
    folder: Path,
    *,
    checksum: str | Checksum = "none",
    progress: Callable[[int, int], object] | None = None,
) -> Ingested:
    """Read the ZIP at ``source`` and write its streams into ``folder``, which is made if it is missing.

    Several pairs in one ZIP follow each other in the order of their names. The files appear under their names when all
    of them are whole; after an error none has appeared or changed. ``progress`` is told, chunk by chunk, how many bytes
    of CSV were read, and how many there are.

    ``LobsterError`` for anything wrong inside the ZIP, with file, line and column; ``OSError`` for what the system
    refuses; ``ValueError`` for an unknown checksum.
    """
    framer = ChecksumFramer(checksum)
    with Archive(source, progress) as archive, ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)

        def opened(kind: str) -> _Output | None:
            if not archive.has(kind):
                return None
            return stack.enter_context(_Output(output_path(source, folder, kind), framer))

        message, orderbook = opened("message"), opened("orderbook")
        unpaired = sum(_copy(archive, pair, message, orderbook) for pair in archive.pairs)
        made = Ingested(source, _finished(message), _finished(orderbook), unpaired)
        for output in filter(None, (message, orderbook)):
            output.publish()
    return made


def _copy(archive: Archive, pair: Pair, message: _Output | None, orderbook: _Output | None) -> int:
    """Copy one pair, both files in step; returns how many rows of the book have no message."""
    unpaired = 0
    with archive.text(pair.message) as message_text, archive.text(pair.orderbook) as book_text:
        messages = message_rows(message_text, archive.place(pair.message))
        books = book_rows(book_text, archive.place(pair.orderbook))
        for event, book in zip_longest(messages, books):
            if message is not None and event is not None:
                message.write(encode_message(event))
            if orderbook is not None and book is not None:
                unpaired += event is None
                orderbook.write(encode_orderbook(book, 0.0 if event is None else event.time))
    return unpaired


def _finished(output: _Output | None) -> Written | None:
    return None if output is None else output.finish()


class _Output:
    """A stream that is written beside its place, and put there when it is whole."""

    def __init__(self, path: Path, framer: ChecksumFramer) -> None:
        if path.is_dir():  # which would be found too late, when the other file may be in its place
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file = self._part.open("wb", _BUFFER)
        self._writer = StreamWriter(self._file, framer)
        self._frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._file.close()
        finally:
            self._part.unlink(missing_ok=True)

    def write(self, payload: bytes) -> None:
        """Write a message."""
        self._writer.write_payload(payload)
        self._frames += 1

    def finish(self) -> Written:
        """Bring all of it onto the medium, still beside its place."""
        self._writer.sync()
        self._file.close()
        return Written(self._path, self._frames, self._writer.offset)

    def publish(self) -> None:
        """Put it in its place."""
        self._part.replace(self._path)
