"""Rows of the records, as a reader meets them: by contender, by tier, the fastest, the promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from benchmarks.records import measured
from benchmarks.tables.numbers import size

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from benchmarks.environment import Environment
    from benchmarks.records import GroupRecord, Record, Row

__all__ = [
    "Line",
    "best",
    "called",
    "confidence",
    "environments",
    "is_ours",
    "is_own",
    "label_of",
    "lines",
    "reference",
]


class Line(TypedDict):
    """A contender's line of a table: a cell for each group, ``None`` where it has no row."""

    name: str
    label: str
    version: str
    own: bool
    cells: list[Row | None]


def called(group: GroupRecord) -> str:
    """The name of a group for a reader: ``F0-16384`` over payloads of 16,384 bytes is ``F0, 16 KiB``."""
    tier, _, number = group["name"].rpartition("-")
    each = group["payload_bytes"] / group["messages"]
    return f"{tier}, {size(each)}" if number == f"{each:.0f}" else group["name"]


def is_own(row: Row) -> bool:
    """Whether the row is one of FlatStream's own."""
    return row["label"].startswith("FlatStream")


def is_ours(row: Row, record: Record) -> bool:
    """Whether this project does the work of the row, also where its label is a function's and not FlatStream's."""
    return is_own(row) or row["version"] == record["environment"]["libraries"]["flatstream"]


def lines(record: Record, only: Collection[str] | None = None) -> list[Line]:
    """The contenders of a scenario, in the order of its groups, with their rows; ``only`` names those to keep."""
    found: dict[str, Line] = {}
    for index, group in enumerate(record["groups"]):
        for row in group["rows"]:
            if only is not None and row["name"] not in only:
                continue
            line = found.setdefault(
                row["name"],
                {
                    "name": row["name"],
                    "label": row["label"],
                    "version": row["version"],
                    "own": is_own(row),
                    "cells": [None] * len(record["groups"]),
                },
            )
            line["cells"][index] = row
    return list(found.values())


def best(group: GroupRecord) -> set[str]:
    """The names of the fastest contenders: the one with the least time; if it ties with the reference, all that do."""
    rows = [row for row in measured(group) if not row.get("limit")]
    if not rows:
        return set()
    fastest = min(rows, key=lambda row: row["ns"])
    if fastest.get("tie"):
        return {row["name"] for row in rows if row.get("tie")}
    return {fastest["name"]}


def environments(records: Mapping[str, Record]) -> list[tuple[Environment, list[str]]]:
    """The distinct environments, each with the scenarios that were measured in it."""
    found: list[tuple[Environment, list[str]]] = []
    for name, record in records.items():
        for facts, names in found:
            if facts == record["environment"]:
                names.append(name)
                break
        else:
            found.append((record["environment"], [name]))
    return found


def confidence(records: Mapping[str, Record]) -> str:
    """That of the intervals: 95 %; of records with different ones, the least."""
    return f"{100 * min(record['method']['confidence'] for record in records.values()):g} %"


def label_of(record: Record, tier: str, name: str) -> str:
    """What a reader sees of a model."""
    return next(model["label"] for model in record["models"] if (model["tier"], model["name"]) == (tier, name))


def reference(group: GroupRecord) -> str:
    """What a reader sees of the group's reference."""
    return next(row["label"] for row in group["rows"] if row["name"] == group["reference"])
