"""Known answers: the checksum of a payload."""

from __future__ import annotations

from vectors.generator.known_answers import CHECK_INPUT, XXH3_PUBLISHED, xxhash_test_input
from vectors.generator.model import Group
from vectors.generator.oracles import checksum
from vectors.generator.payloads import FLATBUFFERS
from vectors.generator.questions import ask_checksum

_TELLING = {
    "none": "no checksum: no bytes",
    "crc16": "0x31C3 little-endian; CRC-16/IBM-3740 (init 0xFFFF) gives 0x29B1, KERMIT (reflected) 0x2189",
    "crc32": "0xCBF43926 little-endian; CRC-32C (Castagnoli) gives 0xE3069283",
    "xxh3_64": "0x72DCB18B67A17DFF little-endian; XXH64 gives 0x8CB841DB40E6AE83",
}

_SMALL = {
    "empty": b"",
    "one-zero-byte": b"\x00",
    "one-ff-byte": b"\xff",
    "a": b"a",
    "abc": b"abc",
    "leading-zero": b"\x00abc",
    "trailing-zero": b"abc\x00",
    "zeros-32": bytes(32),
    "ff-32": b"\xff" * 32,
    "every-byte": bytes(range(256)),
}

# The lengths at which XXH3 changes its way, their neighbours, and the lengths of the published answers.
_XXH3_LENGTHS = {
    "1 to 3 bytes": (2, 3),  # the first byte of the buffer is zero: length 1 is one-zero-byte
    "4 to 8 bytes": (4, 5, 6, 7, 8),
    "9 to 16 bytes": (9, 12, 15, 16),
    "17 to 128 bytes": (17, 24, 31, 32, 33, 48, 64, 65, 80, 96, 97, 127, 128),
    "129 to 240 bytes": (129, 143, 144, 145, 195, 239, 240),
    "over 240 bytes, one block": (241, 255, 256, 257, 320, 321, 403, 512, 1023, 1024),
    "over 240 bytes, two blocks": (1025, 1088, 1089, 2047, 2048),
    "over 240 bytes, three blocks": (2049, 2240, 2367, 3072),
    "over 240 bytes, four blocks": (3073, 4096),
}
_CRC_LENGTHS = (2, 3, 4, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1024)


def groups() -> list[Group]:
    """Return the group of the `checksum` operation over the built-in algorithms."""
    group = Group(
        "checksums",
        "checksum",
        "Known answers of the four algorithms. A checksum is the hexadecimal of its wire bytes, so 0x31C3 is "
        "c331. The inputs named length-NNNN are the first NNNN bytes of the test buffer of xxHash.",
    )
    for algorithm, telling in _TELLING.items():
        _add(group, algorithm, "123456789", CHECK_INPUT, telling)
    _add(group, "none", "empty", b"", "no checksum: no bytes")
    for algorithm in ("crc16", "crc32", "xxh3_64"):
        for name, data in _SMALL.items():
            _add(group, algorithm, name, data, f"{len(data)} bytes: {name.replace('-', ' ')}")
        for name, data in FLATBUFFERS.items():
            _add(group, algorithm, f"flatbuffer-{name}", data, "a FlatBuffer is hashed as the bytes that it is")
    for algorithm in ("crc16", "crc32"):
        for length in _CRC_LENGTHS:
            comment = f"{length} bytes: around the block sizes of table-driven and vector code"
            _add(group, algorithm, f"length-{length:04}", xxhash_test_input(length), comment)
    for length_class, lengths in _XXH3_LENGTHS.items():
        for length in lengths:
            source = "; published in xxHash's own self-test" if length in XXH3_PUBLISHED else ""
            comment = f"{length} bytes: the way of {length_class}{source}"
            _add(group, "xxh3_64", f"length-{length:04}", xxhash_test_input(length), comment)
    return [group]


def _add(group: Group, algorithm: str, name: str, data: bytes, comment: str) -> None:
    answer = checksum(algorithm, data).hex()
    group.add(f"{algorithm}/{name}", "W3 W4", comment, ask_checksum(algorithm, data), {"checksum": answer})
