"""Events that memory policies are told of, and the decisions that they must give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vectors.generator.model import Group, JsonObject

BASELINE: Final = 16384
"""P1: the capacity in bytes up to which a policy is not asked, unless it says otherwise."""

CAPACITY: Final = 65536
"""A capacity well above the baseline."""

SMALL: Final = 100
"""A size for which the capacity is far too much."""

LARGE: Final = 60000
"""A size that needs the capacity."""

Event = tuple[int, int, int]
"""Capacity and size in bytes, milliseconds of the injected clock."""

Decisions = list[str | None]
"""For each event the reason to shrink, or None."""


def adaptive(ratio: int, wait: int, cooldown_ms: int | None = None) -> JsonObject:
    """Return an AdaptiveWatermarkPolicy of the protocol; the cooldown is in milliseconds."""
    return {"adaptive": {"shrink_ratio": ratio, "messages_to_wait": wait, "cooldown_ms": cooldown_ms}}


def thresholds(grow: int, shrink: int, wait: int) -> JsonObject:
    """Return a SizeThresholdPolicy of the protocol; both sizes are in bytes."""
    return {"threshold": {"grow_above": grow, "shrink_below": shrink, "messages_to_wait": wait}}


def sizes(*sizes: int) -> list[Event]:
    """Return events of one capacity, well above the baseline, one millisecond apart."""
    return [(CAPACITY, size, i) for i, size in enumerate(sizes)]


def times(*sizes_and_times: tuple[int, int]) -> list[Event]:
    """Return events of that capacity, each with its own time."""
    return [(CAPACITY, size, ms) for size, ms in sizes_and_times]


def add_decisions(
    group: Group,
    name: str,
    rules: str,
    comment: str,
    *,
    policy: object,
    events: list[Event],
    decisions: Decisions,
    baseline: int = BASELINE,
) -> None:
    """Add a vector of the operation `policy`.

    Raises ValueError unless there is one decision for each event.
    """
    request: JsonObject = {"policy": policy, "baseline": baseline, "events": [list(event) for event in events]}
    if len(events) != len(decisions):
        raise ValueError(f"{group.name}/{name}: {len(events)} events and {len(decisions)} decisions")
    group.add(name, rules, comment, request, {"decisions": list(decisions)})
