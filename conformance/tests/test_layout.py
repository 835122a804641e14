"""The labels of `show`: each byte of a wire has one, up to the place where the wire breaks off."""

from __future__ import annotations

import pytest

from flatstream_conformance.layout import split, width_of


def labels(wire: str, algorithm: str, limit: int | None = None) -> list[str]:
    data = bytes.fromhex(wire)
    fields = split(data, algorithm, limit)
    assert b"".join(field.data for field in fields) == data
    assert [field.offset for field in fields] == [
        sum(len(before.data) for before in fields[:index]) for index in range(len(fields))
    ]
    return [field.label for field in fields]


def test_widths_are_those_of_the_algorithms() -> None:
    names = ("none", "crc16", "crc32", "xxh3_64", "fnv1a64/0", "fnv1a64/3")
    assert [width_of(name) for name in names] == [0, 2, 4, 8, 0, 3]


def test_frames_follow_each_other() -> None:
    assert labels("0300000061626300000000", "none") == [
        "frame 0 length = 3",
        "frame 0 payload",
        "frame 1 length = 0",
    ]


@pytest.mark.parametrize(
    ("wire", "last"),
    [
        ("0300", "frame 0 length, 2 of 4 bytes: the wire ends here"),
        ("03000000", "frame 0 crc32, 0 of 4 bytes: the wire ends here"),
        ("03000000c241", "frame 0 crc32, 2 of 4 bytes: the wire ends here"),
        ("03000000c241243561", "frame 0 payload, 1 of 3 bytes: the wire ends here"),
    ],
)
def test_a_cut_is_named_where_it_is(wire: str, last: str) -> None:
    assert labels(wire, "crc32")[-1] == last


def test_what_follows_a_length_over_the_limit_is_no_frame() -> None:
    assert labels("ffffffff00", "crc32", 16) == [
        "frame 0 length = 4294967295, over the limit 16",
        "not a frame any more",
    ]


def test_the_default_limit_is_2_to_the_31() -> None:
    assert labels("00000080", "none")[0] == "frame 0 length = 2147483648"
    assert "over the limit 2147483648" in labels("01000080", "none")[0]


def test_an_empty_wire_has_no_field() -> None:
    assert labels("", "xxh3_64") == []
