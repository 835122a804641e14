"""SizeThresholdPolicy: armed by a large size. Every decision is written by hand."""

from __future__ import annotations

from vectors.generator.model import Group, JsonObject
from vectors.generator.policy_events import (
    Decisions,
    Event,
    add_decisions,
    sizes,
    thresholds,
    times,
)


def groups() -> list[Group]:
    """Return the group about the policy."""
    return [_threshold()]


def _threshold() -> Group:
    group = Group(
        "policy-threshold", "policy", "SizeThresholdPolicy: armed by a large size, fires after a run of small ones."
    )
    policy = thresholds(1000, 100, 2)
    cases: tuple[tuple[str, str, JsonObject, list[Event], Decisions], ...] = (
        ("not-armed", "small sizes alone never fire", policy, sizes(50, 50, 50, 50), [None] * 4),
        ("fires", "armed by 1001, fires at the second small size", policy, sizes(1001, 50, 50), [None, None, "count"]),
        ("disarms", "firing disarms", policy, sizes(1001, 50, 50, 50, 50), [None, None, "count", None, None]),
        (
            "arms-again",
            "after firing another large size arms it again",
            policy,
            sizes(1001, 50, 50, 1001, 50, 50),
            [None, None, "count", None, None, "count"],
        ),
        ("at-grow-above", "1000 is not above 1000", policy, sizes(1000, 50, 50), [None] * 3),
        (
            "at-shrink-below",
            "100 is not below 100: it restarts the run",
            policy,
            sizes(1001, 50, 100, 50, 50),
            [None] * 4 + ["count"],
        ),
        ("just-below", "99 is below 100", policy, sizes(1001, 99, 99), [None, None, "count"]),
        (
            "middle-restarts",
            "a size between restarts the run and leaves it armed",
            policy,
            sizes(1001, 50, 500, 50, 50),
            [None] * 4 + ["count"],
        ),
        (
            "at-grow-above-restarts",
            "1000 is a size between",
            policy,
            sizes(1001, 50, 1000, 50, 50),
            [None] * 4 + ["count"],
        ),
        (
            "large-restarts",
            "another large size restarts the run",
            policy,
            sizes(1001, 50, 2000, 50, 50),
            [None] * 4 + ["count"],
        ),
        ("zero-counts", "a size of 0 is small like others", policy, sizes(1001, 0, 0), [None, None, "count"]),
        (
            "wait-1",
            "a wait of 1 fires at the first small size",
            thresholds(1000, 100, 1),
            sizes(1001, 50),
            [None, "count"],
        ),
        (
            "large-and-small",
            "with crossed bounds a size is over the one and under the other: it arms, and does not count itself",
            thresholds(5, 100, 1),
            sizes(50, 50, 5),
            [None, None, "count"],
        ),
        (
            "time-alone",
            "no time fires it",
            policy,
            times((1001, 0), (50, 10), (500, 1000000000), (50, 2000000000)),
            [None] * 4,
        ),
    )
    for name, comment, chosen, events, decisions in cases:
        add_decisions(group, name, "P4", comment, policy=chosen, events=events, decisions=decisions)
    mib, kib = 1 << 20, 1 << 10
    add_decisions(
        group,
        "defaults",
        "P4",
        "1 MiB, 1 KiB and 8 messages: 1 KiB itself does not count",
        policy=thresholds(mib, kib, 8),
        events=[(2 * mib, mib + 1, 0), (2 * mib, kib, 1), *((2 * mib, kib - 1, 2 + i) for i in range(8))],
        decisions=[None] * 9 + ["count"],
    )
    return group
