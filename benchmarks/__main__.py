"""The command ``python -m benchmarks``: run, compare, conformance, report, check."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until all is loaded: Ctrl-C ends the process, with no traceback

import click
from rich.console import Console

from benchmarks.check import Place, outdated, problems, render
from benchmarks.comparing import compare
from benchmarks.markers import MarkerError
from benchmarks.page import conformance as results
from benchmarks.records import RecordError, write_text
from benchmarks.running import INTERRUPTED, run

at_page = click.option(
    "--page",
    type=click.Path(path_type=Path),
    default=Place.page,
    help="The page with the markers. [default: README.md]",
)
at_reports = click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Place.reports,
    help="The folder of the reports. [default: reports]",
)


@click.group()
def main() -> None:
    """Measure what FlatStream costs, and render what was measured."""


main.add_command(run)
main.add_command(compare)


@main.command()
@at_reports
def conformance(reports: Path) -> None:
    """Run the conformance suite on the library and on every testee that can be built here, for the page.

    Where compilers are missing, their testees are listed as not run.
    """
    console = Console(stderr=True)
    try:
        reports.mkdir(parents=True, exist_ok=True)
        with console.status("building and running") as status:
            made = results.make(lambda name: status.update(f"building and running {name}"))
        write_text(reports / results.FILE, made)
    except KeyboardInterrupt:
        console.print("Stopped; nothing was written.")
        sys.exit(INTERRUPTED)
    except OSError as error:
        raise click.ClickException(f"the results cannot be written: {error}") from error
    click.echo(f"{results.FILE} is written; `python -m benchmarks report` renders it.")


@main.command()
@at_page
@at_reports
def report(page: Path, reports: Path) -> None:
    """Render charts, the reports in Markdown and HTML, and the README's blocks from the committed records."""
    try:
        with Console(stderr=True).status("rendering") as status:
            missing = render(Place(page, reports), lambda name: status.update(f"drawing {name}"))
    except (RecordError, MarkerError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for name in missing:
        click.echo(f"{page.name} has no markers for the block {name!r}", err=True)


@main.command()
@at_page
@at_reports
def check(page: Path, reports: Path) -> None:
    """Fail unless all that is rendered is what the committed records say, and these are current."""
    place = Place(page, reports)
    with Console(stderr=True).status("comparing") as status:
        found = list(problems(place, progress=lambda name: status.update(f"comparing {name}")))
    for problem in found:
        click.echo(problem, err=True)
    if found:
        sys.exit(1)
    click.echo("Everything rendered is what the records say.")
    if names := outdated(place):
        click.echo(f"Note: flatstream itself has changed since these were measured: {', '.join(names)}.")


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main(prog_name="python -m benchmarks")
