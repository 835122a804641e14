"""The search: rounds of made-up questions until one is answered wrongly, the time is over, or enough were asked."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky

from flatstream_conformance.errors import ConformanceError
from flatstream_conformance.fuzzing.questions import cases
from flatstream_conformance.placing import placed
from flatstream_conformance.session import FaultError
from flatstream_conformance.verdict import Difference, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flatstream_conformance.fuzzing.case import Case
    from flatstream_conformance.fuzzing.oracle import Oracle
    from flatstream_conformance.json_types import JsonObject
    from flatstream_conformance.session import Session

# A round starts afresh, so that what the engine remembers of its examples does not grow with the time.
ROUND = 1000
# The part of the time for searching; the rest is there to make a finding small.
SEARCHING = 0.75


@dataclass(frozen=True, slots=True)
class Finding:
    """A case that the testee got wrong: by another answer, or by a crash, a hang or garbage (`fault`)."""

    case: Case
    expect: JsonObject
    reply: JsonObject | None
    differences: tuple[Difference, ...] = ()
    fault: str | None = None
    reason: str = ""
    stderr: str = ""

    @property
    def size(self) -> tuple[int, str]:
        """By which the smallest of several findings is chosen."""
        text = json.dumps(self.case.request, sort_keys=True)
        return len(text), text


@dataclass(slots=True)
class Hunt:
    """How far a search came. `stable` is false if the testee did not repeat its wrong answer."""

    asked: int = 0
    skipped: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    stable: bool = True
    shrunk: bool = False

    @property
    def smallest(self) -> Finding | None:
        """What to show."""
        return min(self.findings, key=lambda finding: finding.size, default=None)


class WrongError(Exception):
    """The testee's answer is not the reference's. Tells the engine that the case is worth making smaller."""


class FaultyError(Exception):
    """The testee gave no answer. Another kind than WrongError, so that one is not made smaller into the other."""


class _Over(BaseException):
    """The time is over, or nothing can be asked any more (`error`). No Exception: that would be a finding."""

    def __init__(self, error: ConformanceError | None = None) -> None:
        self.error = error


def hunt(
    session: Session,
    oracle: Oracle,
    *,
    seed: int,
    seconds: float,
    max_examples: int | None = None,
    on_case: Callable[[Hunt], None] = lambda _: None,
) -> Hunt:
    """Search until a wrong answer is found and made small, `max_examples` were asked, or `seconds` are over.

    The same seed asks the same questions, on the same versions of the engine and of this package. Raises
    UnusableTesteeError if the testee cannot be started again, and ConformanceError if it claims nothing that
    can be searched.
    """
    began = time.monotonic()
    found = Hunt()
    strategy = cases(oracle, session.claims)

    def check(case: Case) -> None:
        over = seconds if found.findings else seconds * SEARCHING
        if time.monotonic() - began > over:
            raise _Over
        found.asked += 1
        try:
            _ask(session, oracle, case, found)
        except ConformanceError as error:
            raise _Over(error) from error
        finally:
            on_case(found)

    with _notes_elsewhere():
        round_number = 0
        while not found.findings and (max_examples is None or found.asked < max_examples):
            left = ROUND if max_examples is None else min(ROUND, max_examples - found.asked)
            before = found.asked
            try:
                _round(check, strategy, f"{seed}/{round_number}", left)
            except (WrongError, FaultyError):
                found.shrunk = True
            except (Flaky, BaseExceptionGroup):
                found.stable = False
            except _Over as over:
                if over.error is not None:
                    raise over.error from None
                break
            if found.asked == before:
                break
            round_number += 1
    found.seconds = time.monotonic() - began
    return found


@contextlib.contextmanager
def _notes_elsewhere() -> Iterator[None]:
    """The engine keeps notes in the current folder, where nobody asked for them."""
    with tempfile.TemporaryDirectory(prefix="flatstream-fuzz-") as home:
        set_hypothesis_home_dir(home)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _round(
    check: Callable[[Case], None], strategy: hypothesis.strategies.SearchStrategy[Case], seed: str, examples: int
) -> None:
    settings = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    hypothesis.seed(seed)(settings(hypothesis.given(strategy)(check)))()


def _ask(session: Session, oracle: Oracle, case: Case, found: Hunt) -> None:
    expect = oracle.expect(case)
    try:
        reply = session.ask(case.op, case.request)
    except FaultError as fault:
        finding = Finding(case, expect, None, fault=fault.kind, reason=fault.text, stderr=fault.stderr)
        found.findings.append(finding)
        raise FaultyError(fault.text) from fault
    if "skipped" in reply:
        found.skipped += 1
        return
    differences = compare(expect, reply)
    if differences:
        shown = placed(differences, case.request, expect, reply)
        found.findings.append(Finding(case, expect, reply, shown))
        raise WrongError
