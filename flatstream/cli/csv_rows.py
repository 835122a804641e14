"""The rows of a CSV file for ``flatstream ingest``, and the place of an error in it, as an editor shows it."""

from __future__ import annotations

import csv
import io
import os
import re
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from flatstream.cli.source import watched
from flatstream.records.types import EnumType, Scalar, StringType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flatstream.records import Record

__all__ = ["csv_batches", "csv_names", "csv_place"]

BLOCK: Final = 4 * 2**20
"""Bytes that are parsed at a time; no row can be longer."""

_BOM: Final = "\xef\xbb\xbf"
"""The mark that some programs put in front of UTF-8, each of its bytes read as a character."""

_ARROW: Final = re.compile(r"(?:In CSV column #(\d+): |CSV parse error: )(?:Row #(\d+): )?(.*)", re.DOTALL)
"""How PyArrow begins to say what is wrong: with the column from 0 on, and the row, of which the header is the first."""


def csv_names(path: Path) -> list[str]:
    """The names of the columns. ``ValueError`` if there are none, or if they are no UTF-8."""
    header = next((names for _, names in _rows(path)), None)
    if header is None:
        raise ValueError("it is empty: a line with the names of the columns comes first")
    header[0] = header[0].removeprefix(_BOM)
    try:
        return [name.encode("latin-1").decode("utf-8") for name in header]
    except UnicodeDecodeError as error:
        raise ValueError(f"the names of the columns are no UTF-8: {error.reason}") from error


def csv_place(path: Path, text: str, row: int | None) -> tuple[str, str]:
    """Where in the file the error is that ``text`` tells of, and what is left to say of it.

    ``row`` is that of the error, from 0 on and without the header, if it is known; else PyArrow tells it.
    """
    if "straddling" in text:
        return "", f"a row is longer than {BLOCK:,} bytes: is there a quotation mark that is not closed?"
    number = None if row is None else row + 2
    found = _ARROW.match(text)
    if found is not None:
        column, at, text = found.groups()
        number = int(at) if at else number
        text = text if column is None else f"column {csv_names(path)[int(column)]}: {text}"
    return "" if number is None else _place(path, number), text


def _place(path: Path, number: int) -> str:
    """Where row ``number`` begins, the header being the first: rows can have several lines, or empty ones between."""
    try:
        line = next((line for line, _ in islice(_rows(path), number - 1, None)), None)
    except ValueError:  # a cell before it is longer than the module takes
        line = None
    return f", row {number:,}" if line is None else f", line {line:,}"


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The line at which each row begins, and its cells, whose bytes are characters here.

    ``ValueError`` for a cell that is longer than the module takes.
    """
    with path.open(encoding="latin-1", newline="") as file:
        rows = csv.reader(file)
        line = 1
        try:
            for cells in rows:
                if cells and cells != [_BOM]:
                    yield line, cells
                line = rows.line_num + 1
        except csv.Error as error:
            raise ValueError(f"line {line}: {error}") from error


@contextmanager
def csv_batches(pa: Any, record: Record, path: Path, file: io.FileIO, length: int) -> Iterator[Iterator[Any]]:
    """The rows, with columns read as what the fields are: no number passes through a float.

    An empty cell is null, but text in quotation marks, or of a required field, is text.
    """
    fields = [field for field in record.table.fields if _is_flat(field.type)]
    types = {each.name: each.type for each in cast("Any", record.to_arrow([], [field.name for field in fields])).schema}
    required = [field.name for field in fields if field.required]
    without = [name for name in csv_names(path) if name not in types]
    if without:
        raise ValueError(f"CSV has no form for {without[0]}: leave it out, or take Parquet")
    with watched(file, length, path.name) as source:
        parsed = pa.csv.open_csv(
            _Source(source.read),
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),  # with threads, no error has a row
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
        with parsed:
            yield (_filled(batch, required) for batch in _closed(parsed, file))


def _is_flat(kind: Any) -> bool:
    """Whether CSV has a form for it."""
    return isinstance(kind, (Scalar, EnumType, StringType))


def _filled(batch: Any, required: list[str]) -> Any:
    """The batch with text in place of nulls, where a field cannot be absent."""
    for name in required:
        at = batch.schema.names.index(name)
        batch = batch.set_column(at, name, batch.column(at).fill_null(""))
    return batch


def _closed(batches: Any, file: io.FileIO) -> Iterator[Any]:
    """The batches. ``ValueError`` in place of the last if its last cell has swallowed the rest of the file."""
    last = None
    for batch in batches:
        if last is not None:
            yield last
        last = batch
    if last is not None:
        cell = last.column(last.num_columns - 1)[-1].as_py() if len(last) else None
        if isinstance(cell, str) and "\n" in cell and not _ends_in_a_quotation_mark(file):
            raise ValueError(f"row {len(last) - 1}: a quotation mark is not closed")
        yield last


def _ends_in_a_quotation_mark(file: io.FileIO) -> bool:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - 16, 0))
    return (file.read() or b"").rstrip(b"\r\n").endswith(b'"')


class _Source(io.RawIOBase):
    """A file as PyArrow wants one, over the one that tells the progress bar. PyArrow reads it in a thread of its own.

    A last line without an end gets one: PyArrow refuses a header that has none.
    """

    def __init__(self, read: Callable[[int], bytes | None]) -> None:
        super().__init__()
        self._read = read
        self._last = b"\n"

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer where the file ends."""
        data = self._read(size) or b""
        while 0 < len(data) < size and (more := self._read(size - len(data))):
            data += more
        if len(data) < size and (data or self._last)[-1:] != b"\n":
            data += b"\n"
        self._last = data
        return data
