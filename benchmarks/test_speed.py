"""The same work under pytest-benchmark: ``pytest benchmarks -k tel-100k``. A plain ``pytest`` does not collect this.

Numbers that are quoted come from ``python -m benchmarks run``, where contenders take turns; these are for a quick look
at one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.contenders import contenders
from benchmarks.read_paths import read_paths
from benchmarks.run import checked
from benchmarks.scenarios import LARGE, SMALL
from benchmarks.tiers import TITLES, Absent, expected, lane
from benchmarks.workloads import TELEMETRY as SHAPE
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from benchmarks.tiers import Lane

    class Benchmark(Protocol):
        """The part of pytest-benchmark's fixture that is used here."""

        group: str

        def __call__(self, call: Callable[[], object]) -> object:
            """Time ``call``."""


TELEMETRY = [
    pytest.param(count, tier, place, id=f"{scenario}-{tier}-{contender.name}")
    for scenario, count in (("tel-100", SMALL), ("tel-100k", LARGE))
    for tier in TITLES
    for place, contender in enumerate(contenders())
    if contender.refuses(SHAPE, tier) is None
]
READ_PATHS = [pytest.param(place, id=f"readpath-R0-{way.name}") for place, way in enumerate(read_paths(telemetry(1)))]


@pytest.mark.benchmark(disable_gc=True, max_time=0.5, min_rounds=3)
@pytest.mark.parametrize(("count", "tier", "place"), TELEMETRY)
def test_telemetry(benchmark: Benchmark, count: int, tier: str, place: int) -> None:
    """One contender in one tier."""
    workload = telemetry(count)
    benchmark.group = f"{count} telemetry events, {tier}"
    benchmark(_right(lane(contenders()[place], tier, workload), expected(tier, workload)))


@pytest.mark.benchmark(disable_gc=True, max_time=0.5, min_rounds=3)
@pytest.mark.parametrize("place", READ_PATHS)
def test_read_path(benchmark: Benchmark, place: int) -> None:
    """One way of reading."""
    workload = telemetry(LARGE)
    benchmark.group = "read paths"
    benchmark(_right(read_paths(workload)[place], workload.payloads))


def _right(entrant: Lane | Absent, output: object) -> Callable[[], object]:
    """The call to time, if its output is right."""
    entrant = checked(entrant, output)
    if isinstance(entrant, Absent):
        pytest.fail(entrant.reason)
    return entrant.call
