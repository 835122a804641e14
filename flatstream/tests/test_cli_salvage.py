"""``flatstream salvage``: a new file of what is good, a report of what is not, and never half a file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream.cli import source
from flatstream.cli.app import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAYLOADS = [b"%04d" % number for number in range(100)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 100 frames of 12 bytes, of which the eleventh is wrong."""
    stream = flatstream.frame_many(PAYLOADS, "crc32")
    stream[12 * 10 + 8] ^= 1
    (tmp_path / "a.bin").write_bytes(stream)
    return tmp_path / "a.bin"


def run(path: Path, *options: object, checksum: str = "crc32") -> Result:
    arguments = [str(each) for each in ("salvage", path, "-c", checksum, *options)]
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "120"})


def test_what_is_good_is_in_the_new_file_and_what_is_lost_is_said(path: Path) -> None:
    before = path.read_bytes()
    out = path.with_name("b.bin")
    result = run(path, "--out", out)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines.pop(4).startswith("gap      offset 120, 12 bytes: checksum mismatch: crc32 0x")
    assert lines == [
        str(path),
        "size     1,200 bytes (1.2 KiB)",
        "kept     99 frames, 1,188 bytes (1.2 KiB)",
        "lost     12 bytes in 1 gap",
        f"written  {out}",
    ]
    assert list(flatstream.scan(out, "crc32").checked()) == PAYLOADS[:10] + PAYLOADS[11:]
    assert path.read_bytes() == before


def test_all_facts_are_there_as_json(path: Path) -> None:
    out = path.with_name("b.bin")
    result = run(path, "--out", out, "--json")
    told = json.loads(result.stdout)
    (gap,) = told.pop("gaps")
    assert (result.exit_code, told) == (
        1,
        {
            "file": str(path),
            "checksum": "crc32",
            "out": str(out),
            "size": 1200,
            "frames": 99,
            "kept_bytes": 1188,
            "lost_bytes": 12,
            "untried": 0,
        },
    )
    assert (gap["offset"], gap["length"], gap["error"]["kind"]) == (120, 12, "checksum_mismatch")


@pytest.mark.parametrize("count", [0, 5])
def test_if_nothing_is_lost_the_status_says_so(tmp_path: Path, count: int) -> None:
    path, out = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(flatstream.frame_many(PAYLOADS[:count], "crc32"))
    assert run(path, "--out", out).exit_code == 0
    assert out.read_bytes() == path.read_bytes()


def test_if_nothing_is_good_there_is_no_file(path: Path) -> None:
    out = path.with_name("b.bin")
    result = run(path, "--out", out, checksum="xxh3_64")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "written  nothing: there is no good frame")
    assert json.loads(run(path, "--out", out, "--json", checksum="xxh3_64").stdout)["out"] is None
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


def test_of_many_gaps_a_person_is_shown_the_first(path: Path) -> None:
    stream = flatstream.frame_many(PAYLOADS, "crc32")
    for number in range(0, 100, 2):
        stream[12 * number + 8] ^= 1
    path.write_bytes(stream)
    result = run(path, "--out", path.with_name("b.bin"))
    assert len([line for line in result.stdout.splitlines() if line.startswith("gap ")]) == 20
    assert "and 30 gaps more: --json has all of them" in result.stdout


def test_places_that_were_not_tried_are_said(path: Path) -> None:
    path.write_bytes(b"\x60\xea\0\0" * 30_000)
    result = run(path, "--out", path.with_name("b.bin"))
    assert "which would have cost too much work" in result.stdout


@pytest.mark.parametrize("name", ["a.bin", "b.bin", "folder"])
def test_what_is_there_is_not_written_over(path: Path, name: str) -> None:
    path.with_name("b.bin").write_bytes(b"mine")
    path.with_name("folder").mkdir()
    result = run(path, "--out", path.with_name(name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert path.with_name("b.bin").read_bytes() == b"mine"
    assert sorted(file.name for file in path.parent.iterdir()) == ["a.bin", "b.bin", "folder"]


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left"), 2)])
def test_after_an_interruption_there_is_no_file(
    path: Path, error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_path: object, file: Any, *_arguments: object, **_options: object) -> None:
        file.write(b"half of it")
        raise error

    monkeypatch.setattr("flatstream.cli.salvage.salvage", stop)
    assert run(path, "--out", path.with_name("b.bin")).exit_code == status
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


def test_more_frames_in_a_row_can_be_asked_for(path: Path) -> None:
    path.write_bytes(b"\xff" * 9 + path.read_bytes()[:-1])
    result = run(path, "--out", path.with_name("b.bin"), "--in-a-row", 50, "--max-frame-len", 100, "--json")
    assert json.loads(result.stdout)["frames"] == 88


def test_a_large_file_on_a_terminal_has_a_progress_bar(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []

    @contextmanager
    def bar(label: str, total: int, *, large: int) -> Iterator[Callable[[int, int], None]]:
        assert (label, total, large) == ("searching a.bin", 1200, source.LARGE)
        yield lambda done, total: drawn.append((done, total))

    monkeypatch.setattr("flatstream.cli.salvage.progress_bar", bar)
    assert run(path, "--out", path.with_name("b.bin")).exit_code == 1
    assert drawn[-1] == (1200, 1200)


@pytest.mark.parametrize(("options", "message"), [([], "--out"), (["--out", "x", "--in-a-row", "0"], "--in-a-row")])
def test_wrong_usage_is_said(path: Path, options: list[str], message: str) -> None:
    result = run(path, *options)
    assert (result.exit_code, message in result.stderr) == (2, True)
