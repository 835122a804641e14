"""What the README and the full report show of the records: blocks of Markdown, and single numbers.

Templates do the wording. A scenario without a record is no failure here: its place says which command makes it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.charts import CHARTS
from benchmarks.records import RecordError, measured
from benchmarks.tables import numbers
from benchmarks.tables.findings import duels
from benchmarks.tables.headline import headline
from benchmarks.tables.paths import peers, ways
from benchmarks.tables.promises import promises
from benchmarks.tables.rows import best, environments, lines, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.charts import Chart
    from benchmarks.records import Record

__all__ = ["BLOCKS", "block", "number", "report"]

BLOCKS: Final = {
    "chart": "tel-100k",
    "headline": "tel-100k",
    "read-paths": "readpath",
    "peers": None,
    "promises": None,
    "environment": None,
}
"""The blocks that the README must have, by the name in their markers; and the scenario that one is made from alone."""


def block(name: str, records: Mapping[str, Record]) -> str:
    """One block of the README, without its markers."""
    scenario = BLOCKS[name]
    if scenario is not None and scenario not in records:
        return f"No record of `{scenario}` yet: `python -m benchmarks run --only {scenario}` makes it."
    return _render(f"{name}.md.j2", records=records)


def report(records: Mapping[str, Record], wanted: Iterable[str] = ()) -> str:
    """The full report: every scenario, every note; of the ``wanted`` scenarios it names those that are absent."""
    absent = [name for name in wanted if name not in records]
    rendered = _render("report.md.j2", records=records, absent=absent)
    return f"<!-- Rendered from the records by: python -m benchmarks report -->\n\n{rendered}\n"


def number(path: str, records: Mapping[str, Record]) -> str:
    """A single number by its path: ``tel-100k/F0/flatstream/ns``, ``.../ratio``, ``.../speed``; ``tel-100k/F0/floor``.

    ``RecordError`` if the records do not hold it.
    """
    scenario, _, rest = path.partition("/")
    group_name, _, rest = rest.partition("/")
    groups = records[scenario]["groups"] if scenario in records else []
    for group in groups:
        if group["name"] != group_name:
            continue
        if rest == "floor":
            return numbers.percent(group["floor"])
        for row in measured(group):
            if rest == f"{row['name']}/ns":
                return numbers.nanoseconds(row["ns"])
            if rest == f"{row['name']}/ratio":
                return numbers.multiple(row["ratio"])
            if rest == f"{row['name']}/speed":
                return numbers.multiple(1 / row["ratio"])
    raise RecordError(f"the records hold no number {path!r}")


def _render(template: str, **facts: object) -> str:
    return _templates().get_template(template).render(facts).strip("\n")


@cache
def _templates() -> Templates:
    templates = Templates(
        loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  (Markdown, from records of our own)
    )
    shown = (numbers.count, numbers.multiple, numbers.nanoseconds, numbers.percent, numbers.size, numbers.time)
    templates.filters.update({written.__name__: written for written in shown}, cell=_in_cell)
    asked = (best, duels, environments, headline, lines, peers, promises, reference, ways, _chart, _charts_of)
    templates.globals.update({function.__name__.lstrip("_"): function for function in asked})
    return templates


def _in_cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|")


def _chart(name: str) -> Chart:
    return next(chart for chart in CHARTS if chart.name == name)


def _charts_of(scenario: str) -> list[Chart]:
    return [chart for chart in CHARTS if chart.scenario == scenario]
