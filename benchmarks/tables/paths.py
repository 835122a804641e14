"""The ways to read, a line for each: on the native engine and in pure Python, and those of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from benchmarks.records import GroupRecord, Row

__all__ = ["Way", "peers", "ways"]

NATIVE: Final = "native-"
"""What the name of a way has in front on the native engine."""


class Way(NamedTuple):
    """One way of FlatStream, on both engines; ``None`` where an engine has no row."""

    label: str
    note: str
    native: Row | None
    python: Row | None


def ways(group: GroupRecord) -> list[Way]:
    """The ways of FlatStream, in the order of the rows."""
    rows = {row["name"]: row for row in group["rows"]}
    names = dict.fromkeys(name.removeprefix(NATIVE) for name, row in rows.items() if _is_way(row))
    return [_way(rows.get(NATIVE + name), rows.get(name)) for name in names]


def peers(group: GroupRecord) -> list[Row]:
    """The rows of the others."""
    return [row for row in group["rows"] if not _is_way(row)]


def _is_way(row: Row) -> bool:
    return row["label"].startswith("FlatStream")


def _way(native: Row | None, python: Row | None) -> Way:
    one = python or native
    assert one is not None  # noqa: S101  (the name came from one of them)
    return Way(one["label"].partition(": ")[2], one["note"], native, python)
