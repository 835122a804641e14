"""The contenders of the README: FlatStream's main rows, those that many know, and whoever is fastest in a tier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.tables.rows import best

if TYPE_CHECKING:
    from benchmarks.records import Record

__all__ = ["headline"]

KNOWN: Final = frozenset(
    {
        "flatstream",
        "flatstream-copied",
        "flatstream-xxh3_64",
        "flatstream-python",
        "flatstream-record",
        "flatstream-table",
        "msgpack",
        "json",
        "orjson",
        "pickle",
        "protobuf",
        "arrow",
    }
)
"""Names that are always shown where they are measured. The full report has everybody."""


def headline(record: Record) -> frozenset[str]:
    """The names of the rows to show of a scenario whose groups are tiers."""
    return KNOWN.union(*(best(group) for group in record["groups"]))
