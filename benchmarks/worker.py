"""A process that measures parts of a scenario, and nothing else: ``python -m benchmarks.worker``, started by a run.

It is told on its standard input what to measure, a JSON object, and writes a JSON object a line to its standard
output: ``{"part", "fraction"}`` while it is at it, and ``{"part", "found"}`` for what it found. A run starts a fresh
one for each scenario and turn, so that no two turns share where memory lies, or the seed of the hashes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from subprocess import PIPE, Popen
from typing import IO, TYPE_CHECKING, Any, Final

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until all is loaded: Ctrl-C ends the process, with no traceback

from benchmarks.environment import ROOT, library_digest, sources_digest
from benchmarks.measure import Effort
from benchmarks.run import run_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.scenario import Scenario

__all__ = ["WorkerError", "in_a_process", "work"]

SOURCES: Final = sources_digest()
LIBRARY: Final = library_digest()
"""Of what this process was loaded from: the processes that it starts must be of the same."""

PADDING: Final = "BENCHMARKS_PADDING"
"""An environment variable of another length in each turn: it moves the stack, which some code is sensitive to."""


class WorkerError(Exception):
    """A process that ended before it had measured all that it was to."""


def in_a_process(
    scenario: Scenario, parts: Sequence[str], effort: Effort, turn: int
) -> Iterator[tuple[str, float, Any]]:
    """Measure these parts in a fresh process: name, fraction and ``None`` while it is at one, then 1 and what it found.

    ``WorkerError`` if the process ends early. Closing the iterator ends the process.
    """
    task = {
        "scenario": scenario.name,
        "parts": list(parts),
        "effort": asdict(replace(effort, turn=turn)),
        "sources": SOURCES,
        "library": LIBRARY,
    }
    command = [sys.executable, "-m", "benchmarks.worker"]
    environment = {**os.environ, PADDING: "x" * (97 * turn)}
    with Popen(command, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, encoding="utf-8") as process:  # noqa: S603  (our own)
        try:
            if process.stdin is None or process.stdout is None:
                raise WorkerError("the process has no pipes")
            with suppress(BrokenPipeError):  # it has ended already, which shows below
                process.stdin.write(json.dumps(task))
                process.stdin.close()
            left = list(parts)
            for line in process.stdout:
                said = json.loads(line)
                if "problem" in said:
                    raise WorkerError(said["problem"])
                if "found" in said:
                    left.remove(said["part"])
                    yield said["part"], 1.0, said["found"]
                else:
                    yield said["part"], said["fraction"], None
            if left:
                status = process.wait()
                raise WorkerError(
                    f"the process that measured {scenario.name} ended at {left[0]!r} with status {status}"
                )
        finally:
            process.terminate()


def work(task: Mapping[str, Any], scenarios: Mapping[str, Scenario], out: IO[str]) -> None:
    """Measure what the task says, and write to ``out`` what is found."""
    scenario, effort = scenarios[task["scenario"]], Effort(**task["effort"])
    if effort.quick:
        scenario = scenario.shortened()

    def say(**said: object) -> None:
        out.write(json.dumps(said) + "\n")
        out.flush()

    if (task["sources"], task["library"]) != (sources_digest(), library_digest()):
        say(problem="the sources were edited while the run was at it; what is measured so far is of the old ones")
        return
    for part in task["parts"]:
        say(part=part, fraction=0.0)
        found = run_part(scenario, part, effort, partial(_moved, say, part))
        say(part=part, found=found)


def _moved(say: Any, part: str, fraction: float) -> None:
    say(part=part, fraction=round(fraction, 3))


def main() -> None:
    """Read the task, and work."""
    from benchmarks.scenarios import SCENARIOS  # noqa: PLC0415  (only the process itself needs what contenders import)

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a contender prints is no answer
    try:
        work(json.load(sys.stdin), SCENARIOS, out)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os._exit(1)  # the run has gone; there is nobody to tell


if __name__ == "__main__":
    main()
