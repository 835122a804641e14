"""The measurements of live and large journals: each runs, and the committed page is what the records say."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import flatstream
from benchmarks.live import __main__ as command
from benchmarks.live import salvage
from benchmarks.live.large import make_journal
from benchmarks.live.page import PAGE, load, rendered

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_page_is_what_the_committed_records_render_to() -> None:
    records = load()
    assert all(records.values())
    assert PAGE.read_text(encoding="utf-8") == rendered(records)


@pytest.mark.parametrize("payload_len", [0, 32, 65536])
@pytest.mark.parametrize("checksum", ["none", "crc32", "xxh3_64"])
def test_a_journal_is_made_of_good_frames(tmp_path: Path, payload_len: int, checksum: str) -> None:
    path = tmp_path / "journal"
    count = make_journal(path, 2**20, payload_len, checksum)
    frames = flatstream.scan(path, checksum).checked()
    assert len(frames) == count
    assert set(frames.sizes) == {payload_len}
    assert abs(path.stat().st_size - 2**20) < 2**19 or payload_len < 64


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["follow", "--seconds", "0.2"], "| polling | 9 |"),
        (["large", "--gib", "0.002"], "| `flatstream index` |"),
        (["salvage", "--streams", "1"], "| xxh3_64 | telemetry | a bit flipped | 1 |"),
    ],
)
def test_a_measurement_shows_what_it_found_and_writes_nothing_unasked(arguments: list[str], said: str) -> None:
    before = PAGE.read_bytes()
    result = CliRunner().invoke(command.main, arguments)
    assert result.exit_code == 0, result.output
    assert said in result.stdout
    assert PAGE.read_bytes() == before


def test_without_damage_all_is_saved_and_of_noise_nothing() -> None:
    payloads = [b"%04d" % number for number in range(100)]

    def nothing(_stream: object, _random: object) -> None:
        pass

    def all_of_it(stream: salvage._Damaged, _random: object) -> None:
        stream.replace(0, len(stream.data), b"\xff" * 100)

    def a_forged_frame(stream: salvage._Damaged, _random: object) -> None:
        stream.replace(0, 0, bytes(flatstream.frame_many([b"forged"], "crc32")))

    def count(harm: Any) -> tuple[int, int, int, int]:
        return salvage._counts("crc32", payloads, harm, Random(1))

    assert count(nothing) == (100, 100, 0, 0)
    assert count(all_of_it) == (0, 0, 0, 0)
    assert count(a_forged_frame) == (100, 100, 0, salvage.DAMAGES)


def test_a_stop_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(salvage, "measured", stop)
    result = CliRunner().invoke(command.main, ["salvage", "--keep"])
    assert (result.exit_code, result.stderr) == (130, "Stopped; nothing was written.\n")
