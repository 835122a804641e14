"""The requests of the protocol, without `seq` and `op`: what a testee is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vectors.generator.model import JsonObject


def ask_checksum(algorithm: str, data: bytes) -> JsonObject:
    """Ask for the checksum of `data`."""
    return {"algorithm": algorithm, "data": data.hex()}


def ask_frame(
    algorithm: str, payloads: Iterable[bytes], max_payload_len: int | None = None, **fields: object
) -> JsonObject:
    """Ask for these payloads to be written through one writer."""
    request: JsonObject = {"algorithm": algorithm, "payloads": [payload.hex() for payload in payloads]}
    return {**request, "max_payload_len": max_payload_len, **fields}


def ask_deframe(algorithm: str, wire: bytes, max_frame_len: int | None = None, **fields: object) -> JsonObject:
    """Ask for this wire to be read to its end or to the first error."""
    return {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": max_frame_len, **fields}


# Recovery is asked with the same fields; the operation of the group tells them apart.
ask_recover = ask_deframe


def ask_truncate(algorithm: str, wire: bytes, append: Iterable[bytes], max_frame_len: int | None = None) -> JsonObject:
    """Ask for a file of these bytes to be recovered, truncated and appended to."""
    appended = [payload.hex() for payload in append]
    return {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": max_frame_len, "append": appended}
