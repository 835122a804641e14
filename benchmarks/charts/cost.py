"""Cost models: nanoseconds a message over its size, a line for each contender, and where two of them cross."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.charts.looks import Series, handles, looks, mark
from benchmarks.charts.style import figure, frame, legend, logarithmic, note
from benchmarks.records import measured
from benchmarks.tables.numbers import compact, floors, size
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.charts.looks import Look
    from benchmarks.charts.style import Theme
    from benchmarks.records import Crossover, Model, Record

__all__ = ["draw"]

PLAIN: Final = "flatstream"
"""The way of FlatStream whose crossings are ringed; a table in the report has all."""

POINTS: Final = 200
"""Of a line, which is none on log axes."""


def draw(record: Record, theme: Theme) -> Figure:
    """The figure of a scenario with models: a panel for each tier."""
    models = record.get("models", [])
    tiers = list(dict.fromkeys(model["tier"] for model in models))
    series = list(
        dict.fromkeys(
            Series(model["name"], model["label"], _is_own(model), limit=model.get("limit", False)) for model in models
        )
    )
    looked = looks(series, theme)
    made = figure(
        f"{record['title']}: nanoseconds a message over its size",
        "lines: so many ns a message and so many a byte; marks: measured; rings: where FlatStream crosses another",
        4.3 + 0.2 * -(-len(series) // 3),
        theme,
    )
    panels = made.subplots(1, len(tiers), sharey=True, squeeze=False)[0]
    for axes, tier in zip(panels, tiers, strict=True):
        _panel(axes, record, tier, looked, theme)
    panels[0].set_ylabel("ns a message")
    legend(made, handles(series, looked, theme), 3, theme)
    return made


def _panel(axes: Axes, record: Record, tier: str, looked: dict[str, Look], theme: Theme) -> None:
    models = {model["name"]: model for model in record.get("models", []) if model["tier"] == tier}
    groups = [group for group in record["groups"] if group["tier"] == tier]
    frame(axes, f"{tier}  {TITLES[tier]}", theme)
    every = [
        row[end]
        for group in record["groups"]
        for row in measured(group)
        if row["name"] in looked
        for end in ("ns_low", "ns_high")
    ] + [cost(model, at) for model in record.get("models", []) for at in (model["from_bytes"], model["to_bytes"])]
    positive = [value for value in every if value > 0]
    low = min(model["from_bytes"] for model in record["models"])
    high = max(model["to_bytes"] for model in record["models"])
    logarithmic(axes.xaxis, max(low, 1) / 1.7, high * 1.7, size, base=16)
    logarithmic(axes.yaxis, min(positive) / 1.7, max(positive) * 1.7, compact)
    for name, model in models.items():
        sizes = np.geomspace(max(model["from_bytes"], 1), model["to_bytes"], POINTS)
        axes.plot(sizes, [cost(model, float(at)) for at in sizes], **looked[name].line())
    for group in groups:
        at = group["payload_bytes"] / group["messages"]
        for row in measured(group):
            if row["name"] in looked:
                one = looked[row["name"]]
                axes.plot([at, at], [row["ns_low"], row["ns_high"]], color=one.colour, linewidth=1)
                mark(axes, [at], [row["ns"]], one, theme)
    for crossing in record.get("crossovers", []):
        if crossing["tier"] == tier and _shown(crossing, models):
            _ring(axes, crossing["bytes"], cost(models[crossing["below"]], crossing["bytes"]), theme)
    note(axes, floors(groups), theme)


def cost(model: Model, size_bytes: float) -> float:
    """What a message of that size takes by the model, in nanoseconds."""
    return model["ns_message"] + model["ns_byte"] * size_bytes


def _shown(crossing: Crossover, models: dict[str, Model]) -> bool:
    """Whether FlatStream's plain way crosses a peer: of every pair that crosses, there would be too many rings."""
    pair = {crossing["below"], crossing["above"]}
    return PLAIN in pair and pair <= models.keys() and not all(_is_own(models[name]) for name in pair)


def _is_own(model: Model) -> bool:
    return model["label"].startswith("FlatStream")


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
        bbox={"facecolor": theme["paper"], "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
        zorder=5,
    )
