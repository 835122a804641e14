"""Charts inside of the page: drawn once, with the colours of either theme filled in by the page's style."""

from __future__ import annotations

import re
from typing import Final

from benchmarks.charts.style import THEMES

__all__ = ["inline", "style"]

COLOUR: Final = re.compile(r"#[0-9a-f]{6}\b")
NAME: Final = re.compile(r'(?<= id=")|(?<=href="#)|(?<=url\(#)')


def inline(svg: str, name: str, alt: str) -> str:
    """A chart of the light theme as an element of a page; ``name`` keeps its ids apart from those of other charts."""
    drawing = svg[svg.index("<svg ") : svg.rindex("</svg>")] + "</svg>"
    drawing = re.sub(r"<metadata>.*?</metadata>\n?|<style.*?</style>\n?|<!--.*?-->\n?", "", drawing, flags=re.DOTALL)
    drawing = NAME.sub(f"{name}-", drawing)
    drawing = COLOUR.sub(lambda match: f"var(--{_names()[match.group()]})", drawing)
    return drawing.replace("<svg ", f'<svg class="chart" role="img" aria-label="{alt}" ', 1)


def style() -> str:
    """The colours of the charts as custom properties."""
    light, dark = (_colours(theme) for theme in ("light", "dark"))
    pairs = (f"--{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    return ":root { " + " ".join(pairs) + " }\n"


def _names() -> dict[str, str]:
    return {colour: name for name, colour in _colours("light").items()}


def _colours(theme: str) -> dict[str, str]:
    colours = THEMES[theme]
    named = {f"chart-{name}": colours[name] for name in ("paper", "ink", "quiet", "faint")}
    return named | {f"chart-{index}": colour for index, colour in enumerate(colours["series"])}
