"""The bound on reading: at, below and above; the default; lengths that lie."""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, invalid_frame, read_to_end, read_to_error
from vectors.generator.layout import DEFAULT_MAX_FRAME_LEN, LARGEST_PAYLOAD, Stream, frame, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, width
from vectors.generator.questions import ask_deframe


def groups() -> list[Group]:
    """Return the groups about max_frame_len."""
    return [_bounds(), _default(), _hostile()]


def _bounds() -> Group:
    group = Group(
        "reading-bounds", "deframe", "max_frame_len at, below and above the length of a payload, and at its ends."
    )
    for algorithm in ALGORITHMS:
        one = Stream(algorithm, [b"abcde"])
        for limit, relation in (
            (5, "equal to the limit"),
            (6, "below the limit"),
            (LARGEST_PAYLOAD, "below the largest limit"),
        ):
            comment = f"a length of 5, {relation} of {limit}"
            group.add(
                f"{algorithm}/length-5-limit-{limit}",
                "R3 R4",
                comment,
                ask_deframe(algorithm, one.wire, limit),
                read_to_end([b"abcde"]),
            )
        group.add(
            f"{algorithm}/length-5-limit-4",
            "R3 E1",
            "a length of 5, one over the limit of 4, with the whole frame there",
            ask_deframe(algorithm, one.wire, 4),
            read_to_error([], invalid_frame(5, 4)),
        )
        empties = Stream(algorithm, [b"", b""])
        group.add(
            f"{algorithm}/limit-0-empty-frames",
            "R3 R4 W5",
            "a limit of 0 lets empty payloads through",
            ask_deframe(algorithm, empties.wire, 0),
            read_to_end([b"", b""]),
        )
        group.add(
            f"{algorithm}/limit-0-one-byte",
            "R3 R4 E1",
            "a limit of 0 is a limit, not the absence of one",
            ask_deframe(algorithm, Stream(algorithm, [b"", b"x"]).wire, 0),
            read_to_error([b""], invalid_frame(1, 0)),
        )
        group.add(
            f"{algorithm}/third-frame-over-the-limit",
            "R3 E1",
            "the limit holds for each frame; the ones before it are good",
            ask_deframe(algorithm, Stream(algorithm, [b"abc", b"", b"abcdef", b"x"]).wire, 5),
            read_to_error([b"abc", b""], invalid_frame(6, 5)),
        )
    return group


def _default() -> Group:
    group = Group(
        "default-limit",
        "deframe",
        "The default of 2^31, itself allowed, and the largest limit. The payloads are not "
        "there, so an allowed length ends in unexpected_eof.",
    )
    cases = (
        ("default-exact", DEFAULT_MAX_FRAME_LEN, None, "2^31 is allowed by default"),
        ("default-one-over", DEFAULT_MAX_FRAME_LEN + 1, None, "2^31+1 is over the default limit"),
        (
            "default-largest",
            LARGEST_PAYLOAD,
            None,
            "2^32-1 is over the default limit; as a signed number it would be -1",
        ),
        ("largest-limit", LARGEST_PAYLOAD, LARGEST_PAYLOAD, "2^32-1 is allowed when the limit says so"),
        ("largest-limit-less-one", LARGEST_PAYLOAD, LARGEST_PAYLOAD - 1, "2^32-1 is over a limit of 2^32-2"),
        ("signed-limit", DEFAULT_MAX_FRAME_LEN, DEFAULT_MAX_FRAME_LEN - 1, "2^31 is over a limit of 2^31-1"),
    )
    for algorithm in ALGORITHMS:
        good = frame(algorithm, b"abc")
        for name, declared, limit, comment in cases:
            # Enough bytes for any checksum field and a few of the payload.
            wire = good + length_field(declared) + bytes(12)
            in_force = DEFAULT_MAX_FRAME_LEN if limit is None else limit
            over = declared > in_force
            group.add(
                f"{algorithm}/{name}",
                "R4 R3 E1" if over else "R4 R2 R6",
                comment,
                ask_deframe(algorithm, wire, limit),
                read_to_error([b"abc"], invalid_frame(declared, in_force) if over else UNEXPECTED_EOF),
            )
    return group


def _hostile() -> Group:
    group = Group(
        "hostile-lengths",
        "deframe",
        "Lengths over the limit with little or nothing after them: invalid_frame as soon as four bytes are known, "
        "never a torn tail. Lengths within the limit with nothing after them: unexpected_eof, "
        "without taking the memory.",
    )
    for algorithm in ALGORITHMS:
        for torn in range(width(algorithm) + 1):
            group.add(
                f"{algorithm}/ffffffff-and-{torn}-bytes",
                "R3 E1",
                f"the length is over the limit of 16; {torn} bytes of the checksum field are there",
                ask_deframe(algorithm, length_field(LARGEST_PAYLOAD) + bytes(torn), 16),
                read_to_error([], invalid_frame(LARGEST_PAYLOAD, 16)),
            )
        for known in (1, 2, 3):
            group.add(
                f"{algorithm}/ff-{known}-of-4-bytes",
                "R2 R3",
                f"only {known} bytes of the length are there: it is not known, so it is not over the limit",
                ask_deframe(algorithm, b"\xff" * known, 16),
                read_to_error([], UNEXPECTED_EOF),
            )
        group.add(
            f"{algorithm}/one-over-and-nothing",
            "R3 E1",
            "a length of 17 with a limit of 16, and then the end",
            ask_deframe(algorithm, length_field(17), 16),
            read_to_error([], invalid_frame(17, 16)),
        )
        group.add(
            f"{algorithm}/at-the-limit-and-nothing",
            "R2 R3",
            "a length of 16 with a limit of 16, and then the end: only torn",
            ask_deframe(algorithm, length_field(16), 16),
            read_to_error([], UNEXPECTED_EOF),
        )
        for bits in (30, 31):
            group.add(
                f"{algorithm}/promise-of-2-to-{bits}",
                "R6 R2",
                f"2^{bits} bytes are promised and 20 come; a reader that takes the memory first may die of it",
                ask_deframe(algorithm, length_field(1 << bits) + bytes(20)),
                read_to_error([], UNEXPECTED_EOF),
            )
        group.add(
            f"{algorithm}/many-promises-broken-late",
            "R6 R2",
            "good frames, and then 2^32-1 bytes are promised under the largest limit, and 20 come",
            ask_deframe(
                algorithm,
                Stream(algorithm, [b"abc", b""]).wire + length_field(LARGEST_PAYLOAD) + bytes(20),
                LARGEST_PAYLOAD,
            ),
            read_to_error([b"abc", b""], UNEXPECTED_EOF),
        )
    return group
