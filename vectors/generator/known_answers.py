"""Checksums that others have published, each with its source: what the oracles are held against.

Agreement of two programs is good evidence, agreement with the inventors' own tables is better.
"""

from __future__ import annotations

from typing import Final

CHECK_INPUT: Final = b"123456789"
"""The nine ASCII digits that every catalogue of CRCs uses."""

CHECK_VALUES: Final = {
    # "Catalogue of parametrised CRC algorithms" (Greg Cook), entries CRC-16/XMODEM and CRC-32/ISO-HDLC.
    "crc16": 0x31C3,
    "crc32": 0xCBF43926,
}

XXH3_PUBLISHED: Final = {
    # Length of the input (the first bytes of `xxhash_test_input`) -> XXH3-64 with seed 0.
    # xxHash, cli/xsum_sanity_check.c, table XSUM_XXH3_testdata, the rows of seed 0.
    0: 0x2D06800538D394C2,
    1: 0xC44BDFF4074EECDB,
    6: 0x27B56A84CD2D7325,
    12: 0xA713DAF0DFBB77E7,
    24: 0xA3FE70BF9D3510EB,
    48: 0x397DA259ECBA1F11,
    80: 0xBCDEFBBB2C47C90A,
    195: 0xCD94217EE362EC3A,
    403: 0xCDEB804D65C6DEA4,
    512: 0x617E49599013CB6B,
    2048: 0xDD59E2C3A5F038E0,
    2240: 0x6E73A90539CF2948,
    2367: 0xCB37AEB9E5D361ED,
}

FNV1A64_PUBLISHED: Final = {
    # draft-eastlake-fnv (IETF), the table of 64-bit FNV-1a test vectors.
    b"": 0xCBF29CE484222325,
    b"a": 0xAF63DC4C8601EC8C,
    b"foobar": 0x85944171F73967E8,
}


def xxhash_test_input(length: int) -> bytes:
    """Return the first `length` bytes of the buffer over which xxHash's own answers were published.

    Byte i is the top byte of ``2654435761 * 11400714785074694797**i`` modulo 2^64.
    """
    state = 2654435761
    made = bytearray()
    for _ in range(length):
        made.append(state >> 56)
        state = state * 11400714785074694797 & 0xFFFFFFFFFFFFFFFF
    return bytes(made)
