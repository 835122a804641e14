"""The command as a whole: exit statuses, one line for each error, no traceback whatever the input."""

from __future__ import annotations

import errno
import io
import json
import os
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import flatstream
from flatstream import __main__, checksum
from flatstream.cli import doctor, screen
from flatstream.cli.app import cli

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ["inspect", "cat", "verify", "recover", "ingest-lobster", "lobster-sample", "durability", "doctor"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "100"})


def process(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "flatstream", *map(str, arguments)]
    return subprocess.run(command, check=False, timeout=60, **{"capture_output": True, **settings})


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    with flatstream.open(path, "wb", checksum="crc32") as writer:
        for number in range(20_000):
            writer.write_payload(b"payload %d" % number)
    return path


def no_traceback(result: Result) -> None:
    """What every run keeps: a documented status, and errors in one line each."""
    assert result.exit_code in {0, 1, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert all(line.startswith("flatstream: ") for line in result.stderr.splitlines())


# Help and versions


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_its_statuses(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"  flatstream {command}" in result.stdout
    assert "Exit status:" in result.stdout
    assert ("|json|" if command == "cat" else "--json") in result.stdout


def test_help_names_every_command_and_status() -> None:
    for option in ("--help", "-h"):
        result = run(option)
        assert result.exit_code == 0
        assert all(f"\n  {command} " in result.stdout for command in COMMANDS)
        assert all(f"{status} " in result.stdout for status in (0, 1, 2, 130, 141))


def test_version() -> None:
    assert run("--version").stdout == f"flatstream {flatstream.__version__}\n"


def test_doctor_finds_the_algorithms_right() -> None:
    result = run("doctor", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["flatstream"], told["engine"]) == (flatstream.__version__, flatstream.engine.name)
    assert {name: each["value"] for name, each in told["algorithms"].items()} == {
        "none": "",
        "crc16": "31c3",
        "crc32": "cbf43926",
        "xxh3_64": "72dcb18b67a17dff",
    }
    assert all(each["right"] for each in told["algorithms"].values())
    assert told["dependencies"]["click"]
    assert "right  cbf43926 for 123456789" in run("doctor").stdout


def test_doctor_says_which_engine_is_active_and_why() -> None:
    told = process("doctor", "--json", env={**os.environ, "FLATSTREAM_ENGINE": "python"})
    assert told.returncode == 0
    facts = json.loads(told.stdout)
    assert (facts["engine"], facts["engine_reason"]) == ("python", "FLATSTREAM_ENGINE is python")
    shown = process("doctor", env={**os.environ, "FLATSTREAM_ENGINE": "python"}).stdout.decode()
    assert "engine       python  FLATSTREAM_ENGINE is python" in shown


def test_without_an_engine_the_doctor_says_so_and_other_commands_fail_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "FLATSTREAM_ENGINE": "rust"}
    told = process("doctor", env=environment)
    assert told.returncode == 1
    assert b"FLATSTREAM_ENGINE is 'rust', and not auto, native or python" in told.stdout
    path = tmp_path / "empty.bin"
    path.write_bytes(b"")
    failed = process("verify", path, env=environment)
    assert (failed.returncode, failed.stderr.count(b"\n")) == (2, 1)
    assert b"FLATSTREAM_ENGINE" in failed.stderr


def test_doctor_in_a_process_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(flatstream.engine, "name")
    monkeypatch.setenv("FLATSTREAM_ENGINE", "rust")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["engine"] is None
    assert told["engine_reason"].startswith("FLATSTREAM_ENGINE is 'rust'")


def test_doctor_finds_a_wrong_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checksum.BUILT_IN, "crc32", checksum.Checksum("crc32", 4, lambda _payload: 7))
    monkeypatch.setattr(doctor, "_DEPENDENCIES", ("no-such-distribution",))
    result = run("doctor")
    assert result.exit_code == 1
    assert "WRONG  00000007 for 123456789, not cbf43926" in result.stdout
    assert "no-such-distribution  not installed" in result.stdout


