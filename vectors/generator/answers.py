"""The replies of the protocol: what a right implementation answers (E1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vectors.generator.model import JsonObject

UNEXPECTED_EOF: JsonObject = {"kind": "unexpected_eof"}
IO: JsonObject = {"kind": "io"}
END: JsonObject = {"end": "clean"}


def invalid_frame(declared_len: int, limit: int) -> JsonObject:
    """A length over the limit: both in bytes (R3)."""
    return {"kind": "invalid_frame", "declared_len": declared_len, "limit": limit}


def checksum_mismatch(expected: bytes, calculated: bytes) -> JsonObject:
    """The checksum on the wire and the one of the bytes that follow it (R13).

    Raises ValueError if they are equal: then the generator's damage did no damage.
    """
    if expected == calculated:
        raise ValueError(f"a mismatch of equal checksums: {expected.hex()}")
    return {"kind": "checksum_mismatch", "expected": expected.hex(), "calculated": calculated.hex()}


def refused_by(validator: str) -> JsonObject:
    """A payload that the validator of this name refused."""
    return {"kind": "validation_failed", "validator": validator}


def payload_event(payload: bytes) -> JsonObject:
    """A call for the next message gave this payload."""
    return {"payload": payload.hex()}


def error_event(error: JsonObject) -> JsonObject:
    """A call, or the writing of a payload, gave this error."""
    return {"error": error}


def read_to_end(payloads: Iterable[bytes], **fields: object) -> JsonObject:
    """These payloads and then the clean end (R1)."""
    return {"payloads": [payload.hex() for payload in payloads], "end": "clean", **fields}


def read_to_error(payloads: Iterable[bytes], error: JsonObject, **fields: object) -> JsonObject:
    """These payloads and then this error."""
    return {"payloads": [payload.hex() for payload in payloads], "end": "error", "error": error, **fields}


def wrote(wire: bytes, error: JsonObject | None = None, **fields: object) -> JsonObject:
    """These bytes reached the sink, and then perhaps this error came."""
    reply: JsonObject = {"wire": wire.hex()}
    if error is not None:
        reply["error"] = error
    return {**reply, **fields}


def recovered(frames: int, last_good_offset: int, end: str, **fields: object) -> JsonObject:
    """A report of recovery: whole frames, the offset one past the last of them, and how it ended (C1, C2)."""
    return {"frames": frames, "last_good_offset": last_good_offset, "end": end, **fields}
