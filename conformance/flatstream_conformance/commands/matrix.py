"""The command `matrix`: what each testee writes, every other reads."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flatstream_conformance import building, catalogue, files, matrix, terminal
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_FAILED, EXIT_OK
from flatstream_conformance.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream_conformance.matrix import Cell

BUILT_IN = "built-in"
DIFFERENCES_SHOWN = 12


@click.command("matrix")
@click.option(
    "--testees",
    metavar="FILE_OR_DIR",
    type=click.Path(exists=True, path_type=Path),
    help="A testee.toml, or a folder of testees  [default: conformance/testees of a checkout]",
)
@click.option("--only", multiple=True, metavar="NAME", help="This testee. May be repeated.")
@options.require
@options.timeout
@options.json_file
def matrix_command(
    *, testees: Path | None, only: tuple[str, ...], require: str | None, timeout: float, json_file: Path | None
) -> int:
    """Have each testee read what each testee wrote, under every algorithm that both know.

    The built-in reference is always one of them. A testee that cannot be built here is left out, unless it is
    required.

    Exit status: 0 every payload came through; 1 some pair differs, or a required testee is not there; 2 wrong
    usage; 3 a testee could not be started.
    """
    if json_file is not None:
        files.refuse_unwritable(json_file)
    every = catalogue.find(testees)
    required = catalogue.chosen(every, names) if (names := options.names(require)) else ()
    console = Console(highlight=False, emoji=False)
    left_out: dict[str, str] = {}
    failed = False
    with contextlib.ExitStack() as stack, console.status("building") as status:
        sessions = {BUILT_IN: stack.enter_context(Session(catalogue.REFERENCE, timeout))}
        for entry in catalogue.chosen(every, only):
            status.update(f"building {entry.name}")
            built = building.build(entry)
            if built.state == "built":
                sessions[entry.name] = stack.enter_context(Session(entry.command, timeout, entry.folder))
            else:
                left_out[entry.name] = built.why
                failed |= built.state == "failed" or entry in required
        cells = matrix.cross(sessions, lambda cell: status.update(f"{cell.algorithm}: {cell.writer} to {cell.reader}"))
    if json_file is not None:
        document = {"cells": [asdict(cell) for cell in cells], "left_out": left_out}
        files.write_atomically(json_file, json.dumps(document, indent=1) + "\n")
    console.print(_table(list(sessions), cells))
    for name, why in left_out.items():
        console.print(Text(f"{name}: {terminal.printable(why)}", style="yellow"))
    wrong = [cell for cell in cells if cell.difference is not None]
    _print_differences(console, wrong)
    if wrong or failed:
        console.print(Text(f"\nFAILED: {len(wrong)} of {len(cells)} pairs differ", style="bold red"))
        return EXIT_FAILED
    console.print(Text(f"\nPASSED: {len(cells)} pairs agree", style="bold green"))
    return EXIT_OK


def _table(names: list[str], cells: Iterable[Cell]) -> Table:
    """Writers down, readers across; in each place how many algorithms came through of how many in common."""
    outcomes: dict[tuple[str, str], list[bool]] = {}
    for cell in cells:
        outcomes.setdefault((cell.writer, cell.reader), []).append(cell.difference is None)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("writer \\ reader", style="bold", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    for writer in names:
        row = [Text(writer)]
        for reader in names:
            good = outcomes.get((writer, reader), [])
            style = "dim" if not good else "green" if all(good) else "bold red"
            row.append(Text(f"{sum(good)}/{len(good)}" if good else "-", style=style))
        table.add_row(*row)
    return table


def _print_differences(console: Console, wrong: list[Cell]) -> None:
    if wrong:
        console.print(Text("\nFirst differences", style="bold"))
    for cell in wrong[:DIFFERENCES_SHOWN]:
        console.print(Text(f"  {cell.algorithm}: written by {cell.writer}, read by {cell.reader}", style="red"))
        console.print(Text(f"    {terminal.printable(cell.difference or '')}"))
    if wrong[DIFFERENCES_SHOWN:]:
        console.print(f"  and {len(wrong) - DIFFERENCES_SHOWN} more, all with --json")
