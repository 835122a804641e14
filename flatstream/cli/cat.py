"""``flatstream cat``: the payloads of a file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

import click

from flatstream.cli import options
from flatstream.cli.guess import chosen
from flatstream.cli.screen import binary_stdout, note, printable
from flatstream.cli.source import opened, reading
from flatstream.cli.typed import json_line, record_of, root_option, schema_option
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import ChecksumMismatch, FileTruncated, InvalidFrame, UnexpectedEof, VerificationFailed
from flatstream.follow import FollowingReader
from flatstream.opening import open_stream
from flatstream.wire import LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flatstream.cli.source import Url
    from flatstream.deframer import Deframer
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
@options.place
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
@click.option(
    "--follow", "-f", is_flag=True, help="Wait for what is written later; go on in the new file when FILE is replaced."
)
@click.option(
    "--timeout",
    type=options.Seconds(0),
    metavar="SECONDS",
    help="With --follow: stop when no frame has come for so long  [default: stop at Ctrl-C]",
)
@click.option("--force", is_flag=True, help="Write raw bytes to a terminal too.")
def cat_command(
    *,
    path: Path | Url,
    checksum: str | None,
    max_frame_len: int,
    first: int,
    count: int | None,
    form: str | None,
    schema: Path | None,
    root: str | None,
    follow: bool,
    timeout: float | None,
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
      flatstream cat telemetry.bin --checksum crc32 --follow --timeout 60

    Exit status: 0 good; 1 a bad frame or message, after what stands before it was written, or with --follow a FILE that
    was cut below what was read; 2 FILE cannot be read; 130 Ctrl-C.
    """
    if follow and not isinstance(path, Path):
        raise click.UsageError("only a file of this machine can be followed, not a URL")
    if timeout is not None and not follow:
        raise click.UsageError("--timeout is for --follow")
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
        if follow and not guessed.proven:  # what comes later may be of another
            raise click.UsageError(
                f"name the --checksum of a file to follow: what it holds does not say ({guessed.reason})"
            )
        note(f"note: taken for {name} ({guessed.sure}: {guessed.reason})")
    deframer = ChecksumDeframer(name, max_frame_len)
    first = min(first, _MOST)
    stop = None if count is None else first + min(count, _MOST)
    lines = _Lines(out)
    with _opened(path, deframer, follow=follow, timeout=timeout) as reader:
        try:
            _write(lines, _payloads(reader, lines, LENGTH_SIZE + deframer.checksum.width, first, stop), put)
        except (ChecksumMismatch, FileTruncated, InvalidFrame, UnexpectedEof, VerificationFailed) as error:
            note(f"error: {printable(path)}: {printable(str(error))}")
            return 1
    return 0


class _Lines:
    """Stdout, to which lines go gathered."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._gathered: list[bytes] = []
        self._size = 0

    def put(self, line: bytes) -> None:
        """Add a line."""
        self._gathered.append(line)
        self._size += len(line)
        if self._size >= _GATHERED:
            self._out.write(self._taken())

    def flush(self) -> None:
        """Let whoever reads see all of them."""
        self._out.write(self._taken())
        self._out.flush()

    def _taken(self) -> bytes:
        taken = b"".join(self._gathered)
        self._gathered.clear()
        self._size = 0
        return taken


@contextmanager
def _opened(
    path: Path | Url, deframer: Deframer, *, follow: bool, timeout: float | None
) -> Iterator[StreamReader[memoryview]]:
    if not follow:
        with reading(path, deframer) as (reader, _):
            yield reader
        return
    with opened(path):  # which refuses what is no file
        pass
    with open_stream(path, deframer=deframer, follow=True, timeout=timeout) as following:
        yield following


def _payloads(
    reader: StreamReader[memoryview], lines: _Lines, header: int, first: int, stop: int | None
) -> Iterator[tuple[int, int, memoryview]]:
    """Index, offset of the frame, payload."""
    payloads = _live(reader, lines) if isinstance(reader, FollowingReader) else reader
    for index, payload in enumerate(islice(payloads, first, stop), first):
        yield index, reader.offset - header - len(payload), payload


def _write(lines: _Lines, payloads: Iterator[tuple[int, int, memoryview]], form: Form) -> None:
    """Write them, and also what was gathered when an error stops the reading."""
    try:
        for index, offset, payload in payloads:
            lines.put(form(index, offset, payload))
    finally:
        lines.flush()


def _live(reader: FollowingReader[memoryview], lines: _Lines) -> Iterator[memoryview]:
    """Payloads as they are written; before it waits for one, whoever reads sees all those before it."""
    while True:
        payload = reader.poll()
        if payload is None:
            lines.flush()
            payload = reader.read_message()
            if payload is None:
                return
        yield payload


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
