"""The scenarios: which contenders take turns, in which tier, over which workload, beside which reference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import flatstream
from benchmarks.contenders import bounded_contenders, contenders
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.engine_paths import (
    KIB,
    MIB,
    large_group,
    read_group,
    scale_group,
    sparse_group,
    thread_group,
    write_group,
)
from benchmarks.engines import on
from benchmarks.read_paths import read_paths
from benchmarks.tiers import REFERENCE, TITLES, Absent, Group, Lane, group, lane
from benchmarks.workloads import numbers, telemetry, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contenders.contender import Contender
    from benchmarks.measure import Effort
    from benchmarks.workloads import Workload

    Study: TypeAlias = Callable[[Effort, Callable[[float], object]], Mapping[str, Sequence[Any]]]

__all__ = ["SCENARIOS", "Scenario"]

WRITE_BOUND: Final = 4.0
"""F0 into memory may take this many times what msgpack takes."""

READ_BOUND: Final = 8.0
"""R0 may take this many times what msgpack takes."""


@dataclass(frozen=True)
class Scenario:
    """Groups over one workload. ``groups`` makes each one when it is called, so that memory holds one at a time.

    ``studies`` are what is no time in turns: each gives entries for other kinds of a record (``memory``, ``timelines``,
    ...) by the name of the kind. A study runs once, a group in as many processes as an effort says.
    """

    name: str
    title: str
    groups: Mapping[str, Callable[[], Group]] = field(default_factory=dict)
    studies: Mapping[str, Study] = field(default_factory=dict)
    modelled: bool = False
    """Whether the groups differ in the size of the messages, so that cost models are fitted to them."""
    not_quick: frozenset[str] = frozenset()
    """Groups and studies that a quick run leaves out, for their time or their memory."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all groups and studies."""
        return (*self.groups, *self.studies)

    def of_parts(self, parts: Sequence[str]) -> Scenario:
        """Only these groups and studies of it."""
        return replace(
            self,
            groups={name: make for name, make in self.groups.items() if name in parts},
            studies={name: study for name, study in self.studies.items() if name in parts},
        )

    def shortened(self) -> Scenario:
        """What a quick run measures of it."""
        return self.of_parts([part for part in self.parts if part not in self.not_quick])


def tier_group(tier: str, count: int, entrants: Sequence[Contender] | None = None) -> Group:
    """Every contender in one tier, over ``count`` telemetry events."""
    return group(tier, telemetry(count), contenders() if entrants is None else entrants)


def bounded_group(tier: str, workload: Callable[[int], Workload], count: int, bound: int) -> Group:
    """The contenders that can refuse a message for its size, with and without that bound."""
    title = f"{TITLES[tier]}; with a bound of {bound} bytes and without"
    return group(tier, workload(count), bounded_contenders(bound), name=f"{tier}-bounded", title=title)


def read_path_group(count: int) -> Group:
    """Every way of reading, in R0."""
    workload = telemetry(count)
    ways, size = read_paths(workload), workload.payload_bytes
    return Group("R0", "R0", TITLES["R0"], count, REFERENCE, ways, workload.payloads, size)


def write_bar(count: int) -> Group:
    """What the project promises for writing in pure Python: into both sinks in memory, in turns with msgpack alone."""
    workload = telemetry(count)
    peer, own = lane(MessagePack(), "F0", workload), lane(FlatStreamVector(engine="python"), "F0", workload)
    if isinstance(own, Absent) or isinstance(peer, Absent):
        return Group("write", "F0", TITLES["F0"], count, REFERENCE, [own, peer], workload.payloads)
    into_file = replace(
        own,
        name="write-bytesio",
        label="write_payload into a BytesIO",
        note="StreamWriter.write_payload into a BytesIO",
        call=on("python", partial(_framed_into_file, workload)),
        output=lambda: list(map(bytes, flatstream.StreamReader(_framed_into_file(workload)))),
        bound=WRITE_BOUND,
    )
    into_array = replace(own, name="write-bytearray", label="write_payload into a bytearray", bound=WRITE_BOUND)
    size = workload.payload_bytes
    return Group("write", "F0", TITLES["F0"], count, REFERENCE, [into_file, into_array, peer], workload.payloads, size)


def read_bar(name: str, ours: str, theirs: str, count: int) -> Group:
    """What the project promises for reading in pure Python: one way in turns with one of msgpack."""
    workload = telemetry(count)
    ways = {way.name: way for way in read_paths(workload)}
    own, peer = ways[ours], ways[theirs]
    lanes = [replace(own, name=name, bound=READ_BOUND) if isinstance(own, Lane) else own, peer]
    return Group(name, "R0", TITLES["R0"], count, theirs, lanes, workload.payloads, workload.payload_bytes)


def _framed_into_file(workload: Workload) -> bytes:
    sink = BytesIO()
    write = flatstream.StreamWriter(sink).write_payload
    for payload in workload.payloads:
        write(payload)
    return sink.getvalue()


def _tiers(count: int) -> dict[str, Callable[[], Group]]:
    return {tier: partial(tier_group, tier, count) for tier in TITLES}


def _small(workload: Callable[[int], Workload]) -> dict[str, Callable[[], Group]]:
    made: dict[str, Callable[[], Group]] = {}
    for tier in ("cycle", "R0", "R3"):
        made[tier] = lambda tier=tier: group(tier, workload(SMALL), contenders())  # type: ignore[misc]
        made[f"{tier}-bounded"] = partial(bounded_group, tier, workload, SMALL, BOUND)
    return made


def _engine() -> dict[str, Callable[[], Group]]:
    large = {
        f"{algorithm}-{size // KIB}k": partial(large_group, algorithm, size, count)
        for algorithm in ("xxh3_64", "crc32")
        for size, count in ((64 * KIB, 256), (MIB, 32), (64 * MIB, 1))
    }
    return {
        "read": partial(read_group, LARGE),
        "write": partial(write_group, LARGE),
        **large,
        "sparse": partial(sparse_group, 1024),
        "threads": partial(thread_group, 4 * KIB, 64 * KIB),
        "scale": partial(scale_group, 10**4, 10**7),
    }


SMALL: Final = 100
LARGE: Final = 100_000
BOUND: Final = 64
"""Bytes of the bound of num3 and str16, over what any of their messages has."""

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("tel-100", "100 telemetry events", _tiers(SMALL)),
        Scenario("tel-100k", "100,000 telemetry events", _tiers(LARGE), not_quick=frozenset(TITLES) - {"R0"}),
        Scenario("num3", "100 messages of three u64", _small(numbers)),
        Scenario("str16", "100 messages of 16 ASCII bytes", _small(texts)),
        Scenario("readpath", "The ways to read 100,000 telemetry events", {"R0": partial(read_path_group, LARGE)}),
        Scenario(
            "engine",
            "What the native engine promises",
            _engine(),
            not_quick=frozenset({"sparse", "threads", "scale", "xxh3_64-65536k", "crc32-65536k"}),
        ),
        Scenario(
            "bars",
            "What the project promises in pure Python, over 100,000 telemetry events",
            {
                "write": partial(write_bar, LARGE),
                "read-borrowed": partial(read_bar, "read-borrowed", "bytes-borrowed", "msgpack", LARGE),
                "read-exact": partial(read_bar, "read-exact", "file-exact", "msgpack-file", LARGE),
                "read-ahead": partial(read_bar, "read-ahead", "file-ahead", "msgpack-file", LARGE),
            },
        ),
    )
}
"""Every scenario, by its name."""
