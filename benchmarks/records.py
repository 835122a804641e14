"""Records: what a run found, as JSON that everything else is rendered from. One file a scenario.

A record always has groups, whose lanes were measured in turns. Where a scenario has them it holds more kinds: cost
models and where their lines cross, peak memory, instruction counts, points of a scale, memory over time.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict, cast

from jsonschema import Draft202012Validator

from benchmarks.environment import ROOT, Environment

__all__ = [
    "DATA",
    "Bar",
    "Crossover",
    "GroupRecord",
    "Instructions",
    "Memory",
    "Method",
    "Model",
    "Record",
    "RecordError",
    "Row",
    "ScalePoint",
    "Status",
    "Timeline",
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


Status: TypeAlias = Literal["measured", "cannot", "wrong", "absent"]
"""``cannot``: not what this contender does; ``wrong``: its output was not the one expected; ``absent``: what it takes,
a tool or memory, is not there."""


class Method(TypedDict):
    """How the numbers of a record were taken."""

    quick: bool
    processes: int
    """Fresh processes over which the rounds of a group are spread."""
    confidence: float
    """Of the intervals: a second run of the same sources on the same machine falls inside with this probability."""


class Row(TypedDict):
    """One contender in one group. Times are nanoseconds a message, ratios multiples of the group's reference."""

    name: str
    label: str
    version: str
    status: Status
    note: str
    """What it does differently, or for a row without numbers why it has none."""
    limit: NotRequired[bool]
    """Not a contender: what the machine takes at least, such as memcpy."""
    wire_bytes: NotRequired[int]
    """Bytes of the stream of all messages, of this contender."""
    samples: NotRequired[list[list[float]]]
    """A list for each process, with a number for each round."""
    beside: NotRequired[list[list[float]]]
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
    payload_bytes: int
    """Bytes of the payloads of all messages, without frames."""
    reference: str
    processes: int
    rounds: int
    """Of all processes together."""
    floor: float
    rows: list[Row]
    bars: list[Bar]


class Model(TypedDict):
    """Time of a message of so many bytes: ``ns_message + bytes * ns_byte``, fitted to the groups of one tier."""

    tier: str
    name: str
    label: str
    ns_message: float
    ns_message_low: float
    ns_message_high: float
    ns_byte: float
    ns_byte_low: float
    ns_byte_high: float
    residual: float
    """The largest relative distance of a measured point from the line."""
    from_bytes: int
    to_bytes: int
    limit: NotRequired[bool]


class Crossover(TypedDict):
    """Where two models cross: ``below`` is faster for messages under ``bytes``, ``above`` for larger ones."""

    tier: str
    below: str
    above: str
    bytes: int


class Memory(TypedDict):
    """The resident high-water mark of a contender's work, in processes of its own."""

    tier: str
    name: str
    label: str
    version: str
    status: Status
    note: str
    messages: int
    samples: NotRequired[list[int]]
    """Bytes above the baseline, a process each."""
    peak_bytes: NotRequired[int]
    base_bytes: NotRequired[int]
    """Resident before the work: interpreter, libraries, the input."""
    output_bytes: NotRequired[int]
    """Of the stream that the work makes or reads."""


class Instructions(TypedDict):
    """Instructions a message, from two callgrind runs over different numbers of messages."""

    tier: str
    name: str
    label: str
    version: str
    status: Status
    note: str
    messages: NotRequired[list[int]]
    samples: NotRequired[list[int]]
    """Instructions of the whole process, for each number of messages."""
    a_message: NotRequired[float]


class ScalePoint(TypedDict):
    """Time and peak memory of one lane over one number of messages."""

    tier: str
    name: str
    label: str
    version: str
    status: Status
    note: str
    messages: int
    samples: NotRequired[list[float]]
    """Nanoseconds a message, a process each."""
    ns: NotRequired[float]
    ns_low: NotRequired[float]
    ns_high: NotRequired[float]
    peak_bytes: NotRequired[int]


class Timeline(TypedDict):
    """Memory over time: bytes that are retained after so many messages, wherever that changes."""

    tier: str
    name: str
    label: str
    note: str
    burst: list[list[int]]
    """First and last message of each run of large ones, counted from 1."""
    points: list[list[int]]
    """Pairs of messages written and bytes retained."""


class Record(TypedDict):
    """A scenario of one run."""

    suite: Literal["flatstream-benchmarks"]
    version: Literal[2]
    scenario: str
    title: str
    environment: Environment
    method: Method
    groups: list[GroupRecord]
    models: NotRequired[list[Model]]
    crossovers: NotRequired[list[Crossover]]
    memory: NotRequired[list[Memory]]
    instructions: NotRequired[list[Instructions]]
    scale: NotRequired[list[ScalePoint]]
    timelines: NotRequired[list[Timeline]]


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
    """Replace the file at ``path`` in one step, so that a run that is stopped leaves no half of it.

    What is there and no file, such as a pipe or a device, is written to as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="\n")
        return
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
