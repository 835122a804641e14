"""The contenders in Rust, built by cargo: half a minute of work for a compiler."""

from __future__ import annotations

import pytest

from benchmarks.measure import Effort
from benchmarks.paths.rust import CONTENDERS, rust_group
from benchmarks.records import measured
from benchmarks.run import checked, run_group
from benchmarks.tiers import Lane

OF_RUST = [f"rust-{name}" for name in CONTENDERS]


@pytest.mark.parametrize("tier", ["F1", "R3", "cycle"])
def test_contenders_in_rust_do_the_same_work(tier: str) -> None:
    group = rust_group(tier, 50)
    right = {lane.name for lane in group.lanes if isinstance(checked(lane, group.expected), Lane)}
    assert right >= set(OF_RUST)


def test_contenders_in_rust_are_measured_in_turns_with_those_in_python() -> None:
    group = run_group(rust_group("R3", 1000), Effort(least=2, most=2, seconds=0, sample_ns=1))
    rows = {row["name"]: row for row in measured(group)}
    assert set(OF_RUST) <= set(rows)
    assert "msgpack" in rows
    for name in OF_RUST:
        assert [len(process) for process in rows[name]["samples"]] == [2]
        assert rows[name]["version"]


def test_original_is_absent_with_its_reason() -> None:
    (row,) = [row for row in rust_group("F1", 2).lanes if row.name == "flatstream-rs"]
    assert not isinstance(row, Lane)
    assert row.status == "absent"
    assert "in no registry" in row.reason
