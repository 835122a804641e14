"""From a thousand frames to a hundred million: whether time or memory a frame grows with their number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import flatstream
from benchmarks.contenders.flatstream_table import FlatStreamRecord
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.engines import NATIVE, NO_NATIVE, Engine, use
from benchmarks.intervals import estimate, recorded
from benchmarks.studies.alone import alone, available
from benchmarks.tiers import built, codec, iterate
from benchmarks.workloads import TELEMETRY, telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Effort
    from benchmarks.records import ScalePoint

__all__ = ["COUNTS", "PATHS", "call_of", "scale_study"]

COUNTS: Final = tuple(10**power for power in range(3, 9))
QUICK: Final = COUNTS[:3]

PART: Final = 1000
"""Frames that differ; the stream repeats them."""

PATHS: Final[Mapping[str, tuple[str, Engine, str, str, int, int]]] = {
    "scan": ("R0", "native", "scan", "offsets and lengths of all frames", 36 + 12, COUNTS[-1]),
    "iterate": (
        "R0",
        "native",
        "StreamReader, fresh bytes",
        "for payload in StreamReader(data, copy=True)",
        36,
        COUNTS[-1],
    ),
    "iterate-python": (
        "R0",
        "python",
        "StreamReader, fresh bytes, pure Python",
        "for payload in StreamReader(data, copy=True)",
        36,
        10**7,
    ),
    "columns": ("R5", "native", "records to columns", "scan, then Record.columns", 64 + 12 + 3 * 24, COUNTS[-1]),
}
"""Tier, engine, label, note, bytes of memory a frame, about, and the most frames that are worth the time."""


def scale_study(effort: Effort, moved: Callable[[float], object]) -> Mapping[str, Sequence[Any]]:
    """Time and peak memory of each path over each number of frames, a process each."""
    counts = QUICK if effort.quick else COUNTS
    entries: list[ScalePoint] = []
    for count in counts:
        for name in PATHS:
            entries.append(_entry(name, count, effort))
            moved(len(entries) / len(counts) / len(PATHS))
    return {"scale": entries}


def call_of(name: str, count: int) -> Callable[[], object]:
    """The work of a path over so many frames; short work is repeated, so that the clock's grain does not count."""
    _, engine, _, _, _, _ = PATHS[name]
    use(engine)
    repeat = _repeats(count)
    if name == "columns":
        record = FlatStreamRecord()
        stream = built(record, telemetry(PART)) * (count // PART)
        return partial(_repeated, partial(codec(record, TELEMETRY).columns, stream), repeat)
    stream = bytes(codec(FlatStreamVector(engine=engine), TELEMETRY).frame(telemetry(PART).payloads)) * (count // PART)
    if name == "scan":
        return partial(_repeated, partial(flatstream.scan, stream), repeat)
    deframer = flatstream.DefaultDeframer()
    use(engine)
    return partial(_repeated, partial(iterate, partial(flatstream.StreamReader, stream, deframer, copy=True)), repeat)


def _repeats(count: int) -> int:
    return max(1, 100_000 // count)


def _repeated(call: Callable[[], object], repeat: int) -> None:
    for _ in range(repeat):
        call()


def _entry(name: str, count: int, effort: Effort) -> ScalePoint:
    tier, engine, label, note, a_frame, most = PATHS[name]
    entry: ScalePoint = {
        "tier": tier,
        "name": name,
        "label": label,
        "version": flatstream.__version__,
        "status": "absent",
        "note": note,
        "messages": count,
    }
    if engine == "native" and NATIVE is None:
        return {**entry, "status": "cannot", "note": NO_NATIVE}
    if count > most:
        return {**entry, "note": f"{count:,} frames would take minutes; up to {most:,} are measured"}
    if count * a_frame * 1.2 > available():
        return {**entry, "note": f"takes about {count * a_frame / 2**30:.1f} GiB of memory, which is not there"}
    processes = 1 if effort.quick else min(3, effort.processes)
    try:
        found = [alone(__name__, "call_of", name, count) for _ in range(processes)]
    except OSError as error:
        return {**entry, "note": str(error)}
    samples = [recorded(max(it.ns / count / _repeats(count), 1e-6)) for it in found]
    taken = estimate([[time] for time in samples])
    peaks = sorted(it.peak for it in found if it.peak is not None)
    if not peaks:
        return {**entry, "note": "this system does not say what a process had resident at its peak"}
    return {
        **entry,
        "status": "measured",
        "samples": samples,
        "ns": recorded(taken.median),
        "ns_low": recorded(taken.low),
        "ns_high": recorded(taken.high),
        "peak_bytes": peaks[len(peaks) // 2],
    }
