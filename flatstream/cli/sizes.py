"""Statistics of payload sizes, from how often each size occurs, so that memory does not grow with the frames."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter

__all__ = ["Sizes"]

_EXACT: Final = 12
"""Up to that many different sizes are each a class of their own in a histogram."""


class Sizes:
    """Statistics of payload sizes in bytes, from their counts."""

    def __init__(self, counts: Counter[int]) -> None:
        self._counts = sorted(counts.items())
        self.frames = counts.total()
        self.total = sum(length * count for length, count in self._counts)

    def at(self, rank: int) -> int:
        """The size at that rank, from 0, in ascending order."""
        ends = accumulate(count for _, count in self._counts)
        return next(length for (length, _), end in zip(self._counts, ends, strict=True) if rank < end)

    def summary(self) -> tuple[int, float, int] | None:
        """The least, the median and the largest; ``None`` without frames."""
        if not self.frames:
            return None
        median = (self.at((self.frames - 1) // 2) + self.at(self.frames // 2)) / 2
        return self.at(0), median, self.at(self.frames - 1)

    def histogram(self) -> list[tuple[int, int, int]]:
        """Least size, largest size, frames: of each size if they are few, else of each power of two."""
        if len(self._counts) <= _EXACT:
            return [(length, length, count) for length, count in self._counts]
        powers: dict[int, int] = {}
        for length, count in self._counts:
            powers[length.bit_length()] = powers.get(length.bit_length(), 0) + count
        lowest, highest = min(powers), max(powers)
        return [((1 << bits) >> 1, (1 << bits) - 1, powers.get(bits, 0)) for bits in range(lowest, highest + 1)]
