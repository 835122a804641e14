"""Cost models: nanoseconds a message over its size, a line for each contender, and where two of them cross."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.lines import Line2D

from benchmarks.charts.style import figure, frame, legend, logarithmic, look, note
from benchmarks.records import measured
from benchmarks.tables.numbers import count, floors, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.style import Look, Theme
    from benchmarks.records import Model, Record

__all__ = ["draw"]

POINTS: Final = 200
"""Of a line, which is none on log axes."""


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with models: a panel for each tier."""
    models = record.get("models", [])
    tiers = list(dict.fromkeys(model["tier"] for model in models))
    names = dict.fromkeys(model["name"] for model in models if not model.get("limit"))
    limits = dict.fromkeys(model["name"] for model in models if model.get("limit"))
    looks = {name: look(index, theme) for index, name in enumerate(names)}
    looks |= {name: look(index, theme, limit=True) for index, name in enumerate(limits)}
    labels = {model["name"]: model["label"] for model in models}
    rows = -(-len(labels) // 3)
    made = figure(
        f"{record['title']}: nanoseconds a message over its size",
        "lines: so many ns a message and so many a byte; marks: measured; rings: where FlatStream crosses another",
        4.1 + 0.2 * rows,
        theme,
    )
    panels = made.subplots(1, len(tiers), sharey=True, squeeze=False)[0]
    for axes, tier in zip(panels, tiers, strict=True):
        _panel(axes, record, tier, looks, theme)
    panels[0].set_ylabel("ns a message")
    handles = [
        Line2D([], [], label=labels[name], **{**one.dots(theme["paper"]), **one.line()}) for name, one in looks.items()
    ]
    legend(made, handles, 3, theme)
    return made


def _panel(axes: Axes, record: Record, tier: str, looks: dict[str, Look], theme: Theme) -> None:
    models = {model["name"]: model for model in record.get("models", []) if model["tier"] == tier}
    groups = [group for group in record["groups"] if group["tier"] == tier]
    frame(axes, f"{tier}  {groups[0]['title'] if groups else ''}", theme)
    every = [
        row[end]
        for group in record["groups"]
        for row in measured(group)
        if row["name"] in looks
        for end in ("ns_low", "ns_high")
    ] + [cost(model, at) for model in record.get("models", []) for at in (model["from_bytes"], model["to_bytes"])]
    positive = [value for value in every if value > 0]
    low = min(model["from_bytes"] for model in record["models"])
    high = max(model["to_bytes"] for model in record["models"])
    logarithmic(axes.xaxis, max(low, 1) / 1.7, high * 1.7, size, base=16)
    logarithmic(axes.yaxis, min(positive) / 1.7, max(positive) * 1.7, count)
    for name, model in models.items():
        sizes = np.geomspace(max(model["from_bytes"], 1), model["to_bytes"], POINTS)
        axes.plot(sizes, [cost(model, float(at)) for at in sizes], **looks[name].line())
    for group in groups:
        at = group["payload_bytes"] / group["messages"]
        for row in measured(group):
            if row["name"] in looks:
                one = looks[row["name"]]
                axes.plot([at, at], [row["ns_low"], row["ns_high"]], color=one.colour, linewidth=1)
                axes.plot([at], [row["ns"]], **one.dots(theme["paper"]))
    for crossing in record.get("crossovers", []):
        if crossing["tier"] == tier and _is_of_own(crossing["below"], crossing["above"], models):
            _ring(axes, crossing["bytes"], cost(models[crossing["below"]], crossing["bytes"]), theme)
    note(axes, floors(groups), theme)


def cost(model: Model, size_bytes: float) -> float:
    """What a message of that size takes by the model, in nanoseconds."""
    return model["ns_message"] + model["ns_byte"] * size_bytes


def _is_of_own(below: str, above: str, models: dict[str, Model]) -> bool:
    own = {name for name, model in models.items() if model["label"].startswith("FlatStream")}
    return below in models and above in models and len(own & {below, above}) == 1


def _ring(axes: Axes, size_bytes: float, ns: float, theme: Theme) -> None:
    axes.plot(
        [size_bytes], [ns], marker="o", markersize=9, markerfacecolor="none", markeredgecolor=theme["ink"], linestyle=""
    )
    axes.annotate(
        size(size_bytes),
        (size_bytes, ns),
        xytext=(0, -9),
        textcoords="offset points",
        ha="center",
        va="top",
        color=theme["ink"],
        fontsize=7.5,
    )
