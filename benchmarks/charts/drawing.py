"""A drawn figure as SVG whose bytes are the same each time, and the check that a file is that drawing.

matplotlib draws the same figure a little differently from version to version and from machine to machine, so that a
chart's last line says what drew it, with two digests: of what it was drawn from (the records and the modules of this
package), and of all that stands above. The first differs if the chart is stale, the second if somebody edited it. On
the same matplotlib and the same kind of machine it is drawn again as well, and compared byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl

from benchmarks.charts.style import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure

__all__ = ["digest", "faults", "svg"]

MARK: Final = "<!-- drawn-from:"
PATH: Final = re.compile(r'(?<= d=")[^"]*')
GLYPH: Final = re.compile(r'(<use xlink:href="#[^"]*") transform="translate\(([^ )]*) 0\)"/>')
PLACE: Final = re.compile(r'translate\([^)]*\)| (?:x|y|width|height)="[^"]*"')
LONG: Final = re.compile(r"-?\d+\.\d{3,}")
"""Matplotlib writes six decimals, in the last of which machines differ. Two are a hundredth of a pixel."""


def svg(draw: Callable[[], Figure], title: str, drawn_from: str) -> str:
    """The figure that ``draw`` makes, with the title that a screen reader says, and its last line."""
    with mpl.rc_context(SETTINGS):
        drawn = io.StringIO()
        draw().savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    text = PATH.sub(lambda match: _rounded(" ".join(match.group().split())), drawn.getvalue())
    text = PLACE.sub(lambda match: _rounded(match.group()), text)
    text = GLYPH.sub(r'\1 x="\2"/>', text).replace("DejaVuSans-", "g-")  # a third of the bytes, and the same picture
    body = "\n".join(line.strip() for line in text.splitlines()) + "\n"
    return f"{body}{MARK}{drawn_from} drawn:{_sha256(body)} by:{_drawer()} -->\n"


def digest(*parts: Any) -> str:
    """SHA-256 of all that decides what a chart shows, but for matplotlib: ``parts``, and this package."""
    sources = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    return _sha256(json.dumps([parts, sources]))


def faults(path: Path, drawn_from: str, again: Callable[[], str] | None) -> Iterator[str]:
    """Why the file at ``path`` is not the chart with this digest, which ``again`` draws once more, if it is given."""
    if not path.exists():
        yield f"{path.name} is missing"
        return
    text = path.read_text(encoding="utf-8")
    body, _, last = text.rpartition(MARK)
    if not last.startswith(f"{drawn_from} "):
        yield f"{path.name} was not drawn from these records"
    elif not last.startswith(f"{drawn_from} drawn:{_sha256(body)} by:"):
        yield f"{path.name} was edited after it was drawn"
    elif again is not None and last.endswith(f" by:{_drawer()} -->\n") and again() != text:
        yield f"{path.name} is not what its records draw"


def _rounded(text: str) -> str:
    return LONG.sub(_short, text)


def _short(match: re.Match[str]) -> str:
    return f"{round(float(match.group()), 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _drawer() -> str:
    return f"matplotlib-{mpl.__version__}-{platform.system()}-{platform.machine()}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
