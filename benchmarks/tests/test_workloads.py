from __future__ import annotations

import pytest

from benchmarks.contenders import contenders
from benchmarks.contenders.flatstream_python import FlatStreamVector
from benchmarks.scenarios import SCENARIOS
from benchmarks.tiers import TITLES, Lane, expected, lane
from benchmarks.workloads import EVENT, FRAME_SIZE, PAYLOAD_SIZE, sums_of, telemetry


def test_payload_is_32_bytes_and_frame_36() -> None:
    workload = telemetry(100)
    assert (PAYLOAD_SIZE, FRAME_SIZE) == (32, 36)
    assert {len(payload) for payload in workload.payloads} == {PAYLOAD_SIZE}
    assert len(FlatStreamVector().frame(workload.payloads)) == 100 * FRAME_SIZE


def test_payload_is_a_vector_root_of_the_24_bytes() -> None:
    workload = telemetry(5)
    for row, payload in zip(workload.rows, workload.payloads, strict=True):
        assert payload[:8].hex() == "0400000018000000"
        assert payload[8:] == EVENT.pack(*row)


@pytest.mark.parametrize(("scenario", "count"), [("tel-100", 100), ("tel-100k", 100_000)])
def test_scenario_has_as_many_events_as_its_title_says(scenario: str, count: int) -> None:
    group = SCENARIOS[scenario].groups["F0"]()
    assert SCENARIOS[scenario].title == f"{count:,} telemetry events"
    assert group.messages == count
    assert isinstance(group.expected, list)
    assert len(group.expected) == count


def test_same_seed_gives_the_same_events() -> None:
    assert telemetry.__wrapped__(50).rows == telemetry.__wrapped__(50).rows
    assert telemetry.__wrapped__(50).rows != telemetry.__wrapped__(50, seed=1).rows


def test_values_fit_the_fields() -> None:
    for device_id, timestamp, value in telemetry(1000).rows:
        assert 0 <= device_id < 2**48
        assert 0 <= timestamp < 2**64
        assert isinstance(value, float)


@pytest.mark.parametrize("tier", TITLES)
@pytest.mark.parametrize("contender", contenders(), ids=lambda contender: contender.name)
def test_every_contender_has_the_expected_output_or_says_why_not(contender: FlatStreamVector, tier: str) -> None:
    workload = telemetry(20)
    entrant = lane(contender, tier, workload)
    if isinstance(entrant, Lane):
        assert entrant.output() == expected(tier, workload)
        assert entrant.note
    else:
        assert entrant.status == "cannot"
        assert len(entrant.reason) > 20


def test_sums_are_those_of_all_fields() -> None:
    assert sums_of([(1, 10, 0.5), (2, 20, 0.25)]) == (3, 30, 0.75)


def test_names_of_contenders_are_unique() -> None:
    names = [contender.name for contender in contenders()]
    assert len(set(names)) == len(names)
