from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import benchmarks.__main__ as command
from benchmarks.measure import QUICK
from benchmarks.records import read
from benchmarks.run import run_scenario
from benchmarks.scenarios import Scenario, tier_group

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.check import Place


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two scenarios of a few events, and a folder for the records that is not the committed one."""
    scenarios = {name: Scenario(name, name, {"F0": lambda: tier_group("F0", 3)}) for name in ("one", "two")}
    monkeypatch.setattr(command, "SCENARIOS", scenarios)
    monkeypatch.setattr(command, "FULL", QUICK)
    monkeypatch.setattr(command, "DATA", tmp_path / "data")
    return tmp_path


def test_run_writes_a_record_for_each_scenario(small: Path) -> None:
    result = CliRunner().invoke(command.main, ["run"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (small / "data").iterdir()) == ["one.json", "two.json"]


def test_only_chooses_scenarios(small: Path) -> None:
    assert CliRunner().invoke(command.main, ["run", "--only", "t*"]).exit_code == 0
    assert [path.name for path in (small / "data").iterdir()] == ["two.json"]


def test_quick_run_writes_no_committed_record(small: Path) -> None:
    result = CliRunner().invoke(command.main, ["run", "--quick", "--out", str(small / "out.json")])
    assert result.exit_code == 0, result.output
    assert not (small / "data").exists()
    assert [record["scenario"] for record in read(small / "out.json")] == ["one", "two"]
    refused = CliRunner().invoke(command.main, ["run", "--quick", "--out", str(small / "data" / "one.json")])
    assert refused.exit_code == 2
    assert "a quick run is no committed record" in refused.output


def test_interrupted_run_keeps_whole_records_only(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_scenario

    def interrupted(scenario: Scenario, *rest: object) -> object:
        if scenario.name == "two":
            raise KeyboardInterrupt
        return whole(scenario, *rest)  # type: ignore[arg-type]  # what the command passes

    monkeypatch.setattr(command, "run_scenario", interrupted)
    result = CliRunner().invoke(command.main, ["run"])
    assert result.exit_code == command.INTERRUPTED
    assert "Whole records were written of: one." in result.output
    assert [path.name for path in (small / "data").iterdir()] == ["one.json"]


@pytest.mark.usefixtures("small")
def test_unknown_scenario_is_a_clear_error() -> None:
    result = CliRunner().invoke(command.main, ["run", "--only", "nothing"])
    assert result.exit_code == 2
    assert "no scenario matches 'nothing'; there are one, two" in result.output


def test_check_and_report_say_what_is_wrong_and_fail(place: Place) -> None:
    arguments = ["--page", str(place.page), "--reports", str(place.reports)]
    assert CliRunner().invoke(command.main, ["check", *arguments]).exit_code == 0
    (place.reports / "README.md").unlink()
    failed = CliRunner().invoke(command.main, ["check", *arguments])
    assert failed.exit_code == 1
    assert "reports/README.md differs" in failed.output
    assert CliRunner().invoke(command.main, ["report", *arguments]).exit_code == 0
    assert CliRunner().invoke(command.main, ["check", *arguments]).exit_code == 0
    place.page.unlink()
    missing = CliRunner().invoke(command.main, ["report", *arguments])
    assert missing.exit_code == 1
    assert "README.md cannot be read" in missing.output
