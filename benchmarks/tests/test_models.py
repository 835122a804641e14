from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.models import fitted, line

if TYPE_CHECKING:
    from benchmarks.records import GroupRecord, Row

SIZES = [16, 256, 4096, 65536, 2**20]


@given(st.floats(0, 1e4), st.floats(1e-4, 10))
def test_points_on_a_line_give_that_line(level: float, slope: float) -> None:
    found_level, found_slope = line(SIZES, [level + slope * size for size in SIZES])
    assert found_level == pytest.approx(level, rel=1e-6, abs=1e-4)
    assert found_slope == pytest.approx(slope, rel=1e-6)


@given(st.lists(st.floats(0.01, 1e9), min_size=5, max_size=5))
def test_no_part_of_a_cost_is_below_nothing(times: list[float]) -> None:
    level, slope = line(SIZES, times)
    assert level >= 0
    assert slope >= 0


def row(name: str, ns: float, width: float = 1.01, *, limit: bool = False) -> Row:
    made: Row = {
        "name": name,
        "label": name.upper(),
        "version": "1",
        "status": "measured",
        "note": "of a test",
        "samples": [[ns]],
        "beside": [[ns]],
        "ns": ns,
        "ns_low": ns / width,
        "ns_high": ns * width,
        "ratio": 1.0,
        "ratio_low": 1.0,
        "ratio_high": 1.0,
        "tie": True,
    }
    return {**made, "limit": True} if limit else made


def group(size: int, *rows: Row) -> GroupRecord:
    return {
        "name": f"F0-{size}",
        "tier": "F0",
        "title": "of a test",
        "messages": 10,
        "payload_bytes": 10 * size,
        "reference": "flat",
        "processes": 1,
        "rounds": 1,
        "floor": 1.0,
        "rows": list(rows),
        "bars": [],
    }


def test_model_crossover_and_residual_of_known_lines() -> None:
    # 100 ns and 0.01 ns a byte, beside 20 ns and 0.05: equal at 80 / 0.04 = 2000 bytes.
    groups = [
        group(size, row("flat", 100 + 0.01 * size), row("steep", 20 + 0.05 * size), row("bound", 1, limit=True))
        for size in SIZES
    ]
    models, crossings = fitted(groups)
    flat, steep, limit = models
    assert flat["ns_message"] == pytest.approx(100)
    assert flat["ns_byte"] == pytest.approx(0.01)
    assert flat["ns_message_low"] < 100 < flat["ns_message_high"]
    assert flat["residual"] == pytest.approx(0, abs=1e-3)
    assert (steep["from_bytes"], steep["to_bytes"]) == (16, 2**20)
    assert limit.get("limit")
    assert crossings == [{"tier": "F0", "below": "steep", "above": "flat", "bytes": 2000}]


def test_lines_that_differ_by_less_than_their_noise_do_not_cross() -> None:
    groups = [group(size, row("flat", 100 + 0.01 * size, 1.5), row("steep", 98 + 0.0101 * size, 1.5)) for size in SIZES]
    assert fitted(groups)[1] == []


def test_residual_is_the_largest_distance_of_a_point() -> None:
    groups = [group(size, row("flat", (100 + 0.01 * size) * (2 if size == 4096 else 1))) for size in SIZES]
    (model,) = fitted(groups)[0]
    assert 0.3 < model["residual"] < 0.6


def test_two_sizes_are_no_model() -> None:
    assert fitted([group(size, row("flat", size)) for size in (16, 256)]) == ([], [])
