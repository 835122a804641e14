"""Memory follows the bytes that arrived (R6): a testee that believes a length is caught, whatever it answers."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import growth, records
from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it of another process")
MEMORY = PROFILES["memory"]
HOG = "def answer(r):\n    x = b'z' * (200 << 20)\n    return right(r)"
# Pages that are never touched: no resident memory, and yet taken.
RESERVING = "def answer(r):\n    import mmap\n    mmap.mmap(-1, 1 << 30).close()\n    return right(r)"


@pytest.fixture
def hostile(bench: Bench) -> Bench:
    """Two cases about a length of 2 GiB, and one about none."""
    torn = {"payloads": [], "end": "error", "error": {"kind": "unexpected_eof"}}
    request = {"algorithm": "none", "max_frame_len": None}
    wires = {"hostile-lengths/a": "0000008000", "cut/b": "000000800000", "cut/c": "0300000000"}
    cases = [
        {"id": case, "op": "deframe", "comment": "cut short", "features": [], "expect": torn}
        | {"rules": ["R6"] if case == "cut/b" else ["R2"], "request": {**request, "wire": wire}}
        for case, wire in wires.items()
    ]
    return bench.other(cases)


def test_the_cases_about_hostile_lengths_are_measured_in_every_run_and_no_other(hostile: Bench) -> None:
    grown = {case.case: case.grown for case in hostile.run().cases}
    assert grown["cut/c"] is None
    for case in ("hostile-lengths/a", "cut/b"):
        assert 0 <= (grown[case] or 0) < growth.RESIDENT_ALLOWED
        assert grown[case] is not None


def test_a_testee_that_takes_what_a_length_says_fails_in_the_profile_with_the_figure(hostile: Bench) -> None:
    done = hostile.run(HOG, profile=MEMORY)
    assert [(case.case, case.verdict) for case in done.cases] == [("hostile-lengths/a", "fail"), ("cut/b", "fail")]
    for case in done.cases:
        assert case.grown is not None
        assert 190 << 20 < case.grown < 260 << 20
        assert case.reason == f"memory grew by {case.grown / growth.MEBIBYTE:.0f} MiB, 64 are allowed"
    assert done.footer.exit_status == 1


def test_address_space_that_is_reserved_counts_too_in_each_case_anew(hostile: Bench) -> None:
    done = hostile.run(RESERVING, profile=MEMORY)
    assert [case.verdict for case in done.cases] == ["fail", "fail"]
    # What the testee loads and its heap takes come on top of the 1024 MiB.
    assert all(re.match(r"102[4-9] MiB of address space were reserved", case.reason) for case in done.cases)
    assert done.footer.starts == 2


def test_without_the_profile_memory_is_reported_and_fails_nothing(hostile: Bench) -> None:
    done = hostile.run(HOG)
    assert done.footer.exit_status == 0
    assert max(case.grown or 0 for case in done.cases) > growth.RESIDENT_ALLOWED


def test_an_earlier_peak_does_not_hide_a_later_one(hostile: Bench) -> None:
    body = "def answer(r):\n    if r['wire'] == '0000008000':\n        x = b'z' * (300 << 20)\n    return right(r)"
    first, second, _ = hostile.run(body).cases
    assert (first.grown or 0) > 290 << 20
    assert second.grown is not None
    assert second.grown < growth.RESIDENT_ALLOWED


def test_a_wrong_answer_stays_a_wrong_answer(hostile: Bench) -> None:
    done = hostile.run("def answer(r):\n    return {'payloads': [], 'end': 'clean'}", profile=MEMORY)
    assert {case.reason for case in done.cases} == {"wrong: end, error"}


def test_the_figures_are_in_the_records(hostile: Bench) -> None:
    done = hostile.run(HOG, profile=MEMORY)
    assert records.parse(records.dump(done)) == done
    shown = hostile.command("run", "--profile", "memory", testee=hostile.testee(HOG))
    assert re.search(r"Memory for a length that nobody means: at most (19\d|2\d\d)\.\d MiB, in 2 cases", shown.stdout)
    assert "MiB, 64 are allowed" in shown.stdout


def test_a_system_that_tells_nothing_is_named_and_fails_nothing(
    hostile: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    done = hostile.run(HOG, profile=MEMORY)
    assert [case.grown for case in done.cases] == [None, None]
    assert done.footer.exit_status == 0


def test_the_profile_holds_each_case_of_its_groups_and_of_the_rule() -> None:
    held = {v.id for v in load().vectors if MEMORY.has(v)}
    groups = {name.split("/")[0] for name in held}
    assert {"hostile-lengths", "default-limit", "corruption"} <= groups
    assert len(held) > 50


def test_where_no_other_process_can_be_looked_at_the_largest_child_that_ended_is_known() -> None:
    before = growth.children_high_water()
    subprocess.run([sys.executable, "-c", "x = b'z' * (400 << 20)"], check=True)
    after = growth.children_high_water()
    assert before is not None
    assert after is not None
    assert after >= max(before, 400 << 20)
    assert growth.risen(before, before) is None
    assert growth.risen(5, 6) == 6


def test_a_folder_that_is_gone_gives_no_figure(tmp_path: Path) -> None:
    assert growth.Watch(2**22 + 1).growth() is None
    assert list(tmp_path.iterdir()) == []
