from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks.assemble import assembled
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.pickle_stream import PickleStream
from benchmarks.environment import environment
from benchmarks.measure import Effort
from benchmarks.paths.contending import tier_group
from benchmarks.plan import Pace, Plan, Store, Unit
from benchmarks.run import run_group, run_part
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TWICE = Effort(least=2, most=2, seconds=0, sample_ns=1, processes=2)
GROUPS = {tier: partial(tier_group, tier, 3, [MessagePack(), PickleStream()]) for tier in ("F0", "R0")}


def study(_effort: Effort, moved: object) -> dict[str, list[object]]:
    _ = moved
    return {"timelines": [{"tier": "F1", "name": "a", "label": "A", "note": "none", "burst": [], "points": [[1, 2]]}]}


SCENARIOS = {name: Scenario(name, name, GROUPS, {"study": study}) for name in ("one", "two")}


def take(scenario: Scenario, parts: Sequence[str], effort: Effort, _turn: int) -> Iterator[tuple[str, float, object]]:
    for part in parts:
        yield part, 0.5, None
        yield part, 1.0, run_part(scenario, part, effort)


def ignore(*_: object) -> None:
    """Progress that nobody watches."""


def test_a_turn_goes_through_all_scenarios_and_studies_run_once() -> None:
    plan = Plan(SCENARIOS, TWICE, environment(), take)
    assert [tuple(unit) for unit in plan.units()] == [
        (turn, name, part)
        for turn in (0, 1)
        for name in ("one", "two")
        for part in ("F0", "R0", "study")
        if part != "study" or turn == 0
    ]


def test_records_hold_all_processes_and_studies() -> None:
    records = list(Plan(SCENARIOS, TWICE, environment(), take).run(ignore))
    assert [record["scenario"] for record in records] == ["one", "two"]
    for record in records:
        assert record["method"] == {"quick": False, "processes": 2, "confidence": 0.95}
        assert [group["processes"] for group in record["groups"]] == [2, 2]
        assert [len(row["samples"]) for row in record["groups"][0]["rows"]] == [2, 2]
        assert [timeline["name"] for timeline in record["timelines"]] == ["a"]


def test_store_keeps_units_whole_and_gives_them_back(tmp_path: Path) -> None:
    facts = environment()
    store = Store(tmp_path / "unfinished", facts, TWICE)
    assert store.found() == {}
    store.begin()
    store.keep(Unit(0, "one", "R0-bounded"), {"a": [1]})
    assert store.found() == {Unit(0, "one", "R0-bounded"): {"a": [1]}}
    assert Store(tmp_path / "unfinished", {**facts, "date": "2001-01-01"}, TWICE).found() != {}
    other = Store(tmp_path / "unfinished", {**facts, "library": "0" * 64}, TWICE)
    assert other.found() == {}
    other.begin()
    assert store.found() == {}


def test_what_is_in_records_is_forgotten_and_the_rest_of_another_run_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "unfinished", environment(), TWICE)
    store.begin()
    for unit in (Unit(0, "one", "F0"), Unit(0, "two", "F0")):
        store.keep(unit, {})
    store.forget([Unit(0, "one", "F0"), Unit(1, "one", "F0")])
    assert list(store.found()) == [Unit(0, "two", "F0")]
    store.forget([Unit(0, "two", "F0")])
    assert not store.folder.exists()


def test_half_a_unit_is_never_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, environment(), TWICE)
    store.begin()
    with pytest.raises(TypeError):
        store.keep(Unit(0, "one", "F0"), {"a": object()})
    assert store.found() == {}


def test_a_damaged_unit_counts_as_none_and_a_damaged_head_as_another_run(tmp_path: Path) -> None:
    store = Store(tmp_path, environment(), TWICE)
    store.begin()
    store.keep(Unit(0, "one", "F0"), {})
    store.keep(Unit(1, "one", "F0"), {})
    (tmp_path / "one" / "1.F0.json").write_bytes(b'{"rows": [\xff')
    (tmp_path / "one" / "notes.json").write_text("{}", encoding="utf-8")
    assert list(store.found()) == [Unit(0, "one", "F0")]
    (tmp_path / "run.json").write_bytes(b"\xff")
    assert store.is_other
    assert store.found() == {}


def test_pace_expects_of_a_part_what_it_took_before_and_of_others_what_is_usual() -> None:
    pace = Pace()
    units = [Unit(0, "one", "F0"), Unit(0, "two", "F0")]
    assert pace.left(units, 3.0) == 6.0
    pace.note(units[0], 10.0)
    assert pace.left([Unit(1, "one", "F0")], 3.0) == 10.0
    assert pace.left([Unit(1, "one", "F0"), units[1]], 3.0) == 20.0


def test_progress_tells_what_is_left() -> None:
    told: list[tuple[str, float, bool]] = []
    plan = Plan({"one": SCENARIOS["one"]}, TWICE, environment(), take)
    list(plan.run(lambda unit, fraction, left: told.append((unit.part, fraction, left >= 0))))
    assert [(part, fraction) for part, fraction, _ in told][:4] == [("F0", 0.5), ("F0", 1.0), ("R0", 0.5), ("R0", 1.0)]
    assert len(told) == 10
    assert all(positive for _, _, positive in told)


def test_a_row_that_is_wrong_in_one_process_has_no_numbers() -> None:
    good, again = (run_group(GROUPS["F0"](), TWICE) for _ in range(2))
    again["rows"][1] = {
        "name": "pickle",
        "label": "pickle",
        "version": "1",
        "status": "wrong",
        "note": "only this time",
    }
    whole = assembled([good, again])
    assert [row["status"] for row in whole["rows"]] == ["measured", "wrong"]
    assert whole["rows"][1]["note"] == "only this time"
    assert whole["processes"] == 2
    json.dumps(whole)


def test_putting_one_part_together_changes_nothing() -> None:
    part = run_group(GROUPS["F0"](), TWICE)
    assert assembled([part]) == part
