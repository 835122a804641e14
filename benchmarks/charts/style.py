"""What all charts share: colours, sizes, fonts, axes, and the way to a line of text that is never clipped."""

from __future__ import annotations

from math import ceil, floor, log
from typing import TYPE_CHECKING, Any, Final, TypedDict

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["SETTINGS", "THEMES", "Theme", "figure", "frame", "legend", "logarithmic", "note"]


class Theme(TypedDict):
    """Colours of a chart.

    ``series`` are told apart by people with any of the three kinds of colour blindness, which a test simulates, and
    each has a contrast of 3 to the paper. ``own`` and ``peer`` are the first two of them, by Okabe and Ito.
    """

    paper: str
    ink: str
    quiet: str
    faint: str
    own: str
    peer: str
    series: tuple[str, ...]


def _theme(paper: str, ink: str, quiet: str, faint: str, series: str) -> Theme:
    colours = tuple(series.split())
    return {
        "paper": paper,
        "ink": ink,
        "quiet": quiet,
        "faint": faint,
        "own": colours[0],
        "peer": colours[1],
        "series": colours,
    }


THEMES: Final[dict[str, Theme]] = {
    "light": _theme("#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#0072b2 #d55e00 #101018 #c77cb0 #7d2a1e"),
    "dark": _theme("#0d1117", "#e6edf3", "#9198a1", "#30363d", "#56b4e9 #e69f00 #f5f5f5 #e05a7a #8f7cf7"),
}

WIDTH: Final = 8.0
"""Inches at 100 pixels: the width of a README."""

MOST_TICKS: Final = 9
"""Ticks of an axis as wide as half a figure."""

SETTINGS: Final[Any] = {  # matplotlib types the name of every setting
    "svg.fonttype": "path",  # no font of the reader's machine can make a label wider than its place
    "svg.hashsalt": "flatstream",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that it is the same everywhere
    "font.size": 8.5,
    "axes.linewidth": 0.6,
    "path.simplify": False,
}


def figure(title: str, subtitle: str, height: float, theme: Theme) -> Figure:
    """An empty figure of README width; ``height`` in inches. Call it with `SETTINGS` in force."""
    made = Figure(
        figsize=(WIDTH, height),
        dpi=100,
        layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, rect=(0, 0, 1, 1 - 0.56 / height)),
        facecolor=theme["paper"],
    )
    made.text(0.015, 1 - 0.1 / height, title, color=theme["ink"], fontsize=10.5, fontweight="bold", va="top")
    made.text(0.015, 1 - 0.32 / height, subtitle, color=theme["quiet"], fontsize=8.5, va="top")
    return made


def frame(axes: Axes, title: str, theme: Theme) -> None:
    """The look of a panel, with its title at the left."""
    axes.set_facecolor(theme["paper"])
    axes.set_title(title, color=theme["ink"], fontsize=8, loc="left")
    axes.tick_params(colors=theme["ink"], length=0, labelsize=8)
    axes.grid(color=theme["faint"], linewidth=0.7)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(theme["quiet"])
        label.set_fontsize(8)
    for side in axes.spines.values():
        side.set_color(theme["faint"])


def logarithmic(
    axis: Axis, low: float, high: float, text: Callable[[float], str], base: int = 10, most: int = MOST_TICKS
) -> None:
    """A log axis from ``low`` to ``high`` with ticks at powers of ``base`` in between, written by ``text``.

    Of more powers than ``most``, only every second or third has a tick.
    """
    axes = axis.axes
    which = "x" if axis is axes.xaxis else "y"
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    powers = [float(base) ** power for power in range(ceil(log(low, base)), floor(log(high, base)) + 1)]
    axis.set_major_locator(FixedLocator(powers[:: 1 + len(powers) // most]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _position: text(value)))


def note(axes: Axes, text: str, theme: Theme) -> None:
    """A quiet line under a panel, such as its noise floor."""
    axes.annotate(
        text,
        (1, 0),
        xycoords="axes fraction",
        xytext=(0, -26),
        textcoords="offset points",
        ha="right",
        va="top",
        color=theme["quiet"],
        fontsize=7,
    )


def legend(made: Figure, handles: Sequence[Artist], columns: int, theme: Theme) -> None:
    """One legend below all panels."""
    shown = made.legend(
        handles=list(handles),
        loc="outside lower left",
        ncols=columns,
        frameon=False,
        labelcolor=theme["ink"],
        fontsize=8,
    )
    shown.set_in_layout(True)
