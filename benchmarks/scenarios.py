"""The scenarios: which contenders take turns, in which tier, over which workload, beside which reference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import flatstream
from benchmarks import record_paths
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
from benchmarks.paths.adapters import adapter_groups
from benchmarks.paths.cores import core_group
from benchmarks.paths.floors import floor_group, twice_group
from benchmarks.paths.lobster import book_group, ingest_group, order_group, pair_group
from benchmarks.paths.memory_over_time import mixed_group, mixed_timelines, policy_group, policy_timelines
from benchmarks.paths.recovering import journal_group, recovery_group
from benchmarks.paths.rust import rust_group
from benchmarks.paths.sinks import file_read_group, file_write_group, socket_read_group, socket_write_group
from benchmarks.paths.sizes import CHECKED, SWEPT, checksum_group, deframe_group, sweep_group
from benchmarks.read_paths import read_paths
from benchmarks.studies.instructions import instruction_study
from benchmarks.studies.memory import memory_study
from benchmarks.studies.scale import scale_study
from benchmarks.tiers import REFERENCE, TITLES, Absent, Group, Lane, group, lane
from benchmarks.workloads import BOOK_LEVELS, numbers, telemetry, texts

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


def _python_records() -> dict[str, Callable[[], Group]]:
    return {
        f"python-{direction}-{reference}": partial(record_paths.python_group, LARGE, direction, reference)
        for direction in ("in", "out")
        for reference in record_paths.IN_PYTHON
    }


def _records() -> dict[str, Callable[[], Group]]:
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
        **_python_records(),
    }


def _sized(make: Callable[[str, int], Group], sizes: Sequence[int]) -> dict[str, Callable[[], Group]]:
    return {f"{tier}-{size}": partial(make, tier, size) for tier in ("F0", "R0") for size in sizes}


def _orders(count: int) -> dict[str, Callable[[], Group]]:
    return {tier: partial(order_group, tier, count) for tier in LOBSTER_TIERS}


def _books(count: int) -> dict[str, Callable[[], Group]]:
    """All tiers of 10 levels; of the others, what goes by columns."""
    made: dict[str, Callable[[], Group]] = {}
    for levels in BOOK_LEVELS:
        for tier in LOBSTER_TIERS if levels == MIDDLE else ("F2", "R3", "R5"):
            made[f"{tier}-{levels}"] = partial(book_group, tier, count * MIDDLE // max(levels, MIDDLE), levels)
    return made


SMALL: Final = 100
LARGE: Final = 100_000
ROWS: Final = 10_000
"""Rows of LOBSTER's files; of 50 levels a fifth of them."""

MIDDLE: Final = 10
"""Levels of the book in all tiers."""

BOUND: Final = 64
"""Bytes of the bound of num3 and str16, over what any of their messages has."""

GIB: Final = 1024 * MIB

LOBSTER_TIERS: Final = ("F1", "F2", "R1", "R2", "R3", "R4", "R5")

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "aa",
            "The same code twice: what differs here is noise",
            {path: partial(twice_group, path, SMALL) for path in ("write", "read", "python", "records", "peer")},
        ),
        Scenario("floor", "What the machine takes at least", {"R0": partial(floor_group, LARGE)}),
        Scenario(
            "tel-100",
            "100 telemetry events",
            _tiers(SMALL),
            {"instructions": instruction_study},
            not_quick=frozenset({"instructions"}),
        ),
        Scenario(
            "tel-100k",
            "100,000 telemetry events",
            _tiers(LARGE),
            {"memory": memory_study(LARGE)},
            not_quick=frozenset(TITLES) - {"R0"} | {"memory"},
        ),
        Scenario("num3", "100 messages of three u64", _small(numbers)),
        Scenario("str16", "100 messages of 16 ASCII bytes", _small(texts)),
        Scenario(
            "chk",
            "What a checksum costs, by the size of the payload",
            _sized(checksum_group, CHECKED),
            modelled=True,
        ),
        Scenario(
            "deframe-4k",
            "Frames of 4112 bytes",
            {f"R0-{count}": partial(deframe_group, count) for count in (1, 1000)},
        ),
        Scenario(
            "sweep",
            "Payloads of 16 bytes to 16 MiB",
            _sized(sweep_group, SWEPT),
            modelled=True,
            not_quick=frozenset(f"{tier}-{size}" for tier in ("F0", "R0") for size in SWEPT if size > MIB),
        ),
        Scenario("readpath", "The ways to read 100,000 telemetry events", {"R0": partial(read_path_group, LARGE)}),
        Scenario(
            "mixed",
            "1000 messages of 24 bytes and 10 of 1 MB",
            {f"F1-{sink}": partial(mixed_group, sink) for sink in ("memory", "file")},
            {"retained": mixed_timelines},
        ),
        Scenario(
            "policy",
            "Memory policies: 10 x (1 MiB, then 1100 of 1 KiB)",
            {"F1": policy_group},
            {"retained": policy_timelines},
        ),
        Scenario("adapt", "What adapters cost, over 1000 telemetry tables", adapter_groups(1000)),
        Scenario(
            "lob-msg",
            f"LOBSTER's message file, {ROWS:,} rows",
            _orders(ROWS),
            not_quick=frozenset({"F1", "F2", "R1", "R4"}),
        ),
        Scenario(
            "lob-book",
            f"LOBSTER's order book file, {ROWS:,} rows, of 50 levels {ROWS // 5:,}",
            _books(ROWS),
            not_quick=frozenset(f"{tier}-{levels}" for tier in LOBSTER_TIERS for levels in BOOK_LEVELS) - {"R5-10"},
        ),
        Scenario(
            "lob-pair",
            f"LOBSTER's two files together, {ROWS:,} rows of {MIDDLE} levels",
            {"F1": partial(ingest_group, ROWS, MIDDLE), "R5": partial(pair_group, ROWS, MIDDLE)},
            not_quick=frozenset({"F1"}),
        ),
        Scenario(
            "io",
            "Through the operating system: files of 10,000 events, sockets of 100",
            {
                "F0-file": partial(file_write_group, 10_000),
                "R0-file": partial(file_read_group, 10_000),
                "F0-socket": partial(socket_write_group, SMALL),
                "R0-socket": partial(socket_read_group, SMALL),
            },
        ),
        Scenario(
            "recover",
            "How a journal ends",
            {"recovery": partial(recovery_group, 10_000), "journal": partial(journal_group, GIB)},
            not_quick=frozenset({"journal"}),
        ),
        Scenario(
            "rust",
            "100,000 telemetry events, beside contenders in Rust",
            {tier: partial(rust_group, tier, LARGE) for tier in ("F1", "R3", "cycle")},
            not_quick=frozenset({"F1", "R3", "cycle"}),
        ),
        Scenario("scale", "From a thousand frames to a hundred million", {}, {"scale": scale_study}),
        Scenario(
            "cores",
            "Checksums verified by one thread and by two",
            {
                algorithm: partial(core_group, algorithm, 4 * KIB, 16 * KIB)
                for algorithm in ("crc16", "crc32", "xxh3_64")
            },
        ),
        Scenario(
            "engine",
            "What the native engine promises",
            _engine(),
            not_quick=frozenset({"sparse", "threads", "scale", "xxh3_64-65536k", "crc32-65536k"}),
        ),
        Scenario(
            "records",
            "What records promise",
            _records(),
            not_quick=frozenset({"encode", "builder", "accessors", "book-10", *_python_records()}),
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
