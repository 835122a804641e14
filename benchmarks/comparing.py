"""The command ``python -m benchmarks compare``: two sets of records, such as of a fork before and after a change."""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase
from math import exp, hypot, log
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict

import click
from rich.console import Console
from rich.table import Table

from benchmarks.intervals import recorded
from benchmarks.records import RecordError, load, measured, read
from benchmarks.tables.numbers import multiple, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Difference", "compare", "differences"]

Verdict: TypeAlias = Literal["faster", "slower", "tie"]

SLOWER: Final = 1
NOTHING: Final = 3
"""Exit statuses: some row became slower; the two hold no row in common."""


class Difference(TypedDict):
    """One row in both sets. ``change``: its time after, as a multiple of before, in the unit that says so."""

    scenario: str
    group: str
    name: str
    label: str
    before: float
    after: float
    change: float
    low: float
    high: float
    verdict: Verdict


def differences(
    before: Mapping[str, Record], after: Mapping[str, Record], *, by: str = "ratio"
) -> Iterator[Difference]:
    """The rows that both hold.

    By ``ratio``: how the ratio to the group's reference changed, which also holds between two machines. By ``time``:
    how the time itself changed, for two runs on one machine. A change that is inside of the noise of both is a tie.
    Ratios to two different references are not compared.
    """
    for scenario in before:
        if scenario not in after:
            continue
        groups = {group["name"]: group for group in after[scenario]["groups"]}
        for group in before[scenario]["groups"]:
            again = groups.get(group["name"])
            if again is not None and (by == "time" or again["reference"] == group["reference"]):
                yield from _of_group(scenario, group, again, by)


def _of_group(scenario: str, before: GroupRecord, after: GroupRecord, by: str) -> Iterator[Difference]:
    rows = {row["name"]: row for row in measured(after)}
    for row in measured(before):
        again = rows.get(row["name"])
        if again is None or (by == "ratio" and row["name"] == before["reference"]):
            continue
        (one, one_half), (two, two_half) = (_measure(found, by) for found in (row, again))
        # Each interval is already that of a second run, and so wider than that of one run alone.
        half = hypot(one_half, two_half)
        change = log(two / one)
        low, high = change - half, change + half
        yield {
            "scenario": scenario,
            "group": before["name"],
            "name": row["name"],
            "label": row["label"],
            "before": row["ns"],
            "after": again["ns"],
            "change": recorded(exp(change)),
            "low": recorded(exp(low)),
            "high": recorded(exp(high)),
            "verdict": "faster" if high < 0 else "slower" if low > 0 else "tie",
        }


def _measure(row: Row, by: str) -> tuple[float, float]:
    """A row's number, and half the width of its interval as a logarithm."""
    if by == "ratio":
        return row["ratio"], log(row["ratio_high"] / row["ratio_low"]) / 2
    return row["ns"], log(row["ns_high"] / row["ns_low"]) / 2


@click.command()
@click.argument("before", type=click.Path(exists=True, path_type=Path))
@click.argument("after", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print an object a line, for other programs.")
@click.option(
    "--by",
    type=click.Choice(["ratio", "time"]),
    default="ratio",
    show_default=True,
    help="Compare ratios to the reference of each group, or times, which takes two runs on one machine.",
)
@click.option("--only", metavar="GLOB", default="*", help="Rows that match, as 'scenario/group/name'.")
@click.option("--all", "everything", is_flag=True, help="Show ties, too.")
def compare(before: Path, after: Path, *, as_json: bool, by: str, only: str, everything: bool) -> None:
    """Compare the records in BEFORE with those in AFTER: files, or folders of them.

    Each row that both hold is faster, slower, or a tie, with the interval of the change. Exit status: 0 nothing became
    slower, 1 something did, 2 wrong usage or records that cannot be read, 3 the two have no row in common.
    """
    try:
        sets = [_records(before), _records(after)]
    except RecordError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    found = [difference for difference in differences(*sets, by=by) if _matches(difference, only)]
    if as_json:
        for difference in found:
            click.echo(json.dumps(difference, ensure_ascii=False))
    else:
        _show(found, everything=everything)
    if not found:
        click.echo("There is no row that both hold.", err=True)
        sys.exit(NOTHING)
    sys.exit(SLOWER if any(difference["verdict"] == "slower" for difference in found) else 0)


def _records(path: Path) -> dict[str, Record]:
    return load(path) if path.is_dir() else {record["scenario"]: record for record in read(path)}


def _matches(difference: Difference, glob: str) -> bool:
    return fnmatchcase(f"{difference['scenario']}/{difference['group']}/{difference['name']}", glob)


def _show(found: Iterable[Difference], *, everything: bool) -> None:
    found = list(found)
    table = Table()
    for heading in ("scenario", "group", "contender", "before, ns", "after, ns", "change", "verdict"):
        table.add_column(heading, justify="right" if "ns" in heading or heading == "change" else "left")
    for row in found:
        if everything or row["verdict"] != "tie":
            change = f"{multiple(row['change'])} ({multiple(row['low'])} to {multiple(row['high'])})"
            times = nanoseconds(row["before"]), nanoseconds(row["after"])
            table.add_row(row["scenario"], row["group"], row["label"], *times, change, row["verdict"])
    if table.row_count:
        Console().print(table)
    counts = {verdict: sum(row["verdict"] == verdict for row in found) for verdict in ("faster", "slower", "tie")}
    click.echo(f"{counts['faster']} faster, {counts['slower']} slower, {counts['tie']} the same within the noise.")
