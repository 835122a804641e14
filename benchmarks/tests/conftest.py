"""A run over a handful of events, rendered once: tests look at structure and rules, never at how long things took."""

from __future__ import annotations

import json
import shutil
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks import charts
from benchmarks.blocks import BLOCKS
from benchmarks.charts import drawing
from benchmarks.check import Place, render
from benchmarks.engine_paths import large_group, read_group, scale_group, sparse_group, thread_group, write_group
from benchmarks.environment import environment
from benchmarks.measure import Effort
from benchmarks.page import conformance
from benchmarks.paths.contending import read_path_group, tier_group
from benchmarks.paths.promises import read_bar, write_bar
from benchmarks.records import Record, save
from benchmarks.run import run_scenario
from benchmarks.scenario import Scenario
from benchmarks.tests import invented
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

EVENTS = 3
ONCE = Effort(least=2, most=2, seconds=0, sample_ns=1)

PAGE = (
    "# Title\n\nA frame takes <!-- n:tel-100k/F0/pickle/ns -->0<!-- /n --> ns, at most 4 times the other.\n\n"
    + "".join(f"<!-- benchmarks:{name} -->\n<!-- /benchmarks:{name} -->\n\n" for name in BLOCKS)
    + "The end.\n"
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts a command in the background has it ignore Ctrl-C, which tests send to one another.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def drawn_once() -> Iterator[None]:
    """What is drawn from the same is drawn once in these tests; that it has the same bytes again is one of them."""
    kept: dict[str, str] = {}

    def svg(draw: Callable[[], Figure], title: str, drawn_from: str) -> str:
        if drawn_from not in kept:
            kept[drawn_from] = drawing.svg(draw, title, drawn_from)
        return kept[drawn_from]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "svg", svg)
        yield


@pytest.fixture(scope="session")
def records() -> dict[str, Record]:
    tiers = {tier: partial(tier_group, tier, EVENTS) for tier in TITLES}
    scenarios = [
        Scenario("tel-100", "A few events", tiers),
        Scenario("tel-100k", "A few events more", tiers),
        Scenario("readpath", "Ways to read", {"R0": partial(read_path_group, EVENTS)}),
        Scenario(
            "bars",
            "Promises",
            {
                "write": partial(write_bar, EVENTS),
                "read-exact": partial(read_bar, "read-exact", "file-exact", "msgpack-file", EVENTS),
            },
        ),
    ]
    engine = {
        "read": partial(read_group, EVENTS),
        "write": partial(write_group, EVENTS),
        "large": partial(large_group, "crc32", 1000, 2),
        "sparse": partial(sparse_group, 5),
        "threads": partial(thread_group, 100, 2),
        "scale": partial(scale_group, 3, 6),
    }
    scenarios.append(Scenario("engine", "What the native engine promises", engine))
    facts = environment()
    return {scenario.name: run_scenario(scenario, ONCE, facts) for scenario in scenarios}


@pytest.fixture(scope="session")
def made_up() -> dict[str, Record]:
    """Records of every kind that nobody measured, for tests of what is rendered."""
    return invented.every(environment())


@pytest.fixture(scope="session")
def rendered(made_up: dict[str, Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    for name, record in made_up.items():
        save(record, folder / "reports" / "data" / f"{name}.json")
    results = {"suite_version": 1, "digest": conformance.current_digest(), "testees": []}
    (folder / "reports" / conformance.FILE).write_text(json.dumps(results), encoding="utf-8")
    (folder / "README.md").write_text(PAGE, encoding="utf-8", newline="\n")
    assert render(Place(folder / "README.md", folder / "reports", tuple(made_up))) == []
    return folder


@pytest.fixture
def place(rendered: Path, made_up: dict[str, Record], tmp_path: Path) -> Place:
    """A rendered page and its reports, to be broken by one test."""
    shutil.copytree(rendered, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path / "README.md", tmp_path / "reports", tuple(made_up))
