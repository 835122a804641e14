"""The cost of a message as a line over its size: so many nanoseconds a message, and so many a byte."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log
from operator import itemgetter
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.intervals import CONFIDENCE
from benchmarks.records import Crossover, Model, measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.records import GroupRecord, Row

__all__ = ["crossovers", "fitted", "line"]

RESAMPLES: Final = 500

NORMAL: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""Standard deviations of half an interval."""


def fitted(groups: Sequence[GroupRecord]) -> tuple[list[Model], list[Crossover]]:
    """A model for each tier and row that was measured at three sizes or more, and where their lines cross.

    The sizes are those of the groups: ``payload_bytes / messages``.
    """
    points: dict[tuple[str, str], list[tuple[float, Row]]] = defaultdict(list)
    for group in groups:
        for row in measured(group):
            points[group["tier"], row["name"]].append((group["payload_bytes"] / group["messages"], row))
    found = {key: sorted(sized, key=itemgetter(0)) for key, sized in points.items() if len(sized) >= 3}
    models = [_model(tier, sized) for (tier, _), sized in found.items()]
    return models, crossovers(models, found)


def line(sizes: Sequence[float], times: Sequence[float]) -> tuple[float, float]:
    """Nanoseconds a message and a byte, neither below 0, that come nearest to these times, relative to each time.

    Least squares of the relative distances, or else the largest size would decide alone.
    """
    size, time = np.asarray(sizes, np.float64), np.asarray(times, np.float64)
    terms = np.stack([1 / time, size / time], axis=1)
    found, *_ = np.linalg.lstsq(terms, np.ones(len(size)), rcond=None)
    if found[0] < 0:
        slope = size / time
        return 0.0, float(slope.sum() / (slope @ slope))
    if found[1] < 0:
        level = 1 / time
        return float(level.sum() / (level @ level)), 0.0
    return float(found[0]), float(found[1])


def crossovers(
    models: Sequence[Model], points: Mapping[tuple[str, str], Sequence[tuple[float, Row]]]
) -> list[Crossover]:
    """Where two lines of a tier cross inside of the sizes that were measured; limits are no contenders.

    Only of pairs of which one is faster at the smallest size, and the other at the largest, by more than their
    intervals: lines that lie on each other cross anywhere.
    """
    found: list[Crossover] = []
    contenders = [model for model in models if not model.get("limit")]
    for one in contenders:
        for other in contenders:
            if one["tier"] != other["tier"] or one["ns_byte"] <= other["ns_byte"]:
                continue
            size = (other["ns_message"] - one["ns_message"]) / (one["ns_byte"] - other["ns_byte"])
            below, above = points[one["tier"], one["name"]], points[other["tier"], other["name"]]
            if (
                one["from_bytes"] <= size <= one["to_bytes"]
                and below[0][1]["ns_high"] < above[0][1]["ns_low"]
                and above[-1][1]["ns_high"] < below[-1][1]["ns_low"]
            ):
                found.append(
                    {"tier": one["tier"], "below": one["name"], "above": other["name"], "bytes": max(1, round(size))}
                )
    return found


def _model(tier: str, found: Sequence[tuple[float, Row]]) -> Model:
    sizes = [size for size, _ in found]
    level, slope = line(sizes, [row["ns"] for _, row in found])
    chance = np.random.default_rng(1)
    # Each point moves inside of its own interval, on the scale on which that is symmetric.
    spread = [log(row["ns_high"] / row["ns_low"]) / 2 / NORMAL for _, row in found]
    drawn = [
        line(sizes, [row["ns"] * exp(chance.normal(0, width)) for (_, row), width in zip(found, spread, strict=True)])
        for _ in range(RESAMPLES)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.array(drawn), [tail, 1 - tail], axis=0)
    row = found[0][1]
    model: Model = {
        "tier": tier,
        "name": row["name"],
        "label": row["label"],
        "ns_message": round(level, 3),
        "ns_message_low": round(float(low[0]), 3),
        "ns_message_high": round(float(high[0]), 3),
        "ns_byte": round(slope, 6),
        "ns_byte_low": round(float(low[1]), 6),
        "ns_byte_high": round(float(high[1]), 6),
        "residual": round(max(abs((level + size * slope) / row["ns"] - 1) for size, row in found), 4),
        "from_bytes": round(min(sizes)),
        "to_bytes": round(max(sizes)),
    }
    if row.get("limit"):
        model["limit"] = True
    return model
