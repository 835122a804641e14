from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from benchmarks.chart import SETTINGS, THEMES, draw, svg

if TYPE_CHECKING:
    from benchmarks.records import Record


@pytest.mark.parametrize("theme", THEMES)
def test_no_text_is_clipped(records: dict[str, Record], theme: str) -> None:
    with mpl.rc_context(SETTINGS):
        figure = draw(records["tel-100k"], THEMES[theme])
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib left this one out
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert len(texts) > 30
        for text in texts:
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.y0 >= 0, text
            assert box.x1 <= figure.bbox.width, text
            assert box.y1 <= figure.bbox.height, text


def test_chart_is_800_pixels_wide_and_well_formed(records: dict[str, Record]) -> None:
    root = ET.fromstring(svg(records["tel-100k"], "light"))  # noqa: S314  (our own drawing)
    assert root.attrib["width"] == "576pt"  # 8 inches: 800 pixels at 100 to the inch


def test_same_record_draws_the_same_bytes(records: dict[str, Record]) -> None:
    assert svg(records["tel-100"], "dark") == svg(records["tel-100"], "dark")
