from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.blocks import BLOCKS, block
from benchmarks.tables import numbers
from benchmarks.tables.checksums import checksums
from benchmarks.tables.findings import beside, duels, tallies
from benchmarks.tables.headline import headline
from benchmarks.tables.paths import peers, ways
from benchmarks.tables.promises import promises
from benchmarks.tables.rows import best, called
from benchmarks.tables.sizes import sizes
from benchmarks.tests.invented import group, row

if TYPE_CHECKING:
    from benchmarks.records import Record

TIMES = "\N{MULTIPLICATION SIGN}"


def a_group(**times: float) -> Any:
    """A group of rows beside msgpack, by name and nanoseconds; an underscore stands for a hyphen."""
    rows = [row(name.replace("_", "-"), took, times["msgpack"]) for name, took in times.items()]
    return group("F0", "F0", rows)


@pytest.fixture
def one(made_up: dict[str, Record]) -> Any:
    """A record to put groups into."""
    return copy.deepcopy(made_up["tel-100"])


@pytest.mark.parametrize(
    ("written", "value", "text"),
    [
        (numbers.nanoseconds, 9.306, "9.31"),
        (numbers.nanoseconds, 9.996, "10.0"),
        (numbers.nanoseconds, 93.06, "93.1"),
        (numbers.nanoseconds, 99.96, "100"),
        (numbers.nanoseconds, 9310.4, "9,310"),
        (numbers.nanoseconds, 0.0996, "0.10"),
        (numbers.nanoseconds, 0.0124, "0.012"),
        (numbers.multiple, 0.00005, f"0.00005{TIMES}"),
        (numbers.multiple, 0.931, f"0.93{TIMES}"),
        (numbers.percent, 1.0123, "1.2 %"),
        (numbers.time, 999.4, "999 ns"),
        (numbers.time, 999.6, "1.00 µs"),
        (numbers.time, 2.1e9, "2.10 s"),
        (numbers.size, 36, "36 B"),
        (numbers.size, 4096, "4 KiB"),
        (numbers.size, 1.5 * 2**30, "1.5 GiB"),
        (numbers.compact, 0.1, "0.1"),
        (numbers.compact, 10_000, "10k"),
    ],
)
def test_numbers_are_written_with_three_digits(written: Any, value: float, text: str) -> None:
    assert written(value) == text


def test_ratio_of_two_ratios_is_as_wide_as_both(one: Any) -> None:
    made = a_group(msgpack=100.0, flatstream=300.0, json=600.0)
    _, own, peer = made["rows"]
    found = beside(peer, own, made)
    assert found.times == pytest.approx(2.0)
    assert (found.low, found.high) == (peer["ratio_low"] / own["ratio_high"], peer["ratio_high"] / own["ratio_low"])
    assert not found.tie
    assert beside(own, made["rows"][0], made)[:3] == (3.0, own["ratio_low"], own["ratio_high"])


def test_duel_is_between_the_fastest_of_both_sides_and_limits_take_no_part(one: Any) -> None:
    made = a_group(msgpack=100.0, flatstream=300.0, flatstream_python=900.0, json=600.0)
    made["rows"].append(row("memcpy", 1.0, 100.0, limit=True))
    one["groups"] = [made]
    (duel,) = duels({"tel-100": one})
    assert (duel.own, duel.peer, duel.ahead) == ("FlatStream", "msgpack", "peer")
    assert duel.times == pytest.approx(3.0)


@pytest.mark.parametrize(("took", "ahead"), [(50.0, "own"), (101.0, "tie"), (103.0, "tie"), (150.0, "peer")])
def test_duel_within_interval_or_noise_is_a_tie(one: Any, took: float, ahead: str) -> None:
    one["groups"] = [a_group(msgpack=100.0, flatstream=took)]
    (duel,) = duels({"tel-100": one})
    assert duel.ahead == ahead


def test_group_of_one_side_alone_or_of_a_promise_is_no_contest(one: Any) -> None:
    bars = a_group(msgpack=100.0, flatstream=300.0)
    bars["bars"] = [{"name": "flatstream"}]
    one["groups"] = [a_group(msgpack=100.0, json=600.0), bars]
    assert duels({"tel-100": one}) == []


def test_tally_counts_each_contest_and_names_the_worst(one: Any) -> None:
    one["groups"] = [a_group(msgpack=100.0, flatstream=took) for took in (50.0, 100.0, 150.0, 400.0)]
    (tally,) = tallies({"tel-100": one})
    assert (tally.behind, tally.ties, tally.ahead) == (2, 1, 1)
    assert tally.worst is not None
    assert tally.worst.times == pytest.approx(4.0)


