"""Counting the records of a run by rule, and the vectors by rule and group."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flatstream_conformance.records import CaseRecord, Records
    from flatstream_conformance.suite import Vector


@dataclass(frozen=True, slots=True)
class Count:
    """How the cases of one rule went: `known` are the failures that are excused."""

    passed: int = 0
    failed: int = 0
    known: int = 0
    skipped: int = 0

    @property
    def executed(self) -> int:
        """The cases that got a verdict other than `skip`."""
        return self.passed + self.failed + self.known

    @property
    def state(self) -> str:
        """`pass`, `fail`, `known` (no other failure than excused ones), `skip`, or `none` without any case."""
        if self.failed:
            return "fail"
        if self.known:
            return "known"
        if self.passed:
            return "pass"
        return "skip" if self.skipped else "none"


def by_rule(cases: Iterable[CaseRecord]) -> Mapping[str, Count]:
    """The count of each rule that a case names; the count of any other rule is empty."""
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for rule in case.rules:
            outcomes[rule][_outcome(case)] += 1
    return defaultdict(Count, {rule: Count(**counts) for rule, counts in outcomes.items()})


def _outcome(case: CaseRecord) -> str:
    match case.verdict:
        case "pass":
            return "passed"
        case "skip":
            return "skipped"
        case _:
            return "failed" if case.counts else "known"


def coverage(vectors: Iterable[Vector]) -> Mapping[str, Mapping[str, int]]:
    """How many vectors of each group name each rule: `coverage(...)["R2"]["truncation"]`."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for vector in vectors:
        for rule in vector.rules:
            counts[rule][vector.group] += 1
    return counts


def answers_are_right(run: Records) -> bool:
    """Whether there was an answer and none was wrong, so that speed and memory mean something."""
    counts = run.footer.totals
    return run.footer.executed > 0 and not counts["fail"] and not counts["error"]
