"""Sources that hand out a few bytes at a time: invisible to the caller."""

from __future__ import annotations

from vectors.generator.answers import (
    UNEXPECTED_EOF,
    checksum_mismatch,
    invalid_frame,
    read_to_end,
    read_to_error,
    recovered,
)
from vectors.generator.layout import Stream, flip, frame_with_checksum, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, checksum, width
from vectors.generator.payloads import MIXED
from vectors.generator.questions import ask_deframe, ask_recover

_CHUNKS = {
    "ones": [1],
    "twos": [2],
    "threes": [3],
    "fives": [5],
    "sevens": [7],
    "thirteens": [13],
    "one-then-all": [1, 1000],
    "length-then-ones": [4, 1],
    "inside-the-length": [2, 2, 1000],
    "uneven": [3, 1, 4, 1, 5, 9, 2, 6],
}

# Short, since it is split at every offset; and no two parts of it have the same length.
_SPLIT = (b"abc", b"", b"defgh")


def groups() -> list[Group]:
    """Return the same chunks twice: read, and recovered."""
    return [_reading(), _recovering()]


def _chunks_of(algorithm: str) -> dict[str, list[int]]:
    # A source that stops exactly where the header does is the one that hides a reader's wrong assumption.
    header = 4 + width(algorithm)
    chunks = {**_CHUNKS, "headers-whole": [header]}
    # Without a checksum the header is the length field, which length-then-ones has already.
    return {**chunks, "header-then-ones": [header, 1]} if header > 4 else chunks


def _reading() -> Group:
    group = Group("chunked-reading", "deframe", "Short reads: the result is that of all bytes at once.")
    for algorithm in ALGORITHMS:
        stream, split = Stream(algorithm, MIXED), Stream(algorithm, _SPLIT)
        for name, chunks in _chunks_of(algorithm).items():
            comment = f"the source hands out {', '.join(map(str, chunks))} bytes and then the last number again"
            group.add(
                f"{algorithm}/{name}",
                "R7",
                comment,
                ask_deframe(algorithm, stream.wire, chunks=chunks),
                read_to_end(MIXED),
            )
        for first in range(1, len(split.wire)):
            group.add(
                f"{algorithm}/two-parts-{first:02}",
                "R7",
                f"the source hands out everything in two reads, the first of which ends {split.place(first)}",
                ask_deframe(algorithm, split.wire, chunks=[first, len(split.wire)]),
                read_to_end(_SPLIT),
            )
        group.add(
            f"{algorithm}/ones-torn",
            "R7 R2",
            "byte by byte, and the last byte is missing",
            ask_deframe(algorithm, stream.wire[:-1], chunks=[1]),
            read_to_error(MIXED[:-1], UNEXPECTED_EOF),
        )
        group.add(
            f"{algorithm}/ones-torn-length",
            "R7 R2",
            "byte by byte, and only two bytes of the next length come",
            ask_deframe(algorithm, stream.wire + b"\x01\x00", chunks=[1]),
            read_to_error(MIXED, UNEXPECTED_EOF),
        )
        group.add(
            f"{algorithm}/ones-over-limit",
            "R7 R3",
            "byte by byte, and the length is over the limit",
            ask_deframe(algorithm, stream.wire + length_field(25), 24, chunks=[1]),
            read_to_error(MIXED, invalid_frame(25, 24)),
        )
        if algorithm != "none":
            right = checksum(algorithm, b"abc")
            wire = stream.wire + frame_with_checksum(flip(right, 1), b"abc")
            group.add(
                f"{algorithm}/ones-mismatch",
                "R7 R13",
                "byte by byte, and the last checksum is wrong",
                ask_deframe(algorithm, wire, chunks=[1]),
                read_to_error(MIXED, checksum_mismatch(flip(right, 1), right)),
            )
    return group


def _recovering() -> Group:
    group = Group("chunked-recovery", "recover", "Recovery over short reads: a short read is not an end.")
    for algorithm in ALGORITHMS:
        stream, split = Stream(algorithm, MIXED), Stream(algorithm, _SPLIT)
        for first in range(1, len(split.wire)):
            group.add(
                f"{algorithm}/two-parts-{first:02}",
                "R7 C1",
                f"the source hands out everything in two reads, the first of which ends {split.place(first)}",
                ask_recover(algorithm, split.wire, chunks=[first, len(split.wire)]),
                recovered(len(_SPLIT), len(split.wire), "clean_eof"),
            )
        for name in ("ones", "threes", "length-then-ones", "uneven"):
            chunks = _CHUNKS[name]
            group.add(
                f"{algorithm}/{name}",
                "R7 C1",
                f"chunks of {', '.join(map(str, chunks))} bytes",
                ask_recover(algorithm, stream.wire, chunks=chunks),
                recovered(4, len(stream.wire), "clean_eof"),
            )
            group.add(
                f"{algorithm}/{name}-torn",
                "R7 C2",
                f"chunks of {', '.join(map(str, chunks))} bytes, and the last byte is missing",
                ask_recover(algorithm, stream.wire[:-1], chunks=chunks),
                recovered(3, stream.ends[2], "torn_tail"),
            )
    return group
