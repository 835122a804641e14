from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.contenders import contenders
from benchmarks.measure import QUICK, Effort
from benchmarks.paths import rust
from benchmarks.paths.memory_over_time import MIB, mixed_timelines, policy_timelines
from benchmarks.studies import alone, instructions, memory, scale
from benchmarks.tiers import Absent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONCE = Effort(least=1, most=1, seconds=0, sample_ns=1, quick=True)


def ignore(_fraction: float) -> None:
    """Progress that nobody watches."""


def takes(size: int) -> Callable[[], int]:
    """A call that needs so many bytes at its peak, for `alone` to find."""

    def call() -> int:
        return len(b"x" * size)

    return call


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process had resident at its peak")
def test_peak_of_a_call_is_what_it_takes_and_no_more() -> None:
    small, large = (alone.measured_alone(takes(size)).peak for size in (1, 64 * MIB))
    assert small is not None
    assert large is not None
    assert small < 8 * MIB
    assert 60 * MIB < large < 80 * MIB


def test_work_alone_is_done_in_a_process_of_its_own() -> None:
    found = alone.alone("benchmarks.studies.scale", "call_of", "scan", 1000)
    assert found.ns > 0
    with pytest.raises(OSError, match="the process of nothing ended with status 1"):
        alone.alone("benchmarks.studies.scale", "nothing")


def test_memory_is_available() -> None:
    assert alone.available() > 2**20


def test_memory_study_has_an_entry_for_each_contender_and_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def found(_module: str, _function: str, *arguments: Any) -> alone.Alone:
        asked.append(arguments)
        return alone.Alone(1, 100, 50 + len(asked), 0)

    monkeypatch.setattr(memory, "alone", found)
    entries = memory.memory_study(4)(ONCE, ignore)["memory"]
    assert len(entries) == len(memory.TIERS) * len(contenders())
    one = next(entry for entry in entries if entry["name"] == "msgpack")
    assert (one["status"], one["messages"], one["base_bytes"]) == ("measured", 4, 100)
    assert one["samples"] == [one["peak_bytes"]]
    assert one["output_bytes"] > 0
    for arguments in asked:
        memory.call_of(*arguments)()  # type: ignore[arg-type]  # a tier, a place and a count


def test_memory_that_the_system_does_not_say_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "alone", lambda *_: alone.Alone(1, None, None, 0))
    entries = memory.memory_study(2)(ONCE, ignore)["memory"]
    assert {entry["status"] for entry in entries} <= {"absent", "cannot"}
    assert "this system does not say" in next(entry for entry in entries if entry["status"] == "absent")["note"]


def test_scale_has_a_point_for_each_path_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "alone", lambda *_: alone.Alone(3_000_000, 100, 7, 0))
    points = scale.scale_study(ONCE, ignore)["scale"]
    assert [(point["name"], point["messages"]) for point in points] == [
        (name, count) for count in scale.QUICK for name in scale.PATHS
    ]
    point = next(point for point in points if point["name"] == "iterate-python" and point["messages"] == 1000)
    assert (point["ns"], point["samples"], point["peak_bytes"]) == (30.0, [30.0], 7)
    for name in scale.PATHS:
        scale.call_of(name, 1000)()


def test_scale_goes_to_a_hundred_million_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (scale.COUNTS[0], scale.COUNTS[-1]) == (10**3, 10**8)
    monkeypatch.setattr(scale, "alone", lambda *_: alone.Alone(3_000_000, 100, 7, 0))
    monkeypatch.setattr(scale, "available", lambda: 10**9)
    points = scale.scale_study(Effort(1, 1, 0, 1), ignore)["scale"]
    absent = {(point["name"], point["messages"]): point["note"] for point in points if point["status"] == "absent"}
    assert "GiB of memory, which is not there" in absent["scan", 10**8]
    assert "would take minutes" in absent["iterate-python", 10**8]
    assert all(messages > 10**6 for _, messages in absent)


def test_instructions_are_the_difference_of_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_counted", lambda _path, _engine, count: 10**9 + 350 * count)
    monkeypatch.setattr(shutil, "which", lambda _name: "valgrind")
    entries = instructions.instruction_study(QUICK, ignore)["instructions"]
    assert [entry["name"] for entry in entries] == list(instructions.PATHS)
    assert {entry["a_message"] for entry in entries if entry["status"] == "measured"} == {350.0}


def test_without_valgrind_the_rows_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    entries = instructions.instruction_study(QUICK, ignore)["instructions"]
    assert all(entry["status"] in {"absent", "cannot"} for entry in entries)
    assert any("valgrind is not installed" in entry["note"] for entry in entries)


def test_instructions_are_read_from_what_valgrind_prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "valgrind"
    program.write_text("#!/bin/sh\necho '==1== Collected : 12345' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert instructions._counted("read", "python", 3) == 12345
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(OSError, match="valgrind ended with status 1: broken"):
        instructions._counted("read", "python", 3)


def test_adaptive_policy_gives_memory_back_and_no_policy_keeps_it() -> None:
    lines = {line["name"]: line for line in policy_timelines(ONCE, ignore)["timelines"]}
    for name in ("none", "no-op"):
        held = [retained for _, retained in lines[name]["points"]]
        assert held == sorted(held)
        assert held[-1] > MIB
    for name in ("adaptive", "threshold"):
        assert lines[name]["points"][-1][1] == 16384
        assert max(retained for _, retained in lines[name]["points"]) > MIB
    assert [first for first, _ in lines["none"]["burst"]] == list(range(1, 11010, 1101))
    assert lines["none"]["points"][-1][0] == 11010


def test_builder_a_size_class_keeps_small_messages_apart() -> None:
    lines = {line["name"]: line for line in mixed_timelines(ONCE, ignore)["timelines"]}
    assert set(lines) == {"simple", "one-builder", "size-class"}
    assert lines["one-builder"]["points"][-1][1] > 10**6
    json.dumps(lines)


def test_without_cargo_the_rows_of_rust_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rust._built.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    group = rust.rust_group("R3", 3)
    rust._built.cache_clear()
    absent = {lane.name: lane for lane in group.lanes if isinstance(lane, Absent) and lane.status == "absent"}
    assert set(absent) == {"flatstream-rs", *(f"rust-{name}" for name in rust.CONTENDERS)}
    assert absent["rust-bincode"].reason == "cargo is not installed here, which builds it"
