"""How far a testee's memory grows during one case: for lengths that nobody means to send (R6).

The system's own high-water mark is set back before the case and read after it, so that what an earlier case took
hides nothing. Address space that was reserved and never touched leaves no mark in resident memory; it has a mark of
its own, which cannot be set back, and so a testee that crossed the bound is started afresh.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flatstream_conformance.suite import Vector

MEBIBYTE = 1 << 20
RESIDENT_ALLOWED = 64 * MEBIBYTE
"""R6 allows 1 MiB; the rest is for the runtimes that collect garbage and compile while they run."""
RESERVED_ALLOWED = 512 * MEBIBYTE
"""Allocators reserve arenas of tens of MiB at once; a length that is believed reserves gigabytes."""

MEASURED_RULE = "R6"
MEASURED_GROUPS = frozenset({"hostile-lengths", "default-limit"})
NOT_MEASURED = "memory was not measured: only Linux tells it of another process"
_RESET_HIGH_WATER = "5"
_FIELDS = {"VmHWM": "high_water", "VmRSS": "resident", "VmPeak": "reserved"}


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes that were taken at most during a case, above what there was before."""

    resident: int
    reserved: int

    @property
    def excess(self) -> str | None:
        """What is too much, in words; None if nothing is."""
        if self.resident > RESIDENT_ALLOWED:
            return f"memory grew by {self.resident / MEBIBYTE:.0f} MiB, {RESIDENT_ALLOWED // MEBIBYTE} are allowed"
        if self.reserved > RESERVED_ALLOWED:
            return (
                f"{self.reserved / MEBIBYTE:.0f} MiB of address space were reserved, "
                f"{RESERVED_ALLOWED // MEBIBYTE} are allowed"
            )
        return None


def is_measured(vector: Vector) -> bool:
    """Whether the case declares more than it sends, so that memory tells something."""
    return MEASURED_RULE in vector.rules or vector.group in MEASURED_GROUPS


class Watch:
    """Begins to measure the process `pid` when it is made."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)
        with contextlib.suppress(OSError):
            (self._folder / "clear_refs").write_text(_RESET_HIGH_WATER, encoding="ascii")
        self._before = _status(self._folder)

    def growth(self) -> Growth | None:
        """What was taken since; None if the system does not tell, or the process is gone."""
        after = _status(self._folder)
        if self._before is None or after is None:
            return None
        # Where the mark could not be set back, it still stands where it stood: less is seen then, never more.
        was = max(self._before["resident"], self._before["high_water"])
        return Growth(
            resident=max(0, after["high_water"] - was),
            reserved=max(0, after["reserved"] - self._before["reserved"]),
        )


def children_high_water() -> int | None:
    """The largest resident set in bytes of any child of this process that has ended; None under Windows.

    Where no other process can be looked at, a rise of it over a run is the peak of the testee.
    """
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 -- there is none under Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def risen(before: int | None, after: int | None) -> int | None:
    """`after` if it is more than `before`: what a testee smaller than an earlier one took is not known."""
    return after if before is not None and after is not None and after > before else None


def _status(folder: Path) -> dict[str, int] | None:
    if sys.platform != "linux":
        return None
    try:
        lines = (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    found = {_FIELDS[name]: int(rest.split()[0]) * 1024 for name, rest in pairs if name in _FIELDS}
    return found if len(found) == len(_FIELDS) else None
