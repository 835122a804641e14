"""The command `testees`: build and run every testee of a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flatstream_conformance import catalogue, files, roster, terminal
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_OK
from flatstream_conformance.records import VERDICTS
from flatstream_conformance.schemas import FEATURES
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from flatstream_conformance.roster import Outcome

MEBIBYTE = 1 << 20
CASES_SHOWN = 6


@click.command("testees")
@click.argument("testees", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="NAME", help="This testee. May be repeated.")
@options.require
@options.timeout
@options.json_file
@options.vectors
def testees_command(
    *,
    testees: Path | None,
    only: tuple[str, ...],
    require: str | None,
    timeout: float,
    json_file: Path | None,
    folder: Path | None,
) -> int:
    """Build every testee in DIR, run the suite on each, and compare.

    DIR holds a folder for each testee, with a testee.toml  [default: conformance/testees of a checkout]. A testee
    whose programs are missing is reported and left out, unless it is required.

    Exit status: as that of `run`, the worst of all testees; 1 also if none was run.
    """
    if json_file is not None:
        files.refuse_unwritable(json_file)
    every = catalogue.find(testees)
    required = catalogue.chosen(every, names) if (names := options.names(require)) else ()
    suite = load(folder)
    console = Console(highlight=False, emoji=False)
    outcomes: list[Outcome] = []
    for entry in catalogue.chosen(every, only):
        with console.status(f"{entry.name}: building and running"):
            outcomes.append(roster.outcome_of(entry, suite, timeout, required=entry in required))
    if json_file is not None:
        files.write_atomically(json_file, roster.dump(outcomes, suite))
    for outcome in outcomes:
        _print_wrong(console, outcome)
    console.print(_table(outcomes))
    console.print(Text(f"claims: of the {len(FEATURES)} optional features of the protocol", style="dim"))
    for outcome in outcomes:
        if outcome.records is None:
            why = Text(f"\n{outcome.entry.name}: {terminal.printable(outcome.problem)}")
            console.print(why, style="red" if outcome.exit_status else "yellow")
    status = roster.exit_status(outcomes)
    console.print(_verdict(outcomes, status))
    return status


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("Testee", "Language", "Version", "Built"):
        table.add_column(name, no_wrap=True)
    for name in (*VERDICTS, "claims", "time", "memory"):
        table.add_column(name, justify="right", no_wrap=True)
    for outcome in outcomes:
        table.add_row(*_row(outcome))
    return table


def _row(outcome: Outcome) -> list[str | Text]:
    entry, done = outcome.entry, outcome.records
    if done is None:
        state = {"missing": "no", "failed": "fails", "built": "yes"}[outcome.built.state]
        return [
            Text(entry.name, style="bold"),
            Text(entry.language),
            "",
            Text(state, style="red" if outcome.exit_status else "yellow"),
        ]
    peak = done.footer.peak_memory
    return [
        Text(entry.name, style="bold"),
        Text(terminal.printable(str(done.header.testee.get("language")))),
        Text(terminal.printable(str(done.header.testee.get("version")))),
        Text("yes"),
        *(
            Text(
                str(done.footer.totals[verdict]), style=terminal.STYLES[verdict] if done.footer.totals[verdict] else ""
            )
            for verdict in VERDICTS
        ),
        f"{len(set(done.header.features) & set(FEATURES))}/{len(FEATURES)}",
        f"{done.footer.seconds:.2f} s",
        "-" if peak is None else f"{peak / MEBIBYTE:.0f} MiB",
    ]


def _print_wrong(console: Console, outcome: Outcome) -> None:
    done = outcome.records
    if outcome.built.output:
        console.print(Text(f"{outcome.entry.name}: {terminal.printable(outcome.problem)}", style="bold red"))
        console.print(Text(terminal.printable(outcome.built.output).rstrip(), style="dim"))
        console.print()
    if done is None or not done.footer.exit_status:
        return
    console.print(Text(f"{outcome.entry.name}: {done.footer.counted} cases count against it", style="bold red"))
    for problem in done.footer.problems:
        console.print(Text(f"  {problem}", style="red"))
    wrong = [case for case in done.cases if case.counts]
    told: set[str] = set()
    for case in wrong[:CASES_SHOWN]:
        terminal.print_case(console, case, done.header, told)
    if wrong[CASES_SHOWN:]:
        console.print(f"\nand {len(wrong) - CASES_SHOWN} more")
    console.print()


def _verdict(outcomes: list[Outcome], status: int) -> Text:
    run = [outcome for outcome in outcomes if outcome.records is not None]
    bad = [outcome.entry.name for outcome in outcomes if outcome.exit_status]
    if status == EXIT_OK:
        return Text(f"\nPASSED: {len(run)} of {len(outcomes)} testees were built and run", style="bold green")
    return Text(f"\nFAILED: {', '.join(bad) or 'no testee was run'}", style="bold red")
