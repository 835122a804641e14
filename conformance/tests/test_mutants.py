"""The judge is judged: each wrong implementation is caught where it belongs, and no liar is taken for right."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import cli
from flatstream_conformance.errors import EXIT_INTERRUPTED, EXIT_NO_TESTEE, UnusableTesteeError
from flatstream_conformance.mutants.base import BASE
from flatstream_conformance.mutants.catalogue import MUTANTS
from flatstream_conformance.mutants.judge import MADE_ON_DEMAND, Judge, group_of, verdict_on
from flatstream_conformance.mutants.liars import LIARS, Liar
from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.run import Plan, run
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

    from flatstream_conformance.mutants.mutant import Mutant
    from flatstream_conformance.suite import Suite

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
# A few cases of each operation of the core, right answers and refusals among them.
SAMPLE = (
    *("checksums/crc32/abc", "writing-bounds/crc32/*-the-bound", "error-offsets/crc32/torn-*"),
    *("truncation/crc32/cut-00[0-3]", "recovery-cuts/crc32/cut-00[0-3]"),
)
# Mutants of each kind of part, and what is enough of the suite to tell the two ways of judging apart.
BOTH_WAYS = ("length-big-endian", "io-is-clean", "header-before-bound", "scan-torn-is-clean", "table-root-inside-only")
BOTH_WAYS_SAMPLE = (
    "frames/crc32/*",
    "source-faults/none/*",
    "writing-bounds/*",
    "recovery-cuts/none/*",
    "table-root/*",
)
BY_NAME_ID = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@cache
def suite() -> Suite:
    return load()


@cache
def judge() -> Judge:
    return Judge(suite())


def command_of(name: str) -> list[str]:
    return [sys.executable, "-m", "flatstream_conformance.mutants", name]


def test_there_are_enough_of_both() -> None:
    assert len(MUTANTS) >= 80
    assert len(LIARS) >= 12


def test_no_name_is_given_twice() -> None:
    names = [BASE.name, *(mutant.name for mutant in MUTANTS), *LIARS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("liar-") == (name in LIARS) for name in names)


def test_the_base_passes_every_vector() -> None:
    assert judge().base_wrong == {}


def test_the_base_passes_as_a_testee_and_skips_nothing() -> None:
    done = run(Plan(command_of("base"), suite(), profile=PROFILES["full"]))
    assert done.footer.totals == {"pass": len(suite().vectors), "fail": 0, "error": 0, "skip": 0}
    assert done.footer.exit_status == 0


@BY_NAME_ID
def test_a_mutant_is_caught_by_a_group_that_is_about_it(mutant: Mutant) -> None:
    outcome = judge().outcome(mutant)
    assert outcome.wrong, f"survives: {mutant.about}"
    assert set(mutant.groups) & set(outcome.by_group), f"caught elsewhere only: {outcome.by_group}"


@BY_NAME_ID
def test_a_mutant_differs_from_the_base_in_exactly_its_override(mutant: Mutant) -> None:
    implementation = mutant.implementation()
    assert {name for name, part in vars(BASE).items() if getattr(implementation, name) is not part} == {
        "name",
        mutant.part,
    }
    original, changed = getattr(BASE, mutant.part), getattr(implementation, mutant.part)
    assert changed.__bases__ == (original,)
    own = {name: value for name, value in vars(changed).items() if name not in {"__module__", "__doc__"}}
    assert own == dict(mutant.override)
    for name, value in mutant.override.items():
        assert hasattr(original, name), f"the base has no {name}: nothing would ask for it"
        assert vars(original)[name] != value


@BY_NAME_ID
def test_a_mutant_names_a_rule_and_groups_of_the_suite(mutant: Mutant) -> None:
    spec = files("flatstream_conformance.docs").joinpath("SPEC.md").read_text(encoding="utf-8")
    assert f"#### {mutant.rule} - " in spec
    groups = {vector.group for vector in suite().vectors}
    assert set(mutant.groups) <= groups
    assert mutant.about
    assert not mutant.about.endswith(".")


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_the_verdicts_of_this_process_are_those_across_a_pipe(name: str) -> None:
    done = run(Plan(command_of(name), suite(), only=BOTH_WAYS_SAMPLE))
    across = {case.case: case.verdict for case in done.cases if case.verdict != "pass"}
    selected = {vector.id for vector in suite().select(BOTH_WAYS_SAMPLE)}
    here = {case: verdict for case, verdict in judge().outcome(BY_NAME[name]).wrong.items() if case in selected}
    assert across == here
    assert here


@pytest.mark.parametrize("part", MADE_ON_DEMAND)
def test_a_vector_that_does_not_need_a_part_is_answered_alike_by_its_mutants(part: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.part == part)
    implementation = mutant.implementation()
    wrong = {}
    for vector in suite().vectors:
        verdict = verdict_on(vector, implementation.answer({"seq": 1, "op": vector.op, **vector.request}))
        if verdict != "pass":
            wrong[vector.id] = verdict
    assert judge().outcome(mutant).wrong == wrong


@pytest.mark.parametrize("liar", LIARS.values(), ids=lambda liar: liar.name)
def test_a_liar_gets_its_verdict_and_status(liar: Liar) -> None:
    plan = Plan(command_of(liar.name), suite(), only=SAMPLE, profile=PROFILES["full"], timeout=2.0)
    if liar.exit_status == EXIT_NO_TESTEE:
        with pytest.raises(UnusableTesteeError) as raised:
            run(plan)
        assert raised.value.exit_status == EXIT_NO_TESTEE
        return
    done = run(plan)
    assert {case.verdict for case in done.cases} == liar.verdicts
    assert done.footer.exit_status == liar.exit_status
    assert (done.footer.ending is not None) == (liar.goodbye != 0)


def test_the_liars_cover_every_verdict_and_status() -> None:
    assert set().union(*(liar.verdicts for liar in LIARS.values())) == {"pass", "fail", "error", "skip"}
    assert {liar.exit_status for liar in LIARS.values()} == {0, 1, 3}


def test_a_name_that_is_none_is_wrong_usage() -> None:
    done = subprocess.run(
        command_of("length-big-indian"), capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "there is no length-big-indian; did you mean length-big-endian" in line


def test_no_name_is_wrong_usage() -> None:
    done = subprocess.run(command_of("")[:-1], capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "usage: python -m flatstream_conformance.mutants NAME\n")


def test_the_command_tells_which_vectors_catch_what(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "mutants.json"
    done = bench.command("mutants", "--only", "length-modulo-65536", "--only", "S5", "--json", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "frames/crc32/length-65538: length-modulo-65536" in done.stdout
    (row,) = [line.split() for line in done.stdout.splitlines() if line.startswith("length-modulo-65536 ")]
    assert row == ["length-modulo-65536", "W2", "1", "yes", "frames", "1"]
    assert max(map(len, done.stdout.splitlines())) <= 80
    record = json.loads(file.read_text(encoding="utf-8"))
    by_name = {mutant["name"]: mutant for mutant in record["mutants"]}
    assert {name for name, mutant in by_name.items() if mutant["rule"] != "S5"} == {"length-modulo-65536"}
    assert by_name["length-modulo-65536"]["caught_by"] == {"frames/crc32/length-65538": "fail"}
    assert by_name["length-modulo-65536"]["verdicts"] == {"pass": record["vectors"] - 1, "fail": 1, "error": 0}
    assert record["only_catchers"]["frames/crc32/length-65538"] == ["length-modulo-65536"]
    caught = {case for mutant in record["mutants"] for case in mutant["caught_by"]}
    assert len(record["catch_nothing"]) == record["vectors"] - len(caught)
    assert record["base"] == {}


def test_a_mutant_that_survives_is_a_failure(bench: Bench) -> None:
    done = bench.command("mutants", "--only", "cooldown-loses", "--vectors", str(bench.folder))
    assert (done.returncode, done.stderr) == (1, "")
    assert "cooldown-loses survives: the count wins over the cooldown" in done.stdout


def test_a_mutant_that_only_other_groups_catch_is_a_failure(bench: Bench) -> None:
    done = bench.command("mutants", "--only", "length-big-endian", "--vectors", str(bench.folder))
    assert (done.returncode, done.stderr) == (1, "")
    assert "length-big-endian is caught, but not by its groups" in done.stdout


def test_a_base_that_does_not_pass_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flatstream_conformance.mutants.judge.BASE", BY_NAME["custom-width-9"].implementation())
    monkeypatch.setattr(sys, "argv", ["flatstream-conformance", "mutants", "--only", "length-modulo-65536"])
    assert cli._status() == 1
    shown = capsys.readouterr().out
    assert "base: declarations/width-9: fail" in shown
    assert "1 of 1 mutants are caught where they belong; the base fails 1" in shown


def test_a_pattern_without_mutants_is_wrong_usage(bench: Bench) -> None:
    done = bench.command("mutants", "--only", "nothing-like-this")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no mutant matches nothing-like-this" in done.stderr


def test_an_interrupt_ends_the_command_and_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_self: Judge, _mutant: Mutant) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "mutants.json"
    monkeypatch.setattr(Judge, "outcome", interrupted)
    monkeypatch.setattr(sys, "argv", ["flatstream-conformance", "mutants", "--only", "W1", "--json", str(file)])
    assert cli._status() == EXIT_INTERRUPTED
    assert not file.exists()
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"


def test_a_group_is_the_first_part_of_an_id() -> None:
    assert {group_of(vector.id) == vector.group for vector in suite().vectors} == {True}
