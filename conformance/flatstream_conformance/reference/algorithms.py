"""Algorithms by the protocol's names, and the operations `checksum` and `declare`."""

from __future__ import annotations

from typing import Any

from flatstream.checksum import Checksum, by_name

Message = dict[str, Any]

FNV_OFFSET_BASIS = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3


def algorithm(name: str) -> Checksum:
    """A built-in algorithm, or ``fnv1a64/W``."""
    custom, slash, width = name.partition("/")
    return Checksum(name, int(width), fnv1a64) if slash and custom == "fnv1a64" else by_name(name)


def fnv1a64(payload: bytes | memoryview) -> int:
    """The 64-bit FNV-1a hash, whatever the width of the algorithm: masking is the library's part (W6)."""
    value = FNV_OFFSET_BASIS
    for byte in payload:
        value = (value ^ byte) * FNV_PRIME & (2**64 - 1)
    return value


def checksum(request: Message) -> Message:
    """The operation `checksum`."""
    return {"checksum": algorithm(request["algorithm"]).field(bytes.fromhex(request["data"])).hex()}


def declare(request: Message) -> Message:
    """The operation `declare`."""
    try:
        Checksum("declared", request["width"], fnv1a64)
    except ValueError:
        return {"accepted": False}
    return {"accepted": True}
