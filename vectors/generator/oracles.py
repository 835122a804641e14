"""The checksum of a payload, on which two independent programs must agree.

| algorithm | first oracle | second oracle |
|---|---|---|
| ``crc16`` | ``crcmod`` | ``binascii.crc_hqx`` |
| ``crc32`` | ``crcmod`` | ``zlib.crc32`` |
| ``xxh3_64`` | ``xxhash`` | :mod:`vectors.generator.xxh3`, from the specification |

The custom algorithms ``fnv1a64/W`` need no second oracle: they are a test device, defined by two constants
and held against published values.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

import crcmod.predefined
import xxhash

from vectors.generator import known_answers, xxh3

ALGORITHMS: Final = ("none", "crc16", "crc32", "xxh3_64")
WIDTHS: Final = {"none": 0, "crc16": 2, "crc32": 4, "xxh3_64": 8}

_Oracle = Callable[[bytes], int]

_crcmod_xmodem: _Oracle = crcmod.predefined.mkPredefinedCrcFun("xmodem")
_crcmod_crc32: _Oracle = crcmod.predefined.mkPredefinedCrcFun("crc-32")


def _hqx(data: bytes) -> int:
    return binascii.crc_hqx(data, 0)


def _xxhash(data: bytes) -> int:
    return xxhash.xxh3_64(data, seed=0).intdigest()


_ORACLES: Final[dict[str, tuple[_Oracle, _Oracle]]] = {
    "crc16": (_crcmod_xmodem, _hqx),
    "crc32": (_crcmod_crc32, zlib.crc32),
    "xxh3_64": (_xxhash, xxh3.xxh3_64),
}


class OracleError(Exception):
    """Two oracles disagree, or one contradicts a published value: no vector may be made."""


def fnv1a64(data: bytes) -> int:
    """Return the 64-bit FNV-1a hash of `data`."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def width(algorithm: str) -> int:
    """Return the bytes that a checksum of this algorithm takes on the wire (W3, W6)."""
    family, _, custom_width = algorithm.partition("/")
    return int(custom_width) if family == "fnv1a64" else WIDTHS[algorithm]


@cache
def checksum(algorithm: str, payload: bytes) -> bytes:
    """Return the wire bytes of the checksum: the low bytes of the value, little-endian (W4, W6).

    Raises OracleError if the two oracles of the algorithm differ.
    """
    size = width(algorithm)
    if algorithm in _ORACLES:
        first, second = (oracle(payload) for oracle in _ORACLES[algorithm])
        if first != second:
            raise OracleError(f"{algorithm} of {payload.hex()!r}: {first:#x} or {second:#x}?")
        return first.to_bytes(size, "little")
    value = fnv1a64(payload) if algorithm != "none" else 0
    return value.to_bytes(8, "little")[:size]


def verify_published_answers() -> int:
    """Hold every oracle against the published values; return how many comparisons were made.

    Raises OracleError at the first difference.
    """
    facts = [(algorithm, known_answers.CHECK_INPUT, value) for algorithm, value in known_answers.CHECK_VALUES.items()]
    facts += [
        ("xxh3_64", known_answers.xxhash_test_input(length), value)
        for length, value in known_answers.XXH3_PUBLISHED.items()
    ]
    compared = 0
    for algorithm, data, value in facts:
        for oracle in _ORACLES[algorithm]:
            compared += 1
            if oracle(data) != value:
                raise OracleError(f"{algorithm} of {len(data)} bytes: {oracle(data):#x}, published {value:#x}")
    for data, value in known_answers.FNV1A64_PUBLISHED.items():
        compared += 1
        if fnv1a64(data) != value:
            raise OracleError(f"fnv1a64 of {data!r}: {fnv1a64(data):#x}, published {value:#x}")
    return compared
