"""The file of known failures: a ratchet that only lets an implementation get better.

One entry a line: the id of a case, white space, and the reason. Empty lines and lines that begin with `#` are
left out. An entry that passes fails the run, and so does one that names no case of the suite.

A list can be started from a run; a person then adds the reasons, without which it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.errors import KnownFailuresError
from flatstream_conformance.files import refuse_unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from flatstream_conformance.records import CaseRecord

HEAD = """\
# Cases that may fail: the id of a case, and after it the reason, which is yours to add.
# An entry without a reason is refused. An entry that passes fails the run: take it out then.
"""


def read(path: Path) -> dict[str, str]:
    """The reason of each known failure by the id of its case.

    Raises KnownFailuresError for a file that cannot be read, an entry without a reason, and an id that is
    there twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnownFailuresError(f"the known failures cannot be read: {error}") from error
    known: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        case, *reason = entry.split(maxsplit=1)
        if not reason:
            raise KnownFailuresError(f"{path}:{number}: {case} has no reason")
        if case in known:
            raise KnownFailuresError(f"{path}:{number}: {case} is there twice")
        known[case] = reason[0]
    return known


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise KnownFailuresError if a list would replace a file, whose reasons would be lost, without `force`."""
    refuse_unwritable(path)
    if path.exists() and not force:
        raise KnownFailuresError(f"{path} is there already; --force replaces it, and its reasons are lost")


def render(cases: Iterable[CaseRecord]) -> str:
    """The list of the cases that fail now: with its reason where one is known, else with what went wrong above it."""
    lines: list[str] = []
    for case in cases:
        if case.verdict not in {"fail", "error"}:
            continue
        if case.known is None:
            # The texts of a testee may hold anything, also what would end the comment.
            lines += ["", f"# {' '.join(case.reason.split())}", case.case]
        else:
            lines += ["", f"{case.case}  {case.known}"]
    return HEAD + "".join(f"{line}\n" for line in lines)
