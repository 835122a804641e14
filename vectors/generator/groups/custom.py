"""Custom algorithms of every width, over a hash that everybody can write in a few lines."""

from __future__ import annotations

from vectors.generator.answers import (
    UNEXPECTED_EOF,
    checksum_mismatch,
    error_event,
    invalid_frame,
    read_to_end,
    read_to_error,
    recovered,
    wrote,
)
from vectors.generator.layout import LARGEST_PAYLOAD, Stream, flip, frame_with_checksum, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import checksum
from vectors.generator.payloads import TELEMETRY_24
from vectors.generator.questions import ask_checksum, ask_deframe, ask_frame, ask_recover

_WIDTHS = range(9)
_PAYLOADS = (b"abc", b"", TELEMETRY_24)


def groups() -> list[Group]:
    """Return the groups of the custom algorithms, and of the declaration of widths."""
    return [_checksums(), _frames(), _reading(), _recovering(), _declarations()]


def _named(width: int) -> str:
    return f"fnv1a64/{width}"


def _checksums() -> Group:
    group = Group("custom-checksums", "checksum", "FNV-1a of 64 bits, cut to its low bytes: widths 0 to 8.")
    for width in _WIDTHS:
        for name, data in (("empty", b""), ("a", b"a"), ("foobar", b"foobar")):
            answer = checksum(_named(width), data)
            group.add(
                f"width-{width}/{name}",
                "W6 W4",
                f"the {width} low bytes of the 64-bit value, little-endian",
                ask_checksum(_named(width), data),
                {"checksum": answer.hex()},
            )
    return group


def _frames() -> Group:
    group = Group("custom-frames", "frame", "Frames with checksums of widths 0 to 8.")
    for width in _WIDTHS:
        stream = Stream(_named(width), _PAYLOADS)
        comment = f"each header is 4 + {width} bytes; the function gives 64 bits and the writer masks them"
        group.add(f"width-{width}/mixed", "W6 W1", comment, ask_frame(_named(width), _PAYLOADS), wrote(stream.wire))
    return group


def _reading() -> Group:
    group = Group(
        "custom-reading", "deframe", "Reading with checksums of widths 0 to 8: comparing and reporting are masked."
    )
    for width in _WIDTHS:
        algorithm = _named(width)
        stream = Stream(algorithm, _PAYLOADS)
        group.add(
            f"width-{width}/mixed",
            "W6 R1",
            "the value is masked before it is compared: an unmasked one would match nothing",
            ask_deframe(algorithm, stream.wire),
            read_to_end(_PAYLOADS),
        )
        group.add(
            f"width-{width}/torn",
            "W6 R2",
            "the last byte is missing",
            ask_deframe(algorithm, stream.wire[:-1]),
            read_to_error(_PAYLOADS[:-1], UNEXPECTED_EOF),
        )
        group.add(
            f"width-{width}/hostile-length",
            "W6 R3",
            "a length over the limit, and none of the checksum field",
            ask_deframe(algorithm, stream.wire + length_field(LARGEST_PAYLOAD), 24),
            read_to_error(_PAYLOADS, invalid_frame(LARGEST_PAYLOAD, 24)),
        )
        if width == 0:
            continue
        right = checksum(algorithm, b"abc")
        for place, bit in (("low", 0), ("high", 8 * width - 1)):
            group.add(
                f"width-{width}/mismatch-{place}-bit",
                "W6 R13",
                f"the {place}est bit of the stored checksum is wrong; both values are reported as {width} bytes",
                ask_deframe(algorithm, frame_with_checksum(flip(right, bit), b"abc")),
                read_to_error([], checksum_mismatch(flip(right, bit), right)),
            )
    return group


def _recovering() -> Group:
    group = Group("custom-recovery", "recover", "Recovery with checksums of odd widths.")
    for width in (1, 3, 5, 7):
        algorithm = _named(width)
        stream = Stream(algorithm, _PAYLOADS)
        group.add(
            f"width-{width}/torn",
            "W6 C2",
            "the last byte is missing",
            ask_recover(algorithm, stream.wire[:-1]),
            recovered(2, stream.ends[1], "torn_tail"),
        )
        right = checksum(algorithm, b"abc")
        wire = stream.wire + frame_with_checksum(flip(right, 0), b"abc")
        group.add(
            f"width-{width}/mismatch",
            "W6 C3",
            "the last frame is damaged",
            ask_recover(algorithm, wire),
            error_event(checksum_mismatch(flip(right, 0), right)),
        )
    return group


def _declarations() -> Group:
    group = Group("declarations", "declare", "Which widths a custom algorithm may declare.")
    for width in _WIDTHS:
        group.add(f"width-{width}", "W6", "0 to 8 bytes are allowed", {"width": width}, {"accepted": True})
    for width in (9, 16, 64, 255):
        comment = "over 8 bytes: refused when it is declared, not when it is first used"
        group.add(f"width-{width}", "W6", comment, {"width": width}, {"accepted": False})
    return group
