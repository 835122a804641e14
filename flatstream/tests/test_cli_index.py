"""``flatstream index``: what it says of a sidecar is so, and what it writes is one."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream import Index
from flatstream.cli import source
from flatstream.cli.app import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["index", *map(str, arguments)], env={"COLUMNS": "120"})


def told(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    result = run(*arguments, "--json")
    files: list[dict[str, Any]] = json.loads(result.stdout)["files"]
    return result.exit_code, files


def write(path: Path, count: int, mode: Any = "wb") -> Path:
    with flatstream.open(path, mode, checksum="crc32") as writer:
        writer.write_many([b"%09d" % number for number in range(count)])
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", 1000)


def test_the_sidecar_lies_beside_the_file_and_holds_its_index(path: Path) -> None:
    result = run(path, "--step", 1000)
    assert result.exit_code == 0
    assert result.stdout == f"built  {path}: 1,000 frames, 17,000 bytes (16.6 KiB) (crc32, 17 marks)\n"
    assert "taken for crc32 (certain" in result.stderr
    index = Index.load(f"{path}.fsindex")
    assert (index.frames, index.end, index.step, len(index.marks)) == (1000, 17_000, 1000, 17)
    assert index.check(path) == 0


def test_all_facts_are_there_as_json(path: Path) -> None:
    assert told(path, "-c", "crc32") == (
        0,
        [
            {
                "file": str(path),
                "index": f"{path}.fsindex",
                "state": "built",
                "reason": None,
                "checksum": "crc32",
                "frames": 1000,
                "marks": 1,
                "end": 17_000,
                "rest": 0,
                "error": None,
            }
        ],
    )


def test_it_is_made_once_then_extended_then_made_anew(path: Path) -> None:
    def state(*options: str) -> tuple[int, object, object, object]:
        status, (file,) = told(path, *options)
        return status, file["state"], file["frames"], file["rest"]

    assert state("--check") == (1, "missing", None, None)
    assert state() == (0, "built", 1000, 0)
    assert state() == (0, "current", 1000, 0)
    write(path, 10, "ab")
    with path.open("ab") as file:
        file.write(b"torn")
    assert state("--check") == (0, "grown", 1000, 174)
    assert state() == (0, "extended", 1010, 4)
    assert state("--rebuild") == (0, "built", 1010, 4)
    write(path, 5)
    assert state("--check") == (1, "stale", None, None)
    assert state("-c", "crc32") == (0, "built", 5, 0)
    assert state("-c", "crc16")[0] == 1  # another checksum is another index, and this one is wrong
    assert state("--check") == (0, "current", 5, 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--step", "100"], "the index has a mark each 1000 bytes, not 100"),
        (["--step", "500"], "the index has a mark each 1000 bytes, not 500"),
        (["--max-frame-len", "60"], "the index is of payloads of up to 50 bytes, not 60"),
    ],
)
def test_what_is_given_holds_for_a_sidecar_that_is_there(path: Path, options: list[str], reason: str) -> None:
    run(path, "-c", "crc32", "--step", 1000, "--max-frame-len", 50)
    for same in ([], ["--step", "1000", "--max-frame-len", "50", "-c", "crc32"]):
        assert told(path, *same)[1][0]["state"] == "current"
    for state, why in (("built", reason), ("current", None)):
        _, (file,) = told(path, *options)
        assert (file["state"], file["reason"]) == (state, why)
    index = Index.load(f"{path}.fsindex")
    assert int(options[1]) in {index.step, index.max_frame_len}


def test_an_index_of_another_checksum_is_made_anew_and_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", 0)
    run(path, "-c", "none")
    _, (file,) = told(path, "-c", "crc16")
    assert (file["state"], file["reason"]) == ("built", "the index is of a stream of none, not crc16")


def test_a_sidecar_whose_marks_were_thinned_out_is_still_what_was_asked_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flatstream.index.MARKS", 64)
    assert told(path, "-c", "crc32", "--step", 17)[1][0]["state"] == "built"
    assert Index.load(f"{path}.fsindex").step == 17 * 16
    for step, state in ((17, "current"), (34, "current"), (51, "built")):
        assert told(path, "-c", "crc32", "--step", step)[1][0]["state"] == state


def test_why_it_was_made_anew_and_what_is_left_out_is_said(path: Path) -> None:
    run(path)
    write(path, 5)
    with path.open("ab") as file:
        file.write(b"torn")
    assert run(path, "-c", "crc32").stdout.splitlines()[1:] == [
        "      the index knows 17000 bytes of the journal, which has 89",
        "      4 bytes behind its end are not in it",
    ]


def test_a_corrupt_file_gets_none(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[17 * 500 + 10] ^= 1
    path.write_bytes(data)
    status, (file,) = told(path, "-c", "crc32")
    assert (status, file["state"], file["error"]["offset"]) == (1, "refused", 17 * 500)
    assert not path.with_name("a.bin.fsindex").exists()


def test_many_files_are_each_told_of(path: Path, tmp_path: Path) -> None:
    status, files = told(tmp_path / "none.bin", path, "-c", "crc32")
    assert (status, [file["state"] for file in files]) == (2, ["unreadable", "built"])
    assert files[0]["reason"] == f"{tmp_path / 'none.bin'}: No such file or directory"


def test_a_sidecar_that_cannot_be_written_is_said(path: Path, tmp_path: Path) -> None:
    result = run(path, "--out", tmp_path / "none" / "sidecar")
    assert (result.exit_code, "No such file or directory" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", ["a.bin", "link", "./a.bin"])
def test_the_file_itself_is_never_written_over(path: Path, name: str) -> None:
    before = path.read_bytes()
    (path.parent / "link").hardlink_to(path)
    result = run(path, "-c", "crc32", "--out", f"{path.parent}/{name}")
    assert (result.exit_code, "would be written over itself" in result.stderr) == (2, True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("content", [b"\x05\0\0\0" + b"another journal", b"x"])
def test_only_an_index_is_replaced(path: Path, named: bool, content: bytes) -> None:
    other = path.with_name("other" if named else "a.bin.fsindex")
    other.write_bytes(content)
    status, (file,) = told(path, "-c", "crc32", *["--out", other][: 2 * named])
    assert (status, file["state"]) == (2, "unreadable")
    assert file["reason"] == f"{other}: it is there already, is no index, and is not replaced"
    assert other.read_bytes() == content
    assert told(path, "--check", "--out", other)[1][0]["state"] == "stale"  # to look does no harm


def test_an_index_that_is_damaged_or_empty_is_replaced(path: Path) -> None:
    run(path, "-c", "crc32")
    sidecar = path.with_name("a.bin.fsindex")
    damaged = bytearray(sidecar.read_bytes())
    damaged[-1] ^= 1
    for content in (damaged, b""):
        sidecar.write_bytes(content)
        assert told(path, "-c", "crc32")[1][0]["state"] == "built"
        assert Index.load(sidecar).frames == 1000


@pytest.mark.skipif(os.name == "nt", reason="a device of POSIX systems")
def test_a_device_is_written_as_it_is(path: Path) -> None:
    assert told(path, "-c", "crc32", "--out", "/dev/null")[1][0]["state"] == "built"


def test_a_disk_that_fails_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise flatstream.StreamIOError("reading")

    monkeypatch.setattr("flatstream.cli.index.build_index", refuse)
    result = run(path, "-c", "crc32")
    assert (result.exit_code, result.stderr) == (2, "flatstream: error: reading failed\n")


def test_a_large_file_on_a_terminal_has_a_progress_bar(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []

    @contextmanager
    def bar(label: str, total: int, *, large: int) -> Iterator[Callable[[int, int], None]]:
        assert (label, total, large) == ("indexing a.bin", 17_000, source.LARGE)
        yield lambda done, total: drawn.append((done, total))

    monkeypatch.setattr("flatstream.cli.index.progress_bar", bar)
    assert run(path, "-c", "crc32").exit_code == 0
    assert drawn[-1] == (17_000, 17_000)


def test_a_sidecar_that_is_missing_or_stale_is_said(path: Path) -> None:
    assert run(path, "--check").stdout == f"missing  {path}\n"
    path.with_name("a.bin.fsindex").write_bytes(b"")
    assert run(path, "--check").stdout.splitlines()[0] == f"stale  {path}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["a", "b", "--out", "c"], "--out is for a single FILE"), (["a", "--step", "0"], "--step"), ([], "FILE...")],
)
def test_wrong_usage_is_said(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)
