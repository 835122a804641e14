"""All testees of a catalogue: each is built, and each that is there is run against the suite."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flatstream_conformance import building, known, tally
from flatstream_conformance.errors import EXIT_FAILED, EXIT_NO_TESTEE, EXIT_OK, KnownFailuresError, UnusableTesteeError
from flatstream_conformance.run import Plan, run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream_conformance.building import Built
    from flatstream_conformance.catalogue import Entry
    from flatstream_conformance.records import Records
    from flatstream_conformance.suite import Suite


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one testee; `records` is None if it was not run, and `problem` says why then."""

    entry: Entry
    built: Built
    records: Records | None = None
    problem: str = ""
    exit_status: int = EXIT_OK


def outcome_of(entry: Entry, suite: Suite, timeout: float, *, required: bool) -> Outcome:
    """Build one testee, run the suite against it, and apply its own list of known failures.

    A testee that cannot be built here fails only if it is `required`, or if a build command failed.
    """
    built = building.build(entry)
    if built.state != "built":
        fails = required or built.state == "failed"
        return Outcome(entry, built, problem=built.why, exit_status=EXIT_FAILED if fails else EXIT_OK)
    try:
        plan = Plan(
            command=entry.command,
            suite=suite,
            shown_command=shlex.join(entry.command),
            folder=entry.folder,
            known={} if entry.known_failures is None else known.read(entry.known_failures),
            timeout=timeout,
        )
        done = run(plan)
    except (UnusableTesteeError, KnownFailuresError) as error:
        status = EXIT_NO_TESTEE if isinstance(error, UnusableTesteeError) else EXIT_FAILED
        return Outcome(entry, built, problem=str(error), exit_status=status)
    return Outcome(entry, built, done, exit_status=done.footer.exit_status)


def exit_status(outcomes: Iterable[Outcome]) -> int:
    """The status of the whole: 3 if a testee could not be started, else 1 if one failed or none was run."""
    outcomes = list(outcomes)
    worst = max((outcome.exit_status for outcome in outcomes), default=EXIT_FAILED)
    if worst == EXIT_OK and not any(outcome.records for outcome in outcomes):
        return EXIT_FAILED
    return worst


def dump(outcomes: Iterable[Outcome], suite: Suite) -> str:
    """One JSON document: the claims and totals of each testee, its rules, and each case that did not pass."""
    document = {
        "suite_version": suite.version,
        "digest": suite.digest,
        "testees": [_described(outcome) for outcome in outcomes],
    }
    return json.dumps(document, indent=1) + "\n"


def _described(outcome: Outcome) -> dict[str, Any]:
    entry, done = outcome.entry, outcome.records
    described: dict[str, Any] = {
        "name": entry.name,
        "language": entry.language,
        "about": entry.about,
        "state": outcome.built.state,
        "problem": outcome.problem,
        "exit_status": outcome.exit_status,
    }
    if done is not None:
        described |= {
            "header": asdict(done.header),
            "footer": asdict(done.footer),
            "rules": {rule: asdict(count) for rule, count in tally.by_rule(done.cases).items()},
            "not_passed": [asdict(case) for case in done.cases if case.verdict not in {"pass", "skip"}],
        }
    return described
