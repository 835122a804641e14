"""What the commands share that know the type of the messages: the options, the record, and the messages in portions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from flatstream.cli.screen import inert_json
from flatstream.records import Schema
from flatstream.records.as_json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flatstream.reader import StreamReader
    from flatstream.records import Record

__all__ = ["Portion", "json_line", "portions", "record_of", "root_option", "schema_option"]

_SCHEMA: Final = click.Path(path_type=Path)

schema_option = click.option(
    "--schema", type=_SCHEMA, metavar="BFBS", help="Binary schema of the messages: flatc -b --schema X.fbs."
)
root_option = click.option(
    "--root", metavar="TABLE", help="Type of the messages, with its namespace  [default: the schema's root type]"
)

MESSAGES: Final = 64 * 1024
"""Messages that are worked on at a time."""
BYTES: Final = 64 * 2**20
"""Payload bytes that are worked on at a time, or one payload if it is larger."""


def record_of(schema: Path | None, root: str | None) -> Record:
    """The record that the options name."""
    if schema is None:
        raise click.UsageError("the messages need a --schema")
    try:
        return Schema.load(schema).record(root)
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error


def json_line(record: Record, payload: memoryview) -> bytes:
    """A message as one line of JSON. ``VerificationFailed`` for a payload that is none."""
    line: dict[str, Any] = as_json(record, record.decode(payload))
    return inert_json(json.dumps(line, ensure_ascii=False, allow_nan=False)).encode("utf-8") + b"\n"


class Portion:
    """The next messages of a reader: at least one, if there are any."""

    def __init__(self, reader: StreamReader[memoryview]) -> None:
        self._reader = reader
        self.count = 0

    @property
    def offset(self) -> int:
        """Absolute offset of the reader, by which the offsets of corrupt frames are found."""
        return self._reader.offset

    def __iter__(self) -> Iterator[memoryview]:
        size = 0
        for payload in self._reader:
            self.count += 1
            yield payload
            size += len(payload)
            if self.count >= MESSAGES or size >= BYTES:
                break


def portions(reader: StreamReader[memoryview]) -> Iterator[Portion]:
    """All messages of a reader, each portion to be gone through before the next; the last one is empty."""
    while True:
        portion = Portion(reader)
        yield portion
        if not portion.count:
            return
