"""XXH3-64 with seed 0 and the default secret, written from the published specification.

It is the second opinion on the ``xxhash`` library: slow, short, and sharing no code with it. The source is
``doc/xxhash_spec.md`` in the repository of xxHash; the constants and the steps below are named as there.
"""

from __future__ import annotations

from functools import reduce

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF

_PRIME32_1 = 0x9E3779B1
_PRIME32_2 = 0x85EBCA77
_PRIME32_3 = 0xC2B2AE3D
_PRIME64_1 = 0x9E3779B185EBCA87
_PRIME64_2 = 0xC2B2AE3D27D4EB4F
_PRIME64_3 = 0x165667B19E3779F9
_PRIME64_4 = 0x85EBCA77C2B2AE63
_PRIME64_5 = 0x27D4EB2F165667C5
_PRIME_MX1 = 0x165667919E3779F9
_PRIME_MX2 = 0x9FB21C651E98DF25

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_STRIPE = 64
# Each stripe of a block starts 8 bytes further into the secret, and the last 64 bytes are for the scramble.
_STRIPES_PER_BLOCK = (len(_SECRET) - _STRIPE) // 8
_BLOCK = _STRIPE * _STRIPES_PER_BLOCK


def xxh3_64(data: bytes) -> int:
    """Return the XXH3-64 hash (seed 0, default secret) of `data` as an unsigned 64-bit number."""
    length = len(data)
    if length > 240:
        return _large(data)
    if length > 128:
        return _up_to_240(data)
    if length > 16:
        return _up_to_128(data)
    if length > 8:
        return _up_to_16(data)
    if length > 3:
        return _up_to_8(data)
    if length > 0:
        return _up_to_3(data)
    return _avalanche_xxh64(_word(_SECRET, 56) ^ _word(_SECRET, 64))


def _word(source: bytes, offset: int) -> int:
    """Read 8 bytes, little-endian."""
    return int.from_bytes(source[offset : offset + 8], "little")


def _half(source: bytes, offset: int) -> int:
    """Read 4 bytes, little-endian."""
    return int.from_bytes(source[offset : offset + 4], "little")


def _folded_product(left: int, right: int) -> int:
    """Multiply to 128 bits and fold the halves together."""
    product = left * right
    return (product & _MASK64) ^ (product >> 64)


def _rotate_left(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK64


def _avalanche(value: int) -> int:
    value ^= value >> 37
    value = value * _PRIME_MX1 & _MASK64
    return value ^ (value >> 32)


def _avalanche_xxh64(value: int) -> int:
    value ^= value >> 33
    value = value * _PRIME64_2 & _MASK64
    value ^= value >> 29
    value = value * _PRIME64_3 & _MASK64
    return value ^ (value >> 32)


def _up_to_3(data: bytes) -> int:
    length = len(data)
    combined = data[-1] | length << 8 | data[0] << 16 | data[length >> 1] << 24
    return _avalanche_xxh64(_half(_SECRET, 0) ^ _half(_SECRET, 4) ^ combined)


def _up_to_8(data: bytes) -> int:
    length = len(data)
    combined = _half(data, length - 4) | _half(data, 0) << 32
    value = _word(_SECRET, 8) ^ _word(_SECRET, 16) ^ combined
    value ^= _rotate_left(value, 49) ^ _rotate_left(value, 24)
    value = value * _PRIME_MX2 & _MASK64
    value ^= (value >> 35) + length
    value = value * _PRIME_MX2 & _MASK64
    return value ^ (value >> 28)


def _up_to_16(data: bytes) -> int:
    length = len(data)
    low = _word(_SECRET, 24) ^ _word(_SECRET, 32) ^ _word(data, 0)
    high = _word(_SECRET, 40) ^ _word(_SECRET, 48) ^ _word(data, length - 8)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche((length + swapped + high + _folded_product(low, high)) & _MASK64)


def _mix_step(data: bytes, offset: int, secret_offset: int) -> int:
    return _folded_product(
        _word(data, offset) ^ _word(_SECRET, secret_offset),
        _word(data, offset + 8) ^ _word(_SECRET, secret_offset + 8),
    )


def _up_to_128(data: bytes) -> int:
    length = len(data)
    total = length * _PRIME64_1
    for i in range(((length - 1) >> 5) + 1):
        total += _mix_step(data, 16 * i, 32 * i)
        total += _mix_step(data, length - 16 * i - 16, 32 * i + 16)
    return _avalanche(total & _MASK64)


def _up_to_240(data: bytes) -> int:
    length = len(data)
    total = length * _PRIME64_1 + sum(_mix_step(data, 16 * i, 16 * i) for i in range(8))
    total = _avalanche(total & _MASK64)
    total += sum(_mix_step(data, 16 * i, 16 * (i - 8) + 3) for i in range(8, length >> 4))
    total += _mix_step(data, length - 16, 119)
    return _avalanche(total & _MASK64)


def _accumulate(lanes: list[int], data: bytes, offset: int, secret_offset: int) -> None:
    """Take one stripe of 64 bytes into the eight lanes."""
    for i in range(8):
        word = _word(data, offset + 8 * i)
        keyed = word ^ _word(_SECRET, secret_offset + 8 * i)
        lanes[i ^ 1] = (lanes[i ^ 1] + word) & _MASK64
        lanes[i] = (lanes[i] + (keyed & _MASK32) * (keyed >> 32)) & _MASK64


def _scramble(lanes: list[int]) -> None:
    """Close a block with the last 64 bytes of the secret."""
    for i, lane in enumerate(lanes):
        mixed = lane ^ (lane >> 47) ^ _word(_SECRET, len(_SECRET) - _STRIPE + 8 * i)
        lanes[i] = mixed * _PRIME32_1 & _MASK64


def _large(data: bytes) -> int:
    length = len(data)
    lanes = [
        _PRIME32_3, _PRIME64_1, _PRIME64_2, _PRIME64_3,
        _PRIME64_4, _PRIME32_2, _PRIME64_5, _PRIME32_1,
    ]  # fmt: skip
    # The last block is never scrambled, also when it is a full one: hence `length - 1`.
    last_block = (length - 1) // _BLOCK * _BLOCK
    for block in range(0, last_block, _BLOCK):
        for n in range(_STRIPES_PER_BLOCK):
            _accumulate(lanes, data, block + _STRIPE * n, 8 * n)
        _scramble(lanes)
    for n in range((length - last_block - 1) // _STRIPE):
        _accumulate(lanes, data, last_block + _STRIPE * n, 8 * n)
    _accumulate(lanes, data, length - _STRIPE, len(_SECRET) - _STRIPE - 7)

    def merged(total: int, i: int) -> int:
        left = lanes[2 * i] ^ _word(_SECRET, 11 + 16 * i)
        right = lanes[2 * i + 1] ^ _word(_SECRET, 19 + 16 * i)
        return total + _folded_product(left, right)

    return _avalanche(reduce(merged, range(4), length * _PRIME64_1) & _MASK64)
