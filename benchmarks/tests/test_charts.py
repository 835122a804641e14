from __future__ import annotations

import copy
import hashlib
import json
from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from benchmarks.charts import CHARTS, Chart, drawable, files, problems, tiers
from benchmarks.charts.drawing import svg
from benchmarks.charts.style import SETTINGS, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.check import Place
    from benchmarks.records import Record

each_chart = pytest.mark.parametrize("chart", CHARTS, ids=[chart.name for chart in CHARTS])


@pytest.fixture(scope="module")
def drawn(made_up: dict[str, Record]) -> Callable[[Chart], Figure]:
    """The figure of a chart in the light theme, laid out, once for all tests."""

    @cache
    def draw(chart: Chart) -> Figure:
        with mpl.rc_context(SETTINGS):
            figure = chart.draw(made_up[chart.scenario], THEMES["light"])
            FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib left this one out
        return figure

    return draw


@each_chart
def test_no_text_is_clipped(chart: Chart, drawn: Callable[[Chart], Figure]) -> None:
    figure = drawn(chart)
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert len(texts) > 12
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text


@each_chart
def test_no_two_texts_overlap(chart: Chart, drawn: Callable[[Chart], Figure]) -> None:
    texts = [text for text in drawn(chart).findobj(Text) if text.get_text() and not isinstance(text, Annotation)]
    boxes = [(text.get_window_extent(), text.get_text()) for text in texts if text.get_visible()]
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
        assert apart, (first, second)


def test_ticks_and_numbers_have_room_where_times_span_seven_powers_of_ten(made_up: dict[str, Record]) -> None:
    record: Any = copy.deepcopy(made_up["tel-100k"])
    for name, ns in (("arrow", 0.0124), ("flatstream-table", 16_139.0)):
        (row,) = [row for row in record["groups"][1]["rows"] if row["name"] == name]
        row.update(status="measured", ns=ns, ns_low=ns, ns_high=ns)
    with mpl.rc_context(SETTINGS):
        figure = tiers.draw(record, THEMES["light"])
        FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib left this one out
    for axes in figure.axes[: len(record["groups"])]:
        labels = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        assert len(labels) >= 3
        assert all(one.x1 + 6 <= other.x0 for one, other in pairwise(labels))
        numbers = [text.get_window_extent() for text in axes.texts if isinstance(text, Annotation)]
        assert all(box.x1 <= axes.bbox.x1 + 1 for box in numbers)


@each_chart
def test_no_line_or_dot_is_clipped(chart: Chart, drawn: Callable[[Chart], Figure]) -> None:
    lines = [(axes, line) for axes in drawn(chart).axes for line in axes.get_lines()]
    assert lines
    for axes, line in lines:
        if line.get_transform() == axes.transData:
            box = line.get_window_extent()
            assert axes.bbox.x0 <= box.x0, line
            assert axes.bbox.y0 <= box.y0, line
            assert box.x1 <= axes.bbox.x1, line
            assert box.y1 <= axes.bbox.y1, line


@each_chart
def test_noise_is_told_of_in_every_chart(chart: Chart, drawn: Callable[[Chart], Figure]) -> None:
    text = " ".join(text.get_text() for text in drawn(chart).findobj(Text))
    assert "noise floor" in text


def test_every_tier_has_its_noise_floor(made_up: dict[str, Record], drawn: Callable[[Chart], Figure]) -> None:
    (chart,) = (chart for chart in CHARTS if chart.name == "tel-100k")
    texts = [text.get_text() for text in drawn(chart).findobj(Text)]
    assert texts.count("noise floor 3.7 %") == len(made_up["tel-100k"]["groups"]) == 10


@each_chart
def test_record_of_a_part_is_drawn_or_left_out(chart: Chart, made_up: dict[str, Record]) -> None:
    record = json.loads(json.dumps(made_up[chart.scenario]))
    for group in record["groups"]:
        for each in group["rows"]:
            each["status"] = "absent"
    for kind in ("models", "scale", "timelines", "crossovers"):
        record.pop(kind, None)
    assert drawable({chart.scenario: record}) == []
    record["groups"] = []
    assert files({chart.scenario: record}) == {}


@each_chart
@pytest.mark.parametrize("theme", THEMES)
def test_chart_is_800_pixels_wide_well_formed_and_titled(chart: Chart, made_up: dict[str, Record], theme: str) -> None:
    text = chart.svg(made_up[chart.scenario], theme)
    root = ET.fromstring(text)  # noqa: S314  (our own drawing)
    assert root.attrib["width"] == "576pt"  # 8 inches: 800 pixels at 100 to the inch
    assert made_up[chart.scenario]["title"] in text
    assert THEMES[theme]["paper"] in text
    assert len(text) < 250_000


@each_chart
def test_same_record_draws_the_same_bytes(chart: Chart, made_up: dict[str, Record]) -> None:
    first, again = (svg(lambda: chart.draw(made_up[chart.scenario], THEMES["dark"]), "title", "0") for _ in range(2))
    assert first == again


def test_rounding_leaves_the_scale_of_glyphs() -> None:
    def draw() -> Figure:
        figure = Figure()
        figure.text(0.123456, 0.5, "a")
        return figure

    text = svg(draw, "title", "0")
    assert "scale(0.015625)" in text
    assert "translate(56.89 " in text  # 0.123456 of 6.4 inches, in points


def test_charts_of_absent_records_are_none_and_a_stale_file_is_told(place: Place, made_up: dict[str, Record]) -> None:
    few = {name: record for name, record in made_up.items() if name != "tel-100"}
    assert not any(name.startswith("tel-100-") for name in files(few))
    assert set(problems(place.reports, few)) == {
        "tel-100-light.svg shows what no record holds",
        "tel-100-dark.svg shows what no record holds",
    }


def test_chart_edited_together_with_its_digest_is_found(place: Place, made_up: dict[str, Record]) -> None:
    path = place.reports / "tel-100k-light.svg"
    body, mark, last = path.read_text(encoding="utf-8").rpartition("<!-- drawn-from:")
    edited = body.replace("stroke-width: 2.2", "stroke-width: 3.2", 1)
    assert edited != body
    old, new = (hashlib.sha256(text.encode()).hexdigest() for text in (body, edited))
    path.write_text(edited + mark + last.replace(old, new), encoding="utf-8", newline="\n")
    assert list(problems(place.reports, made_up)) == ["tel-100k-light.svg is not what its records draw"]
    elsewhere = last.replace(old, new).replace("by:matplotlib-", "by:matplotlib-0.")
    path.write_text(edited + mark + elsewhere, encoding="utf-8", newline="\n")
    assert list(problems(place.reports, made_up)) == [], "another matplotlib draws other bytes"
