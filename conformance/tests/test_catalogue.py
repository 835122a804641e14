"""The catalogue of testees: each mistake in a `testee.toml` is named, and nothing is left out in silence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flatstream_conformance import building, catalogue
from flatstream_conformance.errors import CatalogueError

TESTEES = Path(__file__).parents[1] / "testees"
RIGHT = {
    "name": '"mine"',
    "language": '"Python"',
    "about": '"a test"',
    "needs": "[]",
    "build": "[]",
    "run": '["{python}", "testee.py"]',
}


def described(folder: Path, **changes: str | None) -> Path:
    """A testee.toml in a folder of its own; a change of None leaves the key out."""
    keys = {**RIGHT, **changes}
    (folder / "mine").mkdir(exist_ok=True)
    file = folder / "mine" / "testee.toml"
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)
    file.write_text(lines, encoding="utf-8")
    return file


def test_an_entry_is_read_with_the_interpreter_filled_in(tmp_path: Path) -> None:
    entry = catalogue.read(described(tmp_path, known_failures='"known.txt"'))
    assert (entry.name, entry.language, entry.about) == ("mine", "Python", "a test")
    assert entry.command == (sys.executable, "testee.py")
    assert entry.folder == (tmp_path / "mine").resolve()
    assert entry.known_failures == entry.folder / "known.txt"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": None}, "run: is missing"),
        ({"run": "[]"}, "run: the command is empty"),
        ({"run": '"./testee"'}, "run: not a list of words"),
        ({"build": '["make"]'}, "build: not a list of words"),
        ({"build": "[[]]"}, "build: a command is empty"),
        ({"needs": "[1]"}, "needs: not a list of words"),
        ({"language": '" "'}, "language: not a text"),
        ({"name": '"other"'}, "name: 'other' is not the name of the folder, 'mine'"),
        ({"known_failure": '"known.txt"'}, "known_failure: there is no such key"),
        ({"about": "oops"}, "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path: Path, changes: dict[str, str | None], said: str) -> None:
    file = described(tmp_path, **changes)
    with pytest.raises(CatalogueError) as caught:
        catalogue.read(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_folder_a_testee_and_its_file_are_found(tmp_path: Path) -> None:
    file = described(tmp_path)
    for where in (tmp_path, tmp_path / "mine", file):
        assert [entry.name for entry in catalogue.find(where)] == ["mine"]


def test_a_folder_without_testees_and_no_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogueError, match=r"there is no \*/testee.toml"):
        catalogue.find(tmp_path)
    with pytest.raises(CatalogueError, match="there is no folder conformance/testees here"):
        catalogue.find(None)
    with pytest.raises(CatalogueError, match="neither a folder"):
        catalogue.find(tmp_path / "nothing")


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    described(tmp_path)
    with pytest.raises(CatalogueError, match="there is no testee yours; there are mine"):
        catalogue.chosen(catalogue.find(tmp_path), ["yours"])


def test_a_missing_program_is_named_and_nothing_is_built(tmp_path: Path) -> None:
    entry = catalogue.read(described(tmp_path, needs='["not-there-1", "not-there-2"]', build='[["not-there-1"]]'))
    built = building.build(entry)
    assert (built.state, built.why) == ("missing", "not built here: not-there-1, not-there-2 are missing")


def test_a_build_stops_at_the_first_command_that_fails(tmp_path: Path) -> None:
    fails = "import sys; print('line 7: no such type'); sys.exit(4)"
    marks = "open('built', 'w')"
    commands = [["{python}", "-c", marks], ["{python}", "-c", fails], ["{python}", "-c", "open('after', 'w')"]]
    entry = catalogue.read(described(tmp_path, build=str(commands)))
    built = building.build(entry)
    assert built.state == "failed"
    assert built.why.startswith("the build failed with status 4: ")
    assert "line 7: no such type" in built.output
    assert {path.name for path in entry.folder.iterdir()} == {"testee.toml", "built"}


def test_a_build_command_that_is_not_there_is_a_failed_build(tmp_path: Path) -> None:
    built = building.build(catalogue.read(described(tmp_path, build='[["not-there-1"]]')))
    assert built.state == "failed"
    assert "cannot be started" in built.why


def test_each_testee_of_this_project_is_described_rightly() -> None:
    entries = catalogue.find(TESTEES)
    assert "python_plain" in {entry.name for entry in entries}
    for entry in entries:
        assert entry.known_failures is None or entry.known_failures.is_file()
