"""AdaptiveWatermarkPolicy: by count and by cooldown. Every decision is written by hand."""

from __future__ import annotations

from vectors.generator.model import Group, JsonObject
from vectors.generator.policy_events import (
    LARGE,
    SMALL,
    Decisions,
    Event,
    adaptive,
    add_decisions,
    sizes,
    times,
)


def groups() -> list[Group]:
    """Return the groups about the two ways in which the policy fires."""
    return [_count(), _cooldown()]


def _count() -> Group:
    group = Group("policy-adaptive", "policy", "AdaptiveWatermarkPolicy by count, without a cooldown.")
    small, large = SMALL, LARGE
    cases: tuple[tuple[str, str, JsonObject, list[Event], Decisions], ...] = (
        (
            "defaults",
            "ratio 4 and 5 messages: fires at the fifth",
            adaptive(4, 5),
            sizes(*[small] * 6),
            [None, None, None, None, "count", None],
        ),
        (
            "fires-again",
            "firing clears the count: the next one takes 3 messages again",
            adaptive(4, 3),
            sizes(*[small] * 7),
            [None, None, "count", None, None, "count", None],
        ),
        ("wait-1", "a wait of 1 fires at each message", adaptive(4, 1), sizes(small, small), ["count", "count"]),
        (
            "large-clears",
            "a message that needs the capacity clears the count",
            adaptive(4, 3),
            sizes(small, small, large, small, small, small),
            [None] * 5 + ["count"],
        ),
        (
            "zero-clears",
            "a size of 0 clears the count; it is not the most over-provisioned of all",
            adaptive(4, 3),
            sizes(small, small, 0, small, small, small),
            [None] * 5 + ["count"],
        ),
        ("only-zeros", "sizes of 0 never fire", adaptive(4, 1), sizes(0, 0, 0), [None] * 3),
        ("at-the-ratio", "65536 >= 16384 * 4: equal counts", adaptive(4, 2), sizes(16384, 16384), [None, "count"]),
        (
            "below-the-ratio",
            "65536 < 16385 * 4: one byte more does not",
            adaptive(4, 1),
            sizes(16385, 16385),
            [None, None],
        ),
        (
            "ratio-1",
            "with a ratio of 1 also a full buffer counts",
            adaptive(1, 2),
            sizes(65536, 65536),
            [None, "count"],
        ),
        (
            "over-32-bits",
            "the product 2^31 * 4 does not fit into 32 bits: it would wrap to 0 and count",
            adaptive(4, 1),
            [(1 << 32, 1 << 31, 0), (1 << 33, 1 << 31, 1)],
            [None, "count"],
        ),
        (
            "time-alone",
            "without a cooldown no time fires",
            adaptive(4, 3),
            times((small, 0), (small, 1000000000)),
            [None, None],
        ),
        (
            "capacity-changes",
            "the capacity of the event counts, not the first one",
            adaptive(4, 2),
            [(65536, 10000, 0), (32768, 10000, 1), (65536, 10000, 2), (40000, 10000, 3)],
            [None, None, None, "count"],
        ),
    )
    for name, comment, policy, events, decisions in cases:
        add_decisions(group, name, "P2", comment, policy=policy, events=events, decisions=decisions)
    return group


def _cooldown() -> Group:
    group = Group("policy-cooldown", "policy", "AdaptiveWatermarkPolicy with a cooldown: by time, by count, by both.")
    small, large = SMALL, LARGE
    slow = adaptive(4, 100, 1000)
    cases: tuple[tuple[str, str, JsonObject, list[Event], Decisions], ...] = (
        (
            "fires",
            "1500 ms after the first over-provisioned message, long before 100 messages",
            slow,
            times((small, 0), (small, 500), (small, 1500)),
            [None, None, "cooldown"],
        ),
        (
            "exactly",
            "1000 ms after the first over-provisioned message: at least the cooldown, so it fires",
            slow,
            times((small, 0), (small, 1000)),
            [None, "cooldown"],
        ),
        (
            "zero-stops-the-timer",
            "a size of 0 clears the timer with the count; it starts anew at 950",
            slow,
            times((small, 0), (0, 900), (small, 950), (small, 1800), (small, 1950)),
            [None, None, None, None, "cooldown"],
        ),
        (
            "zero-does-not-fire",
            "the time has passed, but a size of 0 only clears",
            slow,
            times((small, 0), (0, 5000), (small, 5001)),
            [None, None, None],
        ),
        (
            "not-yet",
            "999 ms are not 1000",
            slow,
            times((small, 0), (small, 999)),
            [None, None],
        ),
        (
            "starts-at-the-first-small",
            "the timer starts at the first over-provisioned message, not at the first message",
            slow,
            times((large, 0), (large, 5000), (small, 6000), (small, 6500), (small, 7500)),
            [None, None, None, None, "cooldown"],
        ),
        (
            "large-stops-the-timer",
            "a message that needs the capacity clears the timer, which starts anew at 950",
            slow,
            times((small, 0), (large, 900), (small, 950), (small, 1800), (small, 2000)),
            [None, None, None, None, "cooldown"],
        ),
        (
            "large-does-not-fire",
            "the time has passed, but the message needs the capacity",
            slow,
            times((small, 0), (large, 5000), (small, 5001)),
            [None, None, None],
        ),
        (
            "wins-over-the-count",
            "the second message is the last of the count and after the cooldown: the reason is the cooldown",
            adaptive(4, 2, 1000),
            times((small, 0), (small, 2000)),
            [None, "cooldown"],
        ),
        (
            "count-first",
            "the count is reached long before the cooldown",
            adaptive(4, 2, 1000),
            times((small, 0), (small, 10)),
            [None, "count"],
        ),
        (
            "count-clears-the-timer",
            "after firing by count the timer starts anew at 1500",
            adaptive(4, 3, 1000),
            times((small, 0), (small, 1), (small, 2), (small, 1500), (small, 1600), (small, 1700)),
            [None, None, "count", None, None, "count"],
        ),
        (
            "cooldown-clears-the-count",
            "after firing by cooldown the count starts anew at 2001",
            adaptive(4, 3, 1000),
            times((small, 0), (small, 2000), (small, 2001), (small, 2002), (small, 2003)),
            [None, "cooldown", None, None, "count"],
        ),
        (
            "cooldown-clears-the-timer",
            "after firing by cooldown the timer starts anew at the next over-provisioned message",
            slow,
            times((small, 0), (small, 1500), (small, 1600), (small, 2400), (small, 2700)),
            [None, "cooldown", None, None, "cooldown"],
        ),
        (
            "clock-starts-late",
            "the clock may start anywhere: only differences count",
            slow,
            times((small, 1000000), (small, 1000100), (small, 1001100)),
            [None, None, "cooldown"],
        ),
    )
    for name, comment, policy, events, decisions in cases:
        add_decisions(group, name, "P3", comment, policy=policy, events=events, decisions=decisions)
    return group
