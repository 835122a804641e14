"""What a checksum costs: the time of a way with it over that of the same way without, by the size of the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.records import measured
from benchmarks.tables.findings import Times, beside

if TYPE_CHECKING:
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Checksums", "checksums"]

SIZES: Final = (32, 4096, 65_536, 1_048_576)
"""The sizes of the README, in bytes; the full report has all, and whole buffers too."""

BARE: Final = "flatstream"
"""The row without a checksum: a message at a time, on the native engine."""

ALGORITHMS: Final = ("crc16", "crc32", "xxh3_64")


class Checksums(NamedTuple):
    """One tier: its groups, the rows without a checksum, and a line for each checksum.

    ``None`` stands where a row was not measured.
    """

    tier: str
    groups: list[GroupRecord]
    bare: list[Row | None]
    lines: list[tuple[str, list[Times | None]]]


def checksums(record: Record) -> list[Checksums]:
    """A part of the table for each tier that was measured."""
    found = []
    for tier in dict.fromkeys(group["tier"] for group in record["groups"]):
        groups = [group for group in record["groups"] if group["tier"] == tier and _each(group) in SIZES]
        rows = [{row["name"]: row for row in measured(group)} for group in groups]
        bare = [each.get(BARE) for each in rows]
        lines = [
            (name, list(map(_cost, (each.get(f"{BARE}-{name}") for each in rows), bare, groups))) for name in ALGORITHMS
        ]
        if any(bare):
            found.append(Checksums(tier, groups, bare, lines))
    return found


def _each(group: GroupRecord) -> float:
    """Bytes of a payload."""
    return group["payload_bytes"] / group["messages"]


def _cost(row: Row | None, bare: Row | None, group: GroupRecord) -> Times | None:
    return None if row is None or bare is None else beside(row, bare, group)
