"""The scenarios: which contenders take turns, in which tier, over which workload, beside which reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import flatstream
from benchmarks import record_paths
from benchmarks.contenders import contenders
from benchmarks.contenders.flatstream_python import FlatStreamVector
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
from benchmarks.tiers import REFERENCE, TITLES, Absent, Group, Lane, expected, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contenders.contender import Contender
    from benchmarks.workloads import Workload

__all__ = ["SCENARIOS", "Scenario"]

WRITE_BOUND: Final = 4.0
"""F0 into memory may take this many times what msgpack takes."""

READ_BOUND: Final = 8.0
"""R0 may take this many times what msgpack takes."""


@dataclass(frozen=True)
class Scenario:
    """Groups over one workload. ``groups`` makes each one when it is called, so that memory holds one at a time."""

    name: str
    title: str
    groups: Mapping[str, Callable[[], Group]]


def tier_group(tier: str, count: int, entrants: Sequence[Contender] | None = None) -> Group:
    """Every contender in one tier, over ``count`` telemetry events."""
    workload = telemetry(count)
    lanes = [lane(contender, tier, workload) for contender in (contenders() if entrants is None else entrants)]
    return Group(tier, tier, TITLES[tier], count, REFERENCE, lanes, expected(tier, workload))


def read_path_group(count: int) -> Group:
    """Every way of reading, in R0."""
    workload = telemetry(count)
    return Group("R0", "R0", TITLES["R0"], count, REFERENCE, read_paths(workload), workload.payloads)


def write_bar(count: int) -> Group:
    """What the project promises for writing in pure Python: into both sinks in memory, in turns with msgpack alone."""
    workload = telemetry(count)
    peer, own = lane(MessagePack(), "F0", workload), lane(FlatStreamVector(engine="python"), "F0", workload)
    if isinstance(own, Absent) or isinstance(peer, Absent):
        return Group("write", "F0", TITLES["F0"], count, REFERENCE, [own, peer], workload.payloads)
    into_file = replace(own, name="write-bytesio", label="write_payload into a BytesIO", bound=WRITE_BOUND)
    into_array = replace(
        own,
        name="write-bytearray",
        label="write_payload into a bytearray",
        note="StreamWriter.write_payload into a bytearray",
        call=on("python", partial(_framed_into_array, workload)),
        output=lambda: list(map(bytes, flatstream.StreamReader(_framed_into_array(workload)))),
        bound=WRITE_BOUND,
    )
    return Group("write", "F0", TITLES["F0"], count, REFERENCE, [into_file, into_array, peer], workload.payloads)


def read_bar(name: str, ours: str, theirs: str, count: int) -> Group:
    """What the project promises for reading in pure Python: one way in turns with one of msgpack."""
    workload = telemetry(count)
    ways = {way.name: way for way in read_paths(workload)}
    own, peer = ways[ours], ways[theirs]
    lanes = [replace(own, name=name, bound=READ_BOUND) if isinstance(own, Lane) else own, peer]
    return Group(name, "R0", TITLES["R0"], count, theirs, lanes, workload.payloads)


def _framed_into_array(workload: Workload) -> bytearray:
    sink = bytearray()
    write = flatstream.StreamWriter(sink).write_payload
    for payload in workload.payloads:
        write(payload)
    return sink


def _tiers(count: int) -> dict[str, Callable[[], Group]]:
    return {tier: partial(tier_group, tier, count) for tier in TITLES}


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


def _records() -> dict[str, Callable[[], Group]]:
    python = {
        f"python-{direction}-{reference}": partial(record_paths.python_group, LARGE, direction, reference)
        for direction in ("in", "out")
        for reference in record_paths.IN_PYTHON
    }
    return {
        "write": partial(record_paths.write_group, LARGE),
        "encode": partial(record_paths.encode_group, LARGE),
        "builder": partial(record_paths.official_group, LARGE),
        "columns": partial(record_paths.columns_group, LARGE),
        "accessors": partial(record_paths.accessor_group, LARGE),
        "field": partial(record_paths.field_group, LARGE),
        "verify-copied": partial(record_paths.verify_group, LARGE, copy=True),
        "verify-borrowed": partial(record_paths.verify_group, LARGE, copy=False),
        "book-10": partial(record_paths.book_group, 10_000, 10),
        **python,
    }


SMALL: Final = 100
LARGE: Final = 100_000

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("tel-100", "100 telemetry events", _tiers(SMALL)),
        Scenario("tel-100k", "100,000 telemetry events", _tiers(LARGE)),
        Scenario("readpath", "The ways to read 100,000 telemetry events", {"R0": partial(read_path_group, LARGE)}),
        Scenario("engine", "What the native engine promises", _engine()),
        Scenario("records", "What records promise", _records()),
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
