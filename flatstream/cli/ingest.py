"""``flatstream ingest``: a CSV or Parquet file as a stream of messages."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import click

from flatstream.cli import options
from flatstream.cli.screen import plural, printable, size
from flatstream.cli.source import LARGE, opened, progress_bar, watched
from flatstream.cli.typed import record_of, root_option, schema_option
from flatstream.cli.whole import whole_file
from flatstream.extras import needing
from flatstream.records.types import EnumType, Scalar, StringType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flatstream.records import Record

__all__ = ["ingest_table_command"]

ROWS = 64 * 1024
"""Rows that are worked on at a time."""


@click.command("ingest", short_help="CSV or Parquet to a stream of messages.")
@options.file
@schema_option
@root_option
@click.option("--out", required=True, type=options.path, metavar="STREAM", help="The stream to write.")
@options.checksum_written
def ingest_table_command(*, path: Path, schema: Path | None, root: str | None, out: Path, checksum: str) -> int:
    """Write each row of FILE (.csv with a header line, or .parquet) as a message. Columns go by the names of fields.

    STREAM appears when it is whole; if a value does not fit its field, there is none. An empty number in CSV and a null
    in Parquet are absent fields. Needs PyArrow: pip install 'flatstream[arrow]'.

    \b
    Example:
      flatstream ingest events.csv --schema telemetry.bfbs --out events.bin

    Exit status: 0 good; 2 FILE is not what it should be, or a file cannot be read or written.
    """
    record = record_of(schema, root)
    with needing():
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        import pyarrow.csv  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    forms = {".csv": _csv_batches, ".parquet": _parquet_batches}
    if path.suffix.lower() not in forms:
        raise click.UsageError(f"{printable(path)} is neither .csv nor .parquet")
    rows = 0
    try:
        with opened(path) as (file, length), whole_file(out, path) as stream:
            file.seek(0)
            with forms[path.suffix.lower()](pa, record, file, length, path.name) as batches:
                for batch in batches:
                    stream.write(record.frame_many(batch, checksum))
                    rows += len(batch)
    except (TypeError, ValueError, pa.ArrowException) as error:
        behind = f", behind row {rows:,}" if rows else ""
        raise click.ClickException(printable(f"{path}{behind}: {' '.join(str(error).split())}")) from error
    click.echo(f"{printable(out)}: {plural(rows, 'frame')}, {size(out.stat().st_size)}")
    return 0


@contextmanager
def _csv_batches(pa: Any, record: Record, file: io.FileIO, length: int, name: str) -> Iterator[Iterator[Any]]:
    """The rows of a CSV file, its columns read as what the fields are: no number passes through a float."""
    types = {each.name: each.type for each in _schema(record)}
    with watched(file, length, name) as source:
        parsed = pa.csv.open_csv(_Source(source.read), convert_options=pa.csv.ConvertOptions(column_types=types))
        with parsed:
            yield iter(parsed)


class _Source(io.RawIOBase):
    """A file as PyArrow wants one, over the one that tells the progress bar. PyArrow reads it in threads of its own."""

    def __init__(self, read: Callable[[int], bytes | None]) -> None:
        super().__init__()
        self.read = read  # type: ignore[assignment, method-assign]

    def readable(self) -> bool:
        """It is."""
        return True


@contextmanager
def _parquet_batches(pa: Any, _record: Record, file: io.FileIO, length: int, name: str) -> Iterator[Iterator[Any]]:
    """The rows of a Parquet file."""
    parsed = pa.parquet.ParquetFile(file)
    total = parsed.metadata.num_rows
    with progress_bar(f"reading {name}", length, large=LARGE) as advance:

        def batches() -> Iterator[Any]:
            done = 0
            for batch in parsed.iter_batches(ROWS):
                yield batch
                done += len(batch)
                if advance is not None:
                    advance(length * done // total, length)

        yield batches()


def _schema(record: Record) -> Any:
    """The Arrow types of the fields that CSV has a form for."""
    flat = [field.name for field in record.table.fields if _is_flat(field.type)]
    return cast("Any", record.to_arrow([], flat)).schema


def _is_flat(kind: Any) -> bool:
    return isinstance(kind, (Scalar, EnumType, StringType))
