"""Every row of every scenario, over next to nothing: its output is right, and its title says what its code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import flatstream
from benchmarks.contenders import contenders
from benchmarks.engines import use
from benchmarks.paths.memory_over_time import MB, MIB, mixed_messages, policy_messages
from benchmarks.paths.sizes import CHECKED, FRAME_4K, SWEPT, messages_of
from benchmarks.run import checked
from benchmarks.scenarios import MINIATURES, SCENARIOS
from benchmarks.tiers import TITLES, Absent, Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.tiers import Group

BUILT_BY_CARGO = {"rust"}

EVERY_GROUP = [
    pytest.param(name, group, make, id=f"{name}-{group}")
    for name, scenario in MINIATURES.items()
    for group, make in scenario.groups.items()
    if name not in BUILT_BY_CARGO
]

PLANNED = [
    "tel-100",
    "tel-100k",
    "num3",
    "str16",
    "chk",
    "deframe-4k",
    "sweep",
    "readpath",
    "mixed",
    "policy",
    "adapt",
    "lob-msg",
    "lob-book",
    "lob-pair",
    "io",
    "recover",
    "scale",
    "cores",
    "aa",
    "floor",
]


@pytest.mark.parametrize(("scenario", "name", "make"), EVERY_GROUP)
def test_every_row_is_right_or_says_why_not(scenario: str, name: str, make: Callable[[], Group]) -> None:
    group = make()
    assert group.name.partition("-")[0] == name.partition("-")[0], scenario
    assert len({lane.name for lane in group.lanes}) == len(group.lanes)
    assert group.reference in {lane.name for lane in group.lanes}
    for entrant in group.lanes:
        found = checked(entrant, group.expected)
        if isinstance(found, Absent):
            assert found.status == "cannot", f"{found.name}: {found.reason}"
            assert len(found.reason) > 20
        else:
            assert found.note


@pytest.mark.parametrize("scenario", ["bars", "adapt", "readpath", "recover"])
def test_what_is_checked_runs_on_the_engine_that_is_timed(scenario: str) -> None:
    for make in MINIATURES[scenario].groups.values():
        for lane in make().lanes:
            if isinstance(lane, Lane) and ("pure Python" in lane.label or scenario == "bars"):
                taken = []
                for call in (lane.call, lane.output):
                    use("native")
                    call()
                    taken.append(flatstream.engine.native)
                assert taken[0] is taken[1], (scenario, lane.name)


def test_all_scenarios_that_were_planned_are_there() -> None:
    assert set(PLANNED) <= set(SCENARIOS)


def test_tier_scenarios_have_all_tiers_and_contenders() -> None:
    for name in ("tel-100", "tel-100k"):
        assert list(SCENARIOS[name].groups) == list(TITLES)
    kinds = {contender.name.partition("-")[0] for contender in contenders()}
    peers = "json orjson pickle msgpack msgspec cbor2 protobuf struct avro arrow mcap"
    assert kinds == {"flatstream", *peers.split()}


@pytest.mark.parametrize("scenario", ["sweep", "chk"])
def test_payloads_have_the_size_in_the_name_of_the_group(scenario: str) -> None:
    for name, make in SCENARIOS[scenario].groups.items():
        size = int(name.partition("-")[2])
        if size <= 65536:
            group = make()
            assert group.messages == messages_of(size)
            assert group.payload_bytes == size * group.messages
            assert f"{size:,} bytes each" in group.title
            assert isinstance(group.expected, list)
            assert {len(payload) for payload in group.expected} == {size}


def test_sweep_is_from_16_bytes_to_16_mib_and_chk_from_32_bytes_to_1_mib() -> None:
    assert (SWEPT[0], SWEPT[-1]) == (16, 16 * MIB)
    assert (CHECKED[0], CHECKED[-1]) == (32, MIB)
    assert [f"{tier}-{size}" for tier in ("F0", "R0") for size in SWEPT] == list(SCENARIOS["sweep"].groups)


def test_frames_of_deframe_4k_have_4112_bytes() -> None:
    for count in (1, 1000):
        group = SCENARIOS["deframe-4k"].groups[f"R0-{count}"]()
        assert (group.messages, group.payload_bytes) == (count, count * (FRAME_4K - 4))
        (whole,) = [lane for lane in group.lanes if lane.name == "whole-none"]
        assert isinstance(whole, Absent) or whole.wire_bytes == count * FRAME_4K


def test_mixed_is_1000_of_24_bytes_and_10_of_a_megabyte_one_after_each_hundred() -> None:
    sizes = [len(message.data) for message in mixed_messages()]
    assert (sizes.count(24), sizes.count(MB), len(sizes)) == (1000, 10, 1010)
    assert sizes[100::101] == [MB] * 10


def test_policy_is_ten_times_a_mebibyte_and_1100_of_a_kibibyte() -> None:
    sizes = [len(message.data) for message in policy_messages()]
    assert sizes == [MIB, *[1024] * 1100] * 10


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_numbers_of_messages_in_a_title_are_those_of_its_groups(name: str) -> None:
    scenario = MINIATURES[name]
    said = {int(number.replace(",", "")) for number in re.findall(r"(?<![\w.])\d[\d,]*\b(?! levels)", scenario.title)}
    if name in {"tel-100", "tel-100k", "num3", "str16", "readpath", "bars", "lob-msg"}:
        for make in scenario.groups.values():
            assert make().messages in said


def test_contender_of_each_tier_says_how_it_takes_part() -> None:
    for contender in contenders():
        for tier in TITLES:
            assert tier in contender.notes or tier in contender.cannot, (contender.name, tier)


def test_quick_run_leaves_out_only_what_there_is() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.not_quick <= {
            *scenario.parts,
            *(f"{t}-{n}" for t in ["F1", "F2", "R1", "R2", "R3", "R4", "R5"] for n in (1, 10, 50)),
        }
    assert sum(len(scenario.shortened().groups) for scenario in SCENARIOS.values()) > 80


def test_limits_are_marked() -> None:
    group = MINIATURES["sweep"].groups["F0-16"]()
    limits = {lane.name for lane in group.lanes if isinstance(lane, Lane) and lane.limit}
    assert limits == {"memcpy", "raw-xxh3_64"}
