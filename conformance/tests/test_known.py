"""Known failures are a ratchet: they excuse what fails, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import known
from flatstream_conformance.errors import KnownFailuresError
from flatstream_conformance.profiles import PROFILES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

WRONG = 'def answer(r):\n    return {"checksum": "00"} if r["op"] == "checksum" else right(r)'


def test_entries_have_an_id_and_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_text("# why\n\nsums/crc16\tsee issue 4  \n  sums/crc32  big endian # yet\n", encoding="utf-8")
    assert known.read(file) == {"sums/crc16": "see issue 4", "sums/crc32": "big endian # yet"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("sums/crc16\n", ":1: sums/crc16 has no reason"), ("a b\na c\n", ":2: a is there twice")],
)
def test_an_entry_without_a_reason_and_a_second_entry_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "known.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnownFailuresError, match=said):
        known.read(file)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(KnownFailuresError, match="cannot be read"):
        known.read(file)


def test_known_failures_do_not_count(bench: Bench) -> None:
    done = bench.run(WRONG, known={"sums/crc16": "a", "sums/crc32": "b"})
    assert (done.footer.totals["fail"], done.footer.known, done.footer.counted) == (2, 2, 0)
    assert done.footer.exit_status == 0


def test_a_failure_that_is_not_known_counts(bench: Bench) -> None:
    done = bench.run(WRONG, known={"sums/crc16": "a"})
    assert [case.case for case in done.cases if case.counts] == ["sums/crc32"]
    assert done.footer.exit_status == 1


def test_an_unexpected_pass_fails_the_run(bench: Bench) -> None:
    done = bench.run(known={"sums/crc16": "a"})
    (case,) = [case for case in done.cases if case.counts]
    assert case.unexpected_pass
    assert done.footer.exit_status == 1


def test_an_entry_that_names_no_case_fails_the_run(bench: Bench) -> None:
    done = bench.run(known={"sums/crc61": "a"})
    assert done.footer.problems == ("the known failure sums/crc61 is no case of the suite",)
    assert done.footer.exit_status == 1


def test_an_entry_outside_of_the_selection_is_left_alone(bench: Bench) -> None:
    assert bench.run(known={"sums/crc16": "a"}, only=("tails/*",)).footer.exit_status == 0


def test_a_known_error_is_excused_and_so_is_a_known_skip_in_a_profile(bench: Bench) -> None:
    body = 'def answer(r):\n    if r["op"] == "frame":\n        os._exit(1)\n    return right(r)'
    listed = {"writing/one": "a", "writing/over": "a", "reading/chunks": "not yet"}
    done = bench.run(body, [], known=listed, profile=PROFILES["streams"])
    assert done.footer.totals == {"pass": 6, "fail": 0, "error": 2, "skip": 1}
    assert done.footer.exit_status == 0


def listed(bench: Bench, file: Path, *arguments: str) -> int:
    words = ("run", "--write-known-failures", str(file), *arguments)
    return bench.command(*words, testee=bench.testee(WRONG)).returncode


def test_a_list_can_be_started_from_a_run_and_is_refused_until_it_has_reasons(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    assert listed(bench, file) == 1
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["sums/crc32", "sums/crc16"]
    assert "# wrong: checksum" in lines
    with pytest.raises(KnownFailuresError, match="sums/crc32 has no reason"):
        known.read(file)


def test_an_existing_list_is_replaced_only_by_force_and_then_keeps_the_reasons_that_were_given(
    bench: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "known.txt"
    file.write_text("sums/crc32  byte order\n", encoding="utf-8")
    assert listed(bench, file) == 2
    assert file.read_text(encoding="utf-8") == "sums/crc32  byte order\n"
    assert listed(bench, file, "--force", "--known-failures", str(file)) == 1
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["sums/crc32  byte order", "sums/crc16"]


def test_a_list_of_no_failure_is_empty_and_good(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    assert bench.command("run", "--write-known-failures", str(file), testee=bench.testee()).returncode == 0
    assert known.read(file) == {}


def test_what_a_testee_says_cannot_end_the_comment_above_its_case(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    body = 'def answer(r):\n    return {"errored": "a\\nsums/crc16 excused"} if r["op"] == "checksum" else right(r)'
    bench.command("run", "--write-known-failures", str(file), testee=bench.testee(body))
    with pytest.raises(KnownFailuresError, match="has no reason"):
        known.read(file)