# Wrong usage and unusable files: one line, status 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing command"),
        (("bogus",), "No such command 'bogus'"),
        (("inspect",), "Missing argument 'FILE' (see 'flatstream inspect --help')"),
        (("inspect", "x", "--checksum", "crc99"), "'crc99' is not one of 'none', 'crc16', 'crc32', 'xxh3_64'"),
        (("inspect", "x", "--max-frame-len", 2**32), "4294967296 is not in the range"),
        (("cat", "x", "--from", "-1"), "-1 is not in the range"),
        (("verify", "--bogus"), "No such option"),
        (("bo\x1b[31mgus",), "No such command 'bo\\x1b[31mgus'"),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[object, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("flatstream: error: ")
    assert said in result.stderr


@pytest.mark.parametrize("command", [["inspect"], ["cat"], ["verify"], ["recover", "-c", "none"]])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, command: list[str]) -> None:
    missing = run(*command, tmp_path / "mis\u202esing")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == f"flatstream: error: {tmp_path / 'mis'}\\u202esing: No such file or directory\n"
    folder = run(*command, tmp_path)
    assert (folder.exit_code, folder.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("command", [["inspect"], ["cat"], ["verify"], ["recover", "-c", "none"]])
def test_what_is_no_regular_file_is_refused(command: list[str]) -> None:
    result = run(*command, os.devnull)
    assert result.exit_code == 2
    assert result.stderr.endswith(": not a regular file\n")


def test_too_little_memory_is_one_line(stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_settings: object) -> None:
        raise MemoryError

    monkeypatch.setattr("flatstream.cli.inspect.survey", full)
    result = run("inspect", stream)
    assert (result.exit_code, result.stderr) == (2, "flatstream: error: not enough memory for a frame of this size\n")


def test_an_interruption_is_one_line(stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flatstream.cli.inspect.survey", interrupted)
    result = run("inspect", stream)
    assert (result.exit_code, result.stderr) == (130, "flatstream: interrupted\n")


def test_a_source_that_fails_is_one_line(stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_arguments: object, **_settings: object) -> None:
        raise flatstream.StreamIOError("reading") from OSError("broken")

    monkeypatch.setattr("flatstream.cli.inspect.survey", failing)
    result = run("inspect", stream)
    assert (result.exit_code, result.stderr) == (2, "flatstream: error: reading failed: OSError: broken\n")


# No input is a traceback

FRAMES = st.lists(st.binary(max_size=40), max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.binary(max_size=200),
    frames=FRAMES,
    algorithm=st.sampled_from(list(checksum.BUILT_IN)),
    cut=st.integers(0, 9),
)
@example(noise=b"\xff" * 40, frames=[], algorithm="none", cut=0)
@example(noise=b"", frames=[b""] * 8, algorithm="crc16", cut=0)
def test_no_bytes_make_a_traceback(tmp_path: Path, noise: bytes, frames: list[bytes], algorithm: str, cut: int) -> None:
    path = tmp_path / "x.zip"
    with flatstream.open(path, "wb", checksum=algorithm) as writer:
        for frame in frames:
            writer.write_payload(frame)
    data = path.read_bytes() + noise
    path.write_bytes(data[: len(data) - cut])
    size = path.stat().st_size

    shown = run("inspect", path)
    no_traceback(shown)
    told = json.loads(run("inspect", path, "--json").stdout)
    assert told["size"] == size
    assert told["frames"] + told["bad_frames"] >= 0
    assert (shown.exit_code == 0) == (told["error"] is None)
    for arguments in (
        ("cat", path),
        ("cat", path, "--format", "text"),
        ("cat", path, "-c", algorithm, "--format", "json"),
        ("verify", path, "--keep-going"),
        ("verify", path, "--json", "--validator", "table-root"),
        ("recover", path, "-c", algorithm),
        ("ingest-lobster", path, "--out", tmp_path / "out"),
    ):
        no_traceback(run(*arguments))
    assert path.stat().st_size == size


# As a process


def test_the_exit_statuses_of_a_process(stream: Path, tmp_path: Path) -> None:
    assert process("verify", stream).returncode == 0
    data = stream.read_bytes()
    (tmp_path / "torn.bin").write_bytes(data[:-1])
    assert process("verify", tmp_path / "torn.bin").returncode == 1
    missing = process("verify", tmp_path / "missing.bin")
    assert (missing.returncode, b"Traceback" in missing.stderr) == (2, False)


def test_a_reader_that_goes_away_ends_the_command_quietly(stream: Path) -> None:
    command = [sys.executable, "-m", "flatstream", "cat", str(stream), "-c", "crc32"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"payload 0".hex().encode() + b"\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 141


class _Stdout(io.TextIOWrapper):
    """A stdout that cannot be written to."""

    def __init__(self, error: OSError) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.error = error

    def write(self, _text: str) -> int:
        raise self.error


@pytest.mark.parametrize("command", [["inspect"], ["verify", "--json"], ["--version"], ["--help"]])
@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), (2, "flatstream: error: No space left on device\n")),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), (141, "")),
    ],
)
def test_a_stdout_that_fails_is_a_line_at_most(
    stream: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    command: list[str],
    error: OSError,
    ending: tuple[int, str],
) -> None:
    monkeypatch.setattr(sys, "stdout", _Stdout(error))
    with pytest.raises(SystemExit) as left:
        cli.main(command if command[0].startswith("-") else [*command, str(stream)])
    assert (left.value.code, capsys.readouterr().err) == ending


