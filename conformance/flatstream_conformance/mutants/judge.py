"""Judging mutants in this process: their answers are asked for directly, and judged as a testee's are.

What a reply is worth is decided by the functions that decide it for testees: the schema of the reply, then the
comparison with what is expected. Only the pipe between is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from flatstream_conformance.mutants.base import BASE
from flatstream_conformance.schemas import reply_problem
from flatstream_conformance.verdict import compare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream_conformance.mutants.mutant import Mutant
    from flatstream_conformance.records import Verdict
    from flatstream_conformance.suite import Suite, Vector

Message = dict[str, Any]
SEQ = 1
# The parts of the base that leave no trace unless an object of them is made.
MADE_ON_DEMAND = ("reader", "writer", "recovery", "table_root", "adaptive", "threshold")


@dataclass(frozen=True, slots=True)
class Question:
    """A vector, the request that it makes, what the base answers, and the parts of which it made an object for that."""

    vector: Vector
    request: Message
    right: Message
    made: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """What the suite said of one mutant: the verdict that is no `pass` on each vector that gave one, by its id."""

    mutant: Mutant
    executed: int
    wrong: dict[str, Verdict]

    @cached_property
    def verdicts(self) -> dict[str, int]:
        """How many vectors gave each verdict."""
        counts = Counter(self.wrong.values())
        return {"pass": self.executed - len(self.wrong), "fail": counts["fail"], "error": counts["error"]}

    @cached_property
    def by_group(self) -> dict[str, int]:
        """How many vectors of each group catch the mutant, the most first."""
        return dict(Counter(group_of(case) for case in self.wrong).most_common())

    @property
    def caught_where_it_belongs(self) -> bool:
        """Whether a vector of a group that is about the mutant catches it."""
        return any(group in self.by_group for group in self.mutant.groups)


class Judge:
    """Asks implementations every vector of a suite that can tell them from the base, which is asked first."""

    def __init__(self, suite: Suite) -> None:
        self._questions: list[Question] = []
        self.base_wrong: dict[str, Verdict] = {}
        made: set[str] = set()
        noting: dict[str, Any] = {part: _noting(part, made) for part in MADE_ON_DEMAND}
        base = replace(BASE, **noting)
        for vector in suite.vectors:
            made.clear()
            request: Message = {"seq": SEQ, "op": vector.op, **vector.request}
            right = base.answer(request)
            self._questions.append(Question(vector, request, right, frozenset(made)))
            verdict = verdict_on(vector, right)
            if verdict != "pass":
                self.base_wrong[vector.id] = verdict

    def outcome(self, mutant: Mutant) -> Outcome:
        """Ask a mutant."""
        implementation = mutant.implementation()
        wrong: dict[str, Verdict] = {}
        for question in self._questions:
            if mutant.part in MADE_ON_DEMAND and mutant.part not in question.made:
                # Nothing of the mutant is run here but what it has in common with the base.
                continue
            reply = implementation.answer(question.request)
            # The same reply has the same verdict, and most replies of most mutants are those of the base.
            if reply != question.right and (verdict := verdict_on(question.vector, reply)) != "pass":
                wrong[question.vector.id] = verdict
        return Outcome(mutant, len(self._questions), wrong)


def _noting(part: str, made: set[str]) -> type[Any]:
    """The class of a part of the base, which notes in `made` that an object of it was made."""
    original: type[Any] = getattr(BASE, part)

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        made.add(part)
        original.__init__(self, *arguments, **named)

    return type(original.__name__, (original,), {"__init__": init})


def verdict_on(vector: Vector, reply: Message) -> Verdict:
    """The verdict on a reply that came in time, in order, and as JSON."""
    if _is_malformed(vector.op, json.dumps(reply)) or "errored" in reply:
        return "error"
    if "skipped" in reply:
        return "skip"
    return "fail" if compare(vector.expect, reply) else "pass"


@cache
def _is_malformed(op: str, reply: str) -> bool:
    """Whether the schema refuses a reply: the costly part, and mutants have most wrong replies in common."""
    return reply_problem(op, json.loads(reply)) is not None


def group_of(case: str) -> str:
    """The group of a vector, by its id."""
    return case.partition("/")[0]


def only_catchers(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    """For each vector, the mutants that it alone catches: without it they would get through. The most first."""
    alone: dict[str, list[str]] = {}
    for outcome in outcomes:
        if len(outcome.wrong) == 1:
            (case,) = outcome.wrong
            alone.setdefault(case, []).append(outcome.mutant.name)
    return dict(sorted(alone.items(), key=lambda item: -len(item[1])))
