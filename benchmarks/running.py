"""The command ``python -m benchmarks run``."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from benchmarks.environment import environment
from benchmarks.measure import FULL, QUICK
from benchmarks.plan import UNFINISHED, Plan, Store
from benchmarks.records import DATA, save
from benchmarks.scenarios import SCENARIOS
from benchmarks.showing import Shown, show
from benchmarks.worker import WorkerError, in_a_process

if TYPE_CHECKING:
    from benchmarks.records import Record
    from benchmarks.scenario import Scenario

__all__ = ["INTERRUPTED", "run"]

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as shells have it."""

BUSY: Final = 0.6
"""Load a processor from which on measuring is disturbed."""


@click.command()
@click.option("--quick", is_flag=True, help="A look in less than three minutes; never becomes a committed record.")
@click.option(
    "--only",
    metavar="GLOB",
    multiple=True,
    help="Scenarios whose name matches, such as 'tel-*', or groups of one, such as 'tel-100/R*'. More than once: each.",
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write the records there.")
@click.option("--fresh", is_flag=True, help="Do not go on with a run that was interrupted.")
@click.option("--list", "listed", is_flag=True, help="Say which scenarios and groups there are, and measure nothing.")
def run(*, quick: bool, only: tuple[str, ...], out: Path | None, fresh: bool, listed: bool) -> None:
    """Measure. Records go to reports/data, one file a scenario, or to FILE; of a quick run to FILE or nowhere.

    A whole run may be stopped at any time; the same command goes on from there.
    """
    chosen = _chosen(only, quick=quick)
    if listed:
        for scenario in chosen.values():
            click.echo(f"{scenario.name}: {scenario.title}: {', '.join(scenario.parts)}")
        return
    if quick and out is not None and out.resolve().is_relative_to(DATA):
        raise click.BadParameter("a quick run is no committed record", param_hint="--out")
    if out is None and not quick and any(len(SCENARIOS[name].parts) != len(it.parts) for name, it in chosen.items()):
        raise click.BadParameter("a part of a scenario is no committed record; say --out FILE", param_hint="--only")
    console = Console(stderr=True)
    effort = QUICK if quick else FULL
    facts = environment()  # of the sources that are loaded now; they may be edited while a long run goes on
    store = None if quick else Store(UNFINISHED, facts, effort)
    if store is not None:
        if store.is_other:
            console.print("An unfinished run of other sources, libraries or settings is dropped.")
        if fresh:
            store.clear()
    plan = Plan(chosen, effort, facts, in_a_process, store)
    if (load := _load()) > BUSY:
        console.print(
            f"Note: this machine is busy (load {load:.1f} a processor); intervals will be wider than on a quiet one."
        )
    if plan.found:
        console.print(f"Going on with an unfinished run: {len(plan.found)} of {len(plan.units())} are measured.")
    records: list[Record] = []
    try:
        with Shown(console, plan) as shown:
            for record in plan.run(shown.moved):
                records.append(record)
                if out is None and not quick:
                    save(record, DATA / f"{record['scenario']}.json")
        if out is not None:
            save(records, out)
        if store is not None:
            store.forget(plan.units())
    except KeyboardInterrupt:
        _stopped(console, plan)
        sys.exit(INTERRUPTED)
    except WorkerError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the records cannot be written: {error}") from error
    for record in records:
        show(record, Console())


def _load() -> float:
    """Processes that wanted to run in the last minute, a processor; 0 where the system does not say."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0


def _chosen(patterns: tuple[str, ...], *, quick: bool) -> dict[str, Scenario]:
    """The scenarios that match, each with the parts that match; all, if there are no patterns."""
    found: dict[str, Scenario] = {}
    unmatched = set(patterns)
    for name, scenario in SCENARIOS.items():
        offered = scenario.shortened() if quick else scenario
        parts = []
        for part in offered.parts:
            matching = {glob for glob in patterns if fnmatchcase(name if "/" not in glob else f"{name}/{part}", glob)}
            unmatched -= matching
            if matching or not patterns:
                parts.append(part)
        if parts:
            found[name] = offered.of_parts(parts)
    if unmatched:
        wrong = " or ".join(repr(glob) for glob in patterns if glob in unmatched)
        kind = "scenario of a quick run" if quick else "scenario"
        raise click.BadParameter(f"no {kind} matches {wrong}; there are {', '.join(SCENARIOS)}", param_hint="--only")
    return found


def _stopped(console: Console, plan: Plan) -> None:
    if plan.store is None:
        console.print("Stopped; nothing was written.")
    else:
        done, total = len(plan.found), len(plan.units())
        console.print(f"Stopped: {done} of {total} are measured and kept; the same command goes on from there.")
