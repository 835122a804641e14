"""Observers: what they see, and when."""

from __future__ import annotations

from vectors.generator.answers import (
    IO,
    UNEXPECTED_EOF,
    checksum_mismatch,
    invalid_frame,
    read_to_end,
    read_to_error,
    refused_by,
    wrote,
)
from vectors.generator.layout import Stream, flip, frame_with_checksum
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, checksum
from vectors.generator.payloads import MIXED
from vectors.generator.questions import ask_deframe, ask_frame

_AT_MOST_3 = {"size": [0, 3]}


def groups() -> list[Group]:
    """Return the groups about observers: on reading and on writing."""
    return [_reading(), _writing()]


def _hex(*payloads: bytes) -> list[str]:
    return [payload.hex() for payload in payloads]


def _reading() -> Group:
    group = Group(
        "observers-reading",
        "deframe",
        "An observer sees what passed the bound, the checksum and the validator, before the caller does.",
    )
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b""])
        group.add(
            f"{algorithm}/all-good",
            "R5",
            "every payload is seen, also the empty one",
            ask_deframe(algorithm, Stream(algorithm, MIXED).wire, observe=True),
            read_to_end(MIXED, observed=_hex(*MIXED)),
        )
        long = Stream(algorithm, [b"abc", b"", b"abcd", b"z"])
        group.add(
            f"{algorithm}/over-limit",
            "R5 R3",
            "a frame over the limit is not seen",
            ask_deframe(algorithm, long.wire, 3, observe=True),
            read_to_error([b"abc", b""], invalid_frame(4, 3), observed=_hex(b"abc", b"")),
        )
        group.add(
            f"{algorithm}/refused",
            "R5 V2",
            "a payload that the validator refused is not seen",
            ask_deframe(algorithm, long.wire, validator=_AT_MOST_3, observe=True),
            read_to_error([b"abc", b""], refused_by("SizeValidator"), observed=_hex(b"abc", b"")),
        )
        group.add(
            f"{algorithm}/torn",
            "R5 R2",
            "a payload that is not whole is not seen",
            ask_deframe(algorithm, long.wire[: long.ends[2] - 1], observe=True),
            read_to_error([b"abc", b""], UNEXPECTED_EOF, observed=_hex(b"abc", b"")),
        )
        if algorithm != "none":
            right = checksum(algorithm, b"xyz")
            wire = good.wire + frame_with_checksum(flip(right, 0), b"xyz")
            group.add(
                f"{algorithm}/mismatch",
                "R5 R13",
                "damaged bytes are not seen",
                ask_deframe(algorithm, wire, observe=True),
                read_to_error([b"abc", b""], checksum_mismatch(flip(right, 0), right), observed=_hex(b"abc", b"")),
            )
    return group


def _writing() -> Group:
    group = Group(
        "observers-writing",
        "frame",
        "The observer is the outermost adapter: it sees a payload first, also one that a bound or a validator then "
        "refuses, and one that the sink then fails on.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [b"abc", b"", b"defgh"])
        two = Stream(algorithm, [b"abc", b""])
        seen = _hex(*stream.payloads)
        group.add(
            f"{algorithm}/all-good",
            "S3",
            "every payload is seen, also the empty one",
            ask_frame(algorithm, stream.payloads, observe=True),
            wrote(stream.wire, observed=seen),
        )
        group.add(
            f"{algorithm}/sink-fails",
            "S3 S4",
            "the sink fails inside the last frame, which was seen; the payload after it is not",
            ask_frame(algorithm, [*stream.payloads, b"z"], observe=True, sink_fault_after=stream.starts[2] + 2),
            wrote(stream.wire[: stream.starts[2] + 2], IO, observed=seen),
        )
        group.add(
            f"{algorithm}/over-the-bound",
            "S3 S2",
            "the payload over the bound of 3 was seen, and nothing of it is written",
            ask_frame(algorithm, stream.payloads, 3, observe=True),
            wrote(two.wire, invalid_frame(5, 3), observed=seen),
        )
        group.add(
            f"{algorithm}/refused",
            "S3 S2 V2",
            "the payload that the validator refuses was seen, and nothing of it is written",
            ask_frame(algorithm, stream.payloads, observe=True, validator=_AT_MOST_3),
            wrote(two.wire, refused_by("SizeValidator"), observed=seen),
        )
    return group
