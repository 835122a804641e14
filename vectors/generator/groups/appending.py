"""A source that grows: the clean end is not the last word."""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, checksum_mismatch, read_to_end, read_to_error
from vectors.generator.layout import Stream, flip, frame, frame_with_checksum
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, checksum
from vectors.generator.questions import ask_deframe


def groups() -> list[Group]:
    """Return the group about bytes that are appended after a clean end."""
    group = Group(
        "appended", "deframe", "Bytes that are appended after a clean end are read by the same reader's next call."
    )
    for algorithm in ALGORITHMS:
        abc, empty, long = (frame(algorithm, payload) for payload in (b"abc", b"", b"a longer payload"))

        def ask(wire: bytes, *appended: bytes, algorithm: str = algorithm) -> dict[str, object]:
            return ask_deframe(algorithm, wire, appended=[part.hex() for part in appended])

        group.add(f"{algorithm}/to-nothing", "R1", "the stream is empty at first", ask(b"", abc), read_to_end([b"abc"]))
        group.add(
            f"{algorithm}/one-by-one",
            "R1 R11",
            "three times the end, and three times one more frame",
            ask(long, abc, empty, long),
            read_to_end([b"a longer payload", b"abc", b"", b"a longer payload"]),
        )
        group.add(
            f"{algorithm}/several-at-once",
            "R1",
            "the appended bytes are several frames",
            ask(abc, Stream(algorithm, [b"", b"de", b"f"]).wire),
            read_to_end([b"abc", b"", b"de", b"f"]),
        )
        group.add(
            f"{algorithm}/nothing-appended",
            "R1",
            "nothing new: still the clean end",
            ask(abc, b"", b""),
            read_to_end([b"abc"]),
        )
        group.add(
            f"{algorithm}/torn",
            "R1 R2",
            "what is appended is not a whole frame",
            ask(abc, long[:-1]),
            read_to_error([b"abc"], UNEXPECTED_EOF),
        )
        if algorithm != "none":
            right = checksum(algorithm, b"abc")
            group.add(
                f"{algorithm}/mismatch",
                "R1 R13",
                "what is appended is damaged",
                ask(empty, abc, frame_with_checksum(flip(right, 0), b"abc")),
                read_to_error([b"", b"abc"], checksum_mismatch(flip(right, 0), right)),
            )
    return [group]
