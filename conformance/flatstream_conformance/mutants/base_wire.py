"""The bytes of a frame: length, checksum, payload; and the one kind of error."""

from __future__ import annotations

import binascii
import zlib
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Payload: TypeAlias = bytes | memoryview

LENGTH_SIZE = 4
LARGEST_LENGTH = 2**32 - 1
FNV_OFFSET_BASIS = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3


class FrameError(Exception):
    """One of the five kinds (E1), with its facts as the protocol names them and the offset of its frame (E2)."""

    def __init__(self, kind: str, offset: int, **facts: int | str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.offset = offset
        self.facts = facts


def fnv1a64(payload: Payload) -> int:
    """The custom algorithm of the protocol: 64 bits, whatever width was declared."""
    value = FNV_OFFSET_BASIS
    for byte in payload:
        value = (value ^ byte) * FNV_PRIME & (2**64 - 1)
    return value


class Wire:
    """How frames look under one algorithm (W1 to W6)."""

    widths: ClassVar[Mapping[str, int]] = {"none": 0, "crc16": 2, "crc32": 4, "xxh3_64": 8}
    functions: ClassVar[Mapping[str, Callable[[Payload], int]]] = {
        "none": lambda _: 0,
        "crc16": lambda payload: binascii.crc_hqx(payload, 0),
        "crc32": zlib.crc32,
        "xxh3_64": xxhash.xxh3_64_intdigest,
        "fnv1a64": fnv1a64,
    }
    largest_width: ClassVar[int] = 8
    length_order: ClassVar[Literal["little", "big"]] = "little"
    checksum_order: ClassVar[Literal["little", "big"]] = "little"

    def __init__(self, algorithm: str) -> None:
        self.name, custom, width = algorithm.partition("/")
        self.width = int(width) if custom else self.widths[algorithm]

    @classmethod
    def may_be_declared(cls, width: int) -> bool:
        """Whether a custom algorithm can have this width (W6)."""
        return 0 <= width <= cls.largest_width

    def counted(self, payload_length: int) -> int:
        """What the length field of a frame says (W2)."""
        return payload_length

    def length_field(self, payload_length: int) -> bytes:
        """The first four bytes of a frame (W2)."""
        return self.counted(payload_length).to_bytes(LENGTH_SIZE, self.length_order)

    def length_of(self, field: bytes) -> int:
        """The length of the payload that a length field announces (W2)."""
        return int.from_bytes(field, self.length_order)

    def covered(self, payload: Payload) -> Payload:
        """The bytes that the checksum is computed over (W4)."""
        return payload

    def masked(self, value: int) -> int:
        """The N low bytes of a checksum (W4, W6)."""
        return value & ((1 << 8 * self.width) - 1)

    def checksum_field(self, payload: Payload) -> bytes:
        """The checksum of a payload, as it is stored (W3, W4)."""
        value = self.functions[self.name](self.covered(payload))
        return self.masked(value).to_bytes(self.width, self.checksum_order)

    def header(self, payload: Payload) -> bytes:
        """What stands before the payload (W1, W5)."""
        return self.length_field(len(payload)) + self.checksum_field(payload)
