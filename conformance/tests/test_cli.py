"""The command line: exit statuses, result files and one clear line for each error."""

from __future__ import annotations

import ast
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import flatstream_conformance
from flatstream_conformance import records

if TYPE_CHECKING:
    from tests.conftest import Bench

# The command as a shell in front of a person starts it: one in the background would make it deaf to an interrupt.
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from flatstream_conformance.__main__ import main
main()
"""
WRONG = 'def answer(r):\n    return {"checksum": "00"} if r["op"] == "checksum" else right(r)'


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of stderr of a command that failed without a result."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_status_0_if_every_case_passed(bench: Bench) -> None:
    done = bench.command("run", testee=bench.testee())
    assert (done.returncode, done.stderr) == (0, "")
    assert "PASSED: 9 of 9 executed" in done.stdout


def test_status_1_if_some_case_failed(bench: Bench) -> None:
    testee = bench.testee(WRONG)
    done = bench.command("run", testee=testee)
    assert done.returncode == 1
    assert "FAILED: 2 cases count against the testee" in done.stdout
    alone = [
        "run",
        "--testee",
        shlex.join(testee),
        "--vectors",
        bench.folder.as_posix(),
        "--only",
        "sums/crc16",
    ]
    assert f"  {shlex.join(['flatstream-conformance', *alone])}\n" in done.stdout


def test_status_1_if_no_case_was_selected(bench: Bench) -> None:
    done = bench.command("run", "--only", "zzz", testee=bench.testee())
    assert done.returncode == 1
    assert "no case was selected" in done.stdout


def test_status_1_if_a_known_failure_passes(bench: Bench, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("sums/crc16 wrong byte order\nsums/crc32 wrong byte order\n", encoding="utf-8")
    assert bench.command("run", "--known-failures", str(known), testee=bench.testee(WRONG)).returncode == 0
    done = bench.command("run", "--known-failures", str(known), testee=bench.testee())
    assert done.returncode == 1
    assert "take it out of the known failures: wrong byte order" in done.stdout


def test_status_1_if_a_profile_is_skipped_in_part(bench: Bench) -> None:
    testee = bench.testee(features=[])
    assert bench.command("run", "--profile", "core", testee=testee).returncode == 0
    done = bench.command("run", "--profile", "full", testee=testee)
    assert done.returncode == 1
    assert "does not claim chunked, but is in the profile" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--profile", "half"),
        ("run", "--timeout", "0"),
        ("run", "--timeout", "nan"),
        ("run", "--known-failures", "not-there.txt"),
        ("run", "--json", "-", "--junit", "-"),
        ("show", "sums/crc61"),
        ("walk",),
    ],
)
def test_status_2_for_wrong_usage(bench: Bench, arguments: tuple[str, ...]) -> None:
    done = bench.command(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_status_2_for_results_that_cannot_be_written_before_anything_is_run(bench: Bench, tmp_path: Path) -> None:
    missing = bench.command("run", "--json", str(tmp_path / "no" / "x.json"), testee=["not-there"])
    assert missing.returncode == 2
    assert "there is no folder" in one_line(missing)


def test_status_2_for_a_broken_list_of_known_failures(bench: Bench, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("sums/crc16\n", encoding="utf-8")
    done = bench.command("run", "--known-failures", str(known), testee=bench.testee())
    assert done.returncode == 2
    assert "sums/crc16 has no reason" in one_line(done)


def test_status_3_for_a_command_that_is_not_there(bench: Bench) -> None:
    done = bench.command("run", "--testee", "/not/there --fast")
    assert done.returncode == 3
    assert "the testee cannot be started: /not/there --fast: " in one_line(done)


def test_status_3_for_another_protocol_and_nothing_is_written(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    testee = bench.testee('CLAIMS["protocol"] = 2')
    done = bench.command("run", "--json", str(file), testee=testee)
    assert done.returncode == 3
    assert "protocol: 1 was expected" in one_line(done)
    assert list(tmp_path.glob("*out*")) == []


def test_hint_for_an_id_that_is_not_there(bench: Bench) -> None:
    done = bench.command("show", "sums/crc61")
    assert "did you mean sums/crc16" in done.stderr


def test_json_holds_a_header_each_case_and_a_footer(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    bench.command("run", "--json", str(file), "--only", "sums/*", testee=bench.testee(WRONG))
    header, *cases, footer = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert header["testee"]["name"] == "fake"
    assert (header["suite"], header["suite_version"], len(header["digest"])) == ("flatstream", 1, 64)
    assert [(case["case"], case["verdict"], case["rules"]) for case in cases] == [
        ("sums/crc32", "fail", ["W3"]),
        ("sums/crc16", "fail", ["W3"]),
    ]
    assert footer["totals"] == {"pass": 0, "fail": 2, "error": 0, "skip": 0}
    assert footer["exit_status"] == 1


def test_json_to_stdout_is_json_alone(bench: Bench) -> None:
    done = bench.command("run", "--json", "-", testee=bench.testee())
    parsed = records.parse(done.stdout)
    assert parsed.footer.exit_status == 0
    assert "PASSED" in done.stderr


def test_junit_to_stdout_is_xml_alone(bench: Bench) -> None:
    done = bench.command("run", "--junit", "-", testee=bench.testee())
    assert ET.fromstring(done.stdout).get("tests") == "9"  # noqa: S314 -- our own output


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_kills_the_testee_and_leaves_no_file(
    bench: Bench, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    file = tmp_path / "out.json"
    file.write_text("of an earlier run", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        testee = bench.testee(
            f'def answer(r):\n    import socket\n    s = socket.create_connection(("127.0.0.1", {port}))\n'
            "    time.sleep(600)"
        )
        command = [sys.executable, "-c", LISTENING, "run", "--testee", shlex.join(testee)]
        command += ["--vectors", str(bench.folder), "--json", str(file)]
        runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        connection, _ = server.accept()
        runner.send_signal(number)
        _, stderr = runner.communicate(timeout=20)
        with connection:
            connection.settimeout(20)
            assert connection.recv(1) == b""
    assert runner.returncode == status
    assert "Traceback" not in stderr
    assert file.read_text(encoding="utf-8") == "of an earlier run"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_a_reader_of_the_output_that_went_away_is_no_failure(bench: Bench) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "flatstream_conformance", "list", "--vectors", str(bench.folder)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", [["list"], ["show", "reading/two"], ["run"]])
def test_an_output_on_a_full_disk_is_one_line_and_a_status(bench: Bench, words: list[str]) -> None:
    command = [sys.executable, "-m", "flatstream_conformance", *words, "--vectors", str(bench.folder)]
    testee = ["--testee", shlex.join(bench.testee())] if words == ["run"] else []
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*command, *testee], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.startswith("flatstream-conformance: the output cannot be written: ")
    assert len(done.stderr.splitlines()) == 1


def test_list_names_each_case_with_its_rules(bench: Bench) -> None:
    done = bench.command("list", "--only", "reading/*")
    assert done.stdout.splitlines() == [
        "reading/two  deframe  R1,R11",
        "reading/flipped  deframe  R13",
        "reading/chunks  deframe  R7  chunked",
    ]
    by_rule = bench.command("list", "--only", "R7", "--json")
    assert json.loads(by_rule.stdout)["id"] == "reading/chunks"


def test_show_labels_the_fields_of_the_wire(bench: Bench) -> None:
    lines = [line.rstrip() for line in bench.command("show", "reading/flipped").stdout.splitlines()]
    assert "0  03000000  frame 0 length = 3" in lines
    assert "4  c2412435  frame 0 crc32" in lines
    assert "8  616264    frame 0 payload" in lines
    assert 'flatstream-conformance run --testee "COMMAND" --only reading/flipped' in lines


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal_but_those_to_copy(bench: Bench, columns: str) -> None:
    words = [sys.executable, "-m", "flatstream_conformance", "run", "--vectors", str(bench.folder)]
    words += ["--testee", shlex.join(bench.testee('def answer(r):\n    return {"errored": "e" * 300}'))]
    environment = {**os.environ, "COLUMNS": columns}
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False, env=environment)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("  flatstream-conformance")]
    assert max(len(line) for line in lines) <= int(columns)


def test_what_a_testee_writes_cannot_steer_the_terminal(bench: Bench) -> None:
    body = 'def answer(r):\n    return {"errored": "\\x1b[2J\\x07 [bold]x[/bold]"}'
    done = bench.command("run", testee=bench.testee(body))
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J\\x07 [bold]x[/bold]" in done.stdout


def test_only_the_testee_of_the_reference_imports_the_library() -> None:
    folder = Path(flatstream_conformance.__file__).parent
    importing = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "flatstream" for name in names):
                importing.add(path.relative_to(folder).parts[0])
    assert importing <= {"testee.py", "reference"}
