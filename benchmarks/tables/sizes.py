"""What lies on the wire: bytes a message of each contender's stream, its own framing included."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from benchmarks.records import Record

__all__ = ["Size", "sizes"]


class Size(NamedTuple):
    """Bytes a message of one contender by tier: of payloads that exist (F0), of messages that it builds (F1, F2)."""

    label: str
    bytes: dict[str, float]


def sizes(record: Record, only: Collection[str] | None = None) -> list[Size]:
    """The contenders of a scenario, the smallest first: by what they build, or else by what they frame.

    ``only`` names those to keep. Pure Python writes the same bytes as the native engine, and is left out.
    """
    found: dict[str, Size] = {}
    for group in record["groups"]:
        for row in group["rows"]:
            name = row["name"]
            wanted = not name.endswith("-python") and (only is None or name in only)
            if wanted and "wire_bytes" in row and group["tier"].startswith("F"):
                size = found.setdefault(name, Size(row["label"], {}))
                size.bytes[group["tier"]] = row["wire_bytes"] / group["messages"]
    return sorted(found.values(), key=lambda size: (size.bytes.get("F1", float("inf")), min(size.bytes.values())))
