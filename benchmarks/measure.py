"""Timing: contenders take turns in one run, the reference beside each, with garbage collection frozen and off."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["FULL", "QUICK", "Effort", "Samples", "measure", "quiet", "rotated"]


@dataclass(frozen=True)
class Effort:
    """How long a group is measured in each process: rounds up to ``seconds``, but at least and at most so many.

    A group of more than `LANES` gets more seconds in proportion.

    A sample repeats its call until it takes ``sample_ns``, so that the clock's own cost and grain do not count.
    """

    least: int
    most: int
    seconds: float
    sample_ns: int
    processes: int = 1
    quick: bool = False
    turn: int = 0
    """Which of the processes this is: rounds begin with another lane in each."""


@dataclass(frozen=True)
class Samples:
    """Nanoseconds a call, one for each round: of a call itself, and of the reference beside it."""

    own: list[float]
    beside: list[float]


LANES: Final = 14

FIRST: Final = 50
"""Samples that the first call of a lane may take before it counts as slow: more than making things for once takes."""

FULL: Final = Effort(least=1, most=12, seconds=0.8, sample_ns=2_000_000, processes=5)
QUICK: Final = Effort(least=2, most=10, seconds=0.2, sample_ns=300_000, quick=True)


def rotated(count: int, turn: int) -> list[int]:
    """The order of the lanes in a round: 0 1 2, then 1 2 0, then 2 0 1; so that each one follows, and leads."""
    start = turn % count
    return [*range(start, count), *range(start)]


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection, and what exists already is not looked at again."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def measure(
    calls: Sequence[Callable[[], object]],
    reference: Callable[[], object],
    effort: Effort,
    progress: Callable[[float], object] = lambda _fraction: None,
    clock: Callable[[], int] = perf_counter_ns,
) -> list[Samples]:
    """Time every call in every round, each with the reference right before or right after it.

    A round over slow calls takes seconds, in which a shared machine changes its pace; a pair does not take much longer
    than its call. Each is timed behind a call of the reference: what ran before decides which memory is at hand, and
    behind a lane that had built much more, the reference took up to three times as long. ``progress`` is called between
    the rounds, with the fraction that is done.
    """

    def time_reference(index: int) -> None:
        _timed(reference, 1, clock)
        samples[index].beside.append(_timed(reference, beside, clock))

    with quiet():
        samples = [Samples([], []) for _ in calls]
        loops = [_loops(call, effort.sample_ns, clock) for call in calls]
        beside = _loops(reference, effort.sample_ns, clock)
        began = clock()
        turn, rounds = 0, effort.least
        while turn < rounds:
            _timed(reference, 1, clock)
            for index in rotated(len(calls), effort.turn + turn):
                if (effort.turn + turn) % 2:
                    samples[index].own.append(_timed(calls[index], loops[index], clock))
                    time_reference(index)
                else:
                    time_reference(index)
                    samples[index].own.append(_timed(calls[index], loops[index], clock))
            turn += 1
            spent = (clock() - began) / 1e9
            fitting = int(effort.seconds * max(1.0, len(calls) / LANES) * turn / spent) if spent else effort.most
            rounds = max(effort.least, min(effort.most, fitting))
            progress(min(1.0, turn / rounds))
    return samples


def _loops(call: Callable[[], object], sample_ns: int, clock: Callable[[], int]) -> int:
    """How often to repeat a call in a sample. What finds this out warms up, too.

    The first call decides only if no warming up could make a sample of many of it: it makes what later ones find made.
    """
    if _timed(call, 1, clock) > FIRST * sample_ns:
        return 1
    loops = 1
    while (taken := _timed(call, loops, clock) * loops) < sample_ns:
        loops = max(loops * 2, int(loops * sample_ns / max(taken, 1.0)))
    return loops


def _timed(call: Callable[[], object], loops: int, clock: Callable[[], int]) -> float:
    """Nanoseconds a call. Work in another process times itself: it has a method ``timed``."""
    timed: Callable[[int], float] | None = getattr(call, "timed", None)
    if timed is not None:
        return timed(loops)
    repeat = range(loops)
    start = clock()
    for _ in repeat:
        call()
    return (clock() - start) / loops
