"""The scenarios: which groups and studies each has, over how many messages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks import record_paths
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
from benchmarks.paths.adapters import adapter_groups
from benchmarks.paths.contending import bounded_group, message_group, read_path_group, tier_group
from benchmarks.paths.cores import core_group
from benchmarks.paths.floors import floor_group, twice_group
from benchmarks.paths.lobster import book_group, ingest_group, order_group, pair_group
from benchmarks.paths.memory_over_time import mixed_group, mixed_timelines, policy_group, policy_timelines
from benchmarks.paths.promises import read_bar, write_bar
from benchmarks.paths.recovering import journal_group, recovery_group
from benchmarks.paths.rust import rust_group
from benchmarks.paths.sinks import file_read_group, file_write_group, socket_read_group, socket_write_group
from benchmarks.paths.sizes import CHECKED, SWEPT, checksum_group, deframe_group, sweep_group
from benchmarks.scenario import Scenario
from benchmarks.studies.instructions import instruction_study
from benchmarks.studies.memory import memory_study
from benchmarks.studies.scale import scale_study
from benchmarks.tiers import TITLES
from benchmarks.workloads import BOOK_LEVELS, numbers, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.scenario import Groups
    from benchmarks.tiers import Group
    from benchmarks.workloads import Workload

__all__ = ["FULL_SIZE", "MINIATURES", "SCENARIOS", "Scenario", "Sizes", "scenarios"]

BOUND: Final = 64
"""Bytes of the bound of num3 and str16, over what any of their messages has."""

MIDDLE: Final = 10
"""Levels of the book in all tiers."""

LOBSTER_TIERS: Final = ("F1", "F2", "R1", "R2", "R3", "R4", "R5")


@dataclass(frozen=True)
class Sizes:
    """How large the workloads are. Numbers of messages, but where it says otherwise."""

    small: int = 100
    large: int = 100_000
    tables: int = 1000
    """Of the adapters."""
    rows: int = 10_000
    """Of LOBSTER's files; of 50 levels a fifth of them."""
    files: int = 10_000
    frames_4k: int = 1000
    swept: tuple[int, ...] = SWEPT
    """Bytes of a payload."""
    checked: tuple[int, ...] = CHECKED
    """Bytes of a payload."""
    journal: int = 10_000
    long_journal: int = 1024 * MIB
    """Bytes."""
    core_frames: int = 16 * KIB
    blocks: tuple[tuple[int, int], ...] = ((64 * KIB, 256), (MIB, 32), (64 * MIB, 1))
    """Bytes of a payload that is large, and how many of them."""
    sparse: int = 1024
    threads: int = 64 * KIB
    few: int = 10**4
    many: int = 10**7


FULL_SIZE: Final = Sizes()

MINIATURE: Final = Sizes(
    small=3,
    large=3,
    tables=120,
    rows=12,
    files=3,
    frames_4k=2,
    swept=SWEPT[:3],
    checked=CHECKED[:3],
    journal=3,
    long_journal=2 * MIB,
    core_frames=KIB,
    blocks=((KIB, 2),),
    sparse=2,
    threads=2,
    few=3,
    many=6,
)
"""The same code over next to nothing: what tests check, and where names of rows are known from."""


def _tiers(count: int) -> Groups:
    return {tier: partial(tier_group, tier, count) for tier in TITLES}


def _messages(workload: Callable[[int], Workload], count: int) -> Groups:
    made: dict[str, Callable[[], Group]] = {}
    for tier in ("cycle", "R0", "R3"):
        made[tier] = partial(message_group, tier, workload, count)
        made[f"{tier}-bounded"] = partial(bounded_group, tier, workload, count, BOUND)
    return made


def _sized(make: Callable[[str, int], Group], sizes: Sequence[int]) -> Groups:
    return {f"{tier}-{size}": partial(make, tier, size) for tier in ("F0", "R0") for size in sizes}


