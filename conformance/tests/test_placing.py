"""Where bytes part: the field of the frame, and both sides around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance.placing import placed
from flatstream_conformance.verdict import Difference, compare

if TYPE_CHECKING:
    from tests.conftest import Bench

WIRE = "03000000c2412435616263" + "00000000" + "00000000"


def only(expect: dict[str, Any], reply: dict[str, Any], algorithm: str = "crc32") -> Difference:
    (found,) = placed(compare(expect, reply), {"algorithm": algorithm}, expect, reply)
    return found


@pytest.mark.parametrize(
    ("at", "place"),
    [
        (0, "in frame 0 length = 3, byte 0 of its 4"),
        (3, "in frame 0 length = 3, byte 3 of its 4"),
        (6, "in frame 0 crc32, byte 2 of its 4"),
        (10, "in frame 0 payload, byte 2 of its 3"),
        (15, "in frame 1 crc32, byte 0 of its 4"),
    ],
)
def test_the_field_of_the_first_difference_is_named(at: int, place: str) -> None:
    wrong = WIRE[: 2 * at] + "ee" + WIRE[2 * at + 2 :]
    found = only({"wire": WIRE}, {"wire": wrong})
    assert found.place == place
    assert f"first difference at byte {at}" in found.note
    (row,) = [row for row in found.rows if row.expected != row.got]
    assert row.offset <= at < row.offset + len(row.expected) // 2
    assert row.expected == WIRE[2 * row.offset : 2 * row.offset + len(row.expected)]
    assert row.got == wrong[2 * row.offset : 2 * row.offset + len(row.got)]


def test_bytes_that_are_missing_and_bytes_too_many() -> None:
    short = only({"wire": WIRE}, {"wire": WIRE[:-2]})
    assert short.place == "in frame 1 crc32, byte 3 of its 4"
    long = only({"wire": WIRE}, {"wire": WIRE + "abcd"})
    assert long.place == "after the last byte that is expected"
    assert long.rows[-1].label == "2 bytes that are not expected"
    assert (long.rows[-1].offset, long.rows[-1].got) == (19, "abcd")


def test_of_a_long_payload_only_the_rows_around_the_difference_are_kept() -> None:
    payload = "00" * 5000
    found = only({"payloads": [payload]}, {"payloads": [payload[:6000] + "01" + payload[6002:]]})
    assert found.place == "in payloads[0], byte 3000 of its 5000"
    assert len(found.rows) <= 4
    assert any(row.offset <= 3000 < row.offset + 8 and row.expected != row.got for row in found.rows)


def test_the_checksums_of_an_error_are_named() -> None:
    error = {"kind": "checksum_mismatch", "expected": "c2412435", "calculated": "61d440ab"}
    found = only({"error": error}, {"error": {**error, "calculated": "61d440ac"}})
    assert found.place == "in checksum over the payload, byte 3 of its 4"


@pytest.mark.parametrize(
    ("expect", "reply"),
    [
        ({"frames": 3}, {"frames": 4}),
        ({"end": "clean"}, {"end": "error"}),
        ({"wire": "00"}, {}),
        ({"results": ["ok"]}, {"results": [{"error": {"kind": "io"}}]}),
    ],
)
def test_what_is_no_bytes_has_no_place(expect: dict[str, Any], reply: dict[str, Any]) -> None:
    (found, *_) = placed(compare(expect, reply), {"algorithm": "crc32"}, expect, reply)
    assert (found.place, found.rows) == ("", ())


def test_the_report_shows_both_sides_the_place_the_titles_of_the_rules_and_the_line_to_run(bench: Bench) -> None:
    body = """
    def answer(r):
        reply = dict(right(r))
        if r["op"] == "frame":
            reply["wire"] = reply["wire"].replace("c24", "c25")
        return reply
    """
    done = bench.command("run", testee=bench.testee(body))
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "wire: first difference at byte 5, in frame 0 crc32, byte 1 of its 4" in lines
    assert "4 c2 [41] 24 35 c2 [51] 24 35 frame 0 crc32" in lines
    assert "W1 Frames back to back" in lines
    assert any(line.endswith("--only writing/one") for line in lines)
