"""``flatstream cat``: the payloads of a file."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

import click

from flatstream.cli import options
from flatstream.cli.guess import chosen
from flatstream.cli.screen import binary_stdout, note, printable
from flatstream.cli.source import reading
from flatstream.cli.typed import json_line, record_of, root_option, schema_option
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import ChecksumMismatch, InvalidFrame, UnexpectedEof, VerificationFailed
from flatstream.wire import LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flatstream.reader import StreamReader
    from flatstream.records import Record

    Form: TypeAlias = Callable[[int, int, memoryview], bytes]
    """From index, offset and payload to what is written."""

__all__ = ["cat_command"]

_GATHERED: Final = 64 * 1024
"""Bytes that are gathered before they are written out."""

_COUNT: Final = click.IntRange(0)

_MOST: Final = 2**60
"""No file has more frames."""


@click.command("cat", short_help="The payloads of a file.")
@options.file
@options.checksum
@options.max_frame_len
@click.option("--from", "first", type=_COUNT, default=0, metavar="K", help="Skip the first K frames.")
@click.option("--count", type=_COUNT, metavar="N", help="Stop after N frames.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["hex", "text", "len", "json", "raw"]),
    help="[default: hex; with a schema the messages, as JSON]",
)
@schema_option
@root_option
@click.option("--force", is_flag=True, help="Write raw bytes to a terminal too.")
def cat_command(
    *,
    path: Path,
    checksum: str | None,
    max_frame_len: int,
    first: int,
    count: int | None,
    form: str | None,
    schema: Path | None,
    root: str | None,
    force: bool,
) -> int:
    """Write the payloads of FILE to stdout: a line each, or one after the other with --format raw.

    Formats: hex; text, with escapes for all that a terminal could not show; len, the size in bytes; json, an object a
    line with index, offset (of the frame), length and hex; raw, the bytes as they are. With --schema each message is
    verified, and written as an object with its fields.

    \b
    Examples:
      flatstream cat telemetry.bin --from 1000 --count 3 --format text
      flatstream cat telemetry.bin --schema telemetry.bfbs --root ns.Telemetry

    Exit status: 0 good; 1 a bad frame or message, after what stands before it was written; 2 FILE cannot be read.
    """
    out = binary_stdout()
    if schema is not None or root is not None:
        if form is not None:
            raise click.UsageError("with a schema, messages are written as JSON: there is no other --format")
        record = record_of(schema, root)
        put: Form = _message(record)
    else:
        put = _FORMATS[form or "hex"]
    if form == "raw" and out.isatty() and not force:
        raise click.UsageError("raw bytes can steer a terminal: send them to a file, or say --force")
    name, guessed = chosen(path, checksum)
    if guessed is not None:
        note(f"note: taken for {name} ({guessed.sure}: {guessed.reason})")
    deframer = ChecksumDeframer(name, max_frame_len)
    first = min(first, _MOST)
    stop = None if count is None else first + min(count, _MOST)
    with reading(path, deframer) as (reader, _):
        try:
            _write(out, _payloads(reader, LENGTH_SIZE + deframer.checksum.width, first, stop), put)
        except (ChecksumMismatch, InvalidFrame, UnexpectedEof, VerificationFailed) as error:
            note(f"error: {printable(path)}: {printable(str(error))}")
            return 1
    return 0


def _payloads(
    reader: StreamReader[memoryview], header: int, first: int, stop: int | None
) -> Iterator[tuple[int, int, memoryview]]:
    """Index, offset of the frame, payload."""
    for index, payload in enumerate(islice(reader, first, stop), first):
        yield index, reader.offset - header - len(payload), payload


def _write(out: BinaryIO, payloads: Iterator[tuple[int, int, memoryview]], form: Form) -> None:
    """Write them gathered, and also what was gathered when an error stops the reading."""
    gathered: list[bytes] = []
    size = 0
    try:
        for index, offset, payload in payloads:
            line = form(index, offset, payload)
            gathered.append(line)
            size += len(line)
            if size >= _GATHERED:
                out.write(b"".join(gathered))
                gathered.clear()
                size = 0
    finally:
        out.write(b"".join(gathered))
        out.flush()


def _hex(_index: int, _offset: int, payload: memoryview) -> bytes:
    return payload.hex().encode("ascii") + b"\n"


def _text(_index: int, _offset: int, payload: memoryview) -> bytes:
    """One line of printable UTF-8, whatever the payload is."""
    text = str(payload, "utf-8", "surrogateescape").replace("\\", "\\\\")  # so that no escape is ambiguous
    return printable(text).encode("utf-8") + b"\n"


def _len(_index: int, _offset: int, payload: memoryview) -> bytes:
    return b"%d\n" % len(payload)


def _json(index: int, offset: int, payload: memoryview) -> bytes:
    line = {"index": index, "offset": offset, "length": len(payload), "hex": payload.hex()}
    return json.dumps(line).encode("ascii") + b"\n"


def _message(record: Record) -> Form:
    def message(_index: int, offset: int, payload: memoryview) -> bytes:
        try:
            return json_line(record, payload)
        except VerificationFailed as error:
            error.offset = offset
            raise

    return message


def _raw(_index: int, _offset: int, payload: memoryview) -> bytes:
    return bytes(payload)


_FORMATS: Final[dict[str, Form]] = {"hex": _hex, "text": _text, "len": _len, "json": _json, "raw": _raw}
