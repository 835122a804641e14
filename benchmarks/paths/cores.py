"""One thread and two: what a second processor gives where checksums are verified."""

from __future__ import annotations

from functools import partial
from typing import Final

import flatstream
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.tiers import Absent, Group, Lane
from benchmarks.workloads import blocks

__all__ = ["core_group"]

DIFFERENT: Final = 1024
"""Payloads that differ; the rest repeats these."""


def core_group(algorithm: str, size: int, count: int) -> Group:
    """Scans of ``count`` frames of ``size`` bytes by one and by two threads, beside no checksum at all."""
    part = blocks(size, DIFFERENT).payloads
    lanes: list[Lane | Absent] = []
    for name, label, checksum, threads in (
        ("threads-1", "1 thread", algorithm, 1),
        ("threads-2", "2 threads", algorithm, 2),
        ("unchecked", "1 thread, no checksum", "none", 1),
    ):
        if NATIVE is None:
            lanes.append(Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE))
            continue
        stream = bytes(flatstream.frame_many(part, checksum)) * (count // DIFFERENT)
        call = on("native", partial(_scanned, stream, checksum, threads))
        note = f"scan(data, {checksum!r}, threads={threads})"
        lanes.append(Lane(name, label, flatstream.__version__, note, call, call, wire_bytes=len(stream)))
    frames = count // DIFFERENT * DIFFERENT
    title = f"find and verify {frames:,} frames of {size:,} bytes, {algorithm}"
    return Group(algorithm, "R1", title, frames, "threads-1", lanes, frames, frames * size)


def _scanned(stream: bytes, checksum: str, threads: int) -> int:
    return len(flatstream.scan(stream, checksum, threads=threads).checked())
