"""Rendering the records, and checking that what is committed is what they render to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import charts
from benchmarks.blocks import BLOCKS, block, number, report
from benchmarks.environment import ROOT, library_digest, sources_digest
from benchmarks.faults import faults
from benchmarks.markers import MarkerError, block_names, filled
from benchmarks.page import conformance
from benchmarks.page import render as page_of
from benchmarks.prose import held, unheld
from benchmarks.records import RecordError, load, write_text
from benchmarks.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from benchmarks.records import Record

__all__ = ["Place", "outdated", "problems", "render"]


@dataclass(frozen=True)
class Place:
    """Where the page and the reports are, and which scenarios they are about."""

    page: Path = ROOT / "README.md"
    reports: Path = ROOT / "reports"
    scenarios: tuple[str, ...] = tuple(SCENARIOS)


def render(place: Place, progress: Callable[[str], object] = lambda _name: None) -> list[str]:
    """Write charts, both full reports, and the marked parts of the page; returns the blocks that the page lacks.

    ``RecordError`` and ``MarkerError`` if that cannot be done; then nothing was written. ``progress`` is told the name
    of each chart before it is drawn, which is what takes the time.
    """
    records = _records(place)
    page = _page(place)
    rendered, full = _filled(page, records), report(records, place.scenarios)
    results, drawn = conformance.read(place.reports / conformance.FILE), charts.files(records, progress)
    whole = page_of.render(records, results, charts.of_page(drawn.get), place.scenarios)
    for name, drawing in drawn.items():
        write_text(place.reports / name, drawing)
    write_text(place.reports / "README.md", full)
    write_text(place.reports / page_of.FILE, whole)
    if rendered != page:
        write_text(place.page, rendered)
    return [name for name in BLOCKS if name not in block_names(page)]


def problems(
    place: Place,
    sources: str | None = None,
    progress: Callable[[str], object] = lambda _name: None,
    *,
    redraw: bool = True,
) -> Iterator[str]:
    """What keeps the committed reports from being those of the committed records, and these from being current.

    ``sources`` stands in for the digest of the benchmark's sources. Without ``redraw``, charts are compared by their
    digests alone, which takes no time.
    """
    try:
        records = _records(place)
        page = _page(place)
        names = block_names(page)
    except (RecordError, MarkerError) as error:
        yield str(error)
        return
    missing = [name for name in place.scenarios if name not in records]
    if missing:
        yield f"no records of {', '.join(missing)}; make them with: python -m benchmarks run --only NAME"
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
    if _text(full) != report(records, place.scenarios):
        yield "reports/README.md differs from what the records render to"
    wrong_charts = list(charts.problems(place.reports, records, progress, redraw=redraw))
    yield from wrong_charts
    yield from _problems_of_the_page(place, records, comparable=not wrong_charts)
    for line, text in unheld(page, held(records)):
        yield f"{place.page.name}, line {line}: {text!r} is not in the records; render it, or leave it out"


def _problems_of_the_page(place: Place, records: Mapping[str, Record], *, comparable: bool) -> Iterator[str]:
    """Of the results of the conformance suite, and of the page in HTML if the charts that it takes are right."""
    path = place.reports / conformance.FILE
    try:
        results = conformance.read(path)
    except RecordError as error:
        yield str(error)
        return
    if results is None:
        yield f"{path.name} is missing; make it with: {conformance.MAKE}"
    elif results.digest != conformance.current_digest():
        yield f"{path.name} is of other vectors than these; make it anew with: {conformance.MAKE}"
    drawn = charts.of_page(lambda name: _text(place.reports / name))
    if comparable and _text(place.reports / page_of.FILE) != page_of.render(records, results, drawn, place.scenarios):
        yield f"reports/{page_of.FILE} differs from what the records render to"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def outdated(place: Place) -> list[str]:
    """The scenarios that were measured with other sources of flatstream than now: worth knowing, no failure."""
    current = library_digest()
    records = load(place.reports / "data")
    return [name for name, record in records.items() if record["environment"]["library"] != current]


def _records(place: Place) -> dict[str, Record]:
    """The records in the order of the scenarios, the headline's first, those that nobody makes any more last."""
    found = load(place.reports / "data")
    names = [*(name for name in place.scenarios if name in found), *sorted(set(found) - set(place.scenarios))]
    names.sort(key=lambda name: name != BLOCKS["headline"])
    return {name: found[name] for name in names}


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
