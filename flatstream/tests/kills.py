"""Writers killed at random moments, and the judge of what they leave: what the system had, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from typing import IO, TYPE_CHECKING, Any, Final, cast

from flatstream.tests import nursery
from flatstream.tests.crashes import Loss, frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MODES", "Killed", "kill"]

MODES: Final[tuple[dict[str, Any], ...]] = (
    {"durability": "fsync"},
    {"durability": "flush"},
    {"durability": "none"},
    {"durability": "fsync", "group_commit": {"frames": 10}},
    {"durability": "fsync", "group_commit": {"seconds": 0.002}},
    {"durability": "flush", "group_commit": {"bytes": 500}},
    {"durability": "fsync", "background": {}},
    {"durability": "none", "background": {"queue_bytes": 10_000}},
)
"""Every durability, alone, with a group commit, and in the background."""

LIVES: Final = 6
"""Writers that go on with one journal, each killed, before the next begins with another."""

LONGEST: Final = 0.01
"""Seconds after which a writer is killed at the latest: mostly after its first promise, else after its start."""


@dataclass
class Killed:
    """What the kills found."""

    kills: int = 0
    frames: int = 0
    """Frames in the journals at their ends."""
    promised: int = 0
    """Of them, frames that the writers said the system has."""
    torn: int = 0
    """Kills that left a torn tail."""
    empty: int = 0
    """Kills before the first frame of a journal."""


def kill(folder: Path, count: int, seed: int) -> Killed:
    """Kill so many writers, of each mode in turn; `Loss` with the seed and the mode if a promise is broken."""
    random, found = Random(seed), Killed()
    with _nursery() as process:
        modes = cycle(MODES)
        while found.kills < count:
            mode, path = next(modes), folder / f"killed-{found.kills}.bin"
            written: list[bytes] = []
            promised = 0
            for _ in range(min(LIVES, count - found.kills)):
                promised = max(promised, _one(process, mode | {"path": str(path), "seed": seed}, random))
                try:
                    frames = _judged(path, seed, promised, written, found)
                except Loss as loss:
                    raise Loss(f"seed {seed}, kill {found.kills}, {mode}: {loss}") from loss
            found.frames += frames
            found.promised += promised
            path.unlink(missing_ok=True)
    return found


def _judged(path: Path, seed: int, promised: int, written: list[bytes], found: Killed) -> int:
    """The number of whole frames, once they are what was written; ``written`` grows to as many."""
    content = path.read_bytes() if path.exists() else b""
    frames = frames_of(content, "xxh3_64")
    if len(frames) < promised:
        raise Loss(f"the system had {promised} frames, and {len(frames)} are there")
    written += (nursery.payload(seed, number) for number in range(len(written), len(frames)))
    if frames != written[: len(frames)]:
        raise Loss("a frame is there that nobody wrote")
    found.kills += 1
    found.torn += len(content) != sum(12 + len(frame) for frame in frames)
    found.empty += not frames
    return len(frames)


def _one(process: subprocess.Popen[bytes], settings: dict[str, Any], random: Random) -> int:
    """Start a writer and kill it; gives what it promised last."""
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    stdin.write(json.dumps(settings).encode() + b"\n")
    stdin.flush()
    (child,) = nursery.NUMBER.unpack(_read(stdout))
    promised = 0
    if random.random() < 0.8:
        (promised,) = nursery.NUMBER.unpack(_read(stdout))
        assert promised != nursery.ENDED, "a writer ended by itself"
    time.sleep(random.uniform(0, LONGEST))
    os.kill(child, signal.SIGKILL)
    while (number := nursery.NUMBER.unpack(_read(stdout))[0]) != nursery.ENDED:
        promised = number
    return promised


def _read(stdout: IO[bytes]) -> bytes:
    data = stdout.read(nursery.NUMBER.size)
    assert len(data) == nursery.NUMBER.size, "the nursery is gone"
    return data


@contextmanager
def _nursery() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(Path(nursery.__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.communicate()