def _books(count: int) -> Groups:
    """All tiers of 10 levels; of the others, what goes by columns."""
    made: dict[str, Callable[[], Group]] = {}
    for levels in BOOK_LEVELS:
        for tier in LOBSTER_TIERS if levels == MIDDLE else ("F2", "R3", "R5"):
            made[f"{tier}-{levels}"] = partial(book_group, tier, count * MIDDLE // max(levels, MIDDLE), levels)
    return made


def _engine(sizes: Sizes) -> Groups:
    large = {
        f"{algorithm}-{size // KIB}k": partial(large_group, algorithm, size, count)
        for algorithm in ("xxh3_64", "crc32")
        for size, count in sizes.blocks
    }
    return {
        "read": partial(read_group, sizes.large),
        "write": partial(write_group, sizes.large),
        **large,
        "sparse": partial(sparse_group, sizes.sparse),
        "threads": partial(thread_group, 4 * KIB, sizes.threads),
        "scale": partial(scale_group, sizes.few, sizes.many),
    }


def _records(count: int, rows: int) -> Groups:
    python = {
        f"python-{direction}-{reference}": partial(record_paths.python_group, count, direction, reference)
        for direction in ("in", "out")
        for reference in record_paths.IN_PYTHON
    }
    return {
        "write": partial(record_paths.write_group, count),
        "encode": partial(record_paths.encode_group, count),
        "builder": partial(record_paths.official_group, count),
        "columns": partial(record_paths.columns_group, count),
        "accessors": partial(record_paths.accessor_group, count),
        "field": partial(record_paths.field_group, count),
        "verify-copied": partial(record_paths.verify_group, count, copy=True),
        "verify-borrowed": partial(record_paths.verify_group, count, copy=False),
        "book-10": partial(record_paths.book_group, rows, MIDDLE),
        **python,
    }


def scenarios(sizes: Sizes) -> dict[str, Scenario]:
    """Every scenario, by its name."""
    small, large, rows = sizes.small, sizes.large, sizes.rows
    events = f"{large:,} telemetry events"
    return {
        scenario.name: scenario
        for scenario in (
            Scenario(
                "aa",
                "The same code twice: what differs here is noise",
                {path: partial(twice_group, path, small) for path in ("write", "read", "python", "records", "peer")},
            ),
            Scenario("floor", "What the machine takes at least", {"R0": partial(floor_group, large)}),
            Scenario(
                "tel-100",
                f"{small:,} telemetry events",
                _tiers(small),
                {"instructions": instruction_study},
                not_quick=frozenset({"instructions"}),
            ),
            Scenario(
                "tel-100k",
                events,
                _tiers(large),
                {"memory": memory_study(large)},
                not_quick=frozenset(TITLES) - {"R0"} | {"memory"},
            ),
            Scenario("num3", f"{small:,} messages of three u64", _messages(numbers, small)),
            Scenario("str16", f"{small:,} messages of 16 ASCII bytes", _messages(texts, small)),
            Scenario(
                "chk",
                "What a checksum costs, by the size of the payload",
                _sized(checksum_group, sizes.checked),
                modelled=True,
            ),
            Scenario(
                "deframe-4k",
                "Frames of 4112 bytes",
                {f"R0-{count}": partial(deframe_group, count) for count in (1, sizes.frames_4k)},
            ),
            Scenario(
                "sweep",
                "Payloads of 16 bytes to 16 MiB",
                _sized(sweep_group, sizes.swept),
                modelled=True,
                not_quick=frozenset(f"{tier}-{size}" for tier in ("F0", "R0") for size in SWEPT if size > MIB),
            ),
            Scenario("readpath", f"The ways to read {events}", {"R0": partial(read_path_group, large)}),
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
            Scenario(
                "adapt", f"What adapters cost, over {sizes.tables:,} telemetry tables", adapter_groups(sizes.tables)
            ),
            Scenario(
                "lob-msg",
                f"LOBSTER's message file, {rows:,} rows",
                {tier: partial(order_group, tier, rows) for tier in LOBSTER_TIERS},
                not_quick=frozenset({"F1", "F2", "R1", "R4"}),
            ),
            Scenario(
                "lob-book",
                f"LOBSTER's order book file, {rows:,} rows, of 50 levels {rows // 5:,}",
                _books(rows),
                not_quick=frozenset(f"{tier}-{levels}" for tier in LOBSTER_TIERS for levels in BOOK_LEVELS) - {"R5-10"},
            ),
            Scenario(
                "lob-pair",
                f"LOBSTER's two files together, {rows:,} rows of {MIDDLE} levels",
                {"F1": partial(ingest_group, rows, MIDDLE), "R5": partial(pair_group, rows, MIDDLE)},
                not_quick=frozenset({"F1"}),
            ),
            Scenario(
                "io",
                f"Through the operating system: files of {sizes.files:,} events, sockets of {small}",
                {
                    "F0-file": partial(file_write_group, sizes.files),
                    "R0-file": partial(file_read_group, sizes.files),
                    "F0-socket": partial(socket_write_group, small),
                    "R0-socket": partial(socket_read_group, small),
                },
            ),
            Scenario(
                "recover",
                "How a journal ends",
                {
                    "recovery": partial(recovery_group, sizes.journal),
                    "journal": partial(journal_group, sizes.long_journal),
                },
                not_quick=frozenset({"journal"}),
            ),
            Scenario("scale", "From a thousand frames to a hundred million", {}, {"scale": scale_study}),
            Scenario(
                "cores",
                "Checksums verified by one thread and by two",
                {
                    algorithm: partial(core_group, algorithm, 4 * KIB, sizes.core_frames)
                    for algorithm in ("crc16", "crc32", "xxh3_64")
                },
            ),
            Scenario(
                "rust",
                f"{events}, beside contenders in Rust",
                {tier: partial(rust_group, tier, large) for tier in ("F1", "R3", "cycle")},
                not_quick=frozenset({"F1", "R3", "cycle"}),
            ),
            Scenario(
                "engine",
                "What the native engine promises",
                _engine(sizes),
                not_quick=frozenset({"sparse", "threads", "scale", "xxh3_64-65536k", "crc32-65536k"}),
            ),
            Scenario(
                "records",
                "What records promise",
                _records(large, rows),
                not_quick=frozenset({"builder", "accessors", "python-in-official", "python-out-official"}),
            ),
            Scenario(
                "bars",
                f"What the project promises in pure Python, over {events}",
                {
                    "write": partial(write_bar, large),
                    "read-borrowed": partial(read_bar, "read-borrowed", "bytes-borrowed", "msgpack", large),
                    "read-exact": partial(read_bar, "read-exact", "file-exact", "msgpack-file", large),
                    "read-ahead": partial(read_bar, "read-ahead", "file-ahead", "msgpack-file", large),
                },
            ),
        )
    }


SCENARIOS: Final = scenarios(FULL_SIZE)

MINIATURES: Final = scenarios(MINIATURE)
"""Every scenario over next to nothing."""
