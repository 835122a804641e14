"""``flatstream lobster-sample`` and ``ingest-lobster``."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream.cli import lobster, source
from flatstream.cli.app import cli
from flatstream.lobster import LobsterMessage, write_sample

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "120"})


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "zips", rows=20, levels=2).path


def test_a_sample_is_the_one_of_the_library(tmp_path: Path) -> None:
    result = run(
        "lobster-sample", "--out", tmp_path, "--rows", 30, "--levels", 3, "--seed", 4, "--ticker", "T", "--json"
    )
    expected = write_sample(tmp_path / "other", rows=30, levels=3, seed=4, ticker="T")
    made = tmp_path / "T_2024-01-02_3.zip"
    assert json.loads(result.stdout) == {
        "file": str(made),
        "rows": 30,
        "levels": 3,
        "seed": 4,
        "size": expected.size,
    }
    assert made.read_bytes() == expected.path.read_bytes()


def test_a_sample_is_told_in_a_line(tmp_path: Path) -> None:
    result = run("lobster-sample", "--out", tmp_path, "--rows", 1, "--levels", 1)
    path = tmp_path / "SYNTH_2024-01-02_1.zip"
    assert result.stdout == f"{path}: 1 row, 1 level, {path.stat().st_size} bytes\n"


def test_a_sample_refuses_a_ticker_that_is_none(tmp_path: Path) -> None:
    result = run("lobster-sample", "--out", tmp_path, "--ticker", "../x")
    assert result.exit_code == 2
    assert result.stderr.startswith("flatstream: error: ticker must be")


def test_zips_become_streams(tmp_path: Path, sample: Path) -> None:
    out = tmp_path / "out"
    result = run("ingest-lobster", sample, "--out", out, "--checksum", "crc32", "--json")
    assert result.exit_code == 0
    message, orderbook = out / f"{sample.stem}-message.bin", out / f"{sample.stem}-orderbook.bin"
    assert json.loads(result.stdout) == {
        "checksum": "crc32",
        "zips": [
            {
                "zip": str(sample),
                "sha256_verified": False,
                "message": {"file": str(message), "frames": 20, "size": message.stat().st_size},
                "orderbook": {"file": str(orderbook), "frames": 20, "size": orderbook.stat().st_size},
                "unpaired": 0,
            }
        ],
    }
    with flatstream.open(message, "rb", checksum="crc32") as reader:
        assert sum(1 for _ in reader.typed_messages(LobsterMessage)) == 20
    shown = run("ingest-lobster", sample, "--out", out).stdout
    assert "SHA-256     not compared: no list names it" in shown
    assert "20 frames" in shown


def test_a_zip_without_messages_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A_orderbook_1.csv", "2,1,1,1\n")
    shown = run("ingest-lobster", path, "--out", tmp_path).stdout
    assert "messages      none in this ZIP" in shown
    assert "1 row of the book, for want of a message" in shown
    told = json.loads(run("ingest-lobster", path, "--out", tmp_path, "--json").stdout)["zips"][0]
    assert (told["message"], told["unpaired"]) == (None, 1)


def test_digests_are_compared_before_anything_is_written(tmp_path: Path, sample: Path) -> None:
    other = write_sample(tmp_path / "zips", rows=5, levels=1).path
    (tmp_path / "zips" / "SHASUMS.txt").write_text(f"{'0' * 64}  {other.name}\n", encoding="utf-8")
    result = run("ingest-lobster", sample, other, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"flatstream: error: {other.name}: SHA-256 ")
    assert not (tmp_path / "out").exists()


def test_a_list_of_digests_can_be_named(tmp_path: Path, sample: Path) -> None:
    digest = hashlib.sha256(sample.read_bytes()).hexdigest()
    (tmp_path / "list").write_text(f"{digest}  {sample.name}\n", encoding="utf-8")
    result = run("ingest-lobster", sample, "--out", tmp_path / "out", "--shasums", tmp_path / "list")
    assert result.exit_code == 0
    assert "SHA-256     as listed" in result.stdout


def test_a_bad_row_is_one_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A_message_1.csv", "34200.5,1,11,ten,2949000,1\n")
    result = run("ingest-lobster", path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr == (
        "flatstream: error: x.zip/A_message_1.csv, line 1, column 4: size: 'ten' is no integer from 0 to 4294967295\n"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_two_zips_of_one_name_are_refused(tmp_path: Path, sample: Path) -> None:
    other = tmp_path / "other" / sample.name
    result = run("ingest-lobster", sample, other, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert f"two ZIPs would write {sample.stem}-message.bin" in result.stderr


def test_long_work_on_a_terminal_has_a_progress_bar(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "stderr_is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(lobster, "LARGE", 1)
    monkeypatch.setattr(lobster, "_MANY_ROWS", 1000)
    assert f"reading {sample.name}" in run("ingest-lobster", sample, "--out", tmp_path).stderr
    assert "writing rows" in run("lobster-sample", "--out", tmp_path, "--rows", 1000, "--levels", 1).stderr
