"""Algorithms: W3 to W6, against independent implementations."""

from __future__ import annotations

import binascii
import pickle
import zlib

import crcmod
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import checksum
from flatstream.checksum import BUILT_IN, Checksum, by_name

CHECK = b"123456789"
XMODEM = crcmod.mkCrcFun(0x11021, initCrc=0, rev=False)
ISO_HDLC = crcmod.mkCrcFun(0x104C11DB7, initCrc=0, rev=True, xorOut=0xFFFFFFFF)


@pytest.mark.parametrize(
    ("name", "width", "value"),
    [("none", 0, 0), ("crc16", 2, 0x31C3), ("crc32", 4, 0xCBF43926), ("xxh3_64", 8, 0x72DCB18B67A17DFF)],
)
def test_known_answers(name: str, width: int, value: int) -> None:
    algorithm = by_name(name)
    assert (algorithm.name, algorithm.width, algorithm.value(CHECK)) == (name, width, value)
    assert algorithm.field(CHECK) == value.to_bytes(width, "little")


@given(st.binary(max_size=600))
def test_crcs_agree_with_independent_oracles(payload: bytes) -> None:
    assert checksum.CRC16.value(payload) == XMODEM(payload) == binascii.crc_hqx(payload, 0)
    assert checksum.CRC32.value(payload) == ISO_HDLC(payload) == zlib.crc32(payload)


def test_views_and_bytes_have_the_same_checksum(algorithm: Checksum) -> None:
    assert algorithm.field(memoryview(b"_" + CHECK)[1:]) == algorithm.field(CHECK)


@given(st.integers(0, 8), st.integers(0, 2**80))
def test_a_custom_value_is_masked_to_the_width(width: int, value: int) -> None:
    algorithm = Checksum("custom", width, lambda _: value)
    assert algorithm.value(b"") == value % 256**width
    assert algorithm.field(b"") == value.to_bytes(16, "little")[:width]


@pytest.mark.parametrize("width", [-1, 9, 255])
def test_a_width_outside_0_to_8_is_refused_where_it_is_declared(width: int) -> None:
    with pytest.raises(ValueError, match=f"'wide': the width must be 0 to 8 bytes, not {width}"):
        Checksum("wide", width, lambda _: 0)


@pytest.mark.parametrize("name", ["crc64", "CRC32", "", None, ["crc32"]])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="the names are none, crc16, crc32, xxh3_64"):
        by_name(name)


def test_an_algorithm_names_itself() -> None:
    assert by_name(checksum.CRC16) is checksum.CRC16


def test_a_checksum_can_be_sent_to_another_process() -> None:
    for known in BUILT_IN.values():
        assert pickle.loads(pickle.dumps(known)) is known
    own = Checksum("own", 3, sum)
    assert pickle.loads(pickle.dumps(own)) == own
    impostor = Checksum("crc32", 4, sum)
    assert pickle.loads(pickle.dumps(impostor)) == impostor
