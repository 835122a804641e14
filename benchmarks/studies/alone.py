"""One piece of work in a process of its own: how long it takes, and how much memory it needs at its peak.

``python -m benchmarks.studies.alone MODULE FUNCTION ARGUMENTS``: the function, of a module of the benchmarks, is given
the arguments, a JSON array, and gives a call. Making it is not measured. Prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until all is loaded: Ctrl-C ends the process, with no traceback

from benchmarks.environment import ROOT
from benchmarks.measure import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Alone", "alone", "available", "measured_alone"]

RESET_PEAK: Final = Path("/proc/self/clear_refs")
STATUS: Final = Path("/proc/self/status")


class Alone(NamedTuple):
    """What one process found. Memory is resident bytes; ``None`` where the system does not say."""

    ns: int
    base: int | None
    peak: int | None
    """The high-water mark above ``base`` while the work was at it."""
    output: int
    """What the call gave, if that is a number; its length, if it has one; else 0."""


def alone(module: str, function: str, *arguments: Any) -> Alone:
    """Measure in a fresh process. ``OSError`` if it ends early, such as for want of memory."""
    command = [sys.executable, "-m", __name__, module, function, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)  # noqa: S603  (our own)
    if done.returncode:
        raise OSError(f"the process of {function} ended with status {done.returncode}")
    return Alone(*json.loads(done.stdout))


def measured_alone(call: Callable[[], object]) -> Alone:
    """Measure a call in this process."""
    gc.collect()
    base = _peak_from_here()
    with quiet():
        began = perf_counter_ns()
        made = call()
        taken = perf_counter_ns() - began
    most = _resident("VmHWM")
    output = made if isinstance(made, int) else len(made) if hasattr(made, "__len__") else 0
    return Alone(taken, base, None if most is None or base is None else max(0, most - base), output)


def available() -> int:
    """Bytes of memory that this machine can give now; a guess of 4 GiB where it does not say."""
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        for line in _lines(Path("/proc/meminfo")):
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 4 << 30


def _peak_from_here() -> int | None:
    """Set the high-water mark back to what is resident now, and say how much that is."""
    try:
        RESET_PEAK.write_text("5", encoding="ascii")
    except OSError:
        return None
    return _resident("VmRSS")


def _resident(name: str) -> int | None:
    for line in _lines(STATUS):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []


def main() -> None:
    """Make the call, and measure it."""
    module, function, arguments = sys.argv[1:]
    make = getattr(import_module(module), function)
    json.dump(measured_alone(make(*json.loads(arguments))), sys.stdout)


if __name__ == "__main__":
    main()
