"""What is shown of the records: the blocks of the README, the full report, single numbers. Templates do the wording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.records import RecordError, measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.environment import Environment
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["BLOCKS", "REQUIRED", "block", "multiple", "nanoseconds", "number", "report"]

BLOCKS: Final = ("headline", "engine", "bars", "read-paths", "environment", "chart")
"""The blocks that the README must have, by the name in their markers."""

REQUIRED: Final = ("tel-100", "tel-100k", "readpath", "bars", "engine")
"""The scenarios that the blocks and the report are made from."""


class Line(TypedDict):
    """A contender's line of a table: a cell for each tier, ``None`` where it has no row."""

    label: str
    version: str
    cells: list[Row | None]


def nanoseconds(value: float) -> str:
    """Nanoseconds a message: 9.31, 93.1, 931, 9,310."""
    return _three_digits(value)


def multiple(value: float) -> str:
    """A ratio: 0.93x, 9.31x, 93.1x, with the sign for times."""
    return f"{_three_digits(value)}\N{MULTIPLICATION SIGN}"


def percent(floor: float) -> str:
    """A noise floor, which is a factor, as a difference."""
    return f"{100 * (floor - 1):.1f} %"


def lines(record: Record) -> list[Line]:
    """The contenders of a scenario, in the order of its groups, with their rows in each group."""
    found: dict[str, Line] = {}
    for index, group in enumerate(record["groups"]):
        for row in group["rows"]:
            empty: list[Row | None] = [None] * len(record["groups"])
            line = found.setdefault(row["name"], {"label": row["label"], "version": row["version"], "cells": empty})
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


def promised(speed: float) -> str:
    """A speed that is promised: 20x, 1.2x, with the sign for times."""
    return f"{speed:.2g}\N{MULTIPLICATION SIGN}"


def kept(row: Row, bars: Mapping[str, float]) -> str:
    """Whether the row's promise is kept, or that it makes none."""
    if row["name"] not in bars:
        return "no promise"
    return "met" if row["ratio"] <= bars[row["name"]] else "**missed**"


def reference(group: GroupRecord) -> str:
    """What a reader sees of the group's reference."""
    return next(row["label"] for row in group["rows"] if row["name"] == group["reference"])


def block(name: str, records: Mapping[str, Record]) -> str:
    """One block of the README, without its markers."""
    return _render(f"{name}.md.j2", records)


def report(records: Mapping[str, Record]) -> str:
    """The full report: every scenario, every note."""
    return f"<!-- Rendered from the records by: python -m benchmarks report -->\n\n{_render('report.md.j2', records)}\n"


def number(path: str, records: Mapping[str, Record]) -> str:
    """A single number by its path: ``tel-100k/F0/flatstream/ns``, ``.../ratio``, or ``tel-100k/F0/floor``.

    ``RecordError`` if the records do not hold it.
    """
    scenario, _, rest = path.partition("/")
    group_name, _, rest = rest.partition("/")
    groups = records[scenario]["groups"] if scenario in records else []
    for group in groups:
        if group["name"] != group_name:
            continue
        if rest == "floor":
            return percent(group["floor"])
        for row in group["rows"]:
            if rest == f"{row['name']}/ns" and "ns" in row:
                return nanoseconds(row["ns"])
            if rest == f"{row['name']}/ratio" and "ratio" in row:
                return multiple(row["ratio"])
    raise RecordError(f"the records hold no number {path!r}")


def _three_digits(value: float) -> str:
    if value < 9.995:
        return f"{value:.2f}"
    if value < 99.95:
        return f"{value:.1f}"
    return f"{value:,.0f}"


def _render(template: str, records: Mapping[str, Record]) -> str:
    missing = [name for name in REQUIRED if name not in records]
    if missing:
        raise RecordError(f"no records of {', '.join(missing)}; make them with: python -m benchmarks run")
    templates = Templates(
        loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  (Markdown, from records of our own)
    )
    templates.filters.update({"ns": nanoseconds, "times": multiple, "percent": percent, "bound": promised})
    templates.globals.update(
        {
            "lines": lines,
            "best": best,
            "environments": environments,
            "bounds": bounds,
            "kept": kept,
            "reference": reference,
        }
    )
    return templates.get_template(template).render(records=records).strip("\n")
