"""Speed is asked for only once everything is right, and is never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance import records

if TYPE_CHECKING:
    from tests.conftest import Bench

CLAIM = 'CLAIMS["ops"].append("bench")\n'
TIMED = """
def answer(r):
    if r["op"] == "bench":
        return {"ns": r["count"] * r["payload_len"]}
    return right(r)
"""


def test_the_loops_of_a_right_testee_are_in_the_footer(bench: Bench) -> None:
    done = bench.run(CLAIM + TIMED)
    assert len(done.footer.speeds) == 4 * 2 * 2
    assert {speed.ns_per_message for speed in done.footer.speeds} == {32.0, 4096.0}
    assert records.parse(records.dump(done)) == done


def test_a_testee_that_does_not_claim_it_is_not_asked(bench: Bench) -> None:
    assert bench.run(TIMED).footer.speeds == ()
    some = bench.run(CLAIM + 'CLAIMS["algorithms"] = ["crc32"]' + TIMED)
    assert {speed.algorithm for speed in some.footer.speeds} == {"crc32"}


def test_wrong_answers_and_parts_of_the_suite_have_no_speed(bench: Bench) -> None:
    wrong = TIMED.replace("return right(r)", 'return {"checksum": "00"} if r["op"] == "checksum" else right(r)')
    assert bench.run(CLAIM + wrong).footer.speeds == ()
    known = {"sums/crc16": "a", "sums/crc32": "a"}
    assert bench.run(CLAIM + wrong, known=known).footer.speeds == ()
    assert bench.run(CLAIM + TIMED, only=("reading/*",)).footer.speeds == ()


def test_a_loop_that_fails_is_left_out_and_counts_nothing(bench: Bench) -> None:
    crash = TIMED.replace("return {", 'return os._exit(1) if r["algorithm"] == "crc16" else {')
    done = bench.run(CLAIM + crash)
    assert {speed.algorithm for speed in done.footer.speeds} == {"none", "crc32", "xxh3_64"}
    assert (done.footer.totals["pass"], done.footer.exit_status) == (9, 0)


def test_the_table_gives_the_time_of_one_message(bench: Bench) -> None:
    done = bench.command("run", testee=bench.testee(CLAIM + TIMED))
    assert ["crc32", "frame", "32", "4,096"] in [line.split() for line in done.stdout.splitlines()]
