"""A run inside of one process: check every output, measure what is right, make the records."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from benchmarks.assemble import assembled
from benchmarks.intervals import CONFIDENCE, recorded
from benchmarks.measure import Samples, measure
from benchmarks.models import fitted
from benchmarks.tiers import Absent, Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.environment import Environment
    from benchmarks.measure import Effort
    from benchmarks.records import Bar, GroupRecord, Record, Row
    from benchmarks.scenario import Scenario
    from benchmarks.tiers import Group

__all__ = ["checked", "record_of", "run_group", "run_part", "run_scenario"]


def run_scenario(
    scenario: Scenario,
    effort: Effort,
    facts: Environment,
    progress: Callable[[str, float], object] = lambda _part, _fraction: None,
) -> Record:
    """Measure all of a scenario in this process, in the environment that ``facts`` describe.

    ``progress`` is told the name of a part, and which fraction of it is done.
    """
    found: dict[str, list[Any]] = {}
    for name in scenario.parts:
        progress(name, 0.0)
        found[name] = [run_part(scenario, name, effort, partial(progress, name))]
        progress(name, 1.0)
    return record_of(scenario, effort, facts, found)


def run_part(
    scenario: Scenario, name: str, effort: Effort, progress: Callable[[float], object] = lambda _fraction: None
) -> Any:
    """What one process finds out of a group or a study of a scenario: JSON."""
    if name in scenario.groups:
        return run_group(scenario.groups[name](), effort, progress)
    return scenario.studies[name](effort, progress)


def record_of(scenario: Scenario, effort: Effort, facts: Environment, found: dict[str, list[Any]]) -> Record:
    """The record of a scenario, from what its processes found of each part."""
    record: Record = {
        "suite": "flatstream-benchmarks",
        "version": 2,
        "scenario": scenario.name,
        "title": scenario.title,
        "environment": facts,
        "method": {"quick": effort.quick, "processes": effort.processes, "confidence": CONFIDENCE},
        "groups": [assembled(found[name]) for name in scenario.groups if name in found],
    }
    for name in scenario.studies:
        for study in found.get(name, []):
            for kind, entries in study.items():
                cast("dict[str, Any]", record).setdefault(kind, []).extend(entries)
    if scenario.modelled:
        record["models"], record["crossovers"] = fitted(record["groups"])
    return record


def run_group(
    group: Group, effort: Effort, progress: Callable[[float], object] = lambda _fraction: None
) -> GroupRecord:
    """Measure one group: the lanes whose output is right. The reference beside itself gives the noise floor."""
    entrants = [checked(entrant, group.expected) for entrant in group.lanes]
    lanes = [entrant for entrant in entrants if isinstance(entrant, Lane)]
    reference = next((lane for lane in lanes if lane.name == group.reference), None)
    taken: dict[str, Samples] = {}
    if reference is not None:
        chosen = effort if group.least is None else replace(effort, least=min(group.least, effort.least))
        found = measure([lane.call for lane in lanes], reference.call, chosen, progress)
        taken = {lane.name: _a_message(pair, group.messages) for lane, pair in zip(lanes, found, strict=True)}
    part: GroupRecord = {
        "name": group.name,
        "tier": group.tier,
        "title": group.title,
        "messages": group.messages,
        "payload_bytes": group.payload_bytes,
        "reference": group.reference,
        "processes": 1,
        "rounds": 0,
        "floor": 1.0,
        "rows": [_row(entrant, taken) for entrant in entrants],
        "bars": [_promise(lane, reference.label) for lane in lanes if lane.bound is not None and reference is not None],
    }
    return assembled([part])


def checked(entrant: Lane | Absent, expected: object) -> Lane | Absent:
    """The lane, if what it makes is what is expected; a lane with a wrong output, or none, is blanked."""
    if isinstance(entrant, Absent):
        return entrant
    try:
        right = entrant.output() == expected
        reason = "its output is not the one expected"
    except Exception as error:  # noqa: BLE001  (whatever breaks in a contender blanks its row, not the run)
        right, reason = False, f"{type(error).__name__}: {error}"
    return entrant if right else Absent(entrant.name, entrant.label, entrant.version, "wrong", reason)


def _row(entrant: Lane | Absent, taken: dict[str, Samples]) -> Row:
    row: Row = {
        "name": entrant.name,
        "label": entrant.label,
        "version": entrant.version,
        "status": "measured",
        "note": entrant.reason if isinstance(entrant, Absent) else entrant.note,
    }
    if isinstance(entrant, Absent):
        row["status"] = entrant.status
        return row
    if entrant.limit:
        row["limit"] = True
    if entrant.wire_bytes is not None:
        row["wire_bytes"] = entrant.wire_bytes
    if entrant.name in taken:
        row["samples"], row["beside"] = [taken[entrant.name].own], [taken[entrant.name].beside]
    return row


def _a_message(samples: Samples, messages: int) -> Samples:
    """Nanoseconds a message, never 0: what is recorded, and all that is quoted follows from."""

    def each(times: list[float]) -> list[float]:
        return [recorded(max(time / messages, 1e-6)) for time in times]

    return Samples(each(samples.own), each(samples.beside))


def _promise(lane: Lane, reference: str) -> Bar:
    """A promise whose numbers `assembled` puts in."""
    return {
        "name": lane.name,
        "label": lane.label,
        "reference": reference,
        "ratio": 1.0,
        "ratio_low": 1.0,
        "ratio_high": 1.0,
        "bound": lane.bound or 1.0,
        "verdict": "missed",
    }
