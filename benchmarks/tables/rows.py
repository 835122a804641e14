"""Rows of the records, as a reader meets them: by contender, by tier, the fastest, the promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from benchmarks.records import measured

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from benchmarks.environment import Environment
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Line", "best", "bounds", "environments", "is_own", "kept", "lines", "reference"]


class Line(TypedDict):
    """A contender's line of a table: a cell for each group, ``None`` where it has no row."""

    name: str
    label: str
    version: str
    own: bool
    cells: list[Row | None]


def is_own(row: Row) -> bool:
    """Whether the row is one of FlatStream's own."""
    return row["label"].startswith("FlatStream")


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
    """The names of the fastest rows: the one with the least time, and if it ties with the reference, all that do."""
    rows = measured(group)
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


def bounds(group: GroupRecord) -> dict[str, float]:
    """The largest ratios that are promised, by the name of the row."""
    return {bar["name"]: bar["bound"] for bar in group["bars"]}


def kept(row: Row, bars: Mapping[str, float]) -> str:
    """Whether the row's promise is kept, or that it makes none."""
    if row["name"] not in bars:
        return "no promise"
    return "met" if row["ratio"] <= bars[row["name"]] else "**missed**"


def reference(group: GroupRecord) -> str:
    """What a reader sees of the group's reference."""
    return next(row["label"] for row in group["rows"] if row["name"] == group["reference"])
