"""Peak memory of each contender, in processes of their own."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.contenders import contenders
from benchmarks.studies.alone import alone
from benchmarks.tiers import TITLES, Lane, built, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Effort
    from benchmarks.records import Memory

__all__ = ["call_of", "memory_study"]

TIERS: Final = ("F1", "R3")
REPEATED: Final = 2


def memory_study(count: int) -> Callable[[Effort, Callable[[float], object]], Mapping[str, Sequence[Any]]]:
    """A study of so many telemetry events: writing them, and reading every field of them."""

    def study(effort: Effort, moved: Callable[[float], object]) -> Mapping[str, Sequence[Any]]:
        repeated = 1 if effort.quick else REPEATED
        entries: list[Memory] = []
        total = len(TIERS) * len(contenders())
        for tier in TIERS:
            for place in range(len(contenders())):
                entries.append(_entry(tier, place, count, repeated))
                moved(len(entries) / total)
        return {"memory": entries}

    return study


def call_of(tier: str, place: int, count: int) -> Callable[[], object]:
    """The work of the contender at that place; what it needs is made, and only that."""
    workload, contender = telemetry(count), contenders()[place]
    entrant = lane(contender, tier, workload)
    if not isinstance(entrant, Lane):
        raise TypeError(entrant.reason)
    return entrant.call


def _entry(tier: str, place: int, count: int, repeated: int) -> Memory:
    contender, workload = contenders()[place], telemetry(count)
    entry: Memory = {
        "tier": tier,
        "name": contender.name,
        "label": contender.label,
        "version": contender.version,
        "status": "cannot",
        "note": "",
        "messages": count,
    }
    reason = contender.refuses(workload.shape, tier)
    if reason is not None:
        return {**entry, "note": reason}
    try:
        found = [alone(__name__, "call_of", tier, place, count) for _ in range(repeated)]
    except OSError as error:
        return {**entry, "status": "wrong", "note": str(error)}
    peaks = [it.peak for it in found if it.peak is not None]
    bases = [it.base for it in found if it.base is not None]
    if not peaks:
        return {**entry, "status": "absent", "note": "this system does not say what a process had resident at its peak"}
    return {
        **entry,
        "status": "measured",
        "note": TITLES[tier],
        "samples": peaks,
        "peak_bytes": round(median(peaks)),
        "base_bytes": round(median(bases)),
        "output_bytes": len(built(contender, workload)),
    }