@pytest.mark.parametrize(
    ("command", "ending"),
    [("cat", (2, "flatstream: error: stdout is closed\n")), ("inspect", (0, "")), ("verify", (0, ""))],
)
def test_a_stdout_that_was_closed_from_the_start(
    stream: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    ending: tuple[int, str],
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as left:
        cli.main([command, str(stream), "-c", "crc32"])
    assert (left.value.code, capsys.readouterr().err) == ending


class _Pipe(io.FileIO):
    """A file that takes nothing while its reader is away."""

    away = True

    def write(self, data: Any, /) -> int:
        if self.away:
            raise BrokenPipeError
        return super().write(data)


def test_an_abandoned_stdout_lets_go_of_what_it_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = _Pipe(tmp_path / "out", "w")
    with io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        out.write("gone")
        screen.abandon_stdout()
        pipe.away = False
    assert (tmp_path / "out").read_bytes() == b""


def test_a_stdout_that_works_is_not_abandoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        out.write("kept,")
        screen.abandon_stdout()
        out.write("too")
    assert (tmp_path / "out").read_bytes() == b"kept,too"


def test_names_that_the_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "h\u00e9llo.bin"
    path.write_bytes(b"")
    result = process("verify", path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert b"h\\xe9llo.bin" in result.stdout


# __main__


def forget_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the end of the test, so that it is imported anew."""
    monkeypatch.setattr(flatstream, "cli", flatstream.cli)
    for name in [name for name in sys.modules if name.startswith("flatstream.cli")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_requirements_the_command_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_the_command_line(monkeypatch)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr("builtins.__import__", _refusing(missing, __import__))
    with pytest.raises(SystemExit) as left:
        __main__.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "flatstream: error: the command line needs: pip install 'flatstream[cli]'\n"


def test_another_module_that_is_missing_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_command_line(monkeypatch)
    monkeypatch.setattr("builtins.__import__", _refusing("flatstream.cli.app", __import__))
    with pytest.raises(ModuleNotFoundError):
        __main__.main()


def _refusing(missing: str, real: Any) -> Any:
    def refuse(name: str, *arguments: Any, **settings: Any) -> Any:
        if name == missing or name.startswith(f"{missing}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=missing)
        return real(name, *arguments, **settings)

    return refuse


def test_the_module_runs_as_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["flatstream", "--version"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(__main__.__file__, run_name="__main__")
    assert left.value.code == 0
    assert capsys.readouterr().out == f"flatstream {flatstream.__version__}\n"


def test_the_module_runs_without_a_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["flatstream", "--version"])
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as left:
        runpy.run_path(__main__.__file__, run_name="__main__")
    assert left.value.code == 0


# What the screen shows


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1,024 bytes (1.0 KiB)"),
        (1536, "1,536 bytes (1.5 KiB)"),
        (2**20, "1,048,576 bytes (1.0 MiB)"),
        (5 * 2**40, "5,497,558,138,880 bytes (5.0 TiB)"),
        (2**60, "1,152,921,504,606,846,976 bytes (1048576.0 TiB)"),
    ],
)
def test_sizes_are_exact_and_readable(count: int, shown: str) -> None:
    assert screen.size(count) == shown


def test_a_stdout_that_is_no_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unwritable(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    for nothing in (None, Unwritable()):
        monkeypatch.setattr(sys, "stdout", nothing)
        screen.abandon_stdout()
        assert sys.stdout is nothing


def test_nobody_can_be_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", None)
    assert not screen.can_ask()
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", None)
    assert not screen.can_ask()
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert screen.can_ask()
