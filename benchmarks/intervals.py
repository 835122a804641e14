"""From samples to what is quoted: medians, intervals that hold for a second run, the noise floor, ties.

Rounds inside of one process agree with each other better than two processes do: where memory lies, the seed of hashes
and the pace of the machine at the time are those of the process (Mytkowicz and others 2009, Kalibera and Jones 2013). A
bootstrap of rounds alone would promise more than a second run keeps. So a group is measured in several fresh processes,
spread over the run; the bootstrap draws processes first and rounds inside of them; and what an interval is about is a
second run of as many processes, not the one true value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, log, pi, sqrt
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONFIDENCE", "Estimate", "Processes", "estimate", "is_tie", "noise_floor", "ratios", "recorded", "widened"]

Processes = list[list[float]]
"""A number for each round, in a list for each process."""

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95
"""That a second run of the same code on the same machine falls inside of an interval."""

WIDEST: Final = 100.0
"""The factor at which an interval ends: what two rounds say is nothing, and needs no more digits to say it."""


@dataclass(frozen=True)
class Estimate:
    """A median and the interval around it into which a second run falls."""

    median: float
    low: float
    high: float


def estimate(processes: Sequence[Sequence[float]], seed: int = 1) -> Estimate:
    """The median of all rounds of all processes, and its interval; the same for the same seed. Values are positive.

    Two medians are drawn 2000 times, each by a bootstrap over processes and the rounds in them (Davison and Hinkley
    1997, section 3.8), and the interval holds `CONFIDENCE` of their ratios. A bootstrap over few processes is too
    narrow in a known way, which `_small_sample` mends. Of one process the rounds themselves are drawn.
    """
    center = _pooled(processes)
    units = processes if len(processes) > 1 else [[value] for value in processes[0]]
    if len(units) == 1:
        return Estimate(center, center, center)
    medians = np.log(_resampled(units, np.random.default_rng(seed)))
    apart = np.abs(medians[:RESAMPLES] - medians[RESAMPLES:])
    half = min(float(np.quantile(apart, CONFIDENCE)) * _small_sample(len(units)), log(WIDEST))
    return Estimate(center, center * exp(-half), center * exp(half))


def recorded(value: float) -> float:
    """A number as the records hold it: six significant digits, since some lanes take picoseconds a message."""
    return float(f"{value:.6g}")


def ratios(own: Sequence[Sequence[float]], beside: Sequence[Sequence[float]]) -> Processes:
    """What a lane took in each round, as a multiple of what the reference took in the same round."""
    return [
        [one / other for one, other in zip(lane, reference, strict=True)]
        for lane, reference in zip(own, beside, strict=True)
    ]


def noise_floor(same: Estimate) -> float:
    """The largest factor, 1 or more, by which the same code seems to differ from itself in this run."""
    return exp(max(abs(log(same.low)), abs(log(same.high))))


def widened(ratio: Estimate, floor: float) -> Estimate:
    """The ratio with an interval that leaves room for what the same code differs by from itself."""
    return Estimate(ratio.median, ratio.low / floor, ratio.high * floor)


def is_tie(ratio: Estimate, floor: float) -> bool:
    """Whether a ratio is no difference: within the noise floor, or with 1 inside of its interval."""
    return 1 / floor <= ratio.median <= floor or ratio.low <= 1 <= ratio.high


def _pooled(processes: Sequence[Sequence[float]]) -> float:
    return median([value for process in processes for value in process])


def _resampled(
    units: Sequence[Sequence[float]], chance: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Pooled medians of twice `RESAMPLES` draws of as many units, each with as many rounds as it has."""
    most = max(map(len, units))
    values = np.full((len(units), most), np.nan)
    for index, unit in enumerate(units):
        values[index, : len(unit)] = unit
    lengths = np.array([len(unit) for unit in units])
    chosen = chance.integers(0, len(units), size=(2 * RESAMPLES, len(units)))
    places = (chance.random((*chosen.shape, most)) * lengths[chosen][..., None]).astype(np.intp)
    drawn = values[chosen[..., None], places]
    drawn[np.arange(most) >= lengths[chosen][..., None]] = np.nan
    pooled = drawn.reshape(len(drawn), -1)
    medians: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        np.median(pooled, axis=1) if (lengths == most).all() else np.nanmedian(pooled, axis=1)
    )
    return medians


@cache
def _small_sample(units: int) -> float:
    """How much too narrow a bootstrap over so few is: it loses one of them, and their spread is itself uncertain."""
    normal = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return _student(units - 1) / normal * sqrt(units / (units - 1))


def _student(freedom: int) -> float:
    """Student's t: with ``freedom`` degrees of it, `CONFIDENCE` lies within plus and minus this.

    With t = sqrt(freedom) * tan(angle) the density becomes cos(angle) ** (freedom - 1).
    """
    angles = np.linspace(0, pi / 2, 200_001)
    mass = np.cumsum(np.cos(angles) ** (freedom - 1))
    return sqrt(freedom) * float(np.tan(np.interp(CONFIDENCE, mass / mass[-1], angles)))
