"""Mutants of the bytes of a frame: lengths, checksums, and what they cover."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import xxhash

from flatstream_conformance.mutants.base_wire import Payload, Wire
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

WIRE = Catalogue("wire")


@cache
def _table(polynomial: int, width: int, *, reflected: bool) -> tuple[int, ...]:
    """The values of the 256 bytes; the polynomial is given as it is shifted."""
    top, mask = 1 << (width - 1), (1 << width) - 1
    table = []
    for byte in range(256):
        value = byte if reflected else byte << (width - 8)
        for _ in range(8):
            if reflected:
                value = value >> 1 ^ (polynomial if value & 1 else 0)
            else:
                value = (value << 1 ^ (polynomial if value & top else 0)) & mask
        table.append(value)
    return tuple(table)


def _crc(polynomial: int, width: int, *, initial: int, final: int, reflected: bool = False) -> Callable[[Payload], int]:
    """A CRC of any parameters; the reflected ones take the polynomial reflected too."""
    mask = (1 << width) - 1

    def compute(payload: Payload) -> int:
        table = _table(polynomial, width, reflected=reflected)
        value = initial
        for byte in payload:
            if reflected:
                value = value >> 8 ^ table[(value ^ byte) & 0xFF]
            else:
                value = (value << 8 ^ table[(value >> (width - 8) ^ byte) & 0xFF]) & mask
        return value ^ final

    return compute


def _function(name: str, function: Callable[[Payload], int]) -> dict[str, Any]:
    return {"functions": {**Wire.functions, name: function}}


def _width(name: str, width: int) -> dict[str, Any]:
    return {"widths": {**Wire.widths, name: width}}


def _right_up_to(longest: int) -> Callable[[Payload], int]:
    def compute(payload: Payload) -> int:
        right = xxhash.xxh3_64_intdigest(payload)
        return right if len(payload) <= longest else right ^ 1

    return compute


def _wrong_between(shortest: int, longest: int) -> Callable[[Payload], int]:
    def compute(payload: Payload) -> int:
        right = xxhash.xxh3_64_intdigest(payload)
        return right ^ 1 if shortest <= len(payload) <= longest else right

    return compute


def _with_previous(self: Any, payload: Payload) -> bytes:
    covered = getattr(self, "previous", b"") + bytes(payload)
    self.previous = bytes(payload)
    return covered


# Length.
WIRE.add("length-big-endian", "W2", "frames clean-streams", "the length is big-endian", length_order="big")
WIRE.add(
    "length-counts-itself", "W2", "frames", "the length counts its own four bytes", counted=lambda _, length: length + 4
)
WIRE.add(
    "length-counts-checksum",
    "W2",
    "frames",
    "the length counts the checksum field",
    counted=lambda self, length: length + self.width,
)
WIRE.add(
    "length-counts-header",
    "W2",
    "frames",
    "the length counts the whole header",
    counted=lambda self, length: length + 4 + self.width,
)
WIRE.add("length-modulo-256", "W2", "frames", "one byte of the length is written", counted=lambda _, n: n & 0xFF)
WIRE.add("length-modulo-65536", "W2", "frames", "two bytes of the length are written", counted=lambda _, n: n & 0xFFFF)
WIRE.add(
    "length-read-with-header",
    "W2",
    "clean-streams",
    "a reader takes the length to count the header",
    length_of=lambda self, field: int.from_bytes(field, "little") - 4 - self.width,
)
WIRE.add(
    "length-signed",
    "W2",
    "hostile-lengths default-limit",
    "the length is read as a signed number",
    length_of=lambda _, field: int.from_bytes(field, "little", signed=True),
)
WIRE.add(
    "length-of-31-bits",
    "W2",
    "hostile-lengths default-limit corruption",
    "the highest bit of the length is ignored",
    length_of=lambda _, field: int.from_bytes(field, "little") & 0x7FFFFFFF,
)
WIRE.add(
    "length-of-24-bits",
    "W2",
    "hostile-lengths corruption",
    "the highest byte of the length is ignored",
    length_of=lambda _, field: int.from_bytes(field[:3], "little"),
)

# Checksum field.
WIRE.add("checksum-big-endian", "W4", "checksums frames", "the checksum is big-endian", checksum_order="big")
WIRE.add(
    "checksum-first",
    "W1",
    "frames",
    "the checksum stands before the length",
    header=lambda self, payload: self.checksum_field(payload) + self.length_field(len(payload)),
)
WIRE.add("none-has-width-4", "W3", "frames clean-streams", "`none` leaves room for a checksum", **_width("none", 4))
WIRE.add("crc16-has-width-4", "W3", "frames checksums", "`crc16` takes four bytes", **_width("crc16", 4))
WIRE.add("crc32-has-width-8", "W3", "frames checksums", "`crc32` takes eight bytes", **_width("crc32", 8))
WIRE.add("xxh3-has-width-4", "W3", "frames checksums", "`xxh3_64` is cut to four bytes", **_width("xxh3_64", 4))
WIRE.add(
    "checksum-high-bytes",
    "W4",
    "custom-checksums",
    "the N high bytes are stored instead of the N low ones",
    masked=lambda self, value: value >> (64 - 8 * self.width) if self.name == "fnv1a64" else Wire.masked(self, value),
)
WIRE.add(
    "custom-unmasked",
    "W6",
    "custom-checksums custom-frames",
    "the value of a custom algorithm is not masked to its width",
    masked=lambda _, value: value,
)
WIRE.add(
    "custom-masked-to-32-bits",
    "W6",
    "custom-checksums",
    "custom values are cut to 32 bits",
    masked=lambda self, value: Wire.masked(self, value & 0xFFFFFFFF if self.name == "fnv1a64" else value),
)
WIRE.add("custom-width-9", "W6", "declarations", "a width of 9 can be declared", largest_width=9)
WIRE.add("custom-width-up-to-7", "W6", "declarations", "a width of 8 cannot be declared", largest_width=7)
WIRE.add("custom-any-width", "W6", "declarations", "any width can be declared", largest_width=1 << 16)
WIRE.add(
    "custom-no-width-0",
    "W6",
    "declarations",
    "a width of 0 cannot be declared",
    may_be_declared=classmethod(lambda _, width: 1 <= width <= 8),
)
WIRE.add(
    "custom-powers-of-two",
    "W6",
    "declarations",
    "only widths that an integer type has can be declared",
    may_be_declared=classmethod(lambda _, width: width in {0, 1, 2, 4, 8}),
)
WIRE.add(
    "custom-width-of-built-ins",
    "W6",
    "declarations",
    "only the widths of the built-in algorithms can be declared",
    may_be_declared=classmethod(lambda _, width: width in {0, 2, 4, 8}),
)

# What the checksum covers.
WIRE.add(
    "covers-length",
    "W4",
    "checksums frames",
    "the checksum covers the length field too",
    covered=lambda self, payload: self.length_field(len(payload)) + bytes(payload),
)
WIRE.add(
    "covers-header",
    "W4",
    "checksums frames",
    "the checksum covers a header with a checksum of zero",
    covered=lambda self, payload: self.length_field(len(payload)) + bytes(self.width) + bytes(payload),
)
WIRE.add(
    "covers-previous-payload",
    "W4",
    "frames clean-streams",
    "the checksum of a frame continues that of the frame before",
    covered=_with_previous,
)
WIRE.add(
    "covers-a-prefix",
    "W4",
    "checksums frames",
    "only the first 64 bytes are covered",
    covered=lambda _, payload: payload[:64],
)
WIRE.add(
    "covers-all-but-the-last-byte",
    "W4",
    "checksums frames",
    "the last byte is not covered",
    covered=lambda _, payload: payload[:-1],
)
WIRE.add(
    "covers-a-c-string",
    "W4",
    "checksums frames",
    "the payload is covered up to its first zero byte",
    covered=lambda _, payload: bytes(payload).split(b"\0")[0],
)
WIRE.add(
    "empty-has-no-checksum-field",
    "W5",
    "checksums frames",
    "an empty payload is written without a checksum field",
    checksum_field=lambda self, payload: Wire.checksum_field(self, payload) if payload else b"",
)
WIRE.add(
    "empty-has-checksum-zero",
    "W5",
    "checksums frames",
    "the checksum of no bytes is taken for zero",
    checksum_field=lambda self, payload: Wire.checksum_field(self, payload) if payload else bytes(self.width),
)

# Which function.
for _name, _about, _crc16 in (
    ("crc16-is-ccitt-false", "CRC-16/CCITT-FALSE: initial value 0xFFFF", _crc(0x1021, 16, initial=0xFFFF, final=0)),
    ("crc16-is-kermit", "CRC-16/KERMIT: reflected", _crc(0x8408, 16, initial=0, final=0, reflected=True)),
    ("crc16-is-arc", "CRC-16/ARC: another polynomial", _crc(0xA001, 16, initial=0, final=0, reflected=True)),
    ("crc16-is-gsm", "CRC-16/GSM: a final XOR", _crc(0x1021, 16, initial=0, final=0xFFFF)),
):
    WIRE.add(_name, "W3", "checksums", f"`crc16` is {_about}", **_function("crc16", _crc16))
for _name, _about, _crc32 in (
    ("crc32-is-crc32c", "CRC-32C", _crc(0x82F63B78, 32, initial=2**32 - 1, final=2**32 - 1, reflected=True)),
    ("crc32-without-final-xor", "CRC-32/JAMCRC: no final XOR", lambda payload: zlib.crc32(payload) ^ (2**32 - 1)),
    ("crc32-is-bzip2", "CRC-32/BZIP2: not reflected", _crc(0x04C11DB7, 32, initial=2**32 - 1, final=2**32 - 1)),
    ("crc32-starts-at-zero", "CRC-32 with an initial value of 0", lambda p: zlib.crc32(p, 2**32 - 1)),
    ("crc32-is-adler32", "Adler-32", zlib.adler32),
):
    WIRE.add(_name, "W3", "checksums", f"`crc32` is {_about}", **_function("crc32", _crc32))
for _name, _about, _xxh3 in (
    ("xxh3-is-xxh64", "XXH64", xxhash.xxh64_intdigest),
    ("xxh3-has-a-seed", "XXH3 with seed 1", lambda payload: xxhash.xxh3_64_intdigest(payload, 1)),
    ("xxh3-is-half-of-128", "the low half of XXH3-128", lambda p: xxhash.xxh3_128_intdigest(p) & (2**64 - 1)),
    ("xxh3-is-half-of-128-high", "the high half of XXH3-128", lambda p: xxhash.xxh3_128_intdigest(p) >> 64),
    ("xxh3-wrong-of-1-to-3", "wrong for 1 to 3 bytes", _wrong_between(1, 3)),
    ("xxh3-wrong-of-4-to-8", "wrong for 4 to 8 bytes", _wrong_between(4, 8)),
    ("xxh3-wrong-of-9-to-16", "wrong for 9 to 16 bytes", _wrong_between(9, 16)),
    ("xxh3-wrong-of-17-to-128", "wrong for 17 to 128 bytes", _wrong_between(17, 128)),
    ("xxh3-wrong-of-129-to-240", "wrong for 129 to 240 bytes", _wrong_between(129, 240)),
    ("xxh3-wrong-over-240", "wrong for more than 240 bytes", _right_up_to(240)),
    ("xxh3-wrong-over-a-block", "wrong for more than one block of 1024 bytes", _right_up_to(1024)),
):
    WIRE.add(_name, "W3", "checksums", f"`xxh3_64` is {_about}", **_function("xxh3_64", _xxh3))
