"""A run: check every output, measure what is right, make the records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from benchmarks.intervals import estimate, is_tie, noise_floor, ratios
from benchmarks.measure import Samples, measure
from benchmarks.records import Bar, GroupRecord, Record, Row, verdict
from benchmarks.tiers import Absent, Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.environment import Environment
    from benchmarks.measure import Effort
    from benchmarks.scenarios import Scenario
    from benchmarks.tiers import Group

__all__ = ["run_group", "run_scenario"]


def run_scenario(
    scenario: Scenario,
    effort: Effort,
    facts: Environment,
    progress: Callable[[str, float], object] = lambda _group, _fraction: None,
) -> Record:
    """Measure every group of a scenario, in the environment that ``facts`` describe.

    ``progress`` is told the name of a group, and which fraction of it is done.
    """
    groups: list[GroupRecord] = []
    for name, make in scenario.groups.items():
        progress(name, 0.0)
        groups.append(run_group(make(), effort, partial(progress, name)))
        progress(name, 1.0)
    return {
        "suite": "flatstream-benchmarks",
        "version": 1,
        "scenario": scenario.name,
        "title": scenario.title,
        "environment": facts,
        "groups": groups,
    }


def run_group(
    group: Group, effort: Effort, progress: Callable[[float], object] = lambda _fraction: None
) -> GroupRecord:
    """Measure one group: the lanes whose output is right. The reference beside itself gives the noise floor."""
    entrants = [checked(entrant, group.expected) for entrant in group.lanes]
    lanes = [entrant for entrant in entrants if isinstance(entrant, Lane)]
    reference = next((lane for lane in lanes if lane.name == group.reference), None)
    taken: dict[str, Samples] = {}
    floor = 1.0
    if reference is not None:
        calls = [lane.call for lane in lanes]
        found = measure(calls, reference.call, effort, progress)
        taken = {lane.name: _a_message(pair, group.messages) for lane, pair in zip(lanes, found, strict=True)}
        itself = taken[reference.name]
        floor = noise_floor(estimate(ratios(itself.own, itself.beside)))
    rows = [
        _measured(entrant, taken[entrant.name], floor)
        if isinstance(entrant, Lane) and reference is not None
        else _absent(entrant)
        for entrant in entrants
    ]
    return {
        "name": group.name,
        "tier": group.tier,
        "title": group.title,
        "messages": group.messages,
        "reference": group.reference,
        "rounds": len(taken[reference.name].own) if reference is not None else 0,
        "floor": round(floor, 4),
        "rows": rows,
        "bars": [
            _bar(row, reference.label, lane.bound)
            for lane in lanes
            if lane.bound is not None and reference is not None
            for row in rows
            if row["name"] == lane.name
        ],
    }


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


def _absent(entrant: Lane | Absent) -> Row:
    status: Literal["cannot", "wrong"] = "cannot"
    reason = "the reference that it is measured beside has no right output"
    if isinstance(entrant, Absent):
        status, reason = entrant.status, entrant.reason
    return {
        "name": entrant.name,
        "label": entrant.label,
        "version": entrant.version,
        "status": status,
        "note": reason,
    }


def _a_message(samples: Samples, messages: int) -> Samples:
    """Nanoseconds a message, to the picosecond: what is recorded, and all that is quoted follows from."""

    def each(times: list[float]) -> list[float]:
        return [round(max(time / messages, 0.001), 3) for time in times]

    return Samples(each(samples.own), each(samples.beside))


def _measured(lane: Lane, samples: Samples, floor: float) -> Row:
    time, ratio = estimate(samples.own), estimate(ratios(samples.own, samples.beside))
    return {
        "name": lane.name,
        "label": lane.label,
        "version": lane.version,
        "status": "measured",
        "note": lane.note,
        "samples": samples.own,
        "beside": samples.beside,
        "ns": round(time.median, 3),
        "ns_low": round(time.low, 3),
        "ns_high": round(time.high, 3),
        "ratio": round(ratio.median, 4),
        "ratio_low": round(ratio.low, 4),
        "ratio_high": round(ratio.high, 4),
        "tie": is_tie(ratio, floor),
    }


def _bar(row: Row, reference: str, bound: float) -> Bar:
    return {
        "name": row["name"],
        "label": row["label"],
        "reference": reference,
        "ratio": row["ratio"],
        "ratio_low": row["ratio_low"],
        "ratio_high": row["ratio_high"],
        "bound": bound,
        "verdict": verdict(row["ratio"], bound),
    }
