"""What a checksum costs: the time of each over the time without one, by the size of the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.records import measured
from benchmarks.tables.rows import is_own

if TYPE_CHECKING:
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Checksums", "checksums"]

SIZES: Final = (32, 1024, 65_536, 1_048_576)
"""The sizes of the README, in bytes; the full report has all."""


class Checksums(NamedTuple):
    """One tier: its groups, and a line for each way, with ``None`` where it was not measured."""

    tier: str
    work: str
    groups: list[GroupRecord]
    lines: list[tuple[str, list[Row | None]]]


def checksums(record: Record) -> list[Checksums]:
    """A table for each tier, of FlatStream's own rows over the sizes of the README."""
    found = []
    for tier in dict.fromkeys(group["tier"] for group in record["groups"]):
        groups = [
            group
            for group in record["groups"]
            if group["tier"] == tier and group["payload_bytes"] / group["messages"] in SIZES
        ]
        rows = [{row["name"]: row for row in measured(group) if is_own(row)} for group in groups]
        names = {name: row["label"] for each in rows for name, row in each.items()}
        if groups:
            lines = [(label, [each.get(name) for each in rows]) for name, label in names.items()]
            found.append(Checksums(tier, groups[0]["title"], groups, lines))
    return found
