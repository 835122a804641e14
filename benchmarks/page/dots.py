"""Where the dots of a table lie: on one log axis, in percent of the width of their cell."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.records import measured
from benchmarks.tables.numbers import time

if TYPE_CHECKING:
    from benchmarks.records import GroupRecord, Row

__all__ = ["Axis", "Dot", "axis"]

MARGIN: Final = 4.0
"""Percent of the width on either side that stays free, so that no dot or number is cut."""

APART: Final = 19.0
"""Percent of the width between two ticks, at least: their numbers have to fit."""


class Dot(NamedTuple):
    """A median and the ends of its interval, in percent."""

    at: str
    low: str
    high: str


class Axis:
    """A log axis that holds the times from ``low`` to ``high`` nanoseconds, and is at least a factor of four long."""

    def __init__(self, low: float, high: float) -> None:
        middle, half = (low * high) ** 0.5, max((high / low) ** 0.5, 2.0)
        self._low, self._high = middle / half, middle * half

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """Place and text of round numbers: of 1, 2 and 5, or of powers of ten where these would be too close."""
        powers = range(floor(log10(self._low)), ceil(log10(self._high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            inside = [tick for tick in (10.0**power * step for power in powers for step in steps) if self._holds(tick)]
            gaps = [self._percent(after) - self._percent(before) for before, after in pairwise(inside)]
            if inside and min(gaps, default=100.0) >= APART:
                break
        every = ceil(APART / min(gaps, default=100.0))
        return [(self.place(tick), _round(tick)) for tick in inside[::every]]

    def place(self, value: float) -> str:
        """Percent from the left."""
        return f"{self._percent(value):.2f}"

    def dot(self, row: Row) -> Dot:
        """The dot of a measured row."""
        return Dot(self.place(row["ns"]), self.place(row["ns_low"]), self.place(row["ns_high"]))

    def _percent(self, value: float) -> float:
        return MARGIN + (100 - 2 * MARGIN) * log10(value / self._low) / log10(self._high / self._low)

    def _holds(self, value: float) -> bool:
        return bool(self._low <= value <= self._high)


def axis(group: GroupRecord) -> Axis:
    """The axis of a group, from its fastest to its slowest row."""
    ends = [row[end] for row in measured(group) for end in ("ns_low", "ns_high")]
    return Axis(min(ends, default=1.0), max(ends, default=10.0))


def _round(value: float) -> str:
    """A round number of nanoseconds with its unit: 10 ns, 1 ms."""
    number, _, unit = time(value).partition(" ")
    return f"{float(number.replace(',', '')):g} {unit}"
