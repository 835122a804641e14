"""The distance to the limit: bytes a nanosecond over the size of a message, under what the machine can do at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from benchmarks.charts.style import figure, frame, legend, logarithmic, look, note
from benchmarks.records import measured
from benchmarks.tables.numbers import floors, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.style import Look, Theme
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["draw"]


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with groups over sizes, among whose rows are limits: a panel for each tier."""
    rows = {row["name"]: row for group in record["groups"] for row in measured(group)}
    tiers = list(dict.fromkeys(group["tier"] for group in record["groups"]))
    names = [name for name, row in rows.items() if not row.get("limit")]
    limits = [name for name, row in rows.items() if row.get("limit")]
    looks = {name: look(index, theme) for index, name in enumerate(names)}
    looks |= {name: look(index, theme, limit=True) for index, name in enumerate(limits)}
    made = figure(
        f"{record['title']}: gigabytes of payload a second",
        "more is better; grey: what the machine does at most, with nothing around it",
        4.1 + 0.2 * -(-len(looks) // 3),
        theme,
    )
    panels = made.subplots(1, len(tiers), sharex=True, sharey=True, squeeze=False)[0]
    for axes, tier in zip(panels, tiers, strict=True):
        _panel(axes, record, tier, looks, theme)
    panels[0].set_ylabel("GB a second")
    handles = [
        Line2D([], [], label=rows[name]["label"], **{**one.dots(theme["paper"]), **one.line()})
        for name, one in looks.items()
    ]
    legend(made, handles, 3, theme)
    return made


def _panel(axes: Axes, record: Record, tier: str, looks: dict[str, Look], theme: Theme) -> None:
    groups = sorted((group for group in record["groups"] if group["tier"] == tier), key=_size)
    frame(axes, f"{tier}  {groups[0]['title']}", theme)
    sizes = [_size(group) for group in record["groups"]]
    speeds = [
        _size(group) / row[end]
        for group in record["groups"]
        for row in measured(group)
        for end in ("ns_low", "ns_high")
    ]
    logarithmic(axes.xaxis, min(sizes) / 1.7, max(sizes) * 1.7, size, base=16)
    logarithmic(axes.yaxis, min(speeds) / 1.7, max(speeds) * 1.7, lambda speed: f"{speed:g}")
    for name, one in looks.items():
        points = [(_size(group), row) for group in groups for row in measured(group) if row["name"] == name]
        _line(axes, points, one, theme)
    note(axes, floors(groups), theme)


def _line(axes: Axes, points: list[tuple[float, Row]], one: Look, theme: Theme) -> None:
    for at, row in points:
        axes.plot([at, at], [at / row["ns_high"], at / row["ns_low"]], color=one.colour, linewidth=1)
    axes.plot([at for at, _ in points], [at / row["ns"] for at, row in points], **one.line())
    axes.plot([at for at, _ in points], [at / row["ns"] for at, row in points], **one.dots(theme["paper"]))


def _size(group: GroupRecord) -> float:
    """Bytes of a message."""
    return group["payload_bytes"] / group["messages"]
