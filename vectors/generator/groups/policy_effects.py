"""What a memory policy does to readers and writers: nothing that can be seen in a payload."""

from __future__ import annotations

from vectors.generator.answers import read_to_end
from vectors.generator.layout import Stream, counting
from vectors.generator.model import Group
from vectors.generator.policy_events import (
    adaptive,
    thresholds,
)
from vectors.generator.questions import ask_deframe, ask_frame


def groups() -> list[Group]:
    """Return the groups about policies at work."""
    return [_reading(), _writing()]


def _reading() -> Group:
    group = Group(
        "policy-reading",
        "deframe",
        "A reader whose buffer has grown for a large payload and shrinks after small ones: a payload that it "
        "returned is still whole when the policy has been asked.",
    )
    # Over the baseline of 16384, so that the reader asks.
    payloads = [counting(17000), b"small", b"x", b"", b"smaller", b"the last"]
    for algorithm, name, policy in (
        ("none", "adaptive", adaptive(4, 1)),
        ("xxh3_64", "adaptive", adaptive(4, 1)),
        ("none", "threshold", thresholds(10000, 1000, 1)),
        ("crc32", "threshold", thresholds(10000, 1000, 1)),
    ):
        wire = Stream(algorithm, payloads).wire
        comment = "the first small payload fires the policy, and is copied out after that"
        group.add(
            f"{algorithm}/{name}", "P5 R11", comment, ask_deframe(algorithm, wire, policy=policy), read_to_end(payloads)
        )
    return group


def _writing() -> Group:
    group = Group(
        "policy-writing",
        "frame",
        "How often a writer asks the policy of its builder: after each message that the simple mode wrote, never "
        "for a builder that the caller owns, never after a failure.",
    )
    payloads = [b"abc", b"", counting(300), b"z"]
    for algorithm in ("none", "crc32"):
        group.add(
            f"{algorithm}/simple",
            "P1",
            "4 messages were written with the writer's own builder",
            ask_frame(algorithm, payloads, mode="simple"),
            {"asked": 4},
        )
        group.add(
            f"{algorithm}/finished",
            "P6",
            "4 messages were finished in the caller's builder: its memory is not the writer's business",
            ask_frame(algorithm, payloads, mode="finished"),
            {"asked": 0},
        )
        group.add(
            f"{algorithm}/simple-refused",
            "P1 S2",
            "the second message is over the bound of 1024: nothing was written, so nothing is asked",
            ask_frame(algorithm, [b"abc", counting(4096), b"z"], 1024, mode="simple"),
            {"asked": 1},
        )
        group.add(
            f"{algorithm}/nothing-written",
            "P1",
            "no message, no question",
            ask_frame(algorithm, [], mode="simple"),
            {"asked": 0},
        )
    return group
