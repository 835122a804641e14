"""The same work under pytest-benchmark: ``pytest benchmarks -k tel-100k-R3``. A plain ``pytest`` does not collect this.

Every row of every group is a test, named scenario-group-row; pytest-benchmark's own options work, such as
``--benchmark-json`` and ``--benchmark-compare``. Numbers that are quoted come from ``python -m benchmarks run``, where
contenders take turns in several processes; these are for a quick look at one of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from benchmarks.run import checked
from benchmarks.scenarios import MINIATURES, SCENARIOS
from benchmarks.tiers import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from benchmarks.tiers import Group

    class Benchmark(Protocol):
        """The part of pytest-benchmark's fixture that is used here."""

        group: str
        extra_info: dict[str, object]

        def __call__(self, call: Callable[[], object]) -> object:
            """Time ``call``."""


ELSEWHERE = {"rust"}
"""Scenarios whose work is done, and timed, in another process: only a run of ours can measure them."""


def rows() -> Iterator[Any]:
    """Every row: its names are those that the same groups have over next to nothing."""
    for scenario in SCENARIOS.values():
        if scenario.name in ELSEWHERE:
            continue
        miniature = MINIATURES[scenario.name].groups
        for place, (group, small) in enumerate(
            zip(scenario.groups, _repeating(miniature, scenario.groups), strict=True)
        ):
            for lane in small().lanes:
                yield pytest.param(scenario.name, place, lane.name, id=f"{scenario.name}-{group}-{lane.name}")


def _repeating(small: Any, groups: Any) -> list[Callable[[], Group]]:
    """A small group for each group, of the same tier where there are fewer of them: sizes differ, names do not."""
    found = list(small.items())
    return [
        next((make for name, make in found if name == wanted), None)
        or next(make for name, make in found if name.partition("-")[0] == wanted.partition("-")[0])
        for wanted in groups
    ]


@lru_cache(maxsize=1)
def group_at(scenario: str, place: int) -> Group:
    """The group of full size; the next one takes its place."""
    return list(SCENARIOS[scenario].groups.values())[place]()


@pytest.mark.benchmark(disable_gc=True, max_time=0.5, min_rounds=3)
@pytest.mark.parametrize(("scenario", "place", "name"), list(rows()))
def test_row(benchmark: Benchmark, scenario: str, place: int, name: str) -> None:
    """One row, after its output was checked."""
    group = group_at(scenario, place)
    benchmark.group = f"{scenario} {group.name}: {group.title}"
    benchmark.extra_info.update(tier=group.tier, messages=group.messages, payload_bytes=group.payload_bytes)
    entrant = checked(next(lane for lane in group.lanes if lane.name == name), group.expected)
    if isinstance(entrant, Absent):
        if entrant.status == "wrong":
            pytest.fail(entrant.reason)
        pytest.skip(entrant.reason)
    benchmark(entrant.call)
