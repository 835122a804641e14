"""The conformance results of this checkout: the reference on both engines, and every testee that can be built here.

They are stored as `flatstream-conformance testees --json` writes them, so that the runner's own tools read them too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.environment import ROOT
from benchmarks.records import RecordError
from flatstream_conformance import catalogue, roster, rules, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FILE", "MAKE", "Implementation", "Results", "Rule", "current_digest", "make", "read"]

FILE: Final = "conformance.json"
"""Where they are, in the folder of the reports."""

MAKE: Final = "python -m benchmarks conformance"
"""The command that makes them."""

TIMEOUT: Final = 10.0
"""Seconds for each reply."""


class Implementation(NamedTuple):
    """One implementation; ``totals`` is ``None`` if it was not run, and ``problem`` says why."""

    name: str
    language: str
    version: str
    about: str
    problem: str
    totals: Mapping[str, int] | None
    counted: int
    claims: int
    not_passed: list[tuple[str, str, str]]
    """Case, verdict and reason of what neither passed nor was skipped."""


class Rule(NamedTuple):
    """A rule, and how its cases went with each implementation; ``None`` with one that was not run."""

    id: str
    title: str
    counts: Sequence[Mapping[str, int] | None]


class Results(NamedTuple):
    """What the page shows of the suite."""

    version: int
    digest: str
    implementations: list[Implementation]
    chapters: list[tuple[str, list[Rule]]]


def current_digest() -> str:
    """The digest of the vectors as they are now."""
    return suite.load(None).digest


def make(progress: Callable[[str], object] = lambda _name: None) -> str:
    """Build and run everything, and return the results as JSON; ``progress`` is told the name of each."""
    vectors = suite.load(None)
    reference = tuple(
        catalogue.Entry(
            name=f"reference-{engine}",
            language="Python",
            about=f"this library on its {engine} engine",
            folder=ROOT,
            needs=(),
            build=(),
            run=("{python}", "-m", "flatstream_conformance.testee", "--engine", engine),
        )
        for engine in ("native", "python")
    )
    outcomes = []
    for entry in (*reference, *catalogue.find(ROOT / catalogue.DEFAULT_FOLDER)):
        progress(entry.name)
        outcomes.append(roster.outcome_of(entry, vectors, TIMEOUT, required=False))
    document = json.loads(roster.dump(outcomes, vectors))
    for testee in document["testees"]:
        _forget_the_machine(testee)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read(path: Path) -> Results | None:
    """The results, or ``None`` where there are none; ``RecordError`` if they are broken."""
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        testees: list[dict[str, Any]] = document["testees"]
        return Results(
            document["suite_version"],
            document["digest"],
            [_implementation(testee) for testee in testees],
            _chapters([testee.get("rules") for testee in testees]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path.name} cannot be read, {MAKE} makes it anew: {error!r}") from error


def _forget_the_machine(testee: dict[str, Any]) -> None:
    """No path of the machine that it was run on."""
    testee["problem"] = testee["problem"].replace(sys.executable, "python").replace(str(ROOT), ".")
    if header := testee.get("header"):
        header["command"] = header["command"].replace(sys.executable, "python")
        header["folder"] = Path(header["folder"]).relative_to(ROOT).as_posix()


def _implementation(testee: dict[str, Any]) -> Implementation:
    header, footer = testee.get("header"), testee.get("footer")
    told: dict[str, Any] = header["testee"] if header else {}
    return Implementation(
        testee["name"],
        str(told.get("language", testee["language"])),
        str(told.get("version", "")),
        testee["about"],
        testee["problem"],
        footer["totals"] if footer else None,
        footer["counted"] if footer else 0,
        len(header["features"]) if header else 0,
        [(case["case"], case["verdict"], case["reason"]) for case in testee.get("not_passed", [])],
    )


def _chapters(counts: list[dict[str, dict[str, int]] | None]) -> list[tuple[str, list[Rule]]]:
    named = {rule for each in counts if each is not None for rule in each}
    found: dict[str, list[Rule]] = {}
    for rule in rules.ordered(named):
        row = [None if each is None else each.get(rule.id) for each in counts]
        if any(row):
            found.setdefault(rule.chapter, []).append(Rule(rule.id, rule.title, row))
    return list(found.items())
