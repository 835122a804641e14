"""``flatstream convert``: a stream of messages as a table that other programs read."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from flatstream.cli import options
from flatstream.cli.guess import chosen
from flatstream.cli.screen import note, plural, printable, size
from flatstream.cli.source import reading
from flatstream.cli.typed import json_line, portions, record_of, root_option, schema_option
from flatstream.cli.whole import whole_file
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import ChecksumMismatch, InvalidFrame, UnexpectedEof, VerificationFailed
from flatstream.extras import needing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flatstream.reader import StreamReader
    from flatstream.records import Record

__all__ = ["convert_command"]


@click.command("convert", short_help="Messages to Parquet, Arrow, CSV or JSON lines.")
@options.file
@click.option("--to", "form", type=click.Choice(["parquet", "arrow", "csv", "jsonl"]), required=True)
@schema_option
@root_option
@click.option("--out", type=options.path, metavar="FILE", help="[default: FILE with the form as its suffix]")
@click.option("--column", "names", multiple=True, metavar="FIELD", help="Only this field; may be given several times.")
@options.checksum
@options.max_frame_len
def convert_command(
    *,
    path: Path,
    form: str,
    schema: Path | None,
    root: str | None,
    out: Path | None,
    names: tuple[str, ...],
    checksum: str | None,
    max_frame_len: int,
) -> int:
    """Write the messages of FILE as a table, a row each. Every message is verified before it is read.

    The table appears when it is whole; after a bad frame or message there is none. CSV has numbers and strings only;
    JSON lines have everything. Parquet, Arrow and CSV need PyArrow: pip install 'flatstream[arrow]'.

    \b
    Example:
      flatstream convert telemetry.bin --schema telemetry.bfbs --to parquet

    Exit status: 0 good; 1 a bad frame or message; 2 a file cannot be read or written.
    """
    record = record_of(schema, root)
    fields = [field.name for field in record.table.fields]
    unknown = [name for name in names if name not in fields]
    if unknown:
        raise click.UsageError(f"{record.name} has no field {unknown[0]}; its fields are {', '.join(fields)}")
    if names and form == "jsonl":
        raise click.UsageError("JSON lines have all fields: --column is for tables")
    target = path.with_suffix(f".{form}") if out is None else out
    algorithm, guessed = chosen(path, checksum)
    if guessed is not None:
        note(f"note: taken for {algorithm} ({guessed.sure}: {guessed.reason})")
    with ExitStack() as stack:
        reader, _ = stack.enter_context(reading(path, ChecksumDeframer(algorithm, max_frame_len)))
        try:
            with whole_file(target, path) as file:
                rows = _FORMS[form](record, reader, file, list(names) or None)
        except (ChecksumMismatch, InvalidFrame, UnexpectedEof, VerificationFailed) as error:
            note(f"error: {printable(path)}: {printable(str(error))}")
            return 1
    click.echo(f"{printable(target)}: {plural(rows, 'row')}, {size(target.stat().st_size)}")
    return 0


def _json_lines(record: Record, reader: StreamReader[memoryview], file: BinaryIO, _names: list[str] | None) -> int:
    rows = 0
    for portion in portions(reader):
        start = portion.offset
        for payload in portion:
            try:
                file.write(json_line(record, payload))
            except VerificationFailed as error:
                error.offset = start
                raise
            start = portion.offset
        rows += portion.count
    return rows


def _table(writer: Callable[[BinaryIO, Any], Any]) -> Callable[..., int]:
    def write(record: Record, reader: StreamReader[memoryview], file: BinaryIO, names: list[str] | None) -> int:
        rows = 0
        empty = record.to_arrow([], names)
        with writer(file, empty.schema) as table:
            for portion in portions(reader):
                table.write_batch(record.to_arrow(portion, names))
                rows += portion.count
        return rows

    return write


def _parquet(file: BinaryIO, schema: Any) -> Any:
    with needing():
        from pyarrow import parquet  # noqa: PLC0415  (an extra)
    return parquet.ParquetWriter(file, schema)


def _arrow(file: BinaryIO, schema: Any) -> Any:
    with needing():
        import pyarrow as pa  # noqa: PLC0415  (an extra)
    return pa.ipc.new_file(file, schema)


def _csv(file: BinaryIO, schema: Any) -> Any:
    with needing():
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        from pyarrow import csv  # noqa: PLC0415  (an extra)
    nested = [each.name for each in schema if pa.types.is_nested(each.type)]
    if nested:
        raise click.UsageError(f"CSV has no form for {nested[0]}: leave it out with --column, or take another form")
    return csv.CSVWriter(file, schema)


_FORMS: Final[dict[str, Callable[..., int]]] = {
    "parquet": _table(_parquet),
    "arrow": _table(_arrow),
    "csv": _table(_csv),
    "jsonl": _json_lines,
}
