"""Charts of the records: which there are, from which scenario each is drawn, and what is said in place of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.charts import cost, limits, policies, scale, tiers
from benchmarks.charts.drawing import digest, faults, svg
from benchmarks.charts.style import THEMES
from benchmarks.records import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from benchmarks.charts.style import Theme
    from benchmarks.records import Record

__all__ = ["CHARTS", "Chart", "drawable", "files", "of_page", "problems"]


@dataclass(frozen=True)
class Chart:
    """One chart: the name of its files, the scenario that it is drawn from, what it shows for who cannot see it.

    ``drawable`` says whether a record of the scenario holds what it takes, since a run may be of a part. ``paged`` is
    false of what the page has in its tables already.
    """

    name: str
    scenario: str
    alt: str
    drawable: Callable[[Record], bool]
    draw: Callable[[Record, Theme], Figure]
    paged: bool = True

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


def _has_rows(record: Record) -> bool:
    return any(measured(group) for group in record["groups"])


def _has_limits(record: Record) -> bool:
    return any(row.get("limit") for group in record["groups"] for row in measured(group))


def _has_models(record: Record) -> bool:
    return bool(record.get("models"))


def _has_timelines(record: Record) -> bool:
    return bool(record.get("timelines"))


def _has_scale(record: Record) -> bool:
    return any(point["status"] == "measured" for point in record.get("scale", []))


BY_TIER: Final = "nanoseconds a message by tier, with intervals, on a logarithmic axis"
OVER_SIZE: Final = "nanoseconds a message over its size, with a line for each contender and where these cross"
UNDER_MEMORY: Final = "gigabytes a second over the size of a message, under what memory allows"
UNDER_RAW: Final = "gigabytes a second over the size of a message, under what the raw checksums do"
BUILDERS: Final = "bytes retained, message by message, with each way of building"
RETAINED: Final = "bytes retained, message by message, with each memory policy"
OF_A_FRAME: Final = "time and peak memory of a frame over the number of frames"

MAIN: Final = ("F0", "F1", "R0", "R3", "R4", "R5")
"""The tiers of the README's chart; the full report has all."""

CHARTS: Final = (
    Chart("headline", "tel-100k", BY_TIER, _has_rows, partial(tiers.draw, tiers=MAIN)),
    Chart("tel-100k", "tel-100k", BY_TIER, _has_rows, tiers.draw, paged=False),
    Chart("tel-100", "tel-100", BY_TIER, _has_rows, tiers.draw, paged=False),
    Chart("lob-msg", "lob-msg", BY_TIER, _has_rows, tiers.draw, paged=False),
    Chart("cost", "sweep", OVER_SIZE, _has_models, cost.draw),
    Chart("limits", "sweep", UNDER_MEMORY, _has_limits, limits.draw),
    Chart("checksums", "chk", UNDER_RAW, _has_limits, limits.draw),
    Chart("policies", "policy", RETAINED, _has_timelines, policies.draw),
    Chart("mixed", "mixed", BUILDERS, _has_timelines, policies.draw),
    Chart("scale", "scale", OF_A_FRAME, _has_scale, scale.draw),
)
"""Every chart, in the order of the report."""


def drawable(records: Mapping[str, Record]) -> list[Chart]:
    """The charts that can be drawn from these records."""
    return [chart for chart in CHARTS if chart.scenario in records and chart.drawable(records[chart.scenario])]


def files(records: Mapping[str, Record], progress: Callable[[str], object] = lambda _name: None) -> dict[str, str]:
    """The files of all charts that can be drawn, by their names; ``progress`` is told each before it is drawn."""
    found: dict[str, str] = {}
    for chart in drawable(records):
        for theme in THEMES:
            progress(chart.file(theme))
            found[chart.file(theme)] = chart.svg(records[chart.scenario], theme)
    return found


def of_page(read: Callable[[str], str | None]) -> dict[str, str]:
    """What the page takes: the drawings of the light theme by the name of the chart, from what ``read`` has by file."""
    found = {chart.name: read(chart.file("light")) for chart in CHARTS if chart.paged}
    return {name: drawing for name, drawing in found.items() if drawing is not None}


def problems(
    folder: Path,
    records: Mapping[str, Record],
    progress: Callable[[str], object] = lambda _name: None,
    *,
    redraw: bool = True,
) -> Iterator[str]:
    """Why the charts in ``folder`` are not those of these records; without ``redraw`` by their digests alone.

    ``progress`` is told the name of each chart before it is looked at.
    """
    drawn = drawable(records)
    for chart in CHARTS:
        for theme in THEMES:
            path = folder / chart.file(theme)
            progress(path.name)
            if chart in drawn:
                record = records[chart.scenario]
                again = partial(chart.svg, record, theme) if redraw else None
                yield from faults(path, chart.digest(record, theme), again)
            elif path.exists():
                yield f"{path.name} shows what no record holds"
