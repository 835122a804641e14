"""Checksum algorithms: the four of the format, and custom ones (W3 to W6).

>>> CRC32.field(b"abc").hex()
'c2412435'
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from struct import Struct
from typing import TYPE_CHECKING, Final

import fastcrc
import xxhash

from flatstream.arguments import function, whole_number
from flatstream.wire import MAX_CHECKSUM_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.wire import Payload

__all__ = ["BUILT_IN", "CRC16", "CRC32", "NONE", "XXH3_64", "Checksum", "by_name"]


@dataclass(frozen=True, slots=True)
class Checksum:
    """An algorithm: its name, the width of its field in bytes (0 to 8), and the function from payload to value.

    ``compute`` takes ``bytes`` or a contiguous ``memoryview`` of bytes and returns an integer; bits above the width
    are masked away (W6). A width outside 0 to 8 raises ``ValueError`` here, where it is declared.
    """

    name: str
    width: int
    compute: Callable[[Payload], int]

    mask: int = attribute(init=False, repr=False, compare=False)
    """All bits of the width."""
    pack: Callable[[int], bytes] = attribute(init=False, repr=False, compare=False)
    """From a masked value to the checksum field: its ``width`` low bytes, little-endian (W4)."""
    unpack_from: Callable[[Payload, int], tuple[int]] = attribute(init=False, repr=False, compare=False)
    """From a buffer and a position to the value of the checksum field there, in a tuple."""

    def __post_init__(self) -> None:
        function(self.compute, f"compute of checksum {self.name!r}")
        if not 0 <= whole_number(self.width, f"the width of checksum {self.name!r}") <= MAX_CHECKSUM_WIDTH:
            raise ValueError(
                f"checksum {self.name!r}: the width must be 0 to {MAX_CHECKSUM_WIDTH} bytes, not {self.width}"
            )
        pack, unpack_from = _codec(self.width)
        for name, value in (("mask", (1 << 8 * self.width) - 1), ("pack", pack), ("unpack_from", unpack_from)):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Callable[..., Checksum], tuple[object, ...]]:
        """For other processes: what is built in here is so there; of others ``compute`` must pickle."""
        if self is BUILT_IN.get(self.name):
            return by_name, (self.name,)
        return Checksum, (self.name, self.width, self.compute)

    def value(self, payload: Payload) -> int:
        """The checksum of the payload alone (W4), masked to the width (W6)."""
        return self.compute(payload) & self.mask

    def field(self, payload: Payload) -> bytes:
        """The checksum field of a payload (W4)."""
        return self.pack(self.compute(payload) & self.mask)


def _codec(width: int) -> tuple[Callable[[int], bytes], Callable[[Payload, int], tuple[int]]]:
    """How a field of that width is packed and unpacked: by a struct where there is one, at a quarter of the cost."""
    if width in _FORMATS:
        struct = Struct(_FORMATS[width])
        return struct.pack, struct.unpack_from
    return (
        lambda value: value.to_bytes(width, "little"),
        lambda buffer, pos: (int.from_bytes(bytes(buffer[pos : pos + width]), "little"),),
    )


_FORMATS: Final = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}

NONE: Final = Checksum("none", 0, lambda _payload: 0)
"""No checksum field at all."""

CRC16: Final = Checksum("crc16", 2, fastcrc.crc16.xmodem)
"""CRC-16/XMODEM: polynomial 0x1021, initial value 0."""

CRC32: Final = Checksum("crc32", 4, fastcrc.crc32.iso_hdlc)
"""CRC-32/ISO-HDLC, the one of zlib; not CRC-32C."""

XXH3_64: Final = Checksum("xxh3_64", 8, xxhash.xxh3_64_intdigest)
"""XXH3 of 64 bits with seed 0; not XXH64."""

BUILT_IN: Final = {algorithm.name: algorithm for algorithm in (NONE, CRC16, CRC32, XXH3_64)}
"""The algorithms that every implementation knows, by name (W3), in the order of their widths."""


def by_name(name: str | Checksum) -> Checksum:
    """The built-in algorithm of that name; an algorithm itself is given back. ``ValueError`` if there is none."""
    if isinstance(name, Checksum):
        return name
    try:
        return BUILT_IN[name]
    except (KeyError, TypeError):
        known = ", ".join(BUILT_IN)
        raise ValueError(f"there is no checksum named {name!r}; the names are {known}") from None
