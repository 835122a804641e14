"""The catalogue of testees: one folder each, with a `testee.toml` that says how to build and start it.

    name = "c"                   # the folder's name
    language = "C"
    about = "one line"
    needs = ["cc", "make"]       # programs that must be on the PATH
    build = [["make", "-s"]]     # commands, run in the folder; [] if there is nothing to build
    run = ["./build/testee"]     # the command that starts it, run in the folder
    known_failures = "known.txt" # optional

In a command the word `{python}` stands for the interpreter that runs this program.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flatstream_conformance.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = "testee.toml"
DEFAULT_FOLDER = Path("conformance") / "testees"
REFERENCE = (sys.executable, "-m", "flatstream_conformance.testee")
"""The command of the built-in reference."""

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One testee of the catalogue; `folder` is where its commands are run."""

    name: str
    language: str
    about: str
    folder: Path
    needs: tuple[str, ...]
    build: tuple[Command, ...]
    run: Command
    known_failures: Path | None = None

    @property
    def command(self) -> Command:
        """What starts the testee in its folder, with the interpreter filled in."""
        return tuple(map(_filled, self.run))

    @property
    def build_commands(self) -> tuple[Command, ...]:
        """What builds the testee in its folder, with the interpreter filled in."""
        return tuple(tuple(map(_filled, words)) for words in self.build)


def find(folder: Path | None) -> tuple[Entry, ...]:
    """The testees under `folder` by name; None is the folder of a checkout that is the current one.

    Raises CatalogueError if there are none, or if one of them is not in the format.
    """
    if folder is None:
        folder = DEFAULT_FOLDER
        if not folder.is_dir():
            raise CatalogueError(f"there is no folder {folder.as_posix()} here; name the folder of the testees")
    if folder.name == FILE and folder.is_file():
        return (read(folder),)
    if not folder.is_dir():
        raise CatalogueError(f"{folder} is neither a folder of testees nor a {FILE}")
    own = folder / FILE
    files = [own] if own.is_file() else sorted(folder.glob(f"*/{FILE}"))
    if not files:
        raise CatalogueError(f"there is no */{FILE} in {folder}")
    return tuple(read(file) for file in files)


def chosen(entries: Iterable[Entry], names: Iterable[str]) -> tuple[Entry, ...]:
    """The entries of these names, all of them if there is no name. Raises CatalogueError for an unknown name."""
    by_name = {entry.name: entry for entry in entries}
    wanted = list(names)
    for name in wanted:
        if name not in by_name:
            raise CatalogueError(f"there is no testee {name}; there are {', '.join(by_name)}")
    return tuple(entry for entry in by_name.values() if not wanted or entry.name in wanted)


def read(file: Path) -> Entry:
    """The testee that `file` describes. Raises CatalogueError with the key that is wrong."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{file} cannot be read: {error}") from error
    reader = _Table(file, table)
    folder = file.parent.resolve()
    name = reader.text("name")
    if name != folder.name:
        raise CatalogueError(f"{file}: name: {name!r} is not the name of the folder, {folder.name!r}")
    run = reader.words("run")
    if not run:
        raise CatalogueError(f"{file}: run: the command is empty")
    known = reader.text("known_failures") if "known_failures" in table else None
    entry = Entry(
        name=name,
        language=reader.text("language"),
        about=reader.text("about"),
        folder=folder,
        needs=reader.words("needs"),
        build=reader.commands("build"),
        run=run,
        known_failures=None if known is None else folder / known,
    )
    reader.refuse_others()
    return entry


def _filled(word: str) -> str:
    return word.replace("{python}", sys.executable)


class _Table:
    """Typed access to the keys of one file; every error names the file and the key."""

    def __init__(self, file: Path, table: dict[str, Any]) -> None:
        self._file = file
        self._table = table
        self._asked: set[str] = set()

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "not a text")
        return value

    def words(self, key: str) -> Command:
        return self._words(key, self._value(key))

    def commands(self, key: str) -> tuple[Command, ...]:
        value = self._value(key)
        if not isinstance(value, list):
            raise self._wrong(key, "not a list of commands, each a list of words")
        commands = tuple(self._words(key, command) for command in value)
        if not all(commands):
            raise self._wrong(key, "a command is empty")
        return commands

    def refuse_others(self) -> None:
        """A misspelt key would otherwise silently mean its default."""
        unknown = sorted(self._table.keys() - self._asked)
        if unknown:
            raise self._wrong(unknown[0], "there is no such key")

    def _value(self, key: str) -> Any:
        self._asked.add(key)
        if key not in self._table:
            raise self._wrong(key, "is missing")
        return self._table[key]

    def _words(self, key: str, value: Any) -> Command:
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            raise self._wrong(key, "not a list of words")
        return tuple(value)

    def _wrong(self, key: str, what: str) -> CatalogueError:
        return CatalogueError(f"{self._file}: {key}: {what}")
