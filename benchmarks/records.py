"""Records: what a run found, as JSON that everything else is rendered from. One file a scenario."""

from __future__ import annotations

import json
import os
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, Literal, NotRequired, TypedDict, cast

from jsonschema import Draft202012Validator

from benchmarks.environment import ROOT, Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DATA",
    "Bar",
    "GroupRecord",
    "Record",
    "RecordError",
    "Row",
    "faults",
    "load",
    "measured",
    "read",
    "save",
    "verdict",
    "write_text",
]

DATA: Final = ROOT / "reports" / "data"
"""Where the committed records lie."""

SCHEMA: Final = Path(__file__).with_name("schema") / "record.schema.json"


class RecordError(Exception):
    """A record that cannot be read, or does not follow the schema."""


class Row(TypedDict):
    """One contender in one group. Times are nanoseconds a message, ratios multiples of the group's reference."""

    name: str
    label: str
    version: str
    status: Literal["measured", "cannot", "wrong"]
    note: str
    """What it does differently, or for a row without numbers why it has none."""
    samples: NotRequired[list[float]]
    beside: NotRequired[list[float]]
    """What the reference took in the same rounds, right before or after."""
    ns: NotRequired[float]
    ns_low: NotRequired[float]
    ns_high: NotRequired[float]
    ratio: NotRequired[float]
    ratio_low: NotRequired[float]
    ratio_high: NotRequired[float]
    tie: NotRequired[bool]


class Bar(TypedDict):
    """A promise of the project: a ratio that is at most ``bound``."""

    name: str
    label: str
    reference: str
    ratio: float
    ratio_low: float
    ratio_high: float
    bound: float
    verdict: Literal["met", "missed"]


class GroupRecord(TypedDict):
    """What was measured together, in turns. ``floor``: a factor below which a difference is noise."""

    name: str
    tier: str
    title: str
    messages: int
    reference: str
    rounds: int
    floor: float
    rows: list[Row]
    bars: list[Bar]


class Record(TypedDict):
    """A scenario of one run."""

    suite: Literal["flatstream-benchmarks"]
    version: Literal[1]
    scenario: str
    title: str
    environment: Environment
    groups: list[GroupRecord]


def load(folder: Path = DATA) -> dict[str, Record]:
    """Every record in ``folder``, by scenario. ``RecordError`` if one is broken, or if there is none."""
    records = {record["scenario"]: record for path in sorted(folder.glob("*.json")) for record in read(path)}
    if not records:
        raise RecordError(f"there are no records in {folder.name}/; make them with: python -m benchmarks run")
    return records


def read(path: Path) -> list[Record]:
    """The records of one file, which holds one or a list. ``RecordError`` if it is broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path.name} cannot be read: {error}") from error
    found = content if isinstance(content, list) else [content]
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for record in found:
        for problem in validator.iter_errors(record):
            raise RecordError(f"{path.name} does not follow the schema at {problem.json_path}: {problem.message}")
    return cast("list[Record]", found)


def save(record: Record | list[Record], path: Path) -> None:
    """Write one record, or a list of them, whole or not at all."""
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace the file at ``path`` in one step, so that a run that is stopped leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        os.replace(beside, path)  # noqa: PTH105  (the call whose atomicity is meant)
    finally:
        beside.unlink(missing_ok=True)


def measured(group: GroupRecord) -> list[Row]:
    """The rows that have numbers."""
    return [row for row in group["rows"] if row["status"] == "measured"]


def verdict(ratio: float, bound: float) -> Literal["met", "missed"]:
    """Whether a promise is kept."""
    return "met" if ratio <= bound else "missed"


def faults(record: Record) -> Iterator[str]:
    """Where the numbers of a record do not follow from its own samples."""
    for group in record["groups"]:
        where = f"{record['scenario']}/{group['name']}"
        rows = {row["name"]: row for row in measured(group)}
        for row in rows.values():
            if round(median(row["samples"]), 3) != row["ns"]:
                yield f"{where}/{row['name']}: ns is not the median of the samples"
            paired = [own / other for own, other in zip(row["samples"], row["beside"], strict=True)]
            if round(median(paired), 4) != row["ratio"]:
                yield f"{where}/{row['name']}: ratio is not the median of the paired ratios"
        for bar in group["bars"]:
            if bar["ratio"] != rows[bar["name"]]["ratio"] or bar["verdict"] != verdict(bar["ratio"], bar["bound"]):
                yield f"{where}/{bar['name']}: the bar does not follow from its row"
