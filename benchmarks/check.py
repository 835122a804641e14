"""Rendering the records, and checking that what is committed is what they render to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import chart
from benchmarks.blocks import BLOCKS, REQUIRED, block, number, report
from benchmarks.environment import ROOT, library_digest, sources_digest
from benchmarks.markers import MarkerError, block_names, filled
from benchmarks.prose import held, unheld
from benchmarks.records import RecordError, faults, load, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.records import Record

__all__ = ["Place", "outdated", "problems", "render"]

CHARTED = "tel-100k"
"""The scenario of the chart."""


@dataclass(frozen=True)
class Place:
    """Where the page and the reports are."""

    page: Path = ROOT / "README.md"
    reports: Path = ROOT / "reports"

    def charts(self) -> dict[str, Path]:
        """The files of the chart, by theme."""
        return {theme: self.reports / f"{CHARTED}-{theme}.svg" for theme in chart.THEMES}


def render(place: Place) -> list[str]:
    """Write charts, the full report, and the marked parts of the page; returns the blocks that the page lacks.

    ``RecordError`` and ``MarkerError`` if that cannot be done; then nothing was written.
    """
    records = load(place.reports / "data")
    page = _page(place)
    rendered, full = _filled(page, records), report(records)
    drawings = {path: chart.svg(records[CHARTED], theme) for theme, path in place.charts().items()}
    for path, drawing in drawings.items():
        write_text(path, drawing)
    write_text(place.reports / "README.md", full)
    if rendered != page:
        write_text(place.page, rendered)
    return [name for name in BLOCKS if name not in block_names(page)]


def problems(place: Place, sources: str | None = None) -> Iterator[str]:
    """What keeps the committed reports from being those of the committed records, and these from being current.

    ``sources`` stands in for the digest of the benchmark's sources.
    """
    try:
        records = load(place.reports / "data")
        page = _page(place)
        names = block_names(page)
    except (RecordError, MarkerError) as error:
        yield str(error)
        return
    missing = [name for name in REQUIRED if name not in records]
    if missing:
        yield f"no records of {', '.join(missing)}"
        return
    current = sources_digest() if sources is None else sources
    for name, record in records.items():
        if record["environment"]["sources"] != current:
            yield f"the record of {name} is older than the benchmark's sources: run it again"
        yield from faults(record)
    for name in BLOCKS:
        if name not in names:
            yield f"{place.page.name} has no markers for the block {name!r}"
    try:
        if _filled(page, records) != page:
            yield f"{place.page.name} differs from what the records render to: {_first_difference(page, records)}"
    except (RecordError, MarkerError) as error:
        yield f"{place.page.name}: {error}"
    full = place.reports / "README.md"
    if not full.exists() or full.read_text(encoding="utf-8") != report(records):
        yield "reports/README.md differs from what the records render to"
    for theme, path in place.charts().items():
        yield from chart.faults(path, records[CHARTED], theme)
    for line, text in unheld(page, held(records)):
        yield f"{place.page.name}, line {line}: {text!r} is not in the records; render it, or leave it out"


def outdated(place: Place) -> list[str]:
    """The scenarios that were measured with other sources of flatstream than now: worth knowing, no failure."""
    current = library_digest()
    records = load(place.reports / "data")
    return [name for name, record in records.items() if record["environment"]["library"] != current]


def _page(place: Place) -> str:
    try:
        return place.page.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{place.page.name} cannot be read: {error}") from error


def _filled(page: str, records: Mapping[str, Record]) -> str:
    for name in block_names(page):
        if name not in BLOCKS:
            raise MarkerError(f"there is no block {name!r}; the blocks are {', '.join(BLOCKS)}")
    return filled(page, partial(block, records=records), partial(number, records=records))


def _first_difference(page: str, records: Mapping[str, Record]) -> str:
    pairs = zip(page.splitlines(), _filled(page, records).splitlines(), strict=False)
    for count, (is_there, should_be) in enumerate(pairs, start=1):
        if is_there != should_be:
            return f"line {count} is {is_there!r}, not {should_be!r}"
    return "lines are missing at its end"
