from __future__ import annotations

import gc
from collections import Counter
from functools import partial
from itertools import count
from math import isclose, log

import numpy as np
import pytest

from benchmarks.intervals import CONFIDENCE, Estimate, estimate, is_tie, noise_floor, ratios, widened
from benchmarks.measure import Effort, Samples, measure, quiet, rotated


class Clock:
    """Time that passes only when a call says so."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def pass_by(self, nanoseconds: int) -> None:
        self.now += nanoseconds


def test_each_lane_leads_once_in_as_many_rounds_as_there_are_lanes() -> None:
    assert [rotated(3, turn) for turn in range(4)] == [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]


def test_samples_are_nanoseconds_a_call_and_paired() -> None:
    clock = Clock()
    calls = [lambda: clock.pass_by(100), lambda: clock.pass_by(300)]
    samples = measure(calls, calls[0], Effort(least=4, most=4, seconds=1, sample_ns=1000), clock=clock)
    assert samples == [Samples([100.0] * 4, [100.0] * 4), Samples([300.0] * 4, [100.0] * 4)]


def test_what_a_first_call_takes_for_once_does_not_make_a_sample_of_one() -> None:
    clock, calls = Clock(), Counter[str]()

    def call(name: str, first: int, later: int) -> None:
        clock.pass_by(later if calls[name] else first)
        calls[name] += 1

    lanes = [partial(call, "prepares", 5_000, 100), partial(call, "slow", 60_000, 60_000)]
    measure(lanes, lambda: clock.pass_by(100), Effort(1, 1, 1, sample_ns=1000), clock=clock)
    assert calls == {"prepares": 2 + 10 + 10, "slow": 1 + 1}


def test_rounds_stop_at_the_time_allowed_but_not_below_the_least() -> None:
    clock = Clock()

    def rounds(effort: Effort) -> int:
        half_a_second = [lambda: clock.pass_by(500_000_000)]
        return len(measure(half_a_second, half_a_second[0], effort, clock=clock)[0].own)

    assert rounds(Effort(least=3, most=50, seconds=1, sample_ns=1)) == 3
    assert rounds(Effort(least=3, most=50, seconds=14, sample_ns=1)) == 7
    assert rounds(Effort(least=3, most=5, seconds=14, sample_ns=1)) == 5


def test_turns_rotate_and_the_reference_stands_beside_each() -> None:
    clock, order = Clock(), list[str]()

    def call(name: str) -> None:
        order.append(name)
        clock.pass_by(10)

    measure([lambda: call("a"), lambda: call("b")], lambda: call("r"), Effort(2, 2, 1, 1), clock=clock)
    calibration, *rounds = "a a b b r r", "r r r a r r b", "r b r r a r r"
    assert " ".join(order) == " ".join([calibration, *rounds])


def test_what_another_lane_leaves_behind_is_no_difference_between_a_call_and_the_reference() -> None:
    clock, last = Clock(), ["other"]

    def call(name: str) -> None:
        clock.pass_by(10 if last[0] == name else 30)
        last[0] = name

    calls = [lambda: call("same"), lambda: call("other")]
    for turn in range(4):
        same, other = measure(calls, calls[0], Effort(2, 2, 1, 1, turn=turn), clock=clock)
        assert same.own == same.beside == other.beside == [10.0, 10.0]
        assert other.own == [30.0, 30.0]


def test_each_process_begins_with_another_lane() -> None:
    def order(turn: int) -> str:
        clock, found = Clock(), list[str]()

        def call(name: str) -> None:
            found.append(name)
            clock.pass_by(10)

        calls = [lambda: call("a"), lambda: call("b"), lambda: call("c")]
        measure(calls, lambda: call("r"), Effort(1, 1, 1, 1, turn=turn), clock=clock)
        return " ".join(found[8:])  # behind the calibration

    assert [order(turn) for turn in range(3)] == ["r r r a r r b r r c", "r b r r c r r a r r", "r r r c r r a r r b"]


def test_garbage_collection_is_off_while_timing_and_on_after() -> None:
    during = list[bool]()
    measure([lambda: during.append(gc.isenabled())], lambda: None, Effort(1, 1, 0, 1))
    assert not any(during)
    assert gc.isenabled()
    with pytest.raises(KeyboardInterrupt), quiet():
        raise KeyboardInterrupt
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_estimate_of_equal_values_has_no_width() -> None:
    assert estimate([[2.0] * 10] * 3) == Estimate(2.0, 2.0, 2.0)
    assert estimate([[2.0]]) == Estimate(2.0, 2.0, 2.0)


def test_estimate_is_the_median_of_all_rounds_and_the_same_for_the_same_seed() -> None:
    values = [[1.0, 1.5, 0.7], [2.0, 1.1]]
    assert estimate(values) == estimate(values)
    assert estimate(values).median == 1.1


def test_more_processes_narrow_an_interval_and_more_rounds_of_the_same_ones_hardly() -> None:
    def width(processes: int, rounds: int) -> float:
        found = estimate(second_run(np.random.default_rng(3), processes, rounds, between=0.02, within=0.002))
        return log(found.high / found.low)

    assert width(20, 5) < 0.6 * width(4, 5)
    assert width(4, 50) > 0.6 * width(4, 5)


def second_run(
    chance: np.random.Generator, processes: int, rounds: int, *, between: float, within: float
) -> list[list[float]]:
    """A run of code that takes 1, where processes differ, rounds differ inside of them, and some are far off."""
    return [list(np.exp(chance.normal(0, between) + within * chance.standard_t(3, rounds))) for _ in range(processes)]


@pytest.mark.parametrize(("between", "within"), [(0.01, 0.005), (0.01, 0.03), (0.0, 0.02)])
def test_a_second_run_falls_inside_of_the_interval_as_often_as_it_promises(between: float, within: float) -> None:
    chance = np.random.default_rng(7)
    inside = 0
    for _ in range(150):
        first = estimate(second_run(chance, 5, 4, between=between, within=within))
        again = estimate(second_run(chance, 5, 4, between=between, within=within)).median
        inside += first.low <= again <= first.high
    assert inside / 150 >= CONFIDENCE


def test_rounds_alone_would_promise_too_much() -> None:
    # The reason for several processes: what one process has in common with itself does not show in its rounds.
    chance = np.random.default_rng(7)
    inside = 0
    for _ in range(150):
        first = estimate(second_run(chance, 1, 20, between=0.02, within=0.005))
        again = estimate(second_run(chance, 1, 20, between=0.02, within=0.005)).median
        inside += first.low <= again <= first.high
    assert inside / 150 < CONFIDENCE - 0.2


def test_ratios_are_paired_round_by_round() -> None:
    assert ratios([[2.0, 30.0], [4.0]], [[1.0, 10.0], [1.0]]) == [[2.0, 3.0], [4.0]]


def test_the_same_code_twice_is_a_tie() -> None:
    clock, jitter = Clock(), count()

    def same() -> None:
        clock.pass_by(1000 + (next(jitter) * 7919) % 100)

    first, again = (
        estimate(ratios([pair.own], [pair.beside]))
        for pair in measure([same, same], same, Effort(30, 30, 1, 1), clock=clock)
    )
    assert is_tie(again, noise_floor(first))


def test_a_widened_interval_leaves_room_for_the_floor() -> None:
    assert widened(Estimate(2.0, 1.9, 2.1), 1.05) == Estimate(2.0, 1.9 / 1.05, 2.1 * 1.05)


def test_a_difference_above_the_floor_is_none() -> None:
    assert not is_tie(Estimate(1.2, 1.19, 1.21), 1.1)
    assert not is_tie(Estimate(0.8, 0.79, 0.81), 1.1)


def test_a_difference_below_the_floor_or_around_one_is_a_tie() -> None:
    assert is_tie(Estimate(1.05, 1.04, 1.06), 1.1)
    assert is_tie(Estimate(0.95, 0.94, 0.96), 1.1)
    assert is_tie(Estimate(1.5, 0.9, 2.0), 1.1)


def test_noise_floor_is_a_factor_in_either_direction() -> None:
    assert isclose(noise_floor(Estimate(1.0, 0.8, 1.1)), 1.25)
    assert isclose(noise_floor(Estimate(1.0, 0.95, 1.25)), 1.25)
