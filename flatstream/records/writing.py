"""Records as functions on a stream: whole tables written as frames, or made into the bytes of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flatstream.checksum import Checksum
    from flatstream.records.record import PayloadWriter, Record

__all__ = ["frame_records", "write_records"]


def frame_records(record: Record, table: Any, checksum: str | Checksum = "none") -> bytearray:
    """The frames of all rows of a table: `Record.frame_many`."""
    return record.frame_many(table, checksum)


def write_records(writer: PayloadWriter, record: Record, table: Any) -> int:
    """Write each row of a table as one frame; returns how many there were.

    Nothing is written unless all rows fit the record. What the writer's framer does with a payload (bounds, validators,
    observers) it does with each of these, and what it raises stops the writing there.
    """
    count = 0
    for count, payload in enumerate(record.encode_many(table), 1):  # noqa: B007  (the last one is the answer)
        writer.write_payload(payload)
    return count
