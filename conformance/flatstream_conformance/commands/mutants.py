"""The command `mutants`: which vectors catch which wrong implementation."""

from __future__ import annotations

import fnmatch
import json
import time
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from flatstream_conformance import files
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_FAILED, EXIT_OK
from flatstream_conformance.mutants.catalogue import MUTANTS
from flatstream_conformance.mutants.judge import Judge, only_catchers
from flatstream_conformance.suite import SUITE, load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from flatstream_conformance.mutants.judge import Outcome
    from flatstream_conformance.mutants.mutant import Mutant
    from flatstream_conformance.suite import Suite

GROUPS_SHOWN = 3
CATCHERS_SHOWN = 15
COLUMNS = ("mutant", "rule", "by", "own", "groups that catch it")


@click.command("mutants")
@click.option(
    "--only", multiple=True, metavar="GLOB", help="Mutants whose name matches, or a rule id. May be repeated."
)
@options.json_file
@options.vectors
def mutants_command(*, only: tuple[str, ...], json_file: Path | None, folder: Path | None) -> int:
    """Run the suite against implementations that are wrong in one known way each.

    A mutant is to be caught by a vector of a group that is about what is wrong with it; one that is not has found
    a hole in the vectors. `python -m flatstream_conformance.mutants NAME` is each of them as a testee.

    Exit status: 0 each mutant is caught where it belongs; 1 one is not, or the implementation that they are all
    made from does not pass; 2 wrong usage.
    """
    if json_file is not None:
        files.refuse_unwritable(json_file)
    chosen = _chosen(only)
    suite = load(folder)
    console = Console(highlight=False, emoji=False)
    began = time.monotonic()
    judge, outcomes = _outcomes(suite, chosen, console)
    seconds = round(time.monotonic() - began, 3)
    if json_file is not None:
        document = _document(suite, judge, outcomes) | {"seconds": seconds}
        files.write_atomically(json_file, json.dumps(document, indent=1) + "\n")
    console.print("by: how many vectors catch it; own: one is of the group that is about it\n")
    console.print(_table(outcomes, console.width))
    _print_catchers(console, suite, outcomes)
    for case in judge.base_wrong:
        console.print(Text(f"base: {case}: {judge.base_wrong[case]}", style="bold red"))
    misses = [outcome for outcome in outcomes if not outcome.caught_where_it_belongs]
    for outcome in misses:
        where = "is caught, but not by its groups" if outcome.wrong else "survives"
        console.print(Text(f"{outcome.mutant.name} {where}: {outcome.mutant.about}", style="bold red"))
    failed = bool(misses or judge.base_wrong)
    summary = f"{len(outcomes) - len(misses)} of {len(outcomes)} mutants are caught where they belong"
    base = f"the base fails {len(judge.base_wrong)}" if judge.base_wrong else "the base passes"
    style = "bold red" if failed else "bold green"
    console.print(Text(f"\n{'FAILED' if failed else 'PASSED'}: {summary}; {base}; {seconds:.1f} s", style=style))
    return EXIT_FAILED if failed else EXIT_OK


def _chosen(patterns: tuple[str, ...]) -> list[Mutant]:
    chosen = [
        mutant
        for mutant in MUTANTS
        if not patterns or any(p == mutant.rule or fnmatch.fnmatchcase(mutant.name, p) for p in patterns)
    ]
    if not chosen:
        raise click.UsageError(f"no mutant matches {' or '.join(patterns)}")
    return chosen


def _outcomes(suite: Suite, chosen: Iterable[Mutant], console: Console) -> tuple[Judge, list[Outcome]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        judge = Judge(suite)
        return judge, [judge.outcome(mutant) for mutant in progress.track(list(chosen), description="mutants")]


def _table(outcomes: list[Outcome], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # One line each, also in 80 columns: only the groups are cut, and --json has all of them.
    widths = [max(len(outcome.mutant.name) for outcome in outcomes), 4, 4, 3]
    widths.append(max(width - sum(widths) - 2 * len(widths), len(COLUMNS[-1])))
    for column, wide in zip(COLUMNS, widths, strict=True):
        table.add_column(column, width=wide, justify="right" if column == "by" else "left", no_wrap=True)
    for outcome in outcomes:
        groups = [f"{group} {count}" for group, count in outcome.by_group.items()]
        more = f", and {len(groups) - GROUPS_SHOWN} more" if len(groups) > GROUPS_SHOWN else ""
        good = outcome.caught_where_it_belongs
        table.add_row(
            Text(outcome.mutant.name),
            outcome.mutant.rule,
            str(len(outcome.wrong)),
            Text("yes" if good else "NO", style="green" if good else "bold red"),
            Text(", ".join(groups[:GROUPS_SHOWN]) + more),
        )
    return table


def _print_catchers(console: Console, suite: Suite, outcomes: list[Outcome]) -> None:
    alone = only_catchers(outcomes)
    console.print(Text(f"\n{len(alone)} vectors are the only ones to catch some mutant", style="bold"))
    for case, names in list(alone.items())[:CATCHERS_SHOWN]:
        console.print(Text(f"  {case}: {', '.join(names)}"))
    if len(alone) > CATCHERS_SHOWN:
        console.print(f"  and {len(alone) - CATCHERS_SHOWN} more, all with --json")
    console.print(f"{len(_idle(suite, outcomes))} of {len(suite.vectors)} vectors catch none of these mutants")


def _idle(suite: Suite, outcomes: Iterable[Outcome]) -> list[str]:
    busy = {case for outcome in outcomes for case in outcome.wrong}
    return [vector.id for vector in suite.vectors if vector.id not in busy]


def _document(suite: Suite, judge: Judge, outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        "suite": SUITE,
        "digest": suite.digest,
        "vectors": len(suite.vectors),
        "base": judge.base_wrong,
        "mutants": [
            {
                "name": outcome.mutant.name,
                "about": outcome.mutant.about,
                "rule": outcome.mutant.rule,
                "groups": outcome.mutant.groups,
                "verdicts": outcome.verdicts,
                "caught_where_it_belongs": outcome.caught_where_it_belongs,
                "caught_by_groups": outcome.by_group,
                "caught_by": outcome.wrong,
            }
            for outcome in outcomes
        ],
        "only_catchers": only_catchers(outcomes),
        "catch_nothing": _idle(suite, outcomes),
    }
