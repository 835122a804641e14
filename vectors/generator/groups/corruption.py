"""One flipped bit, in every field of a frame."""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, checksum_mismatch, invalid_frame, read_to_end, read_to_error
from vectors.generator.layout import DEFAULT_MAX_FRAME_LEN, Stream, flip, frame, length_field
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import checksum, width
from vectors.generator.payloads import TELEMETRY_24
from vectors.generator.questions import ask_deframe

_LENGTH_BITS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 23, 24, 30, 31)
_PAYLOAD_BITS = (0, 7, 95, 96, 184, 191)
_LIMIT = 64


def groups() -> list[Group]:
    """Return the group of flipped bits."""
    group = Group(
        "corruption",
        "deframe",
        "Three frames of which the middle one, of 24 bytes, has one inverted bit. Bit 0 is the lowest of the "
        "first byte. Where the damage shows itself is forced by the field that it hits.",
    )
    for algorithm in ("crc16", "crc32", "xxh3_64"):
        _add_length_bits(group, algorithm)
        _add_checksum_bits(group, algorithm)
        _add_payload_bits(group, algorithm)
    _add_without_checksum(group)
    return [group]


def _stream(algorithm: str) -> Stream:
    return Stream(algorithm, [b"abc", TELEMETRY_24, b"defgh"])


def _damaged(stream: Stream, bit: int) -> bytes:
    return flip(stream.wire, 8 * stream.starts[1] + bit)


def _add_length_bits(group: Group, algorithm: str) -> None:
    stream = _stream(algorithm)
    first_byte = stream.starts[1] + 4 + width(algorithm)
    for bit in _LENGTH_BITS:
        declared = 24 ^ (1 << bit)
        # The bytes that would be the payload if the damaged length were true.
        taken = stream.wire[first_byte : first_byte + declared]
        for limit_name, limit in (("limit-64", _LIMIT), ("default-limit", DEFAULT_MAX_FRAME_LEN)):
            error: JsonObject
            if declared > limit:
                rules, error = "R3 E1", invalid_frame(declared, limit)
                comment = f"the length says {declared}, over the limit of {limit}"
            elif len(taken) < declared:
                rules, error = "R2 R6 E1", UNEXPECTED_EOF
                comment = f"the length says {declared}, within the limit, but the source ends before that"
            else:
                rules = "W4 R13 E1"
                error = checksum_mismatch(checksum(algorithm, TELEMETRY_24), checksum(algorithm, taken))
                comment = f"the length says {declared}: the checksum is that of other bytes"
            if limit_name == "default-limit" and declared <= _LIMIT:
                continue  # the same answer as with the small limit
            if limit_name == "default-limit" and bit == 31:
                rules += " R4"
            request_limit = _LIMIT if limit_name == "limit-64" else None
            group.add(
                f"{algorithm}/length-bit-{bit:02}-{limit_name}",
                rules,
                comment,
                ask_deframe(algorithm, _damaged(stream, bit), request_limit),
                read_to_error([b"abc"], error),
            )


def _add_checksum_bits(group: Group, algorithm: str) -> None:
    stream = _stream(algorithm)
    right = checksum(algorithm, TELEMETRY_24)
    # One bit of each byte, so that a checksum compared in part is found, and the outermost two.
    bits = sorted({0, 8 * len(right) - 1} | {8 * i + (3 * i + 2) % 8 for i in range(len(right))})
    for bit in bits:
        group.add(
            f"{algorithm}/checksum-bit-{bit:02}",
            "W4 R13 E1",
            f"byte {bit // 8} of the stored checksum is wrong, the payload is not",
            ask_deframe(algorithm, _damaged(stream, 32 + bit)),
            read_to_error([b"abc"], checksum_mismatch(flip(right, bit), right)),
        )


def _add_payload_bits(group: Group, algorithm: str) -> None:
    stream = _stream(algorithm)
    right = checksum(algorithm, TELEMETRY_24)
    for bit in _PAYLOAD_BITS:
        group.add(
            f"{algorithm}/payload-bit-{bit:03}",
            "W4 R13 E1",
            f"byte {bit // 8} of the payload is wrong, the stored checksum is not",
            ask_deframe(algorithm, _damaged(stream, 32 + 8 * len(right) + bit)),
            read_to_error([b"abc"], checksum_mismatch(right, checksum(algorithm, flip(TELEMETRY_24, bit)))),
        )


def _add_without_checksum(group: Group) -> None:
    stream = _stream("none")
    for bit in _PAYLOAD_BITS:
        group.add(
            f"none/payload-bit-{bit:03}",
            "W1 W3",
            "without a checksum a damaged payload passes, with the damage in it",
            ask_deframe("none", _damaged(stream, 32 + bit)),
            read_to_end([b"abc", flip(TELEMETRY_24, bit), b"defgh"]),
        )
    for bit in (8, 15, 31):
        declared = 24 ^ (1 << bit)
        group.add(
            f"none/length-bit-{bit:02}-limit-64",
            "R3 E1",
            f"the length says {declared}, over the limit of 64",
            ask_deframe("none", _damaged(stream, bit), _LIMIT),
            read_to_error([b"abc"], invalid_frame(declared, _LIMIT)),
        )
        if declared <= DEFAULT_MAX_FRAME_LEN:
            group.add(
                f"none/length-bit-{bit:02}-default-limit",
                "R2 R6",
                f"the length says {declared}, within the limit, but the source ends before that",
                ask_deframe("none", _damaged(stream, bit)),
                read_to_error([b"abc"], UNEXPECTED_EOF),
            )
    # The last 8 bytes of the payload are a frame of their own, so that also the shorter length parses.
    hidden = frame("none", b"WXYZ")
    wire = length_field(24 ^ (1 << 3)) + bytes(16) + hidden
    group.add(
        "none/length-bit-03-frame-inside",
        "W1 W2",
        "the length says 16 where it was 24: the rest of the payload is read as frames, undetected",
        ask_deframe("none", wire),
        read_to_end([bytes(16), b"WXYZ"]),
    )
