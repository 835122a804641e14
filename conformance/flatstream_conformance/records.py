"""The records of a run: what is measured once, and rendered as a table, JSON lines or JUnit afterwards.

A file of records has one JSON object a line: a header, a record for each case, and a footer. The footer comes
last, so a file without one is of a run that did not end, and is refused.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from flatstream_conformance.errors import RecordsError
from flatstream_conformance.schemas import record_problem
from flatstream_conformance.speed import Speed
from flatstream_conformance.verdict import Difference, HexRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from flatstream_conformance.json_types import JsonObject

Verdict: TypeAlias = Literal["pass", "fail", "error", "skip"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "error", "skip")


@dataclass(frozen=True, slots=True)
class Header:
    """What was run, against what.

    `command` is None for the built-in reference, `vectors` for the installed vectors, and `folder` if the testee
    is started in the runner's own.
    """

    suite: str
    suite_version: int
    digest: str
    protocol: int
    command: str | None
    vectors: str | None
    profile: str | None
    only: tuple[str, ...]
    started: str
    testee: JsonObject
    algorithms: tuple[str, ...]
    ops: tuple[str, ...]
    features: tuple[str, ...]
    unknown_claims: tuple[str, ...]
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """The verdict on one case.

    `seconds` is the time from the request to the verdict. `fault` is the kind of an `error`. `known` is the
    reason if the case is listed as a known failure. `counts` is true if the case counts against the testee.
    `grown` and `reserved` are the bytes of memory and of address space that the testee took for a case about
    hostile lengths; None for other cases, and where the system does not tell.
    """

    case: str
    group: str
    op: str
    verdict: Verdict
    rules: tuple[str, ...]
    comment: str
    seconds: float
    reason: str = ""
    fault: str | None = None
    differences: tuple[Difference, ...] = ()
    stderr: str = ""
    known: str | None = None
    counts: bool = False
    grown: int | None = None
    reserved: int | None = None

    @property
    def unexpected_pass(self) -> bool:
        """Whether the case passed although it is listed as a known failure."""
        return self.verdict == "pass" and self.known is not None


@dataclass(frozen=True, slots=True)
class Footer:
    """The totals.

    `executed` counts the cases that got a verdict other than `skip`, `counted` those that count against the
    testee, `known` the failures that are excused, and `starts` how often the testee was started. `ending` is what it
    did at the end of its input instead of exiting with 0. `problems` are the reasons, beside single cases, for
    which the run failed. `speeds` and `peak_memory` (bytes; None where the system does not tell) are of the
    testee, and are measured only if no answer was wrong.
    """

    totals: dict[str, int]
    executed: int
    counted: int
    known: int
    problems: tuple[str, ...]
    exit_status: int
    starts: int = 1
    seconds: float = 0.0
    ending: str | None = None
    speeds: tuple[Speed, ...] = ()
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """A whole run."""

    header: Header
    cases: tuple[CaseRecord, ...]
    footer: Footer


def totals(cases: Iterable[CaseRecord]) -> dict[str, int]:
    """How many cases have each verdict."""
    counts = dict.fromkeys(VERDICTS, 0)
    for case in cases:
        counts[case.verdict] += 1
    return {str(verdict): count for verdict, count in counts.items()}


def dump(records: Records) -> str:
    """The records as JSON lines, the last one ended by LF too."""
    parts: list[dict[str, Any]] = [asdict(records.header)]
    parts += [asdict(case) for case in records.cases]
    parts.append(asdict(records.footer))
    return "".join(json.dumps(part) + "\n" for part in parts)


def read(path: Path) -> Records:
    """Read a file of records. Raises RecordsError, with its name, if it is not one."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordsError(f"the records cannot be read: {error}") from error
    except RecordsError as error:
        raise RecordsError(f"{path}: {error}") from error


def parse(text: str) -> Records:
    """Read JSON lines back.

    Raises RecordsError if they are broken or have no footer, if their schema refuses one, or if the footer
    counts other cases than there are.
    """
    try:
        lines = [json.loads(line, parse_constant=_refuse_constant) for line in text.split("\n") if line]
    except (ValueError, RecursionError) as error:
        raise RecordsError(f"these are not the records of a run: {error}") from error
    if not lines or not isinstance(lines[-1], dict) or "totals" not in lines[-1]:
        raise RecordsError("the records have no footer: the run did not end")
    if len(lines) < 2:
        raise RecordsError("the records have no header")
    kinds = ["header", *["case"] * (len(lines) - 2), "footer"]
    for number, (kind, line) in enumerate(zip(kinds, lines, strict=True), start=1):
        problem = record_problem(kind, line)
        if problem is not None:
            raise RecordsError(f"record {number} is no {kind} of a run: {problem}")
    header, *cases, footer = lines
    done = Records(
        header=_made(Header, header),
        cases=tuple(_made(CaseRecord, case) for case in cases),
        footer=_made(Footer, footer),
    )
    if totals(done.cases) != done.footer.totals:
        raise RecordsError("the footer counts other cases than there are: records were lost, or added")
    return done


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _made(kind: type[Any], fields: dict[str, Any]) -> Any:
    """The dataclass of a record; JSON has lists where the dataclasses have tuples."""
    if "rows" in fields:
        fields = fields | {"rows": [HexRow(**row) for row in fields["rows"]]}
    for name, inner in (("differences", Difference), ("speeds", Speed)):
        if name in fields:
            fields = fields | {name: [_made(inner, each) for each in fields[name]]}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()})
