from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.assemble import assembled
from benchmarks.comparing import differences
from benchmarks.records import save

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.records import GroupRecord, Record, Row

PROCESSES = [0.98, 0.99, 1.0, 1.01, 1.02]
"""By which factor processes differ."""


def row(name: str, ns: float) -> Row:
    return {
        "name": name,
        "label": name.title(),
        "version": "1",
        "status": "measured",
        "note": "of a test",
        "samples": [[ns * factor] * 4 for factor in PROCESSES],
        "beside": [[100.0] * 4 for _ in PROCESSES],
    }


@pytest.fixture
def record(records: dict[str, Record]) -> Record:
    """A scenario in which one takes 50 and one 200, beside a reference that takes 100."""
    group: GroupRecord = {
        "name": "F0",
        "tier": "F0",
        "title": "of a test",
        "messages": 10,
        "payload_bytes": 320,
        "reference": "base",
        "processes": 5,
        "rounds": 20,
        "floor": 1.0,
        "rows": [row("base", 100), row("quick", 50), row("slow", 200)],
        "bars": [],
    }
    return {**records["bars"], "scenario": "of-a-test", "groups": [assembled([group])]}


def changed(record: Record, name: str, factor: float) -> Record:
    other = copy.deepcopy(record)
    for found in other["groups"][0]["rows"]:
        if found["name"] == name:
            found["samples"] = [[time * factor for time in process] for process in found["samples"]]
    other["groups"] = [assembled([other["groups"][0]])]
    return other


def write(record: Record, path: Path) -> str:
    save(record, path)
    return str(path)


@pytest.mark.parametrize(("factor", "verdict"), [(1.5, "slower"), (0.5, "faster"), (1.01, "tie"), (1.0, "tie")])
@pytest.mark.parametrize("by", ["ratio", "time"])
def test_a_change_outside_of_the_noise_has_a_verdict(record: Record, factor: float, verdict: str, by: str) -> None:
    before, after = {"of-a-test": record}, {"of-a-test": changed(record, "slow", factor)}
    found = {difference["name"]: difference for difference in differences(before, after, by=by)}
    assert found["slow"]["verdict"] == verdict
    assert found["slow"]["change"] == pytest.approx(factor, rel=0.02)
    assert found["slow"]["low"] <= found["slow"]["change"] <= found["slow"]["high"]
    assert found["quick"]["verdict"] == "tie"


def test_ratios_to_two_references_are_not_compared(record: Record) -> None:
    other = copy.deepcopy(record)
    other["groups"][0]["reference"] = "slow"
    other["groups"] = [assembled(other["groups"])]
    before, after = {"of-a-test": record}, {"of-a-test": other}
    assert list(differences(before, after)) == []
    assert {found["verdict"] for found in differences(before, after, by="time")} == {"tie"}


def test_the_reference_is_compared_by_time_only(record: Record) -> None:
    both = {"of-a-test": record}, {"of-a-test": record}
    assert [difference["name"] for difference in differences(*both)] == ["quick", "slow"]
    assert [difference["name"] for difference in differences(*both, by="time")] == ["base", "quick", "slow"]


def test_exit_statuses_are_those_of_the_help(record: Record, tmp_path: Path) -> None:
    before = write(record, tmp_path / "before.json")
    slower = write(changed(record, "slow", 1.5), tmp_path / "slower.json")
    other = write({**record, "scenario": "other"}, tmp_path / "other.json")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")

    def status(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["compare", *arguments])
        return result.exit_code, result.output

    assert status(before, before)[0] == 0
    assert "0 faster, 0 slower, 2 the same" in status(before, before)[1]
    assert status(before, slower)[0] == 1
    assert "0 faster, 1 slower, 1 the same" in status(before, slower)[1]
    assert status(slower, before)[0] == 0
    assert "1 faster, 0 slower, 1 the same" in status(slower, before)[1]
    assert status(before, str(tmp_path / "broken.json"))[0] == 2
    assert status(before, str(tmp_path / "nothing.json"))[0] == 2
    assert status(before, other)[0] == 3
    assert "There is no row that both hold." in status(before, other)[1]
    assert status(before, slower, "--only", "*/quick")[0] == 0


def test_json_is_an_object_a_line(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(record, folder / "of-a-test.json")
    after = write(changed(record, "quick", 0.5), tmp_path / "after.json")
    result = CliRunner().invoke(main, ["compare", str(folder), after, "--json"])
    found = [json.loads(line) for line in result.output.splitlines()]
    assert [(it["name"], it["verdict"]) for it in found] == [("quick", "faster"), ("slow", "tie")]
    assert set(found[0]) == {
        *["scenario", "group", "name", "label", "before", "after", "change", "low", "high", "verdict"]
    }
