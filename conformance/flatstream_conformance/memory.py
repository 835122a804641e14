"""The peak memory of a testee, as the operating system has counted it."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

_PROC = Path("/proc")


def peak_memory(leader: int) -> int | None:
    """The largest resident set in bytes that any running process of a session had; None if nothing is known.

    `leader` is the id of the process that leads the session. The largest one is taken, and not the sum, since a
    testee may be started by a launcher that is still there, and shared pages would be counted twice. Only Linux
    tells this of other processes.
    """
    if sys.platform != "linux":
        return None
    peaks = [_high_water(folder) for folder in _PROC.iterdir() if folder.name.isdigit() and _session(folder) == leader]
    return max((peak for peak in peaks if peak is not None), default=None)


def _session(folder: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name of the program, in parentheses, may hold blanks and parentheses itself.
        after_name = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return int(after_name.split()[3])
    return None


def _high_water(folder: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
