"""What a run shows in the terminal: how far it is, and a table of each group."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.tables.numbers import multiple, nanoseconds

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console

    from benchmarks.plan import Plan, Unit
    from benchmarks.records import GroupRecord, Record

__all__ = ["Shown", "show"]

NOTE_SECONDS = 30
"""Where nobody sees a bar move, a line so often says how far the run is."""


class Shown:
    """The progress of a plan: a bar in a terminal, lines now and then in a log."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._total = len(plan.units())
        self._said = monotonic()
        self._bar = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            auto_refresh=False,  # a thread that draws would be measured, too
            transient=True,
        )
        self._task = self._bar.add_task("", total=self._total, completed=len(plan.found), left="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def moved(self, unit: Unit, fraction: float, left: float) -> None:
        """Show the unit at work."""
        done = len(self._plan.found)
        about = f"about {_time(left)} left"
        if self._console.is_terminal:
            completed = done + (fraction if fraction < 1 else 0)
            self._bar.update(
                self._task, description=f"{unit.scenario} {unit.part}", completed=completed, left=about, refresh=True
            )
        elif monotonic() - self._said >= NOTE_SECONDS:
            self._said = monotonic()
            self._console.print(f"{done} of {self._total} measured, {about}; at {unit.scenario} {unit.part}")


def show(record: Record, console: Console) -> None:
    """Tables of what a record holds."""
    for group in record["groups"]:
        console.print(_group(record["scenario"], group))
    for model in record.get("models", []):
        console.print(
            f"{record['scenario']} {model['tier']}, {model['label']}: {model['ns_message']:.4g} ns a message "
            f"+ {model['ns_byte']:.4g} ns a byte, off by at most {100 * model['residual']:.0f} %",
            highlight=False,
        )
    for crossing in record.get("crossovers", []):
        console.print(
            f"{record['scenario']} {crossing['tier']}: {crossing['below']} is faster under "
            f"{crossing['bytes']:,} bytes, {crossing['above']} above",
            highlight=False,
        )
    for entry in record.get("memory", []):
        what = f"{entry['peak_bytes'] / 2**20:.1f} MiB at its peak" if "peak_bytes" in entry else entry["note"]
        console.print(f"{record['scenario']} {entry['tier']}, {entry['label']}: {what}", highlight=False)
    for counted in record.get("instructions", []):
        what = f"{counted['a_message']:,.0f} instructions a message" if "a_message" in counted else counted["note"]
        console.print(f"{record['scenario']} {counted['tier']}, {counted['label']}: {what}", highlight=False)
    for point in record.get("scale", []):
        what = (
            f"{point['ns']:.4g} ns a message, {point['peak_bytes'] / 2**20:.1f} MiB at its peak"
            if "ns" in point and "peak_bytes" in point
            else point["note"]
        )
        console.print(f"{record['scenario']} {point['label']}, {point['messages']:,} messages: {what}", highlight=False)
    for timeline in record.get("timelines", []):
        most, last = max(held for _, held in timeline["points"]), timeline["points"][-1][1]
        console.print(
            f"{record['scenario']}, {timeline['label']}: at most {most:,} bytes retained, {last:,} at the end",
            highlight=False,
        )


def _group(scenario: str, group: GroupRecord) -> Table:
    table = Table(title=f"{scenario} {group['name']}: {group['title']}", title_justify="left")
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
    return table


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
