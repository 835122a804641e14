"""``flatstream ingest``: a CSV or Parquet file as a stream of messages."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from flatstream.cli import options
from flatstream.cli.csv_rows import csv_batches, csv_names, csv_place
from flatstream.cli.screen import emit, note, plural, printable, size
from flatstream.cli.source import LARGE, opened, progress_bar
from flatstream.cli.typed import record_of, root_option, schema_option
from flatstream.cli.whole import whole_file
from flatstream.extras import needing

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from flatstream.records import Record

__all__ = ["ingest_table_command"]

ROWS = 64 * 1024
"""Rows that are worked on at a time."""

TOLD: Final = 500
"""Characters of an error, which can have a whole cell in it."""

SHOWN: Final = 8
"""Names of fields without a column that are told; more would be a page. ``--json`` has all."""


@click.command("ingest", short_help="CSV or Parquet to a stream of messages.")
@options.file
@schema_option
@root_option
@click.option("--out", required=True, type=options.path, metavar="STREAM", help="The stream to write.")
@options.checksum_written
@options.as_json
def ingest_table_command(
    *, path: Path, schema: Path | None, root: str | None, out: Path, checksum: str, as_json: bool
) -> int:
    """Write each row of FILE (.csv with a header line, or .parquet) as a message. Columns go by the names of fields.

    STREAM appears when it is whole; if a value does not fit its field, there is none, and the error says where the
    value stands. A null in Parquet and an empty cell in CSV are absent fields, but "" is empty text. A field without a
    column is absent from each message. Needs PyArrow: pip install 'flatstream[arrow]'.

    \b
    Example:
      flatstream ingest events.csv --schema telemetry.bfbs --out events.bin

    Keys of --json: file, frames, size, checksum, absent (the fields without a column).

    Exit status: 0 good; 2 FILE is not what it should be, or a file cannot be read or written.
    """
    record = record_of(schema, root)
    with needing():
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        import pyarrow.csv  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise click.UsageError(f"{printable(path)} is neither .csv nor .parquet")
    rows = 0
    try:
        with opened(path) as (file, length), whole_file(out, path) as stream:
            absent = _without_column(record, form.names(path))
            file.seek(0)
            with form.batches(pa, record, path, file, length) as batches:
                for batch in batches:
                    stream.write(record.frame_many(batch, checksum))
                    rows += len(batch)
    except (TypeError, ValueError, pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system; the others are PyArrow's, about what is in the file
        raise click.ClickException(_fault(form, path, rows, " ".join(str(error).split()))) from error
    written = out.stat().st_size
    if as_json:
        emit({"file": str(out), "frames": rows, "size": written, "checksum": checksum, "absent": absent})
        return 0
    if absent:
        what = ", ".join(absent) if len(absent) <= SHOWN else f"{len(absent)} of {len(record.table.fields)} fields"
        note(f"note: {printable(path)} has no column for {what}")
    click.echo(f"{printable(out)}: {plural(rows, 'frame')}, {size(written)}")
    return 0


def _without_column(record: Record, names: list[str]) -> list[str]:
    """The fields for which there is no column. ``ValueError`` if the columns are not those of the record."""
    fields = [field.name for field in record.table.fields]
    for name in names:
        if name not in fields:
            raise ValueError(f"{record.name} has no field {name!r}; its fields are {', '.join(fields)}")
        if names.count(name) > 1:
            raise ValueError(f"there are {names.count(name)} columns {name}")
    absent = [name for name in fields if name not in names]
    required = [field.name for field in record.table.fields if field.required and field.name in absent]
    if required:
        raise ValueError(f"there is no column {required[0]}, which {record.name} requires")
    return absent


_ROW: Final = re.compile(r"((?:\S+: )?)row (\d+): ")
"""How an error of a record begins that is about a row of the table that it was given."""


def _fault(form: _Form, path: Path, done: int, text: str) -> str:
    """What is wrong with the file, and where, after so many rows that were good."""
    found = _ROW.match(text)
    row = None
    if found is not None:
        row = done + int(found[2])
        text = found[1] + text[found.end() :]
    place, text = form.place(path, text, row)
    return printable(f"{path}{place}: {text if len(text) <= TOLD else f'{text[:TOLD]}...'}")


def _parquet_names(path: Path) -> list[str]:
    import pyarrow.parquet  # noqa: PLC0415  (an extra, which is there: the command has looked)

    return list(pyarrow.parquet.read_schema(path).names)


def _parquet_place(_path: Path, text: str, row: int | None) -> tuple[str, str]:
    return "" if row is None else f", row {row + 1:,}", text


@contextmanager
def _parquet_batches(pa: Any, _record: Record, path: Path, file: io.FileIO, length: int) -> Iterator[Iterator[Any]]:
    """The rows of a Parquet file."""
    parsed = pa.parquet.ParquetFile(file)
    total = parsed.metadata.num_rows
    with progress_bar(f"reading {path.name}", length, large=LARGE) as advance:

        def batches() -> Iterator[Any]:
            done = 0
            for batch in parsed.iter_batches(ROWS):
                yield batch
                done += len(batch)
                if advance is not None:
                    advance(length * done // total, length)

        yield batches()


class _Form(NamedTuple):
    """A kind of table."""

    names: Callable[[Path], list[str]]
    """The names of the columns."""
    batches: Callable[..., AbstractContextManager[Iterator[Any]]]
    """The rows, in portions."""
    place: Callable[[Path, str, int | None], tuple[str, str]]
    """From the text of an error, and the row that it is about, to where that is in the file, and the rest to say."""


_FORMS: Final = {
    ".csv": _Form(csv_names, csv_batches, csv_place),
    ".parquet": _Form(_parquet_names, _parquet_batches, _parquet_place),
}
"""By suffix."""
