"""A whole table as the bytes of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flatstream.checksum import Checksum
    from flatstream.records.record import Record

__all__ = ["frame_records"]


def frame_records(record: Record, table: Any, checksum: str | Checksum = "none") -> bytearray:
    """The frames of all rows of a table: `Record.frame_many`."""
    return record.frame_many(table, checksum)
