"""The run: each selected vector is sent to the testee, and each reply is judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flatstream_conformance import growth, records, speed
from flatstream_conformance.errors import EXIT_FAILED, EXIT_OK
from flatstream_conformance.placing import placed
from flatstream_conformance.records import CaseRecord, Footer, Header, Records
from flatstream_conformance.schemas import ALGORITHMS, FEATURES, OPS
from flatstream_conformance.session import PROTOCOL, Claims, FaultError, Session
from flatstream_conformance.suite import SUITE
from flatstream_conformance.verdict import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from flatstream_conformance.profiles import Profile
    from flatstream_conformance.suite import Suite, Vector

# The end of what a testee wrote to stderr during a case that went wrong: the place of a panic or a trace.
STDERR_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and what to make of it.

    `command` starts the testee, in `folder` if there is one; `shown_command` is what a person would type for it,
    None for the built-in reference. `timeout` is in seconds for each reply. `known` maps ids of cases to reasons.
    """

    command: Sequence[str] | str
    suite: Suite
    shown_command: str | None = None
    shown_vectors: str | None = None
    folder: Path | None = None
    only: tuple[str, ...] = ()
    profile: Profile | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0

    def selected(self) -> tuple[Vector, ...]:
        """The vectors that match `only` and belong to the profile, in the order of the suite."""
        chosen = self.suite.select(self.only)
        return chosen if self.profile is None else tuple(v for v in chosen if self.profile.has(v))


def run(plan: Plan, on_case: Callable[[CaseRecord], None] = lambda _: None) -> Records:
    """Run the plan and return its records; `on_case` is told of each verdict as it falls.

    Raises UnusableTesteeError if the testee cannot be started, also in the middle of the run.
    """
    began = time.monotonic()
    earlier_testees = growth.children_high_water()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    cases: list[CaseRecord] = []
    with Session(plan.command, plan.timeout, plan.folder) as session:
        header = _header(plan, session.claims, started)
        bounds_memory = plan.profile is not None and plan.profile.bounds_memory
        for vector in plan.selected():
            case = _counted(_case(session, vector, bounds_memory=bounds_memory), plan)
            cases.append(case)
            on_case(case)
        seconds = time.monotonic() - began
        # The speed of wrong answers means nothing, and part of a suite does not show that they are right.
        all_right = not plan.only and all(case.verdict in {"pass", "skip"} for case in cases)
        # Before the loops of `bench`, whose payloads are no part of the suite.
        peak_memory = session.peak_memory() if all_right else None
        speeds = speed.measure(session) if all_right else ()
        starts = session.starts
        ending = session.finish()
    if all_right and peak_memory is None:
        # With the loops of `bench` in it, but better than nothing.
        peak_memory = growth.risen(earlier_testees, growth.children_high_water())
    footer = replace(
        _footer(plan, cases),
        starts=starts,
        seconds=round(seconds, 3),
        ending=ending,
        speeds=speeds,
        peak_memory=peak_memory,
    )
    return Records(header, tuple(cases), footer)


def unclaimed(claims: Claims, vector: Vector) -> str | None:
    """Why a testee of these claims is not sent this vector; None if it is."""
    if vector.op not in claims.ops:
        return f"does not claim the operation {vector.op}"
    missing = [feature for feature in vector.features if feature not in claims.features]
    if missing:
        return f"does not claim {', '.join(missing)}"
    if vector.algorithm in ALGORITHMS and vector.algorithm not in claims.algorithms:
        return f"does not claim the algorithm {vector.algorithm}"
    return None


def _case(session: Session, vector: Vector, *, bounds_memory: bool) -> CaseRecord:
    record = CaseRecord(vector.id, vector.group, vector.op, "pass", vector.rules, vector.comment, seconds=0.0)
    reason = unclaimed(session.claims, vector)
    if reason is not None:
        return replace(record, verdict="skip", reason=reason)
    watch = None
    if growth.is_measured(vector):
        # Kept by the session, since the watch sets the system's mark back.
        session.peak_memory()
        watch = growth.Watch(session.running())
    began = time.perf_counter()
    try:
        reply = session.ask(vector.op, vector.request, vector.expect)
    except FaultError as fault:
        return replace(
            record,
            verdict="error",
            seconds=_since(began),
            reason=fault.text,
            fault=fault.kind,
            stderr=fault.stderr[-STDERR_SHOWN:],
        )
    if "skipped" in reply:
        return replace(record, verdict="skip", seconds=_since(began), reason=f"skipped: {reply['skipped']}")
    differences = tuple(compare(vector.expect, reply))
    seconds = _since(began)
    if watch is not None and (grown := watch.growth()) is not None:
        record = replace(record, grown=grown.resident, reserved=grown.reserved)
        if bounds_memory and not differences and grown.excess is not None:
            # The mark of reserved address space only ever rises: the next case is to be measured from the ground.
            session.restart()
            return replace(record, verdict="fail", seconds=seconds, reason=grown.excess)
    if not differences:
        return replace(record, seconds=seconds)
    return replace(
        record,
        verdict="fail",
        seconds=seconds,
        reason=f"wrong: {', '.join(difference.field for difference in differences)}",
        differences=placed(differences, vector.request, vector.expect, reply),
        stderr=session.take_stderr()[-STDERR_SHOWN:],
    )


def _counted(case: CaseRecord, plan: Plan) -> CaseRecord:
    known = plan.known.get(case.case)
    match case.verdict:
        case "pass":
            counts = known is not None
        case "skip":
            counts = plan.profile is not None and known is None
        case _:
            counts = known is None
    return replace(case, known=known, counts=counts)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 6)


def _header(plan: Plan, claims: Claims, started: str) -> Header:
    return Header(
        suite=SUITE,
        suite_version=plan.suite.version,
        digest=plan.suite.digest,
        protocol=PROTOCOL,
        command=plan.shown_command,
        vectors=plan.shown_vectors,
        folder=None if plan.folder is None else plan.folder.as_posix(),
        profile=plan.profile.name if plan.profile is not None else None,
        only=plan.only,
        started=started,
        testee=claims.implementation,
        algorithms=claims.algorithms,
        ops=claims.ops,
        features=claims.features,
        unknown_claims=_unknown_claims(claims),
    )


def _unknown_claims(claims: Claims) -> tuple[str, ...]:
    """A misspelt feature would otherwise only be seen as cases that are skipped."""
    return tuple(
        f"{what} {name}"
        for what, claimed, there_are in (
            ("algorithm", claims.algorithms, ALGORITHMS),
            ("operation", claims.ops, OPS),
            ("feature", claims.features, FEATURES),
        )
        for name in claimed
        if name not in there_are
    )


def _footer(plan: Plan, cases: list[CaseRecord]) -> Footer:
    counts = records.totals(cases)
    executed = len(cases) - counts["skip"]
    counted = sum(case.counts for case in cases)
    problems: list[str] = []
    if not cases:
        problems.append("no case was selected")
    elif not executed:
        problems.append("no case was run: the testee claims none of those selected, or skipped them all")
    unmatched = plan.known.keys() - {vector.id for vector in plan.suite.vectors}
    problems += [f"the known failure {case} is no case of the suite" for case in sorted(unmatched)]
    return Footer(
        totals=counts,
        executed=executed,
        counted=counted,
        known=sum(case.known is not None and case.verdict in {"fail", "error"} for case in cases),
        problems=tuple(problems),
        exit_status=EXIT_FAILED if counted or problems else EXIT_OK,
    )
