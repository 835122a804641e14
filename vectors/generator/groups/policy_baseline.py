"""When a memory policy is asked: only above its baseline. Every decision is written by hand."""

from __future__ import annotations

from vectors.generator.model import Group
from vectors.generator.policy_events import (
    adaptive,
    add_decisions,
    sizes,
    thresholds,
)


def groups() -> list[Group]:
    """Return the group about the baseline."""
    return [_baseline()]


def _baseline() -> Group:
    group = Group(
        "policy-baseline",
        "policy",
        "A policy is asked only while the capacity is above its baseline; what it is not asked, it does not know.",
    )
    each = adaptive(4, 1)
    add_decisions(
        group,
        "at-the-baseline",
        "P1",
        "a capacity equal to the baseline is not above it",
        policy=each,
        events=[(16384, 1, 0), (16385, 1, 1), (16383, 1, 2)],
        decisions=[None, "count", None],
    )
    add_decisions(
        group,
        "own-baseline",
        "P1",
        "a baseline of 1000 instead of 16384",
        policy=each,
        events=[(1000, 1, 0), (1001, 1, 1), (16384, 1, 2)],
        decisions=[None, "count", "count"],
        baseline=1000,
    )
    add_decisions(
        group,
        "baseline-0",
        "P1",
        "a baseline of 0: asked for every capacity but 0",
        policy=each,
        events=[(0, 1, 0), (1, 1, 1), (4, 1, 2)],
        decisions=[None, None, "count"],
        baseline=0,
    )
    add_decisions(
        group,
        "not-asked-clears-nothing",
        "P1 P2",
        "the third event would end the run, but the policy is not asked",
        policy=adaptive(4, 3),
        events=[(65536, 100, 0), (65536, 100, 1), (16384, 16384, 2), (65536, 100, 3)],
        decisions=[None, None, None, "count"],
    )
    add_decisions(
        group,
        "not-asked-counts-nothing",
        "P1 P2",
        "the second event is over-provisioned too, but the policy is not asked",
        policy=adaptive(4, 3),
        events=[(65536, 100, 0), (16384, 100, 1), (65536, 100, 2), (65536, 100, 3)],
        decisions=[None, None, None, "count"],
    )
    add_decisions(
        group,
        "not-asked-for-the-time",
        "P1 P3",
        "the cooldown has passed at the second event, but the policy is asked only at the third",
        policy=adaptive(4, 100, 1000),
        events=[(65536, 100, 0), (16384, 100, 5000), (65536, 100, 5001)],
        decisions=[None, None, "cooldown"],
    )
    add_decisions(
        group,
        "not-asked-arms-nothing",
        "P1 P4",
        "the size over the threshold comes with a capacity at the baseline",
        policy=thresholds(1000, 100, 2),
        events=[(16384, 1001, 0), (65536, 50, 1), (65536, 50, 2)],
        decisions=[None, None, None],
    )
    add_decisions(
        group,
        "no-policy",
        "P1",
        "no policy never shrinks",
        policy="none",
        events=sizes(1, 1, 1, 100000, 1, 1, 1),
        decisions=[None] * 7,
    )
    add_decisions(
        group,
        "no-policy-for-long",
        "P1",
        "no policy is not a policy of defaults: 20 small messages, a large one and 20 small ones again",
        policy="none",
        events=sizes(*[1] * 20, 2000000, *[1] * 20),
        decisions=[None] * 41,
    )
    return group
