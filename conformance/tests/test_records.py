"""Records are the data of a run; everything else is rendered from them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from flatstream_conformance import files, junit, records
from flatstream_conformance.errors import ConformanceError, RecordsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

BROKEN = """
def answer(r):
    if r["op"] == "checksum":
        return {"checksum": "00"}
    if r["op"] == "frame":
        sys.stderr.write("\\x00 ]]> \\x1b\\ud83d")
        sys.stderr.flush()
        os._exit(1)
    return right(r)
"""


def test_records_read_back_are_the_records(bench: Bench) -> None:
    done = bench.run(BROKEN, known={"sums/crc16": "reason"})
    assert records.parse(records.dump(done)) == done


def test_records_without_a_footer_are_refused(bench: Bench) -> None:
    text = records.dump(bench.run())
    cut = text[: text.rstrip("\n").rindex("\n") + 1]
    with pytest.raises(RecordsError, match="no footer"):
        records.parse(cut)


@pytest.mark.parametrize("text", ["", "{}\n", "not json\n", '{"a": 1}\n{"totals": {}}\n', "[]\n[]\n"])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(RecordsError):
        records.parse(text)


def test_junit_counts_what_it_holds(bench: Bench) -> None:
    done = bench.run(BROKEN, features=[], known={"sums/crc16": "byte order"})
    root = ET.fromstring(junit.render(done))  # noqa: S314 -- our own output
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9",
        "failures": "1",
        "errors": "2",
        "skipped": "2",
    }
    assert len(root.findall("testsuite/testcase")) == 9
    assert len(root.findall("testsuite/testcase/failure")) == 1
    assert len(root.findall("testsuite/testcase/error")) == 2
    messages = [element.get("message") for element in root.findall("testsuite/testcase/skipped")]
    assert sorted(map(str, messages)) == ["does not claim chunked", "known failure: byte order"]


def test_junit_of_a_run_without_cases_is_a_failure(bench: Bench) -> None:
    root = ET.fromstring(junit.render(bench.run(only=("zzz",))))  # noqa: S314 -- our own output
    assert (root.get("tests"), root.get("failures")) == ("1", "1")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("old", encoding="utf-8")
    files.write_atomically(file, "new\n")
    assert file.read_bytes() == b"new\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in the file system there")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.write_atomically(pipe, "to a device\n")
        assert os.read(reader, 100) == b"to a device\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_link_stays_a_link_to_the_new_text(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    files.write_atomically(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "real.json").read_text(encoding="utf-8") == "new"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    with pytest.raises(UnicodeEncodeError):
        files.write_atomically(file, "\udc80")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConformanceError, match="cannot be written"):
        files.write_atomically(tmp_path / "no" / "out.json", "x")
