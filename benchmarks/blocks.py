"""What the README and the full report show of the records: blocks of Markdown, and single numbers.

Templates do the wording. A scenario without a record is no failure here: its place says which command makes it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.charts import drawable
from benchmarks.records import RecordError
from benchmarks.scenarios import SCENARIOS
from benchmarks.tables import numbers
from benchmarks.tables.checksums import checksums
from benchmarks.tables.findings import duels, tallies
from benchmarks.tables.headline import headline
from benchmarks.tables.paths import peers, ways
from benchmarks.tables.promises import promises
from benchmarks.tables.rows import best, called, confidence, environments, label_of, lines, reference
from benchmarks.tables.sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from benchmarks.records import Record, Row

__all__ = ["BLOCKS", "block", "number", "report"]

BLOCKS: Final = {
    "chart": "tel-100k",
    "headline": "tel-100k",
    "peers": None,
    "checksums": "chk",
    "read-paths": "readpath",
    "sizes": "tel-100k",
    "promises": None,
    "environment": None,
}
"""The blocks that the README must have, by the name in their markers; and the scenario that one is made from alone."""


WRITTEN: Final[Mapping[str, Callable[[Row], str]]] = {
    "ns": lambda row: numbers.nanoseconds(row["ns"]),
    "ratio": lambda row: numbers.multiple(row["ratio"]),
    "speed": lambda row: numbers.multiple(1 / row["ratio"]),
}
"""What a path may ask of a row."""


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

    A question mark where the scenario has no record yet, or the row no number on this machine. ``RecordError`` if there
    is a record that does not know the path.
    """
    scenario, _, rest = path.partition("/")
    group_name, _, rest = rest.partition("/")
    if scenario in SCENARIOS and scenario not in records:
        return "?"
    groups = records[scenario]["groups"] if scenario in records else []
    for group in groups:
        if group["name"] != group_name:
            continue
        if rest == "floor":
            return numbers.percent(group["floor"])
        name, _, what = rest.partition("/")
        for row in group["rows"]:
            if row["name"] == name and what in WRITTEN:
                return WRITTEN[what](row) if row["status"] == "measured" else "?"
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
    asked = (
        best,
        called,
        checksums,
        confidence,
        drawable,
        duels,
        environments,
        headline,
        label_of,
        lines,
        peers,
        promises,
        reference,
        sizes,
        tallies,
        ways,
    )
    templates.globals.update({function.__name__: function for function in asked})
    return templates


def _in_cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|")
