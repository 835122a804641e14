"""The command ``python -m benchmarks``: run, conformance, report, check."""

from __future__ import annotations

import sys
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.check import Place, outdated, problems, render
from benchmarks.environment import environment
from benchmarks.markers import MarkerError
from benchmarks.measure import FULL, QUICK
from benchmarks.page import conformance as results
from benchmarks.records import DATA, RecordError, save, write_text
from benchmarks.run import run_scenario
from benchmarks.scenarios import SCENARIOS
from benchmarks.tables.numbers import multiple, nanoseconds

if TYPE_CHECKING:
    from benchmarks.environment import Environment
    from benchmarks.records import Record
    from benchmarks.scenarios import Scenario

TOO_LONG_FOR_QUICK = {"tel-100k": {"F1"}, "engine": {"sparse", "threads", "scale", "xxh3_64-65536k", "crc32-65536k"}}
"""Groups that a quick run leaves out: building 100,000 messages takes half a minute, and tel-100 has that tier, too;
others need hundreds of megabytes."""

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

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


@main.command()
@click.option("--quick", is_flag=True, help="A look in less than a minute; never becomes a committed record.")
@click.option("--only", metavar="GLOB", default="*", help="Scenarios whose name matches, such as 'tel-*'.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write the records there.")
def run(*, quick: bool, only: str, out: Path | None) -> None:
    """Measure. Records go to reports/data, one file a scenario, or to FILE; of a quick run to FILE or nowhere."""
    chosen = [scenario for name, scenario in SCENARIOS.items() if fnmatchcase(name, only)]
    if not chosen:
        raise click.BadParameter(f"no scenario matches {only!r}; there are {', '.join(SCENARIOS)}", param_hint="--only")
    if quick:
        chosen = [_shortened(scenario) for scenario in chosen]
    if quick and out is not None and out.resolve().is_relative_to(DATA):
        raise click.BadParameter("a quick run is no committed record", param_hint="--out")
    console = Console(stderr=True)
    found: list[Record] = []
    facts = environment()  # of the sources that are loaded now; they may be edited while a long run goes on
    try:
        with _progress(console) as progress:
            groups = sum(len(scenario.groups) for scenario in chosen)
            progress.add_task("", total=groups)
            for scenario in chosen:
                record = _run(scenario, facts, progress, quick=quick)
                found.append(record)
                if out is None and not quick:
                    save(record, DATA / f"{scenario.name}.json")
        if out is not None:
            save(found, out)
    except KeyboardInterrupt:
        whole = "" if out is not None or quick else f" Whole records were written of: {_names(found)}."
        console.print(f"Stopped.{whole}")
        sys.exit(INTERRUPTED)
    except OSError as error:
        raise click.ClickException(f"the records cannot be written: {error}") from error
    for record in found:
        _show(record)


@main.command()
@at_reports
def conformance(reports: Path) -> None:
    """Run the conformance suite on the library and on every testee that can be built here, for the page.

    Where compilers are missing, their testees are listed as not run.
    """
    console = Console(stderr=True)
    try:
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
        missing = render(Place(page, reports))
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
    found = list(problems(place))
    for problem in found:
        click.echo(problem, err=True)
    if found:
        sys.exit(1)
    click.echo("Everything rendered is what the records say.")
    if names := outdated(place):
        click.echo(f"Note: flatstream itself has changed since these were measured: {', '.join(names)}.")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,  # a thread that draws would be measured, too
    )


def _run(scenario: Scenario, facts: Environment, progress: Progress, *, quick: bool) -> Record:
    done = progress.tasks[0].completed
    names = list(scenario.groups)

    def moved(group: str, fraction: float) -> None:
        progress.update(
            progress.tasks[0].id, description=f"{scenario.name} {group}", completed=done + names.index(group) + fraction
        )
        progress.refresh()

    return run_scenario(scenario, QUICK if quick else FULL, facts, moved)


def _shortened(scenario: Scenario) -> Scenario:
    left_out = TOO_LONG_FOR_QUICK.get(scenario.name, set())
    return replace(scenario, groups={name: make for name, make in scenario.groups.items() if name not in left_out})


def _names(found: list[Record]) -> str:
    return ", ".join(record["scenario"] for record in found) or "none"


def _show(record: Record) -> None:
    console = Console()
    for group in record["groups"]:
        table = Table(title=f"{record['scenario']} {group['name']}: {group['title']}", title_justify="left")
        for heading in ("contender", "ns a message", f"times {group['reference']}", ""):
            table.add_column(heading, justify="left" if heading in {"contender", ""} else "right")
        bars = {bar["name"]: f"at most {bar['bound']:g}: {bar['verdict']}" for bar in group["bars"]}
        for row in group["rows"]:
            if row["status"] != "measured":
                table.add_row(row["label"], "", "", f"{row['status']}: {row['note']}")
                continue
            if row["name"] == group["reference"]:
                ratio = "1\N{MULTIPLICATION SIGN}"
            else:
                interval = f"({multiple(row['ratio_low'])} to {multiple(row['ratio_high'])})"
                ratio = f"{'tie' if row['tie'] else multiple(row['ratio'])} {interval}"
            table.add_row(row["label"], nanoseconds(row["ns"]), ratio, bars.get(row["name"], ""))
        console.print(table)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
