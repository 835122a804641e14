"""Recovery: what is an error and no report, where offsets count from, and the offsets of errors."""

from __future__ import annotations

from vectors.generator.answers import (
    IO,
    UNEXPECTED_EOF,
    checksum_mismatch,
    error_event,
    invalid_frame,
    read_to_error,
    recovered,
    refused_by,
)
from vectors.generator.layout import (
    DEFAULT_MAX_FRAME_LEN,
    LARGEST_PAYLOAD,
    Stream,
    flip,
    frame_with_checksum,
    length_field,
)
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import ALGORITHMS, checksum, width
from vectors.generator.questions import ask_deframe, ask_recover


def groups() -> list[Group]:
    """Return the groups about recovery, but for cuts, zeros, chunks and faults; and the offsets of errors."""
    return [_errors(), _positions(), _reading_offsets(), _recovery_offsets()]


def _damaged(algorithm: str, payload: bytes) -> tuple[bytes, JsonObject]:
    """Return a frame with a wrong checksum, and the error of it."""
    right = checksum(algorithm, payload)
    return frame_with_checksum(flip(right, 0), payload), checksum_mismatch(flip(right, 0), right)


def _errors() -> Group:
    group = Group(
        "recovery-errors",
        "recover",
        "Damage that is no torn tail. The answer is an error alone: no count, no offset, nothing that could "
        "authorise truncation.",
    )
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b""])
        for torn in range(width(algorithm) + 1):
            group.add(
                f"{algorithm}/ffffffff-and-{torn}-bytes",
                "C3 R3",
                f"a hostile length at the very end, with {torn} bytes of the checksum field: "
                f"corruption, not a torn tail",
                ask_recover(algorithm, good.wire + length_field(LARGEST_PAYLOAD) + bytes(torn), 16),
                error_event(invalid_frame(LARGEST_PAYLOAD, 16)),
            )
        group.add(
            f"{algorithm}/over-limit-in-the-middle",
            "C3 R3",
            "a frame over the limit, whole, with good frames behind it",
            ask_recover(algorithm, Stream(algorithm, [b"abc", b"abcdef", b"z"]).wire, 5),
            error_event(invalid_frame(6, 5)),
        )
        group.add(
            f"{algorithm}/over-default-limit",
            "C3 R4",
            "2^31+1 is over the default limit",
            ask_recover(algorithm, good.wire + length_field(DEFAULT_MAX_FRAME_LEN + 1)),
            error_event(invalid_frame(DEFAULT_MAX_FRAME_LEN + 1, DEFAULT_MAX_FRAME_LEN)),
        )
        group.add(
            f"{algorithm}/default-limit-itself",
            "C2 R4 R6",
            "2^31 is allowed by default, so the missing payload is only torn",
            ask_recover(algorithm, good.wire + length_field(DEFAULT_MAX_FRAME_LEN) + bytes(9)),
            recovered(2, len(good.wire), "torn_tail"),
        )
        if algorithm != "none":
            _add_mismatches(group, algorithm, good)
    return group


def _add_mismatches(group: Group, algorithm: str, good: Stream) -> None:
    bad, mismatch = _damaged(algorithm, b"damaged")
    for name, wire, comment in (
        ("mismatch-first", bad + good.wire, "the very first frame is damaged"),
        ("mismatch-in-the-middle", good.wire + bad + good.wire, "good frames stand behind the damaged one"),
        ("mismatch-last", good.wire + bad, "the last frame is damaged, but whole: not torn"),
        ("mismatch-then-torn", good.wire + bad + good.wire[:-1], "the torn tail behind the damage changes nothing"),
    ):
        group.add(f"{algorithm}/{name}", "C3 R13", comment, ask_recover(algorithm, wire), error_event(mismatch))
    group.add(
        f"{algorithm}/mismatch-but-torn",
        "C2",
        "the last frame has a wrong checksum and misses its last byte: torn, since there is nothing to compare with",
        ask_recover(algorithm, good.wire + bad[:-1]),
        recovered(2, len(good.wire), "torn_tail"),
    )


