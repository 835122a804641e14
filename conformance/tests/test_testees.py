"""The command `testees`: every testee is built and run, and what is missing is said."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import catalogue, roster
from flatstream_conformance.building import Built
from flatstream_conformance.roster import Outcome

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import Shelf

SOURCES = {".c", ".h", ".cpp", ".hpp", ".go", ".java", ".js", ".py", ".rs"}
OF_TOOLS = {"build", "node_modules", "target"}
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
NO_CODE = re.compile(r"\s*(import |use |package |#|$)")

RIGHT_BOUND = "if length > self.limit:"
WRONG_BOUND = "if length >= self.limit:"


def row(done: subprocess.CompletedProcess[str], name: str) -> list[str]:
    """The words of a testee's line in the table."""
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
    return line.split()


def test_every_testee_is_built_run_and_shown_in_one_table(shelf: Shelf) -> None:
    shelf.add("right", build=[["{python}", "-c", "open('was-built', 'w')"]])
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED: 1 of 1 testees were built and run" in done.stdout
    cells = row(done, "right")
    assert cells[1:4] == ["Python", "1", "yes"]
    assert int(cells[4]) > 1000
    assert cells[5:7] == ["0", "0"]
    assert (shelf.folder / "right" / "was-built").is_file()


def test_a_testee_whose_tool_is_missing_is_reported_and_does_not_fail(shelf: Shelf) -> None:
    shelf.add("right")
    shelf.add("far", needs=["not-there-1"])
    done = shelf.command("testees", str(shelf.folder), "--only", "far", "--only", "right")
    assert done.returncode == 0
    assert row(done, "far") == ["far", "Python", "no"]
    assert "far: not built here: not-there-1 is missing" in done.stdout
    assert "1 of 2 testees" in done.stdout


def test_a_required_testee_whose_tool_is_missing_fails(shelf: Shelf) -> None:
    shelf.add("right")
    shelf.add("far", needs=["not-there-1"])
    done = shelf.command("testees", str(shelf.folder), "--require", "right,far")
    assert done.returncode == 1
    assert "FAILED: far" in done.stdout


def test_no_testee_that_was_run_is_a_failure(shelf: Shelf) -> None:
    shelf.add("far", needs=["not-there-1"])
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 1
    assert "no testee was run" in done.stdout


def test_a_failed_build_fails_and_shows_what_the_build_said(shelf: Shelf) -> None:
    shelf.add("broken", build=[["{python}", "-c", "import sys; sys.exit('error: line 3')"]])
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 1
    assert "error: line 3" in done.stdout
    assert "the build failed with status 1" in done.stdout


def test_a_wrong_testee_fails_with_its_cases_and_the_line_that_runs_one_alone(shelf: Shelf) -> None:
    shelf.add("wrong", shelf.plain.replace(RIGHT_BOUND, WRONG_BOUND))
    done = shelf.command("testees", str(shelf.folder), "--json", str(shelf.folder / "out.json"))
    assert done.returncode == 1
    assert "FAILED: wrong" in done.stdout
    (alone, *_) = [line.strip() for line in done.stdout.splitlines() if " --only " in line]
    assert f"--in {(shelf.folder / 'wrong').resolve().as_posix()}" in alone
    described = json.loads((shelf.folder / "out.json").read_text(encoding="utf-8"))
    (only,) = described["testees"]
    assert (only["name"], only["state"], only["exit_status"]) == ("wrong", "built", 1)
    assert only["rules"]["R3"]["failed"] > 0
    assert {case["verdict"] for case in only["not_passed"]} == {"fail"}


def test_the_known_failures_of_a_testee_are_its_own(shelf: Shelf) -> None:
    shelf.add("wrong", shelf.plain.replace(RIGHT_BOUND, WRONG_BOUND), known_failures="known.txt")
    listed = shelf.folder / "wrong" / "known.txt"
    first = shelf.command(
        "run", "--testee", shlex.join([sys.executable, "testee.py"]), "--in", str(listed.parent), *writing(listed)
    )
    assert first.returncode == 1
    text = listed.read_text(encoding="utf-8")
    cases = {line for line in text.splitlines() if line and not line.startswith("#")}
    listed.write_text("".join(f"{case} off by one\n" for case in cases), encoding="utf-8")
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 0, done.stdout
    assert int(row(done, "wrong")[5]) == len(cases) > 0


def writing(file: Path) -> list[str]:
    return ["--write-known-failures", str(file)]


def test_a_list_of_known_failures_that_is_not_there_fails(shelf: Shelf) -> None:
    shelf.add("right", known_failures="known.txt")
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 1
    assert "the known failures cannot be read" in " ".join(done.stdout.split())


def test_a_testee_that_does_not_start_gives_status_3(shelf: Shelf) -> None:
    shelf.add("dead", "raise SystemExit(7)")
    done = shelf.command("testees", str(shelf.folder))
    assert done.returncode == 3
    assert "exited with status 7" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "arguments", [("--only", "yours"), ("--require", "yours"), ("--json", "no/such/folder/x.json")]
)
def test_wrong_usage_is_status_2_before_anything_is_built(shelf: Shelf, arguments: tuple[str, ...]) -> None:
    shelf.add("right", build=[["{python}", "-c", "open('was-built', 'w')"]])
    done = shelf.command("testees", str(shelf.folder), *arguments)
    assert done.returncode == 2
    assert not (shelf.folder / "right" / "was-built").exists()


def test_outside_of_a_checkout_the_folder_must_be_named(shelf: Shelf) -> None:
    done = shelf.command("testees", cwd=shelf.folder)
    assert done.returncode == 2
    assert "there is no folder conformance/testees here" in done.stderr


def test_the_worst_status_is_that_of_the_whole(shelf: Shelf) -> None:
    shelf.add("right")
    (entry,) = catalogue.find(shelf.folder)
    outcomes = [Outcome(entry, Built("built"), exit_status=status) for status in (0, 3, 1)]
    assert roster.exit_status(outcomes) == 3
    assert roster.exit_status([]) == 1


def code_lines(folder: Path) -> int:
    """Lines of a testee's sources that do something: not blank, no comment, no import."""
    sources = [path for path in folder.rglob("*") if path.suffix in SOURCES and not OF_TOOLS & set(path.parts)]
    lines = [line for path in sources for line in COMMENTS.sub("", path.read_text(encoding="utf-8")).splitlines()]
    return sum(1 for line in lines if not NO_CODE.match(line))


def test_every_testee_is_short_enough_to_start_from() -> None:
    shelf = Path(__file__).parents[1] / "testees"
    lines = {entry.name: code_lines(entry.folder) for entry in catalogue.find(shelf)}
    assert {name: count for name, count in lines.items() if not 100 < count < 300} == {}
