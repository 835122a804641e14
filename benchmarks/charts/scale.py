"""Scale: time and peak memory of a frame, over the number of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.charts.looks import Series, handles, looks, mark
from benchmarks.charts.style import figure, frame, legend, logarithmic, note
from benchmarks.tables.numbers import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.looks import Look
    from benchmarks.charts.style import Theme
    from benchmarks.records import Record, ScalePoint

__all__ = ["draw"]


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with points of a scale: time at the left, memory at the right."""
    points = [point for point in record.get("scale", []) if point["status"] == "measured"]
    series = list(
        dict.fromkeys(
            Series(_lane(point), f"{point['tier']}  {point['label']}", own=False, limit=False) for point in points
        )
    )
    looked = looks(series, theme)
    made = figure(
        f"{record['title']}: what a frame takes",
        "a flat line: twice as many frames take twice as much",
        3.7 + 0.2 * -(-len(series) // 2),
        theme,
    )
    left, right = made.subplots(1, 2)
    times = [point[end] for point in points for end in ("ns_low", "ns_high")]
    shares = [_share(point) for point in points]
    _panel(left, "nanoseconds a frame", points, theme)
    logarithmic(left.yaxis, min(times) / 1.7, max(times) * 1.7, compact)
    note(left, "bars: interval of each point, its noise included", theme)
    _panel(right, "peak memory above the start, bytes a frame (0.5: none)", points, theme)
    logarithmic(right.yaxis, min(shares) / 1.7, max(shares) * 1.7, compact)
    note(right, "resident high-water mark; pages are its noise floor", theme)
    for lane, one in looked.items():
        _lines(left, right, [point for point in points if _lane(point) == lane], one, theme)
    legend(made, handles(series, looked, theme), 2, theme)
    return made


def _panel(axes: Axes, title: str, points: list[ScalePoint], theme: Theme) -> None:
    frame(axes, title, theme)
    counts = [point["messages"] for point in points]
    logarithmic(axes.xaxis, min(counts) / 1.7, max(counts) * 1.7, compact)
    axes.set_xlabel("frames", loc="left")


def _lines(left: Axes, right: Axes, points: list[ScalePoint], one: Look, theme: Theme) -> None:
    counts = [point["messages"] for point in points]
    for point in points:
        left.plot([point["messages"]] * 2, [point["ns_low"], point["ns_high"]], color=one.colour, linewidth=1.2)
    for axes, values in ((left, [point["ns"] for point in points]), (right, list(map(_share, points)))):
        axes.plot(counts, values, **one.line())
        mark(axes, counts, values, one, theme)


def _lane(point: ScalePoint) -> str:
    return f"{point['tier']} {point['name']}"


def _share(point: ScalePoint) -> float:
    """Bytes of peak memory a frame; half a byte stands for none, which a log axis does not have."""
    return max(point["peak_bytes"] / point["messages"], 0.5)