def _positions() -> Group:
    group = Group(
        "positions",
        "recover",
        "Frames are read before the scan. From the current position offsets are relative; over the file they are "
        "absolute, wherever the cursor was, and the cursor is left at the last good offset.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [b"abc", b"", b"defgh", b"z"])
        ends = [0, *stream.ends]
        for tail_name, tail, end in (("clean", b"", "clean_eof"), ("torn", stream.frames[0][:-1], "torn_tail")):
            wire = stream.wire + tail
            for skip in (0, 1, 3, 4):
                group.add(
                    f"{algorithm}/{tail_name}-position-after-{skip}",
                    "C4 C1" if end == "clean_eof" else "C4 C2",
                    f"{skip} frames were read: offsets count from byte {ends[skip]}",
                    ask_recover(algorithm, wire, skip_frames=skip, scan="position"),
                    recovered(4 - skip, ends[4] - ends[skip], end),
                )
                group.add(
                    f"{algorithm}/{tail_name}-file-after-{skip}",
                    "C4 C1" if end == "clean_eof" else "C4 C2",
                    f"{skip} frames were read, and the scan of the file starts at its first byte all the same",
                    ask_recover(algorithm, wire, skip_frames=skip, scan="file"),
                    recovered(4, ends[4], end, position=ends[4]),
                )
    return group


def _at(error: JsonObject, offset: int) -> JsonObject:
    return {**error, "offset": offset}


def _reading_offsets() -> Group:
    group = Group(
        "error-offsets",
        "deframe",
        "Each error names the frame that it is about by the absolute offset of its first "
        "byte, the first of the length field.",
    )
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b"", b"defgh"])
        size = len(good.wire)
        for count in (0, 1, 3):
            before = Stream(algorithm, good.payloads[:count])
            offset = len(before.wire)
            comment = f"the frame starts at byte {offset}, after {count} good ones"
            group.add(
                f"{algorithm}/invalid-frame-after-{count}",
                "E2 R3",
                comment,
                ask_deframe(algorithm, before.wire + length_field(99), 16, report_offsets=True),
                read_to_error(before.payloads, _at(invalid_frame(99, 16), offset)),
            )
            group.add(
                f"{algorithm}/refused-after-{count}",
                "E2 V2",
                comment,
                ask_deframe(
                    algorithm,
                    before.wire + Stream(algorithm, [b"too long"]).wire,
                    validator={"size": [0, 5]},
                    report_offsets=True,
                ),
                read_to_error(before.payloads, _at(refused_by("SizeValidator"), offset)),
            )
            if algorithm != "none":
                bad, mismatch = _damaged(algorithm, b"damaged")
                group.add(
                    f"{algorithm}/mismatch-after-{count}",
                    "E2 R13",
                    comment,
                    ask_deframe(algorithm, before.wire + bad + good.wire, report_offsets=True),
                    read_to_error(before.payloads, _at(mismatch, offset)),
                )
        for name, tail in (("length", b"\x04\x00"), ("payload", good.frames[2][:-1])):
            group.add(
                f"{algorithm}/torn-{name}",
                "E2 R2",
                f"the torn frame starts at byte {size}; the offset is not that of the missing byte",
                ask_deframe(algorithm, good.wire + tail, report_offsets=True),
                read_to_error(good.payloads, _at(UNEXPECTED_EOF, size)),
            )
        for name, inside, place in (
            ("io", 2, "inside the third frame"),
            ("io-at-boundary", 0, "where the third frame would begin"),
        ):
            group.add(
                f"{algorithm}/{name}",
                "E2 R8",
                f"the source fails {place}",
                ask_deframe(algorithm, good.wire, fault_after=good.starts[2] + inside, report_offsets=True),
                read_to_error(good.payloads[:2], _at(IO, good.starts[2])),
            )
        if algorithm != "none":
            _add_offsets_of_calls(group, algorithm)
    return group


def _add_offsets_of_calls(group: Group, algorithm: str) -> None:
    first, first_error = _damaged(algorithm, b"first")
    second, second_error = _damaged(algorithm, b"second!")
    limit = 7
    over = error_event(_at(invalid_frame(8, limit), len(first + second)))
    group.add(
        f"{algorithm}/several-errors",
        "E2 R10",
        "each error names its own frame, and one that sticks keeps naming the same",
        ask_deframe(algorithm, first + second + length_field(8) + bytes(30), limit, calls=4, report_offsets=True),
        {
            "events": [
                error_event(_at(first_error, 0)),
                error_event(_at(second_error, len(first))),
                over,
                over,
            ]
        },
    )


def _recovery_offsets() -> Group:
    group = Group("recovery-error-offsets", "recover", "An error of recovery names the frame that it is about as well.")
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b""])
        group.add(
            f"{algorithm}/invalid-frame",
            "E2 C3 R3",
            f"the bad length stands at byte {len(good.wire)}",
            ask_recover(algorithm, good.wire + length_field(17), 16, report_offsets=True),
            error_event(_at(invalid_frame(17, 16), len(good.wire))),
        )
        if algorithm != "none":
            bad, mismatch = _damaged(algorithm, b"damaged")
            group.add(
                f"{algorithm}/mismatch",
                "E2 C3",
                f"the damaged frame starts at byte {len(good.wire)}",
                ask_recover(algorithm, good.wire + bad + good.wire, report_offsets=True),
                error_event(_at(mismatch, len(good.wire))),
            )
        first = good.ends[0]
        for scan, offset in (("position", len(good.wire) - first), ("file", len(good.wire))):
            group.add(
                f"{algorithm}/invalid-frame-{scan}-after-1",
                "E2 C4 R3",
                f"one frame of {first} bytes was read before; of this scan the bad length stands at byte {offset}",
                ask_recover(algorithm, good.wire + length_field(17), 16, report_offsets=True, skip_frames=1, scan=scan),
                error_event(_at(invalid_frame(17, 16), offset)),
            )
    return group
