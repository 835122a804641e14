"""The page as one file: it loads nothing, and its content security policy forbids it to.

All tables are in the HTML itself; the script only hides what a filter leaves out.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from markupsafe import escape

from benchmarks.charts import drawable
from benchmarks.page import drawings
from benchmarks.page.conformance import MAKE
from benchmarks.page.dots import axis
from benchmarks.tables import numbers
from benchmarks.tables.findings import duels, tallies
from benchmarks.tables.promises import promises
from benchmarks.tables.rows import best, called, confidence, environments, is_ours, label_of, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.charts import Chart
    from benchmarks.page.conformance import Results
    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["FILE", "render"]

FILE: Final = "report.html"
"""The name of the page in the folder of the reports."""

FOLDER: Final = Path(__file__).resolve().parent.parent / "templates"


def render(
    records: Mapping[str, Record],
    results: Results | None,
    charts: Mapping[str, str],
    wanted: Iterable[str] = (),
) -> str:
    """The page. ``charts`` are the drawings of the light theme by the name of the chart, ``wanted`` all scenarios."""
    script, css = _text("page.js"), drawings.style() + _text("page.css")
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            records=records,
            absent=[name for name in wanted if name not in records],
            results=results,
            make_results=MAKE,
            charts=[
                (chart, records[chart.scenario], _inline(chart, charts[chart.name], records[chart.scenario]))
                for chart in drawable(records)
                if chart.name in charts
            ],
            tiers=_all(records, "tier"),
            labels=_all(records, "label"),
            script=script,
            script_hash=_csp_hash(script),
            style=css,
            style_hash=_csp_hash(css),
        )
        + "\n"
    )


def fastest_first(group: GroupRecord) -> list[Row]:
    """The rows by their time; those without a number last."""
    return sorted(group["rows"], key=lambda row: row.get("ns", float("inf")))


def _all(records: Mapping[str, Record], key: str) -> list[str]:
    """Every tier, or every label, of all that the filters may hide."""
    found = set()
    for record in records.values():
        for group in record["groups"]:
            found |= {group["tier"]} if key == "tier" else {row["label"] for row in group["rows"]}
        for kind in ("models", "memory", "instructions", "scale", "timelines"):
            found |= {entry[key] for entry in cast("list[dict[str, str]]", record.get(kind, []))}
    return sorted(found, key=str.lower)


def _inline(chart: Chart, drawing: str, record: Record) -> str:
    return drawings.inline(drawing, chart.name, str(escape(f"{record['title']}: {chart.alt}")))


def _templates() -> Templates:
    templates = Templates(
        loader=FileSystemLoader(FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = (numbers.count, numbers.multiple, numbers.nanoseconds, numbers.percent, numbers.size, numbers.time)
    templates.filters.update({written.__name__: written for written in shown})
    asked = (
        axis,
        best,
        called,
        confidence,
        duels,
        environments,
        fastest_first,
        is_ours,
        label_of,
        promises,
        reference,
        tallies,
    )
    templates.globals.update({function.__name__: function for function in asked})
    return templates


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """The source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
