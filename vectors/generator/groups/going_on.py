"""What the next call gives after an error, after a clean end, and after the caller's own error."""

from __future__ import annotations

from vectors.generator.answers import (
    END,
    IO,
    UNEXPECTED_EOF,
    checksum_mismatch,
    error_event,
    invalid_frame,
    payload_event,
    read_to_end,
    read_to_error,
    refused_by,
)
from vectors.generator.layout import Stream, flip, frame, frame_with_checksum, length_field
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import ALGORITHMS, checksum
from vectors.generator.questions import ask_deframe

_SIZE_3 = {"size": [3, 3]}


def groups() -> list[Group]:
    """Return the groups about the calls after an error."""
    return [_resume(), _callbacks()]


def _events(*events: JsonObject) -> JsonObject:
    return {"events": list(events)}


def _resume() -> Group:
    group = Group(
        "resume",
        "deframe",
        "A fixed number of calls for the next message. A mismatch or a refusal concerns one frame; invalid_frame, "
        "unexpected_eof and io stick; the clean end repeats.",
    )
    for algorithm in ALGORITHMS:
        _add_clean(group, algorithm)
        _add_sticking(group, algorithm)
        _add_refused(group, algorithm)
        if algorithm != "none":
            _add_mismatch(group, algorithm)
    return group


def _add_clean(group: Group, algorithm: str) -> None:
    group.add(
        f"{algorithm}/clean-end-repeats",
        "R1",
        "two calls after the end: both say that it is clean",
        ask_deframe(algorithm, frame(algorithm, b"abc"), calls=3),
        _events(payload_event(b"abc"), END, END),
    )
    group.add(
        f"{algorithm}/empty-payload-is-no-end",
        "R1 W5",
        "an empty payload is a message, and the end is something else",
        ask_deframe(algorithm, Stream(algorithm, [b"", b"abc"]).wire, calls=4),
        _events(payload_event(b""), payload_event(b"abc"), END, END),
    )


def _add_sticking(group: Group, algorithm: str) -> None:
    good = frame(algorithm, b"abc")
    # Read as a header, what follows the bad length would be a perfect frame: that is the temptation.
    over = error_event(invalid_frame(100, 16))
    group.add(
        f"{algorithm}/invalid-frame-sticks",
        "R10 R3",
        "good frames follow the bad length, but nobody knows where a frame starts",
        ask_deframe(algorithm, good + length_field(100) + good + good, 16, calls=4),
        _events(payload_event(b"abc"), over, over, over),
    )
    torn = error_event(UNEXPECTED_EOF)
    for name, tail in (("length", b"\x03\x00"), ("payload", good[:-1])):
        group.add(
            f"{algorithm}/torn-{name}-sticks",
            "R10 R2",
            "the source is at its end now, but the stream did not end at a boundary: it is never clean again",
            ask_deframe(algorithm, good + tail, calls=4),
            _events(payload_event(b"abc"), torn, torn, torn),
        )
    fault = error_event(IO)
    group.add(
        f"{algorithm}/io-sticks",
        "R10 R8",
        "the source fails inside the second frame",
        ask_deframe(algorithm, good + good, calls=4, fault_after=len(good) + 2),
        _events(payload_event(b"abc"), fault, fault, fault),
    )
    group.add(
        f"{algorithm}/io-once-sticks",
        "R10 R8",
        "the source fails once inside the second frame and would then go on in the middle of it",
        ask_deframe(algorithm, good * 3, calls=4, fault_after=len(good) + 2, fault_once=True),
        _events(payload_event(b"abc"), fault, fault, fault),
    )


def _add_refused(group: Group, algorithm: str) -> None:
    refused = error_event(refused_by("SizeValidator"))
    group.add(
        f"{algorithm}/refused-goes-on",
        "R10 V2",
        "the validator refuses the second and the third of four frames",
        ask_deframe(algorithm, Stream(algorithm, [b"abc", b"", b"toolong", b"def"]).wire, calls=5, validator=_SIZE_3),
        _events(payload_event(b"abc"), refused, refused, payload_event(b"def"), END),
    )


def _add_mismatch(group: Group, algorithm: str) -> None:
    good = frame(algorithm, b"abc")
    right = checksum(algorithm, b"damaged")
    bad = frame_with_checksum(flip(right, 4), b"damaged")
    mismatch = error_event(checksum_mismatch(flip(right, 4), right))
    group.add(
        f"{algorithm}/mismatch-goes-on",
        "R10 R13",
        "the reader stands behind the damaged frame",
        ask_deframe(algorithm, good + bad + frame(algorithm, b"def"), calls=4),
        _events(payload_event(b"abc"), mismatch, payload_event(b"def"), END),
    )
    group.add(
        f"{algorithm}/two-mismatches",
        "R10 R13",
        "two damaged frames in a row are two errors",
        ask_deframe(algorithm, bad + bad + good, calls=4),
        _events(mismatch, mismatch, payload_event(b"abc"), END),
    )
    group.add(
        f"{algorithm}/mismatch-then-torn",
        "R10 R2",
        "the first error lets the reader go on, the second does not",
        ask_deframe(algorithm, bad + good[:-1], calls=3),
        _events(mismatch, error_event(UNEXPECTED_EOF), error_event(UNEXPECTED_EOF)),
    )
    group.add(
        f"{algorithm}/mismatch-at-the-end",
        "R10 R1",
        "after a damaged last frame the stream still ends at a boundary",
        ask_deframe(algorithm, good + bad, calls=4),
        _events(payload_event(b"abc"), mismatch, END, END),
    )


def _callbacks() -> Group:
    group = Group(
        "callbacks",
        "deframe",
        "The caller's callback raises: its error comes out unchanged, the loop stops, and a second loop starts at "
        "the next frame.",
    )
    payloads = [b"abc", b"", b"defgh", b"z"]
    for algorithm in ALGORITHMS:
        wire = Stream(algorithm, payloads).wire
        for at in range(len(payloads)):
            group.add(
                f"{algorithm}/fails-at-{at}",
                "R12",
                f"the callback raises at payload {at}, which it was handed; no payload is lost or handed out twice",
                ask_deframe(algorithm, wire, callback_fails_at=at),
                read_to_end(payloads, callback_error=True),
            )
        group.add(
            f"{algorithm}/fails-before-torn",
            "R12 R2",
            "the second loop meets a torn tail: that is another error than the callback's",
            ask_deframe(algorithm, wire[:-1], callback_fails_at=1),
            read_to_error(payloads[:-1], UNEXPECTED_EOF, callback_error=True),
        )
    return group
