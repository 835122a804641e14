from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.contenders import bounded_contenders, contenders
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.scenarios import BOUND, SCENARIOS
from benchmarks.tiers import TITLES, Lane, codec, expected, lane
from benchmarks.workloads import NUMBERS, TELEMETRY, TEXTS, blocks, numbers, sums_of, telemetry, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contenders.contender import Contender
    from benchmarks.workloads import Workload

SHAPED = [telemetry, numbers, texts]


@pytest.mark.parametrize(("workload", "payload", "frame"), [(telemetry, 32, 36), (numbers, 32, 36), (texts, 28, 32)])
def test_payloads_and_frames_have_the_size_that_the_documentation_says(
    workload: Callable[[int], Workload], payload: int, frame: int
) -> None:
    made = workload(100)
    assert {len(it) for it in made.payloads} == {payload}
    assert len(codec(FlatStreamVector(), made.shape).frame(made.payloads)) == 100 * frame
    assert made.payload_bytes == 100 * payload


@pytest.mark.parametrize("workload", [telemetry, numbers])
def test_payload_of_numbers_is_a_vector_root_of_packed_bytes(workload: Callable[[int], Workload]) -> None:
    made = workload(5)
    for row, payload in zip(made.rows, made.payloads, strict=True):
        assert payload[:8].hex() == "0400000018000000"
        assert payload[8:] == made.shape.struct.pack(*row)


def test_payload_of_text_is_a_string_root() -> None:
    made = texts(5)
    for (text,), payload in zip(made.rows, made.payloads, strict=True):
        assert payload.hex() == f"0400000010000000{text.encode('ascii').hex()}00000000"


@pytest.mark.parametrize(("scenario", "count"), [("tel-100", 100), ("tel-100k", 100_000)])
def test_scenario_has_as_many_events_as_its_title_says(scenario: str, count: int) -> None:
    group = SCENARIOS[scenario].groups["F0"]()
    assert SCENARIOS[scenario].title == f"{count:,} telemetry events"
    assert (group.messages, group.payload_bytes) == (count, 32 * count)
    assert isinstance(group.expected, list)
    assert len(group.expected) == count


@pytest.mark.parametrize(("scenario", "shape"), [("tel-100", TELEMETRY), ("num3", NUMBERS), ("str16", TEXTS)])
def test_fields_are_those_of_the_title(scenario: str, shape: Any) -> None:
    kinds = {"tel-100": "u64 u64 f64", "num3": "u64 u64 u64", "str16": "text"}
    assert " ".join(field.kind for field in shape.fields) == kinds[scenario]
    group = SCENARIOS[scenario].groups["R3"]()
    assert isinstance(group.expected, tuple)
    assert (len(group.expected), group.messages) == (len(shape.fields), 100)


def test_bounds_are_over_what_any_message_has() -> None:
    for workload in (numbers(100), texts(100)):
        assert max(map(len, workload.payloads)) <= BOUND


@pytest.mark.parametrize("workload", SHAPED)
def test_same_seed_gives_the_same_messages(workload: Any) -> None:
    assert workload.__wrapped__(50).rows == workload.__wrapped__(50).rows
    assert workload.__wrapped__(50).rows != workload.__wrapped__(50, seed=1).rows


def test_values_fit_the_fields() -> None:
    for device_id, timestamp, value in telemetry(1000).rows:
        assert 0 <= device_id < 2**48
        assert 0 <= timestamp < 2**64
        assert isinstance(value, float)


def test_blocks_have_the_size_and_differ() -> None:
    made = blocks(4112, 3)
    assert [len(payload) for payload in made.payloads] == [4112] * 3
    assert len(set(made.payloads)) == 3


def check(contender: Contender, tier: str, workload: Workload) -> None:
    entrant = lane(contender, tier, workload)
    if isinstance(entrant, Lane):
        assert entrant.output() == expected(tier, workload)
        assert entrant.note
        assert entrant.wire_bytes
    else:
        assert entrant.status == "cannot", entrant.reason
        assert len(entrant.reason) > 20


@pytest.mark.parametrize("tier", TITLES)
@pytest.mark.parametrize("contender", contenders(), ids=lambda contender: contender.name)
def test_every_contender_has_the_expected_output_or_says_why_not(contender: Contender, tier: str) -> None:
    for workload in (telemetry(20), numbers(20), texts(20)):
        check(contender, tier, workload)


@pytest.mark.parametrize("contender", bounded_contenders(BOUND), ids=lambda contender: contender.name)
def test_bounded_contenders_have_the_expected_output(contender: Contender) -> None:
    for tier in ("cycle", "R0", "R3"):
        for workload in (numbers(20), texts(20)):
            check(contender, tier, workload)


@pytest.mark.parametrize("contender", bounded_contenders(BOUND)[:3], ids=lambda contender: contender.name)
def test_bounded_contenders_refuse_what_is_over_their_bound(contender: Contender) -> None:
    over = blocks(BOUND + 1, 2)
    entrant = lane(contender, "F0", over)
    assert not isinstance(entrant, Lane)
    assert "InvalidFrame" in entrant.reason or entrant.status == "cannot"


def test_sums_are_those_of_all_fields_or_of_some() -> None:
    assert sums_of(TELEMETRY, [(1, 10, 0.5), (2, 20, 0.25)]) == (3, 30, 0.75)
    assert sums_of(TELEMETRY, [(1, 10, 0.5), (2, 20, 0.25)], ("timestamp",)) == (30,)
    assert sums_of(TEXTS, [("abc",), ("de",)]) == (5,)


def test_names_of_contenders_are_unique() -> None:
    for all_of_them in (contenders(), bounded_contenders(BOUND)):
        names = [contender.name for contender in all_of_them]
        assert len(set(names)) == len(names)
