from __future__ import annotations

import gc
from itertools import count
from math import isclose

import pytest

from benchmarks.intervals import Estimate, estimate, is_tie, noise_floor, ratios
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


def test_rounds_stop_at_the_time_allowed_but_not_below_the_least() -> None:
    clock = Clock()

    def rounds(effort: Effort) -> int:
        half_a_second = [lambda: clock.pass_by(500_000_000)]
        return len(measure(half_a_second, half_a_second[0], effort, clock=clock)[0].own)

    assert rounds(Effort(least=3, most=50, seconds=1, sample_ns=1)) == 3
    assert rounds(Effort(least=3, most=50, seconds=7, sample_ns=1)) == 7
    assert rounds(Effort(least=3, most=5, seconds=7, sample_ns=1)) == 5


def test_turns_rotate_and_the_reference_stands_beside_each() -> None:
    clock, order = Clock(), list[str]()

    def call(name: str) -> None:
        order.append(name)
        clock.pass_by(10)

    measure([lambda: call("a"), lambda: call("b")], lambda: call("r"), Effort(2, 2, 1, 1), clock=clock)
    assert " ".join(order) == "a b r  r a r b  b r a r".replace("  ", " ")  # calibration, then two rounds


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
    assert estimate([2.0] * 10) == Estimate(2.0, 2.0, 2.0)


def test_estimate_covers_the_median_of_known_data() -> None:
    # The exact 95 % interval of a median, by order statistics, is from the 40th to the 61st of 100 values.
    found = estimate([float(value) for value in range(1, 101)])
    assert found.median == 50.5
    assert 38 <= found.low <= 43
    assert 58 <= found.high <= 63


def test_estimate_is_the_same_for_the_same_seed() -> None:
    values = [1.0, 1.5, 0.7, 2.0, 1.1]
    assert estimate(values) == estimate(values)


def test_estimate_narrows_with_more_rounds() -> None:
    few, many = estimate([1.0, 2.0, 3.0] * 3), estimate([1.0, 2.0, 3.0] * 100)
    assert many.high - many.low < few.high - few.low


def test_ratios_are_paired_round_by_round() -> None:
    assert ratios([2.0, 30.0], [1.0, 10.0]) == [2.0, 3.0]


def test_the_same_code_twice_is_a_tie() -> None:
    clock, jitter = Clock(), count()

    def same() -> None:
        clock.pass_by(1000 + (next(jitter) * 7919) % 100)

    first, again = (
        estimate(ratios(pair.own, pair.beside))
        for pair in measure([same, same], same, Effort(30, 30, 1, 1), clock=clock)
    )
    assert is_tie(again, noise_floor(first))


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
