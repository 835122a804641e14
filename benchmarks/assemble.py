"""What was measured in several processes, put together: groups from the parts that each process measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.intervals import estimate, is_tie, noise_floor, ratios, recorded, widened
from benchmarks.records import Bar, GroupRecord, Row, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.intervals import Processes

__all__ = ["assembled"]


def assembled(parts: Sequence[GroupRecord]) -> GroupRecord:
    """One group from what each process measured of it: samples together, and all numbers anew.

    A lane that was wrong, or missing, in one process has no numbers: what is right only at times is not right.
    """
    whole = parts[0]
    rows = [_together([_named(part, row["name"]) for part in parts]) for row in whole["rows"]]
    reference = next((row for row in rows if row["name"] == whole["reference"] and "samples" in row), None)
    floor = 1.0
    if reference is not None:
        floor = round(noise_floor(estimate(ratios(reference["samples"], reference["beside"]))), 4)
        for row in rows:
            if "samples" in row:
                _number(row, floor)
    else:
        rows = [_unpaired(row) for row in rows]
    bounds = {bar["name"]: bar for part in parts for bar in part["bars"]}
    return {
        **whole,
        "processes": len(parts) if reference is not None else 0,
        "rounds": sum(map(len, reference["samples"])) if reference is not None else 0,
        "floor": floor,
        "rows": rows,
        "bars": [_bar(row, bounds[row["name"]]) for row in rows if row["name"] in bounds and "ratio" in row],
    }


def _named(part: GroupRecord, name: str) -> Row:
    return next(row for row in part["rows"] if row["name"] == name)


def _together(rows: Sequence[Row]) -> Row:
    for row in rows:
        if row["status"] != "measured":
            return row
    if not all("samples" in row for row in rows):
        return rows[0]
    samples: Processes = [process for row in rows for process in row["samples"]]
    beside: Processes = [process for row in rows for process in row["beside"]]
    return {**rows[0], "samples": samples, "beside": beside}


def _number(row: Row, floor: float) -> None:
    """Make all numbers of a row from its samples."""
    time, ratio = estimate(row["samples"]), estimate(ratios(row["samples"], row["beside"]))
    row["ns"], row["ns_low"], row["ns_high"] = map(recorded, (time.median, time.low, time.high))
    around = widened(ratio, floor)
    row["ratio"], row["ratio_low"], row["ratio_high"] = map(recorded, (around.median, around.low, around.high))
    row["tie"] = is_tie(around, floor)


def _unpaired(row: Row) -> Row:
    if row["status"] != "measured":
        return row
    return {
        "name": row["name"],
        "label": row["label"],
        "version": row["version"],
        "status": "cannot",
        "note": "the reference that it is measured beside has no right output",
    }


def _bar(row: Row, bar: Bar) -> Bar:
    return {
        "name": row["name"],
        "label": row["label"],
        "reference": bar["reference"],
        "ratio": row["ratio"],
        "ratio_low": row["ratio_low"],
        "ratio_high": row["ratio_high"],
        "bound": bar["bound"],
        "verdict": verdict(row["ratio"], bar["bound"]),
    }
