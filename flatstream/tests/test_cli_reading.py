"""``flatstream inspect``, ``cat`` and ``verify``: what they say is what is in the file, and their exit statuses."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream.changes import Polling
from flatstream.cli import cat, source
from flatstream.cli import guess as guessing
from flatstream.cli.app import cli
from flatstream.cli.survey import fault, survey

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHMS = ["none", "crc16", "crc32", "xxh3_64"]
PAYLOADS = [b"one", b"", b"three", b"\x1b[31mred", b"x" * 100]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "120"})


def run_json(*arguments: object) -> tuple[int, Any]:
    result = run(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def write(path: Path, payloads: Sequence[bytes] = PAYLOADS, checksum: str = "crc32") -> Path:
    with flatstream.open(path, "wb", checksum=checksum) as writer:
        for payload in payloads:
            writer.write_payload(payload)
    return path


def flip(path: Path, *positions: int) -> Path:
    data = bytearray(path.read_bytes())
    for position in positions:
        data[position] ^= 1
    path.write_bytes(data)
    return path


def cut(path: Path, count: int) -> Path:
    path.write_bytes(path.read_bytes()[:-count])
    return path


# inspect


def test_inspect_says_all_its_facts_as_json(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin")
    assert run_json("inspect", path, "--checksum", "crc32") == (
        0,
        {
            "file": str(path),
            "size": 156,
            "checksum": "crc32",
            "guess": None,
            "frames": 5,
            "payload_bytes": 116,
            "overhead_bytes": 40,
            "payload_min": 0,
            "payload_median": 5,
            "payload_max": 100,
            "histogram": [{"from": size, "to": size, "frames": 1} for size in (0, 3, 5, 8, 100)],
            "bad_frames": 0,
            "end": "clean_eof",
            "end_offset": 156,
            "tail_bytes": 0,
            "empty_tail": 0,
            "error": None,
        },
    )


def test_inspect_of_an_even_number_of_frames_takes_the_middle_of_two(tmp_path: Path) -> None:
    _, told = run_json("inspect", write(tmp_path / "a.bin", [b"", b"1", b"22", b"333"]))
    assert told["payload_median"] == 1.5


def test_inspect_gathers_many_sizes_by_powers_of_two(tmp_path: Path) -> None:
    _, told = run_json("inspect", write(tmp_path / "a.bin", [bytes(size) for size in (*range(11), 64, 100)]))
    assert told["histogram"] == [
        {"from": low, "to": high, "frames": frames}
        for low, high, frames in (
            (0, 0, 1), (1, 1, 1), (2, 3, 2), (4, 7, 4), (8, 15, 3), (16, 31, 0), (32, 63, 0), (64, 127, 2)
        )
    ]  # fmt: skip


def test_inspect_draws_bars_to_scale(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", [b"1"] * 60 + [b"22"] * 30 + [b"333"])
    result = run("inspect", path)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-3:] == [
        "            1      60  65.9%  " + "█" * 30,
        "            2      30  33.0%  " + "█" * 15,
        "            3       1   1.1%  ▌",
    ]
    assert not [line for line in lines if line.endswith(" ")]


def test_inspect_draws_bars_in_ascii_where_there_is_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", [b"1"] * 60 + [b"22"] * 30 + [b"333"])
    result = CliRunner(charset="ascii").invoke(cli, ["inspect", str(path)])
    assert [line.split()[-1] for line in result.stdout.splitlines()[-3:]] == ["#" * 30, "#" * 15, "#"]


def test_inspect_of_a_torn_file_says_where(tmp_path: Path) -> None:
    path = cut(write(tmp_path / "a.bin"), 1)
    status, told = run_json("inspect", path)
    assert (status, told["end"], told["end_offset"], told["tail_bytes"]) == (1, "torn_tail", 48, 107)
    assert told["error"] == {
        "kind": "unexpected_eof",
        "offset": 48,
        "message": "unexpected end of the stream: 99 of 100 bytes of the payload",
    }
    result = run("inspect", path)
    assert result.exit_code == 1
    assert "torn, 107 bytes from offset 48 on: unexpected end of the stream: 99 of 100 bytes" in result.stdout


def test_inspect_counts_bad_frames_and_reads_on(tmp_path: Path) -> None:
    path = flip(write(tmp_path / "a.bin"), 8, 60)
    status, told = run_json("inspect", path)
    assert (status, told["bad_frames"], told["frames"], told["end"]) == (1, 2, 3, "clean_eof")
    assert told["error"]["kind"] == "checksum_mismatch"
    assert told["error"]["offset"] == 0
    assert len(told["error"]["expected"]) == len(told["error"]["calculated"]) == 8
    result = run("inspect", path)
    assert result.exit_code == 1
    assert "bad frames     2; the first: checksum mismatch: crc32 0x" in result.stdout


def test_inspect_of_a_frame_over_the_limit_says_corrupt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin")
    status, told = run_json("inspect", path, "--max-frame-len", "99")
    assert (status, told["end"], told["end_offset"]) == (1, "corrupt", 48)
    assert (told["error"]["declared_len"], told["error"]["limit"]) == (100, 99)
    assert "corrupt, 108 bytes from offset 48 on" in run("inspect", path, "--max-frame-len", "99").stdout


def test_inspect_tells_of_empty_frames_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", [b"abc", b"", b""])
    assert run_json("inspect", path)[1]["empty_tail"] == 2
    assert "2 empty frames at the end" in run("inspect", path).stdout


def test_inspect_of_an_empty_file_is_clean(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", [])
    status, told = run_json("inspect", path)
    assert (status, told["frames"], told["end"]) == (0, 0, "clean_eof")
    assert (told["payload_min"], told["payload_median"], told["payload_max"]) == (None, None, None)
    assert told["guess"]["sure"] == "open"
    assert told["guess"]["also_fit"] == ["crc16", "crc32", "xxh3_64"]
    assert "crc16, crc32, xxh3_64 would also fit" in run("inspect", path).stdout


# the guess


@pytest.mark.parametrize("checksum", ALGORITHMS)
def test_the_algorithm_is_guessed(tmp_path: Path, checksum: str) -> None:
    path = write(tmp_path / "a.bin", [bytes([k]) * (k % 7) for k in range(50)], checksum)
    _, told = run_json("inspect", path)
    assert told["checksum"] == checksum
    assert told["guess"]["sure"] == ("likely" if checksum == "none" else "certain")
    assert told["guess"]["also_fit"] == []


@pytest.mark.parametrize(("checksum", "sure"), [("crc16", "likely"), ("crc32", "very likely"), ("xxh3_64", "certain")])
def test_one_frame_makes_a_guess_as_sure_as_its_checksum_is_wide(tmp_path: Path, checksum: str, sure: str) -> None:
    _, told = run_json("inspect", write(tmp_path / "a.bin", [b"hello, world"], checksum))
    assert (told["checksum"], told["guess"]["sure"], told["guess"]["verified_frames"]) == (checksum, sure, 1)


@pytest.mark.parametrize("checksum", ALGORITHMS)
def test_a_torn_file_is_guessed_too(tmp_path: Path, checksum: str) -> None:
    path = cut(write(tmp_path / "a.bin", [b"%d" % k * 9 for k in range(9)], checksum), 1)
    _, told = run_json("inspect", path)
    assert (told["checksum"], told["frames"], told["end"]) == (checksum, 8, "torn_tail")
    assert told["guess"]["sure"] != "open"


def test_a_damaged_file_is_guessed_by_its_good_frames(tmp_path: Path) -> None:
    _, told = run_json("inspect", flip(write(tmp_path / "a.bin", checksum="xxh3_64"), 12))
    assert (told["checksum"], told["guess"]["reason"]) == ("xxh3_64", "the checksum is right in 4 of 5 frames")


def test_zeros_are_right_too_easily_to_prove_anything(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(24))
    _, told = run_json("inspect", tmp_path / "a.bin")
    assert (told["checksum"], told["guess"]["sure"]) == ("none", "open")
    assert told["guess"]["also_fit"] == ["crc16", "crc32"]
    assert told["guess"]["verified_frames"] == 0


def test_garbage_is_guessed_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xff\xff\x00" + bytes(range(100)))
    status, told = run_json("inspect", tmp_path / "a.bin")
    assert status == 1
    assert told["guess"]["reason"] == "not one frame is whole under any algorithm"
    assert told["guess"]["sure"] == "open"


def test_a_length_over_the_largest_is_no_frame(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\1\0\0\0x" + b"\xff" * 20)
    _, told = run_json("inspect", tmp_path / "a.bin")
    assert told["guess"]["sure"] == "open"
    assert told["guess"]["reason"] == "the lengths lead through 1 frame, and under no algorithm to the end"


def test_a_large_file_is_guessed_by_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "SAMPLE", 50)
    monkeypatch.setattr(guessing, "FRAMES", 7)
    for checksum in ALGORITHMS:
        path = write(tmp_path / f"{checksum}.bin", [b"0123456789"] * 20, checksum)
        _, told = run_json("inspect", path)
        assert told["checksum"] == checksum
        assert told["guess"]["tried_frames"] < 7
        assert told["guess"]["sure"] in {"certain", "very likely", "likely"}
    path = write(tmp_path / "small.bin", [b"12"] * 20, "none")
    assert run_json("inspect", path)[1]["guess"]["tried_frames"] == 7


# cat


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("hex", "6f6e65\n\n7468726565\n1b5b33316d726564\n" + "78" * 100 + "\n"),
        ("len", "3\n0\n5\n8\n100\n"),
        ("text", "one\n\nthree\n\\x1b[31mred\n" + "x" * 100 + "\n"),
        ("raw", "onethree\x1b[31mred" + "x" * 100),
    ],
)
def test_cat_writes_the_payloads(tmp_path: Path, form: str, expected: str) -> None:
    result = run("cat", write(tmp_path / "a.bin"), "-c", "crc32", "--format", form)
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


def test_cat_writes_json_lines(tmp_path: Path) -> None:
    result = run("cat", write(tmp_path / "a.bin"), "-c", "crc32", "--format", "json", "--from", 2, "--count", 2)
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"index": 2, "offset": 19, "length": 5, "hex": "7468726565"},
        {"index": 3, "offset": 32, "length": 8, "hex": "1b5b33316d726564"},
    ]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"a\\b", "a\\\\b"),
        ("h\u00e9llo".encode(), "h\u00e9llo"),
        (b"a\nb\rc\td\0", "a\\nb\\rc\\td\\x00"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe"),
        ("\U000e0041".encode(), "\\U000e0041"),
    ],
)
def test_cat_lets_no_payload_steer_a_terminal(tmp_path: Path, payload: bytes, shown: str) -> None:
    result = run("cat", write(tmp_path / "a.bin", [payload]), "--format", "text")
    assert result.stdout == f"{shown}\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from", 1, "--count", 2), "0\n5\n"),
        (("--from", 4), "100\n"),
        (("--from", 5), ""),
        (("--from", 10**30, "--count", 10**30), ""),
        (("--count", 0), ""),
    ],
)
def test_cat_from_and_count(tmp_path: Path, options: tuple[object, ...], expected: str) -> None:
    result = run("cat", write(tmp_path / "a.bin"), "--format", "len", *options)
    assert (result.exit_code, result.stdout) == (0, expected)


def test_cat_says_what_it_took_the_file_for(tmp_path: Path) -> None:
    result = run("cat", write(tmp_path / "a.bin"), "--count", 1)
    assert result.stderr == "flatstream: note: taken for crc32 (certain: the checksum is right in 5 of 5 frames)\n"


def test_cat_writes_what_stands_before_a_bad_frame(tmp_path: Path) -> None:
    path = flip(write(tmp_path / "a.bin"), 28)
    result = run("cat", path, "-c", "crc32")
    assert (result.exit_code, result.stdout) == (1, "6f6e65\n\n")
    assert result.stderr.startswith(f"flatstream: error: {path}: checksum mismatch")
    assert result.stderr.endswith("(frame at offset 19)\n")


def test_cat_writes_much_in_parts(tmp_path: Path) -> None:
    result = run("cat", write(tmp_path / "a.bin", [b"x" * 20_000] * 5), "--format", "raw")
    assert result.stdout == "x" * 100_000


def test_cat_sends_raw_bytes_to_a_terminal_only_if_forced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(cat, "binary_stdout", lambda: terminal)
    path = write(tmp_path / "a.bin", [b"\x1b[31mraw"])
    refused = run("cat", path, "--format", "raw")
    assert refused.exit_code == 2
    assert "raw bytes can steer a terminal" in refused.stderr
    assert terminal.getvalue() == b""
    assert run("cat", path, "--format", "raw", "--force").exit_code == 0
    assert terminal.getvalue() == b"\x1b[31mraw"


@given(
    st.lists(st.binary(max_size=20), max_size=10),
    st.binary(max_size=6) | st.binary(max_size=3).map(lambda few: few + bytes(24)),
    st.integers(-1, 200),
    st.booleans(),
)
def test_a_survey_at_the_speed_of_a_scan_finds_what_one_frame_by_frame_does(
    payloads: list[bytes], tail: bytes, flipped: int, keep_going: bool
) -> None:
    stream = flatstream.frame_many(payloads, "crc16") + tail
    if 0 <= flipped < len(stream):
        stream[flipped] ^= 1
    deframer = flatstream.ChecksumDeframer("crc16", 1000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.bin")
        path.write_bytes(stream)
        scanned, size = survey(path, deframer, keep_going=keep_going)
        read, _ = survey(path, deframer.observed(lambda _payload: None), keep_going=keep_going)
    assert size == len(stream)
    assert fault(scanned.first_fault) == fault(read.first_fault)
    scanned.first_fault = read.first_fault = None
    assert scanned == read


def test_cat_follows_until_nothing_has_come_for_so_long(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin")
    result = run("cat", path, "--follow", "--timeout", 0, "--format", "len")
    assert (result.exit_code, result.stdout.split()) == (0, ["3", "0", "5", "8", "100"])
    assert "taken for crc32" in result.stderr


def test_cat_follows_from_a_frame_on_and_stops_after_as_many_as_it_shall(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin")
    result = run("cat", path, "--follow", "--from", 2, "--count", 2, "--format", "json")
    assert [json.loads(line)["offset"] for line in result.stdout.splitlines()] == [19, 32]


def test_cat_shows_each_frame_when_it_comes_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", [b"one"])
    command = [sys.executable, "-m", "flatstream", "cat", "-f", "-c", "crc32", "--format", "text", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        assert cat.stderr is not None
        assert cat.stdout.readline().split() == [b"one"]
        with flatstream.open(path, "ab", checksum="crc32") as writer:
            writer.write_payload(b"two")
        assert cat.stdout.readline().split() == [b"two"]
        if sys.platform == "win32":
            cat.kill()
            return
        cat.send_signal(signal.SIGINT)
        assert cat.wait(30) == 130
        assert cat.stderr.read() == b"flatstream: interrupted\n"


def test_cat_of_a_followed_file_that_is_cut_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.bin")

    def cut_off(_self: object, _seconds: object) -> bool:
        with flatstream.open(path, "ab", checksum="crc32") as writer:
            waited.append(writer.offset)
            if len(waited) == 1:
                writer.write_payload(b"more")
        if len(waited) == 2:
            path.write_bytes(b"")
        return True

    waited: list[int] = []

    monkeypatch.setattr("flatstream.changes.Polling.wait", cut_off)
    monkeypatch.setattr("flatstream.follow.changes_of", lambda *_: Polling())
    result = run("cat", path, "--follow", "--format", "len")
    assert (result.exit_code, result.stdout.split()) == (1, ["3", "0", "5", "8", "100", "4"])
    assert "the file was cut or overwritten below what was read: 168 bytes were, and it has 0 now" in result.stderr


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", ["--follow"], "name the --checksum of a file to follow"),
        (b"\1\0\0\0x", ["--follow"], "name the --checksum of a file to follow"),
        (b"", ["--timeout", "1"], "--timeout is for --follow"),
        (b"", ["--follow", "-c", "none", "--timeout", "nan"], "'--timeout': nan is no number of seconds"),
        (b"", ["--follow", "-c", "none", "--timeout", "inf"], "'--timeout': inf is no number of seconds"),
    ],
)
def test_cat_refuses_to_follow_what_it_cannot(tmp_path: Path, content: bytes, options: list[str], message: str) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    result = run("cat", tmp_path / "a.bin", *options)
    assert (result.exit_code, message in result.stderr) == (2, True)


# verify


def test_verify_of_good_files(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.bin", checksum=name) for name in ALGORITHMS]
    result = run("verify", *paths)
    assert result.exit_code == 0
    assert [line[:6] for line in result.stdout.splitlines()] == ["good  ", "      ", "good  ", "good  ", "good  "]
    assert "only the lengths could be checked" in result.stdout.splitlines()[1]


def test_verify_says_the_first_bad_frame(tmp_path: Path) -> None:
    path = flip(write(tmp_path / "a.bin"), 8, 60)
    result = run("verify", path, "-c", "crc32")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        f"BAD  {path}: 0 good frames, 156 bytes (crc32)\n      at offset 0: checksum mismatch"
    )
    assert "in all" not in result.stdout


def test_verify_counts_all_bad_frames_if_told_to(tmp_path: Path) -> None:
    path = cut(flip(write(tmp_path / "a.bin"), 8, 27), 1)
    result = run("verify", path, "-c", "crc32", "--keep-going")
    assert result.exit_code == 1
    assert "2 bad frames in all" in result.stdout
    assert "torn from offset 48 on" in result.stdout
    _, told = run_json("verify", path, "-c", "crc32", "--keep-going")
    assert (told["files"][0]["bad_frames"], told["files"][0]["frames"]) == (2, 2)


def test_verify_says_all_its_facts_as_json(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a.bin"), flip(write(tmp_path / "b.bin"), 8)
    missing = tmp_path / "missing.bin"
    status, told = run_json("verify", good, bad, missing, "-c", "crc32")
    assert status == 2
    assert (told["good"], told["bad"], told["unreadable"]) == (1, 1, 1)
    assert told["files"][0] == {
        "file": str(good),
        "good": True,
        "size": 156,
        "checksum": "crc32",
        "guess": None,
        "frames": 5,
        "payload_bytes": 116,
        "bad_frames": 0,
        "end": "clean_eof",
        "end_offset": 156,
        "error": None,
    }
    assert told["files"][1]["end"] == "stopped"
    assert told["files"][1]["error"]["kind"] == "checksum_mismatch"
    assert told["files"][2] == {
        "file": str(missing),
        "good": False,
        "unreadable": f"{missing}: No such file or directory",
    }


def test_verify_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = run("verify", tmp_path, write(tmp_path / "a.bin"))
    assert result.exit_code == 2
    assert result.stdout.startswith("good  ")
    assert result.stderr.startswith("flatstream: error: ")


def test_verify_with_the_validator_refuses_what_is_no_table(tmp_path: Path) -> None:
    table = bytes.fromhex("080000000400040004000000")
    assert run("verify", write(tmp_path / "a.bin", [table]), "--validator", "table-root").exit_code == 0
    status, told = run_json("verify", write(tmp_path / "b.bin", [table, b"abc"]), "--validator", "table-root")
    assert status == 1
    assert told["files"][0]["error"] == {
        "kind": "validation_failed",
        "offset": 20,
        "message": "validation failed: TableRootValidator: 3 bytes hold no root offset",
        "validator": "TableRootValidator",
    }


def test_verify_reports_a_source_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_self: object, _size: int) -> bytes:
        raise OSError(5, "Input/output error")

    path = write(tmp_path / "a.bin")
    monkeypatch.setattr(source, "LARGE", 1)
    monkeypatch.setattr(source, "stderr_is_terminal", lambda: True)
    monkeypatch.setattr(source._Counted, "read", failing)
    result = run("verify", path, "-c", "crc32")
    assert result.exit_code == 2
    assert "flatstream: error: reading failed: OSError: [Errno 5] Input/output error" in result.stderr


def test_a_large_file_on_a_terminal_has_a_progress_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.bin")
    monkeypatch.setattr(source, "LARGE", 1)
    assert run("inspect", path, "-c", "crc32").stderr == ""
    monkeypatch.setattr(source, "stderr_is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = run("inspect", path, "-c", "crc32")
    assert result.exit_code == 0
    assert "reading a.bin" in result.stderr
    assert "156/156 bytes" in result.stderr
