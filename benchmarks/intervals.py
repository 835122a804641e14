"""From samples to what is quoted: medians of paired ratios, bootstrap intervals, the noise floor, ties."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Estimate", "estimate", "is_tie", "noise_floor", "ratios"]

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Estimate:
    """A median and the interval of 95 % around it."""

    median: float
    low: float
    high: float


def estimate(values: Sequence[float], seed: int = 1) -> Estimate:
    """The median of ``values`` with its percentile bootstrap interval (Efron 1979); the same for the same seed."""
    sample = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(sample), size=(RESAMPLES, len(sample)))
    medians = np.median(sample[drawn], axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return Estimate(median(values), float(low), float(high))


def ratios(samples: Sequence[float], reference: Sequence[float]) -> list[float]:
    """What a lane took in each round, as a multiple of what the reference took in the same round."""
    return [own / other for own, other in zip(samples, reference, strict=True)]


def noise_floor(same: Estimate) -> float:
    """The largest factor, 1 or more, by which the same code seems to differ from itself in this run."""
    return exp(max(abs(log(same.low)), abs(log(same.high))))


def is_tie(ratio: Estimate, floor: float) -> bool:
    """Whether a ratio is no difference: within the noise floor, or with 1 inside of its interval."""
    return 1 / floor <= ratio.median <= floor or ratio.low <= 1 <= ratio.high
