"""Times a message: dots with intervals on a log axis, a panel for each tier, the same contenders in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.lines import Line2D

from benchmarks.charts.style import figure, frame, legend, logarithmic
from benchmarks.records import measured
from benchmarks.tables.headline import headline
from benchmarks.tables.numbers import compact, nanoseconds, percent
from benchmarks.tables.rows import is_own, lines
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.style import Theme
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["draw"]

COLUMNS: Final = 3
TICKS: Final = 5
"""Of a panel's axis: "10k" and "100k" have room beside each other."""

TITLE: Final = 29
"""Characters of a panel's title that fit on a line."""


def draw(record: Record, theme: Theme, tiers: Collection[str] | None = None) -> Figure:
    """The figure of a scenario whose groups are tiers, with the README's contenders; of ``tiers`` alone, if given."""
    groups = [group for group in record["groups"] if tiers is None or group["tier"] in tiers]
    shown = [line["label"] for line in lines(record, headline(record))]
    heights = -(-len(groups) // COLUMNS)
    made = figure(
        f"{record['title']}: nanoseconds a message",
        "less is better; a tier does the same work for all, and only inside of it do numbers compare",
        0.95 + heights * (0.85 + 0.205 * len(shown)),
        theme,
    )
    cells = made.subplots(heights, COLUMNS, sharex=True, sharey=True, squeeze=False)
    times: list[float] = [
        row[end]
        for group in groups
        for row in measured(group)
        if row["label"] in shown
        for end in ("ns_low", "ns_high")
    ]
    least, most = min(times, default=1), max(times, default=1)
    # Room for the number to the right of the last dot: a quarter of the width.
    limits = (least / 1.6, most * max(11, (most / least) ** 0.4))
    for axes in cells.flat[len(groups) :]:
        axes.set_axis_off()
    for axes, group in zip(cells.flat, groups, strict=False):
        _panel(axes, group, shown, limits, theme)
        axes.tick_params(labelbottom=True)
    for axes in cells[:, 0]:
        axes.tick_params(labelleft=True)
    _key(made, f"interval of {100 * record['method']['confidence']:g} %, often narrower than the mark", theme)
    return made


def _panel(axes: Axes, group: GroupRecord, labels: list[str], limits: tuple[float, float], theme: Theme) -> None:
    frame(axes, f"{group['name']}  {_wrapped(TITLES[group['tier']])}", theme)
    logarithmic(axes.xaxis, *limits, compact, most=TICKS)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"noise floor {percent(group['floor'])}", color=theme["quiet"], fontsize=7)
    rows = {row["label"]: row for row in group["rows"]}
    for place, label in enumerate(labels):
        row = rows.get(label)
        if row is not None and row["status"] == "measured":
            _dot(axes, row, place, theme)
        elif row is not None:
            text = "does not take part" if row["status"] == "cannot" else "wrong output"
            axes.text(
                0.03,
                place,
                text,
                transform=axes.get_yaxis_transform(),
                color=theme["quiet"],
                fontsize=7,
                va="center",
                style="italic",
            )


def _dot(axes: Axes, row: Row, place: int, theme: Theme) -> None:
    colour, marker = (theme["own"], "o") if is_own(row) else (theme["peer"], "s")
    axes.plot([row["ns_low"], row["ns_high"]], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot([row["ns"]], [place], marker=marker, markersize=5, color=colour, linestyle="none")
    axes.annotate(
        nanoseconds(row["ns"]),
        (row["ns_high"], place),
        xytext=(5, 0),
        textcoords="offset points",
        color=theme["ink"],
        fontsize=7.5,
        va="center",
    )


def _key(made: Figure, interval: str, theme: Theme) -> None:
    marks = [("o", theme["own"], "FlatStream"), ("s", theme["peer"], "what people use instead")]
    handles = [
        Line2D([], [], marker=marker, color=colour, markersize=5, linestyle="none", label=text)
        for marker, colour, text in marks
    ]
    legend(made, [*handles, Line2D([], [], color=theme["quiet"], linewidth=2.2, label=interval)], 3, theme)


def _wrapped(title: str) -> str:
    """The title on two lines, if it does not fit on one."""
    if len(title) <= TITLE:
        return title
    cut = title.rfind(" ", 0, TITLE)
    return f"{title[:cut]}\n      {title[cut + 1 :]}"
