"""``flatstream durability``: measures, cleans up behind itself, and says what it doubts."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from flatstream.cli import durability
from flatstream.cli.app import cli
from flatstream.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

FAST = ("--seconds", "0.002", "--rounds", "2")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["durability", *(str(each) for each in arguments)], env={"COLUMNS": "120"})


def test_every_mode_is_measured_and_nothing_is_left(tmp_path: Path) -> None:
    result = run(tmp_path, *FAST, "--payload", 10, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["payload"], told["rounds"], told["folder"]) == (10, 2, str(tmp_path))
    assert list(told["modes"]) == list(durability.MODES)
    for mode in told["modes"].values():
        assert 0 < mode["slowest_round"] <= mode["frames_per_second"] <= mode["fastest_round"]
        assert 0 < mode["call_us"]["p50"] <= mode["call_us"]["p99"] <= mode["call_us"]["max"]
    assert told["modes"]["fsync"]["frames_per_sync"] == 1
    assert told["modes"]["flush"]["frames_per_sync"] is None
    assert list(tmp_path.iterdir()) == []


def test_the_table_has_a_row_for_each_mode(tmp_path: Path) -> None:
    result = run(tmp_path, *FAST)
    assert result.exit_code == 0
    rows = [line for line in result.stdout.splitlines() if line.startswith(tuple(durability.MODES))]
    assert len(rows) == len(durability.MODES)


@pytest.mark.parametrize("seconds", ["nan", "inf", "0"])
def test_seconds_that_make_no_sense_are_refused(tmp_path: Path, seconds: str) -> None:
    result = run(tmp_path, "--seconds", seconds)
    assert (result.exit_code, "'--seconds'" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("kind", "sync_us", "doubt"),
    [
        ("tmpfs", 5000.0, "tmpfs is memory"),
        ("ext4", 3.5, "a sync takes 3.5 µs, as if it reached a cache"),
        (None, 500.0, None),
    ],
)
def test_a_disk_that_promises_too_much_is_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None, sync_us: float, doubt: str | None
) -> None:
    assert (durability._doubt(kind, sync_us) or "").startswith(doubt or "")
    monkeypatch.setattr(durability, "_doubt", lambda *_facts: doubt)
    assert (f"mind          {doubt}" in run(tmp_path, *FAST).stdout) is (doubt is not None)


def test_a_full_disk_is_an_error_in_a_line_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_disk: Disk, _fd: int, _data: Buffer) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Disk, "write", full)
    result = run(tmp_path, *FAST)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_loses_frames_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "write", lambda _disk, _fd, data: len(memoryview(data)))
    result = run(tmp_path, *FAST)
    assert result.exit_code == 2
    assert "has not got the" in result.stderr


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Disk, "write", interrupt)
    result = run(tmp_path, *FAST)
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("none",), (".", "--seconds", "0"), (".", "--rounds", "0"), ()])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "see 'flatstream durability --help'" in result.stderr


def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {tmp_path.resolve()} xfs rw 0 0\nc /elsewhere tmpfs rw 0 0\n")
    assert durability.file_system(tmp_path / "deeper", mounts) == "xfs"
    assert durability.file_system(tmp_path.parent, mounts) == "ext4"
    assert durability.file_system(tmp_path, tmp_path / "none") is None
    mounts.write_text("")
    assert durability.file_system(tmp_path, mounts) is None
