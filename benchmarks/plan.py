"""A long run: which process measures what, in which order, and what is kept of it when it is interrupted.

A run goes through all scenarios as often as an effort has processes: what changes from minute to minute then changes
within each group, where it shows as the width of its intervals. What a process found of a part is written at once, in
one step, to the folder of the unfinished run, from which the same command goes on.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.environment import ROOT
from benchmarks.records import write_text
from benchmarks.run import record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.environment import Environment
    from benchmarks.measure import Effort
    from benchmarks.records import Record
    from benchmarks.scenario import Scenario

    Take = Callable[[Scenario, Sequence[str], Effort, int], Iterator[tuple[str, float, Any]]]

__all__ = ["UNFINISHED", "Pace", "Plan", "Store", "Unit"]

UNFINISHED: Final = ROOT / "build" / "benchmarks"
"""Where a run keeps what it has measured so far."""


class Unit(NamedTuple):
    """What one process finds of one part of a scenario in one turn."""

    turn: int
    scenario: str
    part: str


class Store:
    """The finished units of a run, one file each.

    Only those are taken up again that were measured in the same environment: ``facts`` without their date.
    """

    def __init__(self, folder: Path, facts: Environment, effort: Effort) -> None:
        self.folder = folder
        self._head = json.dumps({**facts, "date": "", "effort": str(effort)}, sort_keys=True)

    @property
    def is_other(self) -> bool:
        """Whether what is there is of another environment, and so of no use."""
        head = self.folder / "run.json"
        try:
            return head.exists() and head.read_bytes() != self._head.encode()
        except OSError:
            return True

    def found(self) -> dict[Unit, Any]:
        """What a run in this environment has left. A file that is no whole unit counts as none: it is measured anew."""
        if self.is_other:
            return {}
        units = {}
        for path in self.folder.glob("*/*.json"):
            turn, _, part = path.stem.partition(".")
            with suppress(OSError, ValueError):
                units[Unit(int(turn), path.parent.name, part)] = json.loads(path.read_text(encoding="utf-8"))
        return units

    def begin(self) -> None:
        """Forget what a run in another environment left."""
        if self.is_other:
            self.clear()
        write_text(self.folder / "run.json", self._head)

    def keep(self, unit: Unit, found: Any) -> None:
        """Write one unit, whole or not at all."""
        write_text(self._place(unit), json.dumps(found))

    def forget(self, units: Iterable[Unit]) -> None:
        """These units are in records now. What another run has left stays."""
        for unit in units:
            self._place(unit).unlink(missing_ok=True)
        if not self.found():
            self.clear()

    def clear(self) -> None:
        """No run is to go on."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, unit: Unit) -> Path:
        return self.folder / unit.scenario / f"{unit.turn}.{unit.part}.json"


@dataclass
class Pace:
    """How long the rest of a run will take, from how long the same parts took in earlier turns."""

    took: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, unit: Unit, seconds: float) -> None:
        """A unit took so many seconds."""
        self.took[unit.scenario, unit.part].append(seconds)

    def left(self, units: Sequence[Unit], typical: float) -> float:
        """Seconds for these units; ``typical`` for one whose like nobody has measured, before there is any other."""
        known = [seconds for times in self.took.values() for seconds in times]
        unknown = sum(known) / len(known) if known else typical
        total = 0.0
        for unit in units:
            times = self.took.get((unit.scenario, unit.part))
            total += sum(times) / len(times) if times else unknown
        return total


@dataclass
class Plan:
    """The units of a run, and what is found of them. ``take`` measures some parts of a scenario in one process."""

    scenarios: Mapping[str, Scenario]
    effort: Effort
    facts: Environment
    take: Take
    store: Store | None = None
    found: dict[Unit, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        if self.store is not None:
            self.found = {unit: found for unit, found in self.store.found().items() if unit in set(self.units())}

    def units(self) -> list[Unit]:
        """All of them, in the order in which they are measured: a turn goes through all scenarios; studies run once."""
        return [
            Unit(turn, scenario.name, part)
            for turn in range(self.effort.processes)
            for scenario in self.scenarios.values()
            for part in scenario.parts
            if part in scenario.groups or turn == 0
        ]

    def left(self) -> list[Unit]:
        """The units that nobody has measured yet."""
        return [unit for unit in self.units() if unit not in self.found]

    def run(self, moved: Callable[[Unit, float, float], object]) -> Iterator[Record]:
        """Measure what is left; gives each record as soon as it is whole.

        ``moved`` is told the unit at work, which fraction of it is done, and the seconds that are left in all.
        """
        if self.store is not None:
            self.store.begin()
        given = set()
        for name in self.scenarios:
            if self._whole(name):
                given.add(name)
                yield self._record(name)
        for turn in range(self.effort.processes):
            for name, scenario in self.scenarios.items():
                parts = [unit.part for unit in self.left() if (unit.turn, unit.scenario) == (turn, name)]
                if not parts:
                    continue
                began = monotonic()
                for part, fraction, found in self.take(scenario, parts, self.effort, turn):
                    unit = Unit(turn, name, part)
                    if found is not None:
                        self.found[unit] = found
                        if self.store is not None:
                            self.store.keep(unit, found)
                        self.pace.note(unit, monotonic() - began)
                        began = monotonic()
                    moved(unit, fraction, self.pace.left(self.left(), self.effort.seconds))
                if self._whole(name) and name not in given:
                    given.add(name)
                    yield self._record(name)

    def _whole(self, name: str) -> bool:
        return all(unit in self.found for unit in self.units() if unit.scenario == name)

    def _record(self, name: str) -> Record:
        scenario = self.scenarios[name]
        parts: dict[str, list[Any]] = defaultdict(list)
        for unit in sorted(self.found):
            if unit.scenario == name:
                parts[unit.part].append(self.found[unit])
        return record_of(scenario, self.effort, self.facts, parts)
