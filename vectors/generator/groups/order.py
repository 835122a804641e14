"""Frames with two faults: which of them is told."""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, checksum_mismatch, invalid_frame, read_to_error, refused_by
from vectors.generator.layout import flip, frame, frame_with_checksum, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, checksum
from vectors.generator.questions import ask_deframe

_SIZE_3 = {"size": [3, 3]}


def groups() -> list[Group]:
    """Return the group about the order of the checks on a frame."""
    group = Group(
        "check-order",
        "deframe",
        "Frames with more than one fault. The order is bound, checksum, validator, observer, "
        "caller; and the first bad frame ends it.",
    )
    for algorithm in ALGORITHMS:
        _add_for_all(group, algorithm)
        if algorithm != "none":
            _add_for_checksums(group, algorithm)
    return [group]


def _add_for_all(group: Group, algorithm: str) -> None:
    good = frame(algorithm, b"abc")
    group.add(
        f"{algorithm}/over-limit-and-refused",
        "R5 R3 V2",
        "4 bytes: over the limit of 3, and the validator would refuse them too",
        ask_deframe(algorithm, good + frame(algorithm, b"abcd"), 3, validator=_SIZE_3),
        read_to_error([b"abc"], invalid_frame(4, 3)),
    )
    group.add(
        f"{algorithm}/refused-and-torn",
        "R5 R2 V2",
        "the payload is shorter than the validator wants, but it is not whole: a validator sees whole payloads only",
        ask_deframe(algorithm, good + length_field(2) + checksum(algorithm, b"ab") + b"a", validator=_SIZE_3),
        read_to_error([b"abc"], UNEXPECTED_EOF),
    )
    group.add(
        f"{algorithm}/refused-then-over-limit",
        "R5 V2",
        "the first bad frame is told: refused by the validator, before a frame over the limit",
        ask_deframe(algorithm, frame(algorithm, b"ab") + frame(algorithm, b"abcd"), 3, validator=_SIZE_3),
        read_to_error([], refused_by("SizeValidator")),
    )


def _add_for_checksums(group: Group, algorithm: str) -> None:
    good = frame(algorithm, b"abc")
    right = checksum(algorithm, b"abcd")
    wrong = flip(right, 0)
    damaged = frame_with_checksum(wrong, b"abcd")
    mismatch = checksum_mismatch(wrong, right)
    group.add(
        f"{algorithm}/mismatch-and-over-limit",
        "R5 R3",
        "the checksum is wrong and the length is over the limit of 3",
        ask_deframe(algorithm, good + damaged, 3),
        read_to_error([b"abc"], invalid_frame(4, 3)),
    )
    group.add(
        f"{algorithm}/mismatch-and-refused",
        "R5 R13 V2",
        "the checksum is wrong and the validator would refuse 4 bytes: damaged bytes are not shown to a validator",
        ask_deframe(algorithm, good + damaged, validator=_SIZE_3),
        read_to_error([b"abc"], mismatch),
    )
    group.add(
        f"{algorithm}/mismatch-and-not-a-table-root",
        "R5 R13 V5",
        "the checksum is wrong and the payload is no FlatBuffer",
        ask_deframe(algorithm, damaged, validator="table_root"),
        read_to_error([], mismatch),
    )
    group.add(
        f"{algorithm}/mismatch-and-torn",
        "R5 R2",
        "the stored checksum is wrong, but the payload ends early: there is nothing to compare with",
        ask_deframe(algorithm, good + damaged[:-1]),
        read_to_error([b"abc"], UNEXPECTED_EOF),
    )
    group.add(
        f"{algorithm}/mismatch-then-over-limit",
        "R5 R13",
        "two bad frames: the first is told",
        ask_deframe(algorithm, good + damaged + frame(algorithm, b"far too long"), 4),
        read_to_error([b"abc"], mismatch),
    )
    group.add(
        f"{algorithm}/mismatch-then-torn",
        "R5 R13",
        "a bad frame in the middle, and a torn one at the end: the first is told",
        ask_deframe(algorithm, good + damaged + good[:-1]),
        read_to_error([b"abc"], mismatch),
    )
    group.add(
        f"{algorithm}/over-limit-then-mismatch",
        "R5 R3",
        "two bad frames: the first is told",
        ask_deframe(algorithm, frame(algorithm, b"far too long") + damaged, 4),
        read_to_error([], invalid_frame(12, 4)),
    )
    empty = frame_with_checksum(flip(checksum(algorithm, b""), 7), b"")
    group.add(
        f"{algorithm}/empty-frame-mismatch",
        "W5 R13 E1",
        "also the checksum of an empty payload is compared",
        ask_deframe(algorithm, good + empty, 3),
        read_to_error([b"abc"], checksum_mismatch(flip(checksum(algorithm, b""), 7), checksum(algorithm, b""))),
    )
