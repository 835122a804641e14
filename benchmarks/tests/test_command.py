from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import benchmarks.running as command
from benchmarks.__main__ import main
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.pickle_stream import PickleStream
from benchmarks.environment import ROOT, environment
from benchmarks.measure import Effort
from benchmarks.paths.contending import tier_group
from benchmarks.records import read, save
from benchmarks.run import run_part
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.check import Place

TWICE = Effort(least=2, most=2, seconds=0, sample_ns=1, processes=2)


def here(scenario: Scenario, parts: Sequence[str], effort: Effort, _turn: int) -> Iterator[tuple[str, float, object]]:
    """Measure in this process: a fresh one would not know the scenarios of a test."""
    for part in parts:
        yield part, 0.0, None
        yield part, 1.0, run_part(scenario, part, effort)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two scenarios of a few events, and a folder for the records that is not the committed one."""
    groups = {tier: partial(tier_group, tier, 3, [MessagePack(), PickleStream()]) for tier in ("F0", "R0")}
    monkeypatch.setattr(command, "SCENARIOS", {name: Scenario(name, name, groups) for name in ("one", "two")})
    monkeypatch.setattr(command, "FULL", TWICE)
    monkeypatch.setattr(command, "QUICK", replace(TWICE, processes=1, quick=True))
    monkeypatch.setattr(command, "DATA", tmp_path / "data")
    monkeypatch.setattr(command, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(command, "in_a_process", here)
    return tmp_path


def test_run_writes_a_record_for_each_scenario(small: Path) -> None:
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (small / "data").iterdir()) == ["one.json", "two.json"]
    (record,) = read(small / "data" / "one.json")
    assert [(group["name"], group["processes"], group["rounds"]) for group in record["groups"]] == [
        ("F0", 2, 4),
        ("R0", 2, 4),
    ]
    assert not (small / "unfinished").exists()


def test_only_chooses_scenarios_and_groups(small: Path) -> None:
    assert CliRunner().invoke(main, ["run", "--only", "t*"]).exit_code == 0
    assert [path.name for path in (small / "data").iterdir()] == ["two.json"]
    out = small / "part.json"
    assert CliRunner().invoke(main, ["run", "--only", "*/R0", "--out", str(out)]).exit_code == 0
    assert [[group["name"] for group in record["groups"]] for record in read(out)] == [["R0"], ["R0"]]
    refused = CliRunner().invoke(main, ["run", "--only", "one/R0"])
    assert refused.exit_code == 2
    assert "a part of a scenario is no committed record" in refused.output


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize(
    ("module", "loading"),
    [("benchmarks", "click"), ("benchmarks.worker", "flatstream"), ("benchmarks.studies.alone", "benchmarks.measure")],
)
def test_ctrl_c_while_modules_are_loaded_is_no_traceback(module: str, loading: str) -> None:
    program = f"""
import os, runpy, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == {loading!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins without it
runpy.run_module({module!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("wrong", ["three", "one/F1", "T*"])
def test_each_pattern_of_only_must_match(wrong: str) -> None:
    result = CliRunner().invoke(main, ["run", "--list", "--only", "one", "--only", wrong])
    assert result.exit_code == 2
    assert f"no scenario matches {wrong!r}; there are one, two" in result.output


@pytest.mark.usefixtures("small")
def test_list_says_what_there_is_and_measures_nothing() -> None:
    result = CliRunner().invoke(main, ["run", "--list"])
    assert (result.exit_code, result.output) == (0, "one: one: F0, R0\ntwo: two: F0, R0\n")


def test_quick_run_writes_no_committed_record(small: Path) -> None:
    result = CliRunner().invoke(main, ["run", "--quick", "--out", str(small / "out.json")])
    assert result.exit_code == 0, result.output
    assert not (small / "data").exists()
    records = read(small / "out.json")
    assert [record["scenario"] for record in records] == ["one", "two"]
    assert all(record["method"]["quick"] for record in records)
    refused = CliRunner().invoke(main, ["run", "--quick", "--out", str(small / "data" / "one.json")])
    assert refused.exit_code == 2
    assert "a quick run is no committed record" in refused.output


def test_interrupted_run_keeps_what_it_has_and_goes_on_from_there(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, str, str]] = []

    def counted(scenario: Scenario, parts: Sequence[str], effort: Effort, turn: int) -> Iterator[object]:
        for said in here(scenario, parts, effort, turn):
            if said[2] is None and len(taken) == stop_at:
                raise KeyboardInterrupt
            if said[2] is None:
                taken.append((turn, scenario.name, said[0]))
            yield said

    monkeypatch.setattr(command, "in_a_process", counted)
    stop_at = 7
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == command.INTERRUPTED
    assert "Stopped: 7 of 8 are measured and kept; the same command goes on from there." in result.output
    assert [path.name for path in (small / "data").iterdir()] == ["one.json"]
    stop_at = -1
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 0, result.output
    assert "Going on with an unfinished run: 7 of 8 are measured." in result.output
    assert len(taken) == len(set(taken)) == 8
    assert sorted(path.name for path in (small / "data").iterdir()) == ["one.json", "two.json"]


def test_unfinished_run_of_other_sources_is_not_gone_on_with(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object) -> Iterator[object]:
        yield from ()
        raise KeyboardInterrupt

    whole = environment()
    for turn, facts in enumerate((whole, {**whole, "sources": "0" * 64}, whole)):
        monkeypatch.setattr(command, "environment", lambda facts=facts: facts)
        monkeypatch.setattr(command, "in_a_process", stops if turn else here)
        monkeypatch.setattr(command, "save", refuse if turn == 0 else save)
        result = CliRunner().invoke(main, ["run"])
        assert "Going on" not in result.output
        assert ("is dropped" in result.output) is (turn > 0)
        assert result.exit_code == (1 if turn == 0 else command.INTERRUPTED), result.output


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_full_disk_is_a_clear_error(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "save", refuse)
    result = CliRunner().invoke(main, ["run", "--out", str(small / "x.json")])
    assert result.exit_code == 1
    assert "the records cannot be written: [Errno 28] No space left on device" in result.output


@pytest.mark.usefixtures("small")
def test_unknown_scenario_is_a_clear_error() -> None:
    result = CliRunner().invoke(main, ["run", "--only", "nothing"])
    assert result.exit_code == 2
    assert "no scenario matches 'nothing'; there are one, two" in result.output


def test_check_and_report_say_what_is_wrong_and_fail(place: Place) -> None:
    arguments = ["--page", str(place.page), "--reports", str(place.reports)]
    assert CliRunner().invoke(main, ["check", *arguments]).exit_code == 0
    (place.reports / "README.md").unlink()
    failed = CliRunner().invoke(main, ["check", *arguments])
    assert failed.exit_code == 1
    assert "reports/README.md differs" in failed.output
    assert CliRunner().invoke(main, ["report", *arguments]).exit_code == 0
    assert CliRunner().invoke(main, ["check", *arguments]).exit_code == 0
    place.page.unlink()
    missing = CliRunner().invoke(main, ["report", *arguments])
    assert missing.exit_code == 1
    assert "README.md cannot be read" in missing.output
