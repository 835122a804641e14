"""Whether the numbers of a record follow from its own samples: medians, intervals, floors, verdicts, models."""

from __future__ import annotations

import json
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from benchmarks.assemble import assembled
from benchmarks.intervals import estimate
from benchmarks.models import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.records import Crossover, GroupRecord, Model, Record

__all__ = ["faults"]

NEAR = 1e-3
"""Relative: what another version of NumPy, on another machine, may round otherwise."""


def faults(record: Record) -> Iterator[str]:
    """What does not follow: each number is made again, in the way in which the run made it."""
    for group in record["groups"]:
        yield from _of_group(f"{record['scenario']}/{group['name']}", group)
    if "models" in record:
        models, crossovers = _fitted(json.dumps(record["groups"]))
        for kind, made in (("models", models), ("crossovers", crossovers)):
            if not _alike(cast("dict[str, Any]", record).get(kind), made):
                yield f"{record['scenario']}: its {kind} do not follow from its groups"
    for name, number in _of_studies(record):
        yield f"{record['scenario']}/{name}: {number} does not follow from its samples"


def _of_group(where: str, group: GroupRecord) -> Iterator[str]:
    again = _again(json.dumps(group))
    if not _alike(group["floor"], again["floor"]):
        yield f"{where}: the noise floor does not follow from the samples"
    for row, made in zip(group["rows"], again["rows"], strict=True):
        wrong = [key for key, value in made.items() if not _alike(cast("Mapping[str, Any]", row).get(key), value)]
        if wrong:
            yield f"{where}/{row['name']}: {' and '.join(wrong)} do not follow from the samples"
    if not _alike(group["bars"], again["bars"]):
        yield f"{where}: the promises do not follow from their rows"


@cache
def _again(group: str) -> GroupRecord:
    return assembled([json.loads(group)])


@cache
def _fitted(groups: str) -> tuple[list[Model], list[Crossover]]:
    return fitted(json.loads(groups))


def _of_studies(record: Record) -> Iterator[tuple[str, str]]:
    for memory in record.get("memory", []):
        if memory["status"] == "measured" and memory["peak_bytes"] != round(median(memory["samples"])):
            yield f"{memory['tier']}/{memory['name']}", "the peak"
    for counted in record.get("instructions", []):
        if counted["status"] == "measured":
            (few, many), (least, most) = counted["messages"], counted["samples"]
            if counted["a_message"] != round((most - least) / (many - few), 1):
                yield f"{counted['tier']}/{counted['name']}", "the number of instructions"
    for point in record.get("scale", []):
        if point["status"] == "measured":
            taken = estimate([[time] for time in point["samples"]])
            if not _alike([point["ns"], point["ns_low"], point["ns_high"]], [taken.median, taken.low, taken.high]):
                yield f"{point['tier']}/{point['name']}/{point['messages']}", "the time"


def _alike(one: Any, other: Any) -> bool:
    """Equal, but for the last digits of numbers."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= NEAR * max(abs(one), abs(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
