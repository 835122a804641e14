"""How soon a follower sees a frame after its flush, and what it costs while nothing comes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final, TypedDict
from unittest.mock import patch

import flatstream
from flatstream import follow
from flatstream.changes import Notified, Polling, changes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.changes import Changes

__all__ = ["FollowRow", "measured"]

WRITER: Final = """
import random, sys, time
import flatstream
random = random.Random(1)
with flatstream.open(sys.argv[1], "ab", checksum="crc32") as writer:
    for _ in range(int(sys.argv[2])):
        time.sleep(random.uniform(0.001, 0.04))
        writer.write_payload(time.monotonic_ns().to_bytes(8, "little"))
        writer.flush()
"""
"""A writer in a process of its own: a frame says when it was flushed, by the clock that all processes share."""

PAUSE: Final = 0.0205
"""Seconds between two of its frames, on average."""


class FollowRow(TypedDict):
    """One way of waiting. Times are milliseconds from before the flush to the payload in the caller's hands."""

    waiting: str
    frames: int
    median: float
    p99: float
    longest: float
    idle_seconds: float
    idle_percent: float
    """Processor time while nothing came, in percent of one core."""


def measured(seconds: float, progress: Callable[[str], object]) -> list[FollowRow]:
    """A row for each way of waiting that there is here; each takes about twice ``seconds``."""
    ways: dict[str, Callable[[Path, int], Changes]] = {"polling": lambda _path, _descriptor: Polling()}
    with tempfile.TemporaryFile() as probe:
        changes = changes_of(Path(tempfile.gettempdir(), "probe"), probe.fileno())
        changes.close()
        if isinstance(changes, Notified):
            ways["inotify"] = changes_of
    rows: list[FollowRow] = []
    for name, way in ways.items():
        progress(name)
        with patch.object(follow, "changes_of", way):
            rows.append(_row(name, seconds))
    return rows


def _row(name: str, seconds: float) -> FollowRow:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.touch()
        frames = max(int(seconds / PAUSE), 2)
        latencies: list[float] = []
        with (
            subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(frames)]) as writer,  # noqa: S603  (ours)
            flatstream.open(path, checksum="crc32", follow=True, timeout=30) as reader,
        ):
            for payload in reader:
                latencies.append((time.monotonic_ns() - int.from_bytes(payload, "little")) / 1e6)
                if len(latencies) == frames:
                    break
            if writer.wait() or len(latencies) < frames:
                raise RuntimeError(f"the writer failed, or frames were missing: {len(latencies)} of {frames} came")
        with flatstream.open(path, checksum="crc32", follow=True, timeout=seconds) as reader:
            for _ in iter(reader.poll, None):
                pass
            began, spent = time.monotonic(), time.process_time()
            assert reader.read_message() is None  # noqa: S101  (nobody writes)
            idle, spent = time.monotonic() - began, time.process_time() - spent
    return {
        "waiting": name,
        "frames": frames,
        "median": round(median(latencies), 3),
        "p99": round(quantiles(latencies, n=100, method="inclusive")[98], 3),
        "longest": round(max(latencies), 3),
        "idle_seconds": round(idle, 1),
        "idle_percent": round(100 * spent / idle, 3),
    }
