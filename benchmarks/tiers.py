"""The tiers: what is timed in each, and what its output must be. A ratio is only ever formed inside a tier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, Literal

from benchmarks.workloads import sums_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.contenders.contender import Codec, Columns, Contender
    from benchmarks.workloads import Shape, Workload

__all__ = ["REFERENCE", "TITLES", "Absent", "Group", "Lane", "built", "codec", "expected", "group", "iterate", "lane"]

TITLES: Final = {
    "F0": "frame a payload that exists already",
    "F1": "build the message from Python values, then frame it",
    "F2": "build the messages from columns, then frame them",
    "R0": "get at each frame, borrowed where that is possible",
    "R1": "get at each frame, and verify or parse its payload",
    "R2": "read one field of each message and add it up",
    "R3": "read every field of each message and add it up",
    "R4": "make an owned object for each message",
    "R5": "all messages as an array for each field",
    "cycle": "build and frame each message, then read every field of it",
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
    wire_bytes: int | None = None
    """Bytes of the stream that it writes or reads."""
    limit: bool = False
    """Not a contender: what the machine takes at least."""


@dataclass(frozen=True)
class Absent:
    """A contender that does not take part in a group, and why."""

    name: str
    label: str
    version: str
    status: Literal["cannot", "wrong", "absent"]
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
    payload_bytes: int = 0
    """Of all messages together, without frames; 0 where that says nothing."""
    least: int | None = None
    """Rounds at least, in place of what the effort says: for work of seconds."""


def group(
    tier: str,
    workload: Workload,
    entrants: Sequence[Contender],
    *,
    name: str | None = None,
    title: str | None = None,
    reference: str = REFERENCE,
) -> Group:
    """These contenders in one tier over one workload."""
    return Group(
        name or tier,
        tier,
        title or TITLES[tier],
        len(workload),
        reference,
        [lane(contender, tier, workload) for contender in entrants],
        expected(tier, workload),
        workload.payload_bytes,
    )


def expected(tier: str, workload: Workload) -> object:
    """The output that every contender must have in a tier."""
    shape, rows = workload.shape, workload.rows
    if tier in {"F0", "R0"}:
        return workload.payloads
    if tier == "R1":
        return len(workload)
    if tier == "R2":
        return sums_of(shape, rows, (shape.key,))
    if tier in {"R3", "cycle"}:
        return sums_of(shape, rows)
    return _listed(workload.columns, shape) if tier == "R5" else rows


def lane(contender: Contender, tier: str, workload: Workload) -> Lane | Absent:
    """The contender's work in a tier, over a stream that it wrote itself, outside of the timing."""
    reason = contender.refuses(workload.shape, tier)
    if reason is not None:
        return Absent(contender.name, contender.label, contender.version, "cannot", reason)
    try:
        call, output, size = _work(contender, tier, workload)
    except Exception as error:  # noqa: BLE001  (a contender that breaks while it prepares blanks its row, not the run)
        reason = f"{type(error).__name__}: {error}"
        return Absent(contender.name, contender.label, contender.version, "wrong", reason)
    note = contender.notes[tier]
    return Lane(contender.name, contender.label, contender.version, note, call, output, wire_bytes=size)


def iterate(frames: Callable[[], Iterable[object]]) -> None:
    """The loop of R0, the same for all: nothing happens with a frame."""
    for _ in frames():
        pass


def _work(
    contender: Contender, tier: str, workload: Workload
) -> tuple[Callable[[], object], Callable[[], object], int]:
    made = codec(contender, workload.shape)
    if tier in {"F0", "R0"}:
        stream = bytes(made.frame(workload.payloads))
        if tier == "F0":
            return (
                partial(made.frame, workload.payloads),
                lambda: list(map(bytes, made.payloads(bytes(made.frame(workload.payloads))))),
                len(stream),
            )
        frames = partial(made.payloads, stream)
        return partial(iterate, frames), lambda: list(map(bytes, frames())), len(stream)
    stream = built(contender, workload)
    if tier == "F1":
        return partial(made.build, workload.rows), lambda: made.rows(bytes(made.build(workload.rows))), len(stream)
    if tier == "F2":
        columns = workload.columns
        return (
            partial(made.build_columns, columns),
            lambda: made.rows(bytes(made.build_columns(columns))),
            len(stream),
        )
    if tier == "R4":
        return partial(made.objects, stream), partial(made.rows, stream), len(stream)
    if tier == "R5":
        return partial(made.columns, stream), lambda: _listed(made.columns(stream), workload.shape), len(stream)
    reads: dict[str, Callable[[], object]] = {
        "R1": partial(made.verified, stream),
        "R2": partial(made.one, stream),
        "R3": partial(made.sums, stream),
        "cycle": partial(_cycle, made, workload),
    }
    if tier not in reads:
        raise ValueError(f"there is no tier {tier!r}")
    return reads[tier], reads[tier], len(stream)


def _cycle(made: Codec, workload: Workload) -> tuple[object, ...]:
    return made.sums(bytes(made.build(workload.rows)))


def _listed(columns: Columns, shape: Shape) -> list[list[object]]:
    """The columns as plain values, in order to compare them."""
    found = []
    for name, kind in shape.fields:
        values = columns[name].tolist()
        if kind == "text":
            values = [value.decode("ascii") if isinstance(value, bytes) else value for value in values]
        found.append(values)
    return found


@lru_cache(maxsize=256)
def codec(contender: Contender, shape: Shape) -> Codec:
    """The contender's codec of a shape, the same one each time."""
    return contender.codec(shape)


@lru_cache(maxsize=64)
def built(contender: Contender, workload: Workload) -> bytes:
    """What a contender reads in R1 to R5; building it can take longer than all of the reading."""
    return bytes(codec(contender, workload.shape).build(workload.rows))
