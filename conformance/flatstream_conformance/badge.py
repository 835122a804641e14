"""A badge for a README: how many cases passed, as a small SVG image."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from flatstream_conformance.terminal import printable

if TYPE_CHECKING:
    from flatstream_conformance.records import Footer, Records

LABEL = "FlatStream conformance"
# White text on these, and on the label's grey, has a contrast of at least 4.5 to 1.
GREEN, AMBER, RED, GREY = "#1a7f37", "#8a6100", "#c62828", "#656b73"
LABEL_GREY = "#4a4f57"
HEIGHT = 20
PADDING = 7
# The mean width of a character at 11 px in the fonts named below; `textLength` makes any font fit.
CHARACTER = 6.4


def render(run: Records) -> str:
    """The SVG document. Green: all passed; amber: known failures; red: the run failed; grey: nothing was run."""
    message = _message(run)
    left, right = _width(LABEL), _width(message)
    name = printable(f"{run.header.testee.get('name')} {run.header.testee.get('version')}")
    totals = ", ".join(f"{count} {verdict}" for verdict, count in run.footer.totals.items())
    root = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "width": str(left + right), "height": str(HEIGHT), "role": "img"}
    )
    root.set("aria-label", f"{LABEL}: {message}")
    ET.SubElement(root, "title").text = f"{LABEL} of {name}: {totals}"
    # Rounded without a clip path, whose id would clash where several badges stand in one page.
    ET.SubElement(root, "rect", width=str(left + right), height=str(HEIGHT), rx="4", fill=_colour(run.footer))
    ET.SubElement(root, "path", d=f"M4 0H{left}V{HEIGHT}H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z", fill=LABEL_GREY)
    font = {"fill": "#fff", "font-family": "Verdana,DejaVu Sans,Geneva,sans-serif", "font-size": "11"}
    text = ET.SubElement(root, "g", {**font, "text-anchor": "middle"})
    for content, start, width in ((LABEL, 0, left), (message, left, right)):
        place = {"x": f"{start + width / 2:g}", "y": "14", "textLength": str(width - 2 * PADDING)}
        ET.SubElement(text, "text", place).text = content
    return ET.tostring(root, encoding="unicode") + "\n"


def _message(run: Records) -> str:
    footer = run.footer
    if not footer.executed:
        return "not run"
    part = "".join(f" {what}" for what in (run.header.profile, "in part" if run.header.only else None) if what)
    skipped = f", {footer.totals['skip']} skipped" if footer.totals["skip"] else ""
    return f"{footer.totals['pass']}/{footer.executed}{part}{skipped}"


def _colour(footer: Footer) -> str:
    if not footer.executed:
        return GREY
    if footer.exit_status:
        return RED
    return AMBER if footer.known else GREEN


def _width(text: str) -> int:
    return round(len(text) * CHARACTER) + 2 * PADDING
