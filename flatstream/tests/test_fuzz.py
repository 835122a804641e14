"""The targets of `flatstream.tests.fuzz` without a fuzzer: what it begins with passes, and not if the library is wrong.

Each target runs both engines itself; so these tests look at them once for each engine, and find the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream import batch, deframer, salvaging
from flatstream.cli import cat, recover
from flatstream.errors import VerificationFailed
from flatstream.records import Record, record
from flatstream.salvaging import Gap
from flatstream.tests.fuzz import __main__ as command
from flatstream.tests.fuzz import messages, native
from flatstream.tests.fuzz.commands import COMMANDS
from flatstream.tests.fuzz.corpus import FOUND, NATIVE_MESSAGES, messages_text
from flatstream.tests.fuzz.engines import ENGINES, RUNS, on_each
from flatstream.tests.fuzz.record import BEGIN, END, README, RECORD, add, rendered
from flatstream.tests.fuzz.targets import ALL, NATIVE_TARGETS, TARGETS, seeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from flatstream.recovery import RecoveryReport


@pytest.mark.parametrize("name", TARGETS)
def test_all_inputs_that_the_fuzzer_begins_with_pass(name: str) -> None:
    before = RUNS.copy()
    inputs = list(seeds(name))
    for data in inputs:
        TARGETS[name].run(data)
    assert len(inputs) >= 8
    assert all(RUNS[engine] - before[engine] >= len(inputs) for engine in ENGINES)


def test_the_inputs_are_of_all_sorts() -> None:
    assert len(list(seeds("parse"))) > 500
    assert {data[0] % len(COMMANDS) for data in seeds("command")} == set(range(len(COMMANDS)))
    assert {data[0] % 64 % len(messages.RECORDS) for data in seeds("records")} >= set(range(len(messages.RECORDS)))


def test_what_was_found_once_is_of_a_target_and_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    found = [path.relative_to(FOUND).as_posix() for path in FOUND.rglob("*") if path.is_file()]
    assert found
    assert {name.partition("/")[0] for name in found} <= set(ALL)
    assert all(f"| `{name}` |" in text for name in found)


def test_the_readme_shows_what_the_record_holds() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    assert rendered(text, record) == text
    assert {run["target"] for run in record["runs"]} == set(ALL)
    assert all(f"| `{target}` |" in text.partition(BEGIN)[0] for target in ALL), "a target that is not explained"


def run_of(target: str, inputs: int) -> dict[str, Any]:
    native = target in NATIVE_TARGETS
    tools = (
        {"rustc": "1.95.0", "libfuzzer-sys": "0.4.13"} if native else {"atheris": "3.0.0", "python": "CPython 3.11.7"}
    )
    engines = ["native"] if native else ["python", "native"]
    figures = {"seconds": 60.0, "inputs": inputs, "branches": 7, "corpus": 3, "found": 0}
    return (
        {"target": target, "engines": dict.fromkeys(engines, inputs), "commit": "abc", "date": "2026-01-02"}
        | figures
        | tools
    )


def test_inputs_of_the_native_engine_alone_are_not_counted_for_python() -> None:
    runs = [run_of("parse", 600), run_of("native-scan", 60_000), run_of("native-scan", 6000)]
    lines = rendered(f"{BEGIN}{END}", {"runs": runs}).splitlines()
    assert lines[1].split(" | ")[2:] == [
        "inputs, python",
        "inputs, native",
        "inputs/s",
        "branches, python",
        "branches, native",
        "failed |",
    ]
    assert lines[3:] == [
        "| `parse` | 1.0 | 600 | 600 | 10 | 7 | | 0 |",
        "| `native-scan` | 2.0 | 0 | 66,000 | 550 | | 7 | 0 |",
        "| all | 3.0 | 600 | 66,600 | | | | 0 |",
        "",
        "2026-01-02; CPython 3.11.7, atheris 3.0.0; rustc 1.95.0, libfuzzer-sys 0.4.13; abc.",
        END.strip(),
    ]


def test_runs_that_end_together_are_all_recorded(tmp_path: Path) -> None:
    record, readme = tmp_path / "data" / "fuzz.json", tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}{END}after\n", encoding="utf-8")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda inputs: add(run_of("parse", inputs), record, readme), range(1, 25)))
    held = json.loads(record.read_text(encoding="utf-8"))
    assert sorted(run["inputs"] for run in held["runs"]) == list(range(1, 25))
    text = readme.read_text(encoding="utf-8")
    assert rendered(text, held) == text
    assert text.startswith("before\n")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["README.md", "data", "fuzz.json"]


def test_the_seeds_of_the_native_targets_are_those_of_the_corpus() -> None:
    assert NATIVE_MESSAGES.read_text(encoding="utf-8") == messages_text()
    for target in NATIVE_TARGETS.values():
        inputs = list(target.corpus())
        assert len(set(inputs)) > 300
        assert sum(len(each) > target.largest for each in inputs) < 20  # of which libFuzzer takes only the beginning


def test_without_cargo_native_targets_are_left_out_or_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "version", lambda _: "3.0.0")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert set(command.workers([])) == set(TARGETS)
    assert capsys.readouterr().err == "left out, without cargo on the PATH: native-scan, native-records\n"
    with pytest.raises(command.Unusable, match=r"^native-records: built with cargo, which is not on the PATH$"):
        command.workers(["parse", "native-records"])


def test_native_targets_do_not_need_atheris(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/cargo")
    monkeypatch.setattr(native, "tools", dict)
    monkeypatch.setattr(native, "build", lambda _: {name: Path("/bin", name) for name in NATIVE_TARGETS})
    assert command.workers(["native-scan"]) == {
        "native-scan": command.Worker([str(Path("/bin/native-scan"))], ["native"], {})
    }

    def missing(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(command, "version", missing)
    with pytest.raises(command.Unusable, match=r"^fuzzing needs atheris: pip install 'atheris>=3'$"):
        command.workers(["native-scan", "parse"])


def fuzzing(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flatstream.tests.fuzz", *arguments],
        env=os.environ | {"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_cannot_be_run_is_told_in_a_line(tmp_path: Path) -> None:
    done = fuzzing("native-records", "--folder", str(tmp_path / "fuzz"), path=tmp_path)
    told = "native-records: built with cargo, which is not on the PATH\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_a_target_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = fuzzing("nothing", path=tmp_path)
    assert done.returncode == 2
    assert f"there is no target nothing: they are {', '.join(ALL)}" in done.stderr


def test_engines_that_differ_are_told() -> None:
    with pytest.raises(AssertionError, match="the engines differ"):
        on_each(lambda name: name)


def wrong(target: str) -> bool:
    """Whether some input of a target fails; in an order in which that is soon seen."""
    for data in seeds(target):
        try:
            TARGETS[target].run(data)
        except Exception:  # noqa: BLE001  (whatever a fuzzer would stop at)
            return True
    return False


def _off_by_one(patch: pytest.MonkeyPatch) -> None:
    """`scan` by the rules refuses a payload of exactly the limit."""
    scan = batch._scan_by_the_rules
    patch.setattr(
        batch, "_scan_by_the_rules", lambda source, checksum, bound: scan(source, checksum, max(bound - 1, 0))
    )


def _native_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """The engine's scan stops in front of a payload of exactly the limit."""
    (name,) = set(ENGINES) - {"python"}
    engine = ENGINES[name]

    class Native:
        def __getattr__(self, attribute: str) -> Any:
            return getattr(engine, attribute)

        def scan(self, source: memoryview, checksum: str, bound: int, threads: int) -> Any:
            return engine.scan(source, checksum, max(bound - 1, 0), threads)

    patch.setitem(ENGINES, name, Native())


