"""How numbers are written: three digits, with the unit that fits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.records import GroupRecord

__all__ = ["compact", "count", "floors", "interval", "multiple", "nanoseconds", "percent", "promised", "size", "time"]


def nanoseconds(value: float) -> str:
    """Nanoseconds a message: 9.31, 93.1, 931, 9,310."""
    return _three_digits(value)


def multiple(value: float) -> str:
    """A ratio: 0.93x, 9.31x, 93.1x, with the sign for times."""
    return f"{_three_digits(value)}\N{MULTIPLICATION SIGN}"


def interval(low: float, high: float) -> str:
    """Both ends of the interval of a ratio."""
    return f"{multiple(low)} to {multiple(high)}"


def percent(floor: float) -> str:
    """A noise floor, which is a factor, as a difference."""
    return f"{100 * (floor - 1):.1f} %"


def floors(groups: Sequence[GroupRecord]) -> str:
    """The noise floors of several groups, from the least to the largest."""
    least, most = (percent(pick(group["floor"] for group in groups)) if groups else "unknown" for pick in (min, max))
    return f"noise floor {least}" if least == most else f"noise floor {least} to {most}"


def promised(speed: float) -> str:
    """A speed that is promised: 20x, 1.2x, with the sign for times."""
    return f"{speed:.2g}\N{MULTIPLICATION SIGN}"


def count(value: float) -> str:
    """A number of messages, frames or bytes: 100,000."""
    return f"{value:,.0f}"


def compact(value: float) -> str:
    """A round number on an axis: 0.1, 100, 10k, 1M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def size(value: float) -> str:
    """Bytes: 32 B, 4 KiB, 16 MiB, with three digits at most."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if abs(value) >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value:.3g} B"


def time(value: float) -> str:
    """A time given in nanoseconds, with its unit: 9.31 ns, 93.1 µs, 2.10 s."""
    for unit, name in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if value >= 0.9995 * unit:
            return f"{_three_digits(value / unit)} {name}"
    return f"{_three_digits(value)} ns"


def _three_digits(value: float) -> str:
    if value < 0.0995:
        return f"{Decimal(f'{value:.2g}'):f}"
    if value < 9.995:
        return f"{value:.2f}"
    if value < 99.95:
        return f"{value:.1f}"
    return f"{value:,.0f}"