def test_headline_has_whoever_is_fastest_and_no_limit(one: Any) -> None:
    made = a_group(msgpack=100.0, struct=10.0)
    made["rows"].append(row("memcpy", 1.0, 100.0, limit=True))
    one["groups"] = [made]
    assert best(made) == {"struct"}
    assert "struct" in headline(one)
    assert "memcpy" not in headline(one)


def test_all_that_tie_with_a_fastest_reference_are_fastest(one: Any) -> None:
    assert best(a_group(msgpack=100.0, flatstream=101.0, json=600.0)) == {"msgpack", "flatstream"}


def test_checksums_cost_is_over_the_same_way_without(made_up: dict[str, Record]) -> None:
    framing, _ = checksums(made_up["chk"])
    assert [numbers.size(each["payload_bytes"] / each["messages"]) for each in framing.groups] == [
        "32 B",
        "4 KiB",
        "64 KiB",
        "1 MiB",
    ]
    name, cells = framing.lines[0]
    assert name == "crc16"
    assert cells[0] is not None
    assert cells[0].times == pytest.approx((90 + 3.2) / (60 + 0.64), rel=1e-3)


def test_checksum_that_was_not_measured_leaves_its_cell_empty(made_up: dict[str, Record]) -> None:
    record = copy.deepcopy(made_up["chk"])
    for each in record["groups"][0]["rows"]:
        if each["name"] == "flatstream-crc32":
            each["status"] = "absent"
    framing, _ = checksums(record)
    assert dict(framing.lines)["crc32"][0] is None
    assert "| F0 crc32 | \N{EN DASH} |" in block("checksums", {"chk": record})


def test_sizes_are_bytes_a_message_the_smallest_first(made_up: dict[str, Record]) -> None:
    found = sizes(made_up["tel-100k"])
    assert found[0].bytes["F0"] == 32
    assert [size.label for size in found].count("FlatStream, pure Python") == 0
    built = [size.bytes["F1"] for size in found if "F1" in size.bytes]
    assert built == sorted(built)


def test_ways_to_read_pair_the_engines(made_up: dict[str, Record]) -> None:
    made = made_up["readpath"]["groups"][0]
    borrowed, copied = ways(made)
    assert (borrowed.label, copied.label) == ("bytes, borrowed", "bytes, copied")
    assert borrowed.native is not None
    assert borrowed.python is not None
    assert (borrowed.native["ns"], borrowed.python["ns"]) == (20.0, 160.0)
    assert [peer["label"] for peer in peers(made)] == ["msgpack: bytes"]


def test_promise_is_told_in_the_words_in_which_it_was_made(made_up: dict[str, Record]) -> None:
    records = {"bars": made_up["bars"], "engine": {**made_up["bars"], "scenario": "engine"}}
    kept, missed, fast, slow = promises(records)  # type: ignore[arg-type]  # a copy of a record is one
    assert (kept.bound, kept.measured, kept.met) == (f"4{TIMES} the time", f"0.83{TIMES}", True)
    assert (missed.measured, missed.met) == (f"10.0{TIMES}", False)
    assert (fast.bound, fast.measured, fast.met) == (f"0.25{TIMES} as fast", f"1.20{TIMES}", True)
    assert (slow.measured, slow.met) == (f"0.10{TIMES}", False)


def test_group_over_a_size_is_called_by_it(made_up: dict[str, Record]) -> None:
    assert [called(made) for made in made_up["sweep"]["groups"]][:4] == [
        "F0, 16 B",
        "F0, 64 B",
        "F0, 256 B",
        "F0, 1 KiB",
    ]
    assert called(made_up["sweep"]["groups"][-1]) == "R0, 16 MiB"
    assert called(a_group(msgpack=1.0)) == "F0"


@pytest.mark.parametrize("name", BLOCKS)
def test_block_without_any_of_its_records_says_which_command_makes_them(made_up: dict[str, Record], name: str) -> None:
    few = {"scale": made_up["scale"]}
    text = block(name, few)
    assert "python -m benchmarks run" in text or name == "environment"


@pytest.mark.parametrize("name", BLOCKS)
def test_block_of_a_record_in_which_nothing_was_measured_renders(made_up: dict[str, Record], name: str) -> None:
    records = copy.deepcopy(made_up)
    for record in records.values():
        for made in record["groups"]:
            made["bars"] = []
            for each in made["rows"]:
                each["status"] = "absent"
    text = block(name, records)
    assert text
    assert TIMES not in text, "no ratio of what has none"


def test_peers_that_win_stand_there_as_plainly_as_those_that_lose(one: Any) -> None:
    one["scenario"] = "tel-100k"
    one["groups"] = [a_group(msgpack=100.0, flatstream=300.0), a_group(msgpack=100.0, flatstream=50.0)]
    text = block("peers", {"tel-100k": one})
    assert "behind in\n1 of 2, ahead in 1, and ties in 0" in text
    assert f"| 3.00{TIMES} (2.79{TIMES} to 3.23{TIMES}) |" in text
