"""The tiers: what is timed in each, and what its output must be. A ratio is only ever formed inside a tier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, Literal

from benchmarks.workloads import sums_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.contenders.contender import Contender
    from benchmarks.workloads import Workload

__all__ = ["REFERENCE", "TITLES", "Absent", "Group", "Lane", "expected", "iterate", "lane"]

TITLES: Final = {
    "F0": "frame a payload that exists already",
    "F1": "build the message from Python values, then frame it",
    "R0": "get at each frame, borrowed where that is possible",
    "R3": "read every field of each message and add it up",
    "R4": "make an owned object for each message",
}


REFERENCE: Final = "msgpack"
"""The contender that ratios are formed to, where a group names no other."""


@dataclass(frozen=True)
class Lane:
    """One contender in one group: ``call`` is timed, ``output`` makes what is compared before that."""

    name: str
    label: str
    version: str
    note: str
    call: Callable[[], object]
    output: Callable[[], object]
    bound: float | None = None
    """The largest ratio to the group's reference that the project promises; none if it promises nothing."""


@dataclass(frozen=True)
class Absent:
    """A contender that does not take part in a group, and why: it cannot, or its output was wrong."""

    name: str
    label: str
    version: str
    status: Literal["cannot", "wrong"]
    reason: str


@dataclass(frozen=True)
class Group:
    """Lanes that are measured together, in turns; only their numbers are compared with each other."""

    name: str
    tier: str
    title: str
    messages: int
    reference: str
    lanes: Sequence[Lane | Absent]
    expected: object


def expected(tier: str, workload: Workload) -> object:
    """The output that every contender must have in a tier."""
    if tier in {"F0", "R0"}:
        return workload.payloads
    return sums_of(workload.rows) if tier == "R3" else workload.rows


def lane(contender: Contender, tier: str, workload: Workload) -> Lane | Absent:
    """The contender's work in a tier, over a stream that it wrote itself, outside of the timing."""
    if tier in contender.cannot:
        return Absent(contender.name, contender.label, contender.version, "cannot", contender.cannot[tier])
    try:
        call, output = _work(contender, tier, workload)
    except Exception as error:  # noqa: BLE001  (a contender that breaks while it prepares blanks its row, not the run)
        reason = f"{type(error).__name__}: {error}"
        return Absent(contender.name, contender.label, contender.version, "wrong", reason)
    return Lane(contender.name, contender.label, contender.version, contender.notes[tier], call, output)


def iterate(frames: Callable[[], Iterable[object]]) -> None:
    """The loop of R0, the same for all: nothing happens with a frame."""
    for _ in frames():
        pass


def _work(contender: Contender, tier: str, workload: Workload) -> tuple[Callable[[], object], Callable[[], object]]:
    if tier == "F0":
        return (
            partial(contender.frame, workload.payloads),
            lambda: list(map(bytes, contender.payloads(bytes(contender.frame(workload.payloads))))),
        )
    if tier == "F1":
        return (
            partial(contender.build, workload.rows),
            lambda: contender.events(bytes(contender.build(workload.rows))),
        )
    if tier == "R0":
        frames = partial(contender.payloads, bytes(contender.frame(workload.payloads)))
        return partial(iterate, frames), lambda: list(map(bytes, frames()))
    if tier not in {"R3", "R4"}:
        raise ValueError(f"there is no tier {tier!r}")
    work = partial(contender.sums if tier == "R3" else contender.events, _built(contender, workload))
    return work, work


@lru_cache(maxsize=16)
def _built(contender: Contender, workload: Workload) -> bytes:
    """What a contender reads in R3 and R4; building it can take longer than all of the reading."""
    return bytes(contender.build(workload.rows))
