"""Charts: dots with intervals on a log axis, a panel for each tier, in light and in dark.

matplotlib draws the same figure differently from version to version, so that a chart is not compared with a new
drawing. Its last line holds two digests instead: of what it was drawn from (the numbers and this module), and of all
that stands above. The first differs if the chart is stale, the second if somebody edited it.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.blocks import lines, nanoseconds
from benchmarks.records import measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from benchmarks.records import GroupRecord, Record

__all__ = ["THEMES", "digest", "draw", "faults", "svg"]


class Theme(TypedDict):
    """Colours of a chart; the contenders have those of Okabe and Ito, which colour-blind people can tell apart."""

    paper: str
    ink: str
    faint: str
    own: str
    peer: str


THEMES: Final[dict[str, Theme]] = {
    "light": {"paper": "#ffffff", "ink": "#1f2328", "faint": "#d1d9e0", "own": "#0072b2", "peer": "#d55e00"},
    "dark": {"paper": "#0d1117", "ink": "#e6edf3", "faint": "#30363d", "own": "#56b4e9", "peer": "#e69f00"},
}

COLUMNS: Final = 3
WIDTH: Final = 8.0
"""Inches at 100 pixels: the width of a README."""

TICKS: Final = [10**power for power in range(10)]

SETTINGS: Final[Any] = {  # matplotlib types the name of every setting
    "svg.fonttype": "path",  # no font of the reader's machine can make a label wider than its place
    "svg.hashsalt": "flatstream",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.linewidth": 0.6,
}


def svg(record: Record, theme: str) -> str:
    """The chart of a scenario as SVG, with its digests."""
    with mpl.rc_context(SETTINGS):
        drawn = io.StringIO()
        draw(record, THEMES[theme]).savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    body = "\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n"
    return f"{body}<!-- drawn-from:{digest(record, theme)} drawn:{_sha256(body)} -->\n"


def digest(record: Record, theme: str) -> str:
    """SHA-256 of all that decides what the chart shows, but for matplotlib's version."""
    numbers = [
        [
            group["tier"],
            group["title"],
            group["reference"],
            [[row["label"], row.get("ns"), row.get("ns_low"), row.get("ns_high")] for row in group["rows"]],
        ]
        for group in record["groups"]
    ]
    source = Path(__file__).read_text(encoding="utf-8")
    return _sha256(json.dumps([record["scenario"], record["title"], theme, numbers, source]))


def faults(path: Path, record: Record, theme: str) -> Iterator[str]:
    """Why the chart at ``path`` is not the one of this record."""
    if not path.exists():
        yield f"{path.name} is missing"
        return
    body, _, last = path.read_text(encoding="utf-8").rpartition("<!-- drawn-from:")
    if not last.startswith(digest(record, theme)):
        yield f"{path.name} was not drawn from these records"
    elif last != f"{digest(record, theme)} drawn:{_sha256(body)} -->\n":
        yield f"{path.name} was edited after it was drawn"


def draw(record: Record, theme: Theme) -> Figure:
    """The figure. Call it with the module's settings in force."""
    groups, names = record["groups"], [line["label"] for line in lines(record)]
    heights = -(-(len(groups) + 1) // COLUMNS)
    figure = Figure(
        figsize=(WIDTH, 0.75 + heights * (0.75 + 0.215 * len(names))),
        dpi=100,
        layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06),
        facecolor=theme["paper"],
    )
    figure.suptitle(
        f"{record['title']}: nanoseconds a message (less is better)",
        color=theme["ink"],
        fontsize=10.5,
        fontweight="bold",
        x=0.015,
        ha="left",
    )
    cells = figure.subplots(heights, COLUMNS, sharex=True, sharey=True, squeeze=False)
    times: list[float] = [row[key] for group in groups for row in measured(group) for key in ("ns_low", "ns_high")]
    low, high = min(times) / 1.6, max(times) * 6  # room for the number to the right of the last dot
    for axes in cells.flat[len(groups) :]:
        axes.set_axis_off()
    for axes, group in zip(cells.flat, groups, strict=False):
        _panel(axes, group, names, theme)
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
    for axes in cells[:, 0]:
        axes.tick_params(labelleft=True)
    for axes in cells.flat[max(0, len(groups) - COLUMNS) : len(groups)]:
        axes.tick_params(labelbottom=True)
    _key(cells.flat[-1], theme)
    return figure


def _panel(axes: Axes, group: GroupRecord, names: list[str], theme: Theme) -> None:
    axes.set_facecolor(theme["paper"])
    axes.set_title(f"{group['tier']}  {_wrapped(group['title'])}", color=theme["ink"], fontsize=8, loc="left")
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:,.0f}"))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(colors=theme["ink"], length=0, labelsize=8)
    axes.grid(axis="x", color=theme["faint"], linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_color(theme["faint"])
    with_numbers = {row["label"]: row for row in measured(group)}
    for place, name in enumerate(names):
        row = with_numbers.get(name)
        if row is None:
            axes.text(
                0.03,
                place,
                "does not take part",
                transform=axes.get_yaxis_transform(),
                color=theme["ink"],
                alpha=0.6,
                fontsize=7,
                va="center",
                style="italic",
            )
            continue
        colour, marker = _look(name, theme)
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


def _key(axes: Axes, theme: Theme) -> None:
    axes.set_axis_off()
    for height, (marker, colour, text) in enumerate(
        [("o", theme["own"], "FlatStream"), ("s", theme["peer"], "what people use instead")]
    ):
        place = 0.82 - 0.13 * height
        axes.plot([0.06], [place], marker=marker, color=colour, markersize=5, transform=axes.transAxes, clip_on=False)
        axes.text(0.12, place, text, transform=axes.transAxes, color=theme["ink"], fontsize=8, va="center")
    axes.text(
        0.04,
        0.5,
        "dot: median of all rounds\nbar: its interval of 95 %\n(often narrower than the dot)\naxis: logarithmic",
        transform=axes.transAxes,
        color=theme["ink"],
        fontsize=7.5,
        va="top",
        linespacing=1.5,
    )


def _look(label: str, theme: Theme) -> tuple[str, str]:
    return (theme["own"], "o") if label.startswith("FlatStream") else (theme["peer"], "s")


def _wrapped(title: str, width: int = 29) -> str:
    """The title on two lines, if it does not fit on one."""
    if len(title) <= width:
        return title
    cut = title.rfind(" ", 0, width)
    return f"{title[:cut]}\n      {title[cut + 1 :]}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
