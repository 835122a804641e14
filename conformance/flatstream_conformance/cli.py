"""The command `flatstream-conformance`."""

from __future__ import annotations

import difflib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from flatstream_conformance import files, known, outputs, show, terminal
from flatstream_conformance.catalogue import REFERENCE
from flatstream_conformance.commands import explain, fuzz, matrix, mutants, options, report, testees
from flatstream_conformance.errors import EXIT_CLOSED_PIPE, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, ConformanceError
from flatstream_conformance.process import split_command
from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.run import Plan, run
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from flatstream_conformance.records import CaseRecord, Records

_only = click.option(
    "--only", multiple=True, metavar="GLOB", help="Cases whose id matches, or a rule id. May be repeated."
)


class _Commands(click.Group):
    """All commands; that the reader of the output went away is told apart from a failure, as which click takes it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run one command."""
        try:
            status = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            _abandon_stdout()
            raise click.exceptions.Exit(EXIT_CLOSED_PIPE) from None
        return status


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flatstream")
def cli() -> None:
    """Tell a right implementation of FlatStream from a wrong one, in any language."""


@cli.command("run")
@click.option("--testee", metavar="COMMAND", help="What starts the testee  [default: the built-in reference]")
@click.option(
    "--in",
    "testee_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Start the testee there.",
)
@_only
@click.option("--profile", type=click.Choice(list(PROFILES)), help="Run this part; a skip counts.")
@click.option(
    "--known-failures",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Cases that may fail: one a line, id and reason.",
)
@click.option(
    "--write-known-failures",
    "known_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="List the present failures there; the reasons are yours to add.",
)
@click.option("--force", is_flag=True, help="Let --write-known-failures replace its file.")
@options.timeout
@outputs.json_option
@outputs.junit_option
@outputs.html_option
@outputs.badge_option
@options.vectors
def run_command(
    *,
    testee: str | None,
    testee_folder: Path | None,
    only: tuple[str, ...],
    profile: str | None,
    known_failures: Path | None,
    known_file: Path | None,
    force: bool,
    timeout: float,
    json_file: str | None,
    junit_file: str | None,
    html_file: str | None,
    badge_file: str | None,
    folder: Path | None,
) -> int:
    """Run the vectors against a testee and report.

    Exit status: 0 every case passed or is a known failure; 1 some case failed, errored, or passed although it
    is a known failure, or no case was run; 2 wrong usage; 3 the testee could not be started or speaks another
    protocol.
    """
    to_write = outputs.Outputs(json_file, junit_file, html_file, badge_file)
    to_write.check()
    if known_file is not None:
        known.refuse_existing(known_file, force=force)
    plan = Plan(
        command=REFERENCE if testee is None else split_command(testee),
        suite=load(folder),
        shown_command=testee,
        shown_vectors=None if folder is None else folder.as_posix(),
        folder=testee_folder,
        only=only,
        profile=None if profile is None else PROFILES[profile],
        known={} if known_failures is None else known.read(known_failures),
        timeout=timeout,
    )
    console = Console(stderr=to_write.takes_stdout, highlight=False, emoji=False)
    done = _run_with_progress(plan, console)
    # Files first: a report that cannot be printed (a closed pipe) must not cost the records.
    to_write.write([done], plan.suite)
    if known_file is not None:
        files.write_atomically(known_file, known.render(done.cases))
    terminal.print_report(console, done)
    return done.footer.exit_status


@cli.command("list")
@_only
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@options.vectors
def list_command(*, only: tuple[str, ...], as_json: bool, folder: Path | None) -> int:
    """List the cases: id, operation, rules and needed features."""
    for vector in load(folder).select(only):
        if as_json:
            fields = {
                "id": vector.id,
                "op": vector.op,
                "algorithm": vector.algorithm,
                "rules": vector.rules,
                "features": vector.features,
                "comment": vector.comment,
            }
            click.echo(json.dumps(fields))
        else:
            columns = (vector.id, vector.op, ",".join(vector.rules), ",".join(vector.features))
            click.echo("  ".join(columns).rstrip())
    return EXIT_OK


@cli.command("show")
@click.argument("case", metavar="ID")
@options.vectors
def show_command(*, case: str, folder: Path | None) -> int:
    """Show one case in full, its wire split into labelled fields."""
    by_id = {vector.id: vector for vector in load(folder).vectors}
    if case not in by_id:
        close = difflib.get_close_matches(case, by_id, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise click.UsageError(f"there is no case {case}{hint}")
    Console(highlight=False, emoji=False).print(show.render(by_id[case]), crop=False)
    return EXIT_OK


_MORE = (
    testees.testees_command,
    matrix.matrix_command,
    fuzz.fuzz_command,
    mutants.mutants_command,
    explain.explain_command,
    report.report_command,
)
for _command in _MORE:
    cli.add_command(_command)


def _run_with_progress(plan: Plan, console: Console) -> Records:
    if not console.is_terminal:
        return run(plan)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("cases", total=len(plan.selected()))
        wrong = 0

        def on_case(case: CaseRecord) -> None:
            nonlocal wrong
            wrong += case.counts
            progress.update(task, advance=1, description=f"{wrong} wrong" if wrong else "cases")

        return run(plan, on_case)


def main() -> None:
    """Run the command and exit with its status; every error for a person is one line on stderr."""
    sys.exit(_status())


def _status() -> int:
    try:
        status = cli.main(prog_name=terminal.PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except ConformanceError as error:
        click.echo(f"{terminal.PROGRAM}: {terminal.printable(str(error))}", err=True)
        return error.exit_status
    except OSError as error:  # of stdout, as on a full disk: what is about a file is a ConformanceError that names it
        _abandon_stdout()
        click.echo(f"{terminal.PROGRAM}: the output cannot be written: {terminal.printable(str(error))}", err=True)
        return EXIT_USAGE
    return status if isinstance(status, int) else EXIT_OK


def _abandon_stdout() -> None:
    """Let what is still buffered go nowhere: Python would complain about it while it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
