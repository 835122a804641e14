from __future__ import annotations

import io
import json
from functools import partial

import pytest

from benchmarks import worker
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.pickle_stream import PickleStream
from benchmarks.measure import Effort
from benchmarks.paths.contending import tier_group
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS
from benchmarks.worker import LIBRARY, SOURCES, WorkerError, in_a_process, work

ONCE = Effort(least=1, most=1, seconds=0, sample_ns=1)


def test_worker_says_how_far_it_is_and_what_it_found() -> None:
    scenario = Scenario("one", "One", {"F0": partial(tier_group, "F0", 3, [MessagePack(), PickleStream()])})
    out = io.StringIO()
    task = {"scenario": "one", "parts": ["F0"], "effort": vars(ONCE), "sources": SOURCES, "library": LIBRARY}
    work(task, {"one": scenario}, out)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert said[0] == {"part": "F0", "fraction": 0.0}
    assert [row["name"] for row in said[-1]["found"]["rows"]] == ["msgpack", "pickle"]


def test_fresh_process_measures_a_part() -> None:
    said = list(in_a_process(SCENARIOS["num3"], ["R0-bounded"], ONCE, 1))
    part, fraction, found = said[-1]
    assert (part, fraction, found["messages"]) == ("R0-bounded", 1.0, 100)


def test_sources_that_were_edited_meanwhile_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SOURCES", "0" * 64)
    with pytest.raises(WorkerError, match="the sources were edited while the run was at it"):
        list(in_a_process(SCENARIOS["num3"], ["R0"], ONCE, 0))


def test_process_that_dies_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "false")
    with pytest.raises(WorkerError, match="measured num3 ended at 'R3' with status 1"):
        list(in_a_process(SCENARIOS["num3"], ["R3"], ONCE, 0))
