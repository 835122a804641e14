"""The command `report`: renders the records of runs that are over, without any testee."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from flatstream_conformance import records, suite, terminal
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_OK, RecordsError
from flatstream_conformance.outputs import Outputs, badge_option, html_option, junit_option

if TYPE_CHECKING:
    from flatstream_conformance.records import Records
    from flatstream_conformance.suite import Suite

_RECORDS = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("report")
@click.argument("files", metavar="RECORDS.jsonl...", nargs=-1, required=True, type=_RECORDS)
@html_option
@badge_option
@junit_option
@options.vectors
def report_command(
    *,
    files: tuple[Path, ...],
    html_file: str | None,
    badge_file: str | None,
    junit_file: str | None,
    folder: Path | None,
) -> int:
    """Render records that `run --json` wrote; without an option, as the report for a terminal.

    Several files make one page with a column for each implementation; a badge and JUnit XML are of one.
    Exit status: 0 rendered; 2 wrong usage, or a file that is not the whole records of a run.
    """
    if len(files) > 1 and (badge_file or junit_file):
        raise click.UsageError("--badge and --junit are of one run: name one file of records")
    outputs = Outputs(junit_file=junit_file, html_file=html_file, badge_file=badge_file)
    outputs.check()
    vectors = suite.load(folder)
    runs = [_checked(records.read(file), vectors, file) for file in files]
    if outputs == Outputs():
        console = Console(highlight=False, emoji=False)
        for run in runs:
            terminal.print_report(console, run)
    outputs.write(runs, vectors)
    return EXIT_OK


def _checked(run: Records, vectors: Suite, file: Path) -> Records:
    """The records; raises RecordsError if they are of other vectors."""
    if run.header.digest != vectors.digest:
        raise RecordsError(
            f"{file}: the records are of the vectors {run.header.digest[:12]}, and these are {vectors.digest[:12]}: "
            "name the folder of theirs with --vectors"
        )
    by_id = {vector.id: vector for vector in vectors.vectors}
    for case in run.cases:
        vector = by_id.get(case.case)
        if vector is None:
            raise RecordsError(f"{file}: {case.case} is no case of these vectors")
        if (case.group, case.op, case.rules) != (vector.group, vector.op, vector.rules):
            raise RecordsError(f"{file}: {case.case} is another case in these vectors")
    return run