def _stray(patch: pytest.MonkeyPatch) -> None:
    """The parser raises what is not of the project."""
    patch.setattr(deframer, "ChecksumMismatch", lambda *_: UnboundLocalError("of another kind"))


def _credulous(patch: pytest.MonkeyPatch) -> None:
    """The engine's verifier accepts everything."""

    class Verifier:
        def accepts(self, _payload: object, /) -> bool:
            return True

    patch.setattr(Record, "engine_verifier", lambda _self: Verifier() if flatstream.engine.native else None)


def _lenient(patch: pytest.MonkeyPatch) -> None:
    """The verifier in Python passes all."""
    patch.setattr(record, "verify", lambda *_: None)


def _blunt(patch: pytest.MonkeyPatch) -> None:
    """A wrong schema is an error of the payload's."""
    patch.setattr("flatstream.records.schema.SchemaError", VerificationFailed)


def _silent(patch: pytest.MonkeyPatch) -> None:
    """Salvage does not tell of gaps."""
    pieces = salvaging._Salvage.pieces
    patch.setattr(
        salvaging._Salvage, "pieces", lambda self: (each for each in pieces(self) if not isinstance(each, Gap))
    )


def _overlong(patch: pytest.MonkeyPatch) -> None:
    """Recovery cuts a byte too many."""

    def cut(file: BinaryIO, report: RecoveryReport) -> None:
        file.truncate(max(report.last_good_offset - 1, 0))

    patch.setattr(recover, "truncate", cut)


def _raw(patch: pytest.MonkeyPatch) -> None:
    """Text goes to the terminal as it is."""
    patch.setattr(cat, "printable", str)


BREAKS: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "a bound that is off by one": ("parse", _off_by_one),
    "a native bound that is off by one": ("parse", _native_off_by_one),
    "an error of another kind": ("parse", _stray),
    "an engine that accepts all": ("records", _credulous),
    "a verifier that accepts all": ("records", _lenient),
    "an error of the wrong kind": ("schema", _blunt),
    "a gap that is not told": ("salvage", _silent),
    "a cut of too much": ("command", _overlong),
    "text that steers the terminal": ("command", _raw),
}


@pytest.mark.parametrize(("target", "broken"), BREAKS.values(), ids=BREAKS)
def test_a_target_fails_where_the_library_is_broken(
    target: str, broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        broken(patch)
        assert wrong(target)
