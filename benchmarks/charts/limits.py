"""The distance to the limit: bytes a nanosecond over the size of a message, under what the machine can do at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.charts.looks import Series, handles, looks, mark
from benchmarks.charts.style import figure, frame, legend, logarithmic, note
from benchmarks.records import measured
from benchmarks.tables.numbers import compact, floors, size
from benchmarks.tables.rows import is_own
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.looks import Look
    from benchmarks.charts.style import Theme
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["draw"]


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with groups over sizes, among whose rows are limits: a panel for each tier."""
    rows = {row["name"]: row for group in record["groups"] for row in measured(group)}
    tiers = list(dict.fromkeys(group["tier"] for group in record["groups"]))
    series = [Series(name, row["label"], is_own(row), limit=row.get("limit", False)) for name, row in rows.items()]
    looked = looks(series, theme)
    made = figure(
        f"{record['title']}: gigabytes of payload a second",
        "more is better; thin lines: what the machine does if it touches every byte, and nothing else",
        4.3 + 0.2 * -(-len(series) // 3),
        theme,
    )
    panels = made.subplots(1, len(tiers), sharex=True, sharey=True, squeeze=False)[0]
    for axes, tier in zip(panels, tiers, strict=True):
        _panel(axes, record, tier, looked, theme)
    panels[0].set_ylabel("GB a second")
    legend(made, handles(series, looked, theme), 3, theme)
    return made


def _panel(axes: Axes, record: Record, tier: str, looked: dict[str, Look], theme: Theme) -> None:
    groups = sorted((group for group in record["groups"] if group["tier"] == tier), key=_size)
    frame(axes, f"{tier}  {TITLES[tier]}", theme)
    sizes = [_size(group) for group in record["groups"]]
    speeds = [
        _size(group) / row[end]
        for group in record["groups"]
        for row in measured(group)
        for end in ("ns_low", "ns_high")
    ]
    logarithmic(axes.xaxis, min(sizes) / 1.7, max(sizes) * 1.7, size, base=16)
    logarithmic(axes.yaxis, min(speeds) / 1.7, max(speeds) * 1.7, compact)
    for name, one in looked.items():
        points = [(_size(group), row) for group in groups for row in measured(group) if row["name"] == name]
        _line(axes, points, one, theme)
    note(axes, floors(groups), theme)


def _line(axes: Axes, points: list[tuple[float, Row]], one: Look, theme: Theme) -> None:
    for at, row in points:
        axes.plot([at, at], [at / row["ns_high"], at / row["ns_low"]], color=one.colour, linewidth=1)
    places, speeds = [at for at, _ in points], [at / row["ns"] for at, row in points]
    axes.plot(places, speeds, **one.line())
    mark(axes, places, speeds, one, theme)


def _size(group: GroupRecord) -> float:
    """Bytes of a message."""
    return group["payload_bytes"] / group["messages"]
