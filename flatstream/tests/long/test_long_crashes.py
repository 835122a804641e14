"""Many crashes: more seeds of the schedules of ``test_crashes``, and more kills than ``test_kills``.

``pytest flatstream/tests/long -k crashes --figures reports/data/journal`` keeps what they counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flatstream.tests import kills
from flatstream.tests.crashes import Outcome, run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def totals(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Sums over all schedules, and their number."""
    found = dict.fromkeys(("schedules", *vars(Outcome())), 0)
    for outcome in outcomes:
        found["schedules"] += 1
        for name, value in vars(outcome).items():
            found[name] += value
    return found


def test_no_schedule_loses_or_invents_a_frame(figures: dict[str, Any]) -> None:
    figures["simulated disk"] = found = totals(run(seed) for seed in range(25_000))
    assert found["schedules"] == 25_000
    assert found["acknowledged"] > 100_000


def test_no_schedule_in_the_background_loses_or_invents_a_frame(figures: dict[str, Any]) -> None:
    figures["simulated disk, in the background"] = found = totals(run(seed, threads=True) for seed in range(5000))
    assert found["schedules"] == 5000
    assert found["acknowledged"] > 10_000


def test_writers_that_are_killed_lose_nothing(tmp_path: Path, figures: dict[str, Any]) -> None:
    found = kills.kill(tmp_path, 1000, seed=2024)
    figures["killed writers"] = vars(found)
    assert found.kills == 1000
    assert found.torn > 0
