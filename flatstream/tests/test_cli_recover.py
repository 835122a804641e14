"""``flatstream recover``: it cuts torn tails only, and only when it was told to."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream import locking
from flatstream.cli import recover, source
from flatstream.cli.app import cli
from flatstream.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

PAYLOADS = [b"one", b"two", b"three"]


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(
        cli, ["recover", *(str(each) for each in arguments)], input=answer, env={"COLUMNS": "120"}
    )


def run_json(*arguments: object) -> tuple[int, Any]:
    result = run(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.bin"
    with flatstream.open(path, "wb", checksum="crc32") as writer:
        for payload in PAYLOADS:
            writer.write_payload(payload)
    return path


@pytest.fixture
def torn(journal: Path) -> Path:
    journal.write_bytes(journal.read_bytes()[:-1])
    return journal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "can_ask", lambda: True)


def test_a_clean_file_stays_as_it_is(journal: Path) -> None:
    before = journal.read_bytes()
    for options in ((), ("--truncate",), ("--truncate", "--yes", "--backup")):
        status, told = run_json(journal, "-c", "crc32", *options)
        assert status == 0
        assert told == {
            "file": str(journal),
            "size": 35,
            "checksum": "crc32",
            "frames": 3,
            "last_good_offset": 35,
            "tail_bytes": 0,
            "empty_tail": 0,
            "end": "clean_eof",
            "error": None,
            "truncated": False,
            "backup": None,
            "hint": None,
        }
    assert "end           clean" in run(journal, "-c", "crc32").stdout
    assert journal.read_bytes() == before
    assert [path.name for path in journal.parent.iterdir()] == ["journal.bin"]


def test_a_torn_tail_is_reported_and_left(torn: Path) -> None:
    before = torn.read_bytes()
    status, told = run_json(torn, "-c", "crc32")
    assert (status, told["end"], told["frames"], told["last_good_offset"]) == (1, "torn_tail", 2, 22)
    assert (told["tail_bytes"], told["truncated"], told["error"]) == (12, False, None)
    result = run(torn, "-c", "crc32")
    assert result.exit_code == 1
    assert "torn: 12 bytes of a frame that is not whole" in result.stdout
    assert "Nothing was changed" in result.stdout
    assert torn.read_bytes() == before


def test_a_torn_tail_is_cut_off_with_yes(torn: Path) -> None:
    before = torn.read_bytes()
    result = run(torn, "-c", "crc32", "--truncate", "--yes")
    assert result.exit_code == 0
    assert "The torn tail is cut off" in result.stdout
    assert torn.read_bytes() == before[:22]
    with flatstream.open(torn, "ab", checksum="crc32") as writer:
        writer.write_payload(b"more")
    with flatstream.open(torn, "rb", checksum="crc32", copy=True) as reader:
        assert list(reader) == [b"one", b"two", b"more"]


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
def test_the_backup_and_its_name_are_durable_before_anything_is_cut(
    torn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, int, int]] = []

    def sync(_disk: Disk, fd: int) -> None:
        status = os.fstat(fd)
        folder = stat.S_ISDIR(status.st_mode)
        synced.append((folder, 0 if folder else status.st_size, torn.stat().st_size))

    monkeypatch.setattr(Disk, "sync", sync)
    assert run(torn, "-c", "crc32", "--truncate", "--yes", "--backup").exit_code == 0
    assert synced == [(False, 12, 34), (True, 0, 34), (False, 22, 22)]


def test_a_torn_tail_is_cut_off_where_a_file_system_has_no_locks(torn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "lock", refuse)
    assert run(torn, "-c", "crc32", "--truncate", "--yes").exit_code == 0
    assert torn.stat().st_size == 22


def test_nothing_is_cut_off_while_a_journal_is_being_written(torn: Path) -> None:
    with flatstream.open(torn, "ab", checksum="crc32", durability="flush", truncate_torn_tail=True) as journal:
        with torn.open("ab") as file:
            file.write(b"\x09\0\0\0 half")
        before = torn.read_bytes()
        result = run(torn, "-c", "crc32", "--truncate", "--yes")
        assert result.exit_code == 2
        assert "is locked: " in result.stderr
        assert torn.read_bytes() == before
        assert run(torn, "-c", "crc32").exit_code == 1  # looking is free
        assert journal.recovered.frames == 2
    assert run(torn, "-c", "crc32", "--truncate", "--yes").exit_code == 0


def test_what_is_cut_off_can_be_kept(torn: Path) -> None:
    before = torn.read_bytes()
    kept = torn.with_name("journal.bin.torn-22")
    result = run(torn, "-c", "crc32", "--truncate", "--yes", "--backup")
    assert result.exit_code == 0
    assert "journal.bin.torn-22" in result.stdout.replace("\n", "")
    assert torn.read_bytes() + kept.read_bytes() == before

    torn.write_bytes(before)
    result = run(torn, "-c", "crc32", "--truncate", "--yes", "--backup")
    assert result.exit_code == 2
    assert result.stderr == f"flatstream: error: {kept}: File exists\n"
    assert torn.read_bytes() == before


@pytest.mark.usefixtures("terminal")
def test_the_question_says_what_goes_and_what_stays(torn: Path) -> None:
    before = torn.read_bytes()
    result = run(torn, "-c", "crc32", "--truncate", answer="n\n")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Cut 12 bytes off {torn}, from offset 22 on? 2 whole frames and 22 bytes stay. [y/N]"
    )
    assert torn.read_bytes() == before
    result = run(torn, "-c", "crc32", "--truncate", answer="y\n")
    assert result.exit_code == 0
    assert torn.read_bytes() == before[:22]


@pytest.mark.usefixtures("terminal")
def test_the_end_of_the_input_is_no_yes(torn: Path) -> None:
    before = torn.read_bytes()
    assert run(torn, "-c", "crc32", "--truncate", answer="").exit_code == 130
    assert torn.read_bytes() == before


def test_nothing_is_cut_where_nobody_can_be_asked(torn: Path) -> None:
    before = torn.read_bytes()
    result = run(torn, "-c", "crc32", "--truncate", answer="y\n")
    assert result.exit_code == 2
    assert result.stderr == (
        "flatstream: error: nobody can be asked: there is no terminal; say --yes to cut without asking\n"
    )
    assert torn.read_bytes() == before


@pytest.mark.parametrize("position", [8, 11])
def test_corruption_is_never_cut(journal: Path, position: int) -> None:
    data = bytearray(journal.read_bytes()[:-1])
    data[position : position + 4] = b"\xff" * 4
    journal.write_bytes(data)
    status, told = run_json(journal, "-c", "crc32", "--truncate", "--yes", "--backup")
    assert (status, told["end"], told["truncated"], told["frames"]) == (1, "corrupt", False, None)
    assert told["error"]["kind"] in {"checksum_mismatch", "invalid_frame"}
    assert "what follows the fault may be good" in run(journal, "-c", "crc32").stdout
    assert journal.read_bytes() == data


def test_nothing_is_cut_if_the_algorithm_is_plainly_another(tmp_path: Path) -> None:
    path = tmp_path / "journal.bin"
    with flatstream.open(path, "wb", checksum="crc16") as writer:
        writer.write_payload(b"longer than the width of a checksum")
    before = path.read_bytes()
    # Read as xxh3_64, six bytes are missing at the end: it looks torn, at the very start.
    result = run(path, "-c", "xxh3_64", "--truncate", "--yes")
    assert result.exit_code == 2
    assert "not cut: this looks like a stream of crc16, not xxh3_64 (likely: " in result.stderr
    assert path.read_bytes() == before
    result = run(path, "-c", "xxh3_64")
    assert result.exit_code == 1
    assert "Mind: this looks like a stream of crc16, not xxh3_64" in result.stdout


def test_empty_frames_at_the_end_are_told(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes() + bytes(16))
    result = run(journal, "-c", "crc32")
    assert result.exit_code == 0
    assert "2 empty frames at the end" in result.stdout


def test_the_algorithm_must_be_said(journal: Path) -> None:
    result = run(journal)
    assert result.exit_code == 2
    assert "Missing option '--checksum'" in result.stderr


@pytest.mark.parametrize("option", ["--yes", "--backup"])
def test_options_of_truncating_need_truncating(journal: Path, option: str) -> None:
    result = run(journal, "-c", "crc32", option)
    assert result.exit_code == 2
    assert "--yes and --backup are for --truncate" in result.stderr


def test_a_large_journal_on_a_terminal_has_a_progress_bar(torn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGE", 1)
    monkeypatch.setattr(source, "stderr_is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = run(torn, "-c", "crc32", "--truncate", "--yes")
    assert result.exit_code == 0
    assert "reading journal.bin" in result.stderr
    assert torn.stat().st_size == 22
