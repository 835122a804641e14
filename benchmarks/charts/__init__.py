"""Charts of the records: which there are, from which scenario each is drawn, and what is said in place of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.charts import tiers
from benchmarks.charts.drawing import digest, faults, svg
from benchmarks.charts.style import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from benchmarks.charts.style import Theme
    from benchmarks.records import Record

__all__ = ["CHARTS", "Chart", "files", "of_page", "problems"]


@dataclass(frozen=True)
class Chart:
    """One chart: the name of its files, the scenario that it is drawn from, what it shows for who cannot see it."""

    name: str
    scenario: str
    alt: str
    draw: Callable[[Record, Theme], Figure]

    def file(self, theme: str) -> str:
        """The name of its file in a theme."""
        return f"{self.name}-{theme}.svg"

    def svg(self, record: Record, theme: str) -> str:
        """The chart as SVG."""
        title = f"{record['title']}: {self.alt}"
        return svg(lambda: self.draw(record, THEMES[theme]), title, self.digest(record, theme))

    def digest(self, record: Record, theme: str) -> str:
        """SHA-256 of all that decides what it shows, but for matplotlib."""
        return digest(self.name, self.alt, theme, record)


CHARTS: Final = (
    Chart("tel-100k", "tel-100k", "nanoseconds a message by tier, for every contender", tiers.draw),
    Chart("tel-100", "tel-100", "nanoseconds a message by tier, for every contender", tiers.draw),
)
"""Every chart, in the order of the report."""


def files(records: Mapping[str, Record]) -> dict[str, str]:
    """The files of all charts whose scenario has a record, by their names."""
    return {
        chart.file(theme): chart.svg(records[chart.scenario], theme)
        for chart in CHARTS
        if chart.scenario in records
        for theme in THEMES
    }


def of_page(read: Callable[[str], str | None]) -> dict[str, str]:
    """What the page takes: the drawings of the light theme by the name of the chart, from what ``read`` has by file."""
    found = {chart.name: read(chart.file("light")) for chart in CHARTS}
    return {name: drawing for name, drawing in found.items() if drawing is not None}


def problems(folder: Path, records: Mapping[str, Record], *, redraw: bool = True) -> Iterator[str]:
    """Why the charts in ``folder`` are not those of these records; without ``redraw`` by their digests alone."""
    for chart in CHARTS:
        for theme in THEMES:
            path = folder / chart.file(theme)
            if chart.scenario in records:
                record = records[chart.scenario]
                again = partial(chart.svg, record, theme) if redraw else None
                yield from faults(path, chart.digest(record, theme), again)
            elif path.exists():
                yield f"{path.name} shows what no record holds"
