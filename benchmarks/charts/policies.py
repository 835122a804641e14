"""Memory over time: the bytes that a policy retains after so many messages, between bursts of large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from benchmarks.charts.style import figure, frame
from benchmarks.tables.numbers import count, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.style import Theme
    from benchmarks.records import Record, Timeline

__all__ = ["draw"]


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with timelines: a panel for each, below each other, over the same messages."""
    lines = record.get("timelines", [])
    made = figure(
        f"{record['title']}: bytes retained, message by message",
        "less is better; grey: a large message; counted and not timed, so that there is no noise floor",
        0.9 + 1.05 * len(lines),
        theme,
    )
    most = max(point[1] for line in lines for point in line["points"])
    end = max(ends[-1] for line in lines for ends in (*line["burst"], line["points"][-1][:1]))
    panels = made.subplots(len(lines), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for index, (axes, line) in enumerate(zip(panels, lines, strict=True)):
        _panel(axes, line, (end, 1 << (most.bit_length() - 1)), theme["series"][index % len(theme["series"])], theme)
        axes.set_ylim(0, most * 1.12)
        axes.set_xlim(-0.01 * end, end * 1.01)
    places = MaxNLocator(6, integer=True).tick_values(0, end)
    panels[-1].set_xticks([place for place in places if 0 <= place <= end])
    panels[-1].set_xlabel("messages written")
    return made


def _panel(axes: Axes, line: Timeline, ends: tuple[int, int], colour: str, theme: Theme) -> None:
    end, round_size = ends
    frame(axes, line["label"], theme)
    axes.grid(visible=False, axis="x")  # which would look like large messages
    for first, last in line["burst"]:
        axes.axvspan(first - 0.5, last + 0.5, color=theme["faint"], linewidth=0.8, zorder=0)
    places = [point[0] for point in line["points"]] + [end]
    kept = [point[1] for point in line["points"]] + [line["points"][-1][1]]
    axes.step(places, kept, where="post", color=colour, linewidth=1.5)
    axes.yaxis.set_major_locator(FixedLocator([0, round_size / 2, round_size]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _position: size(value)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: count(value)))
