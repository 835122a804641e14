"""All contenders in one tier over one workload: the groups of the telemetry and small-message scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contenders import bounded_contenders, contenders
from benchmarks.read_paths import read_paths
from benchmarks.tiers import REFERENCE, TITLES, Group, group
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.contenders.contender import Contender
    from benchmarks.workloads import Workload

__all__ = ["bounded_group", "message_group", "read_path_group", "tier_group"]


def message_group(tier: str, workload: Callable[[int], Workload], count: int) -> Group:
    """Every contender in one tier, over ``count`` messages of a workload."""
    return group(tier, workload(count), contenders())


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
