"""``reports/live.md``, rendered from the records in ``reports/data/live`` and from nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypedDict

from benchmarks.environment import ROOT, Environment, environment
from benchmarks.records import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.live.follow import FollowRow
    from benchmarks.live.large import LargeRow
    from benchmarks.live.salvage import SalvageRow

__all__ = ["DATA", "PAGE", "follow_record", "large_record", "load", "rendered", "salvage_record", "save"]

DATA: Final = ROOT / "reports" / "data" / "live"
"""Where the records lie."""

PAGE: Final = ROOT / "reports" / "live.md"


class FollowRecord(TypedDict):
    """What `benchmarks.live.follow` found."""

    environment: Environment
    rows: list[FollowRow]


class LargeRecord(TypedDict):
    """What `benchmarks.live.large` found; sizes are bytes."""

    environment: Environment
    checksum: str
    payload_len: int
    size: int
    frames: int
    rows: list[LargeRow]


class SalvageRecord(TypedDict):
    """What `benchmarks.live.salvage` found."""

    environment: Environment
    rows: list[SalvageRow]


class Records(TypedDict):
    """All of them; one that was never made is missing."""

    follow: FollowRecord | None
    large: LargeRecord | None
    salvage: SalvageRecord | None


def follow_record(rows: list[FollowRow]) -> FollowRecord:
    """A record of now and here."""
    return {"environment": environment(), "rows": rows}


def large_record(checksum: str, payload_len: int, found: tuple[int, int, list[LargeRow]]) -> LargeRecord:
    """A record of now and here."""
    size, frames, rows = found
    return {
        "environment": environment(),
        "checksum": checksum,
        "payload_len": payload_len,
        "size": size,
        "frames": frames,
        "rows": rows,
    }


def salvage_record(rows: list[SalvageRow]) -> SalvageRecord:
    """A record of now and here."""
    return {"environment": environment(), "rows": rows}


def save(name: str, record: Mapping[str, object], folder: Path = DATA) -> None:
    """Write one record, whole or not at all."""
    write_text(folder / f"{name}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def load(folder: Path = DATA) -> Records:
    """The records in ``folder``."""

    def one(name: str) -> object:
        path = folder / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    return {"follow": one("follow"), "large": one("large"), "salvage": one("salvage")}  # type: ignore[typeddict-item]


def rendered(records: Records) -> str:
    """The page."""
    return "\n".join(_lines(records)) + "\n"


def _lines(records: Records) -> Iterator[str]:
    yield "# Live and large journals"
    yield ""
    yield "Rendered by `python -m benchmarks.live report` from the records in `data/live`; a section names its command."
    if (follow := records["follow"]) is not None:
        yield from _follow(follow)
    if (large := records["large"]) is not None:
        yield from _large(large)
    if (salvage := records["salvage"]) is not None:
        yield from _salvage(salvage)


def _follow(record: FollowRecord) -> Iterator[str]:
    yield from ("", "## Following: `python -m benchmarks.live follow`", "")
    yield "A writer in another process flushes a frame every 1 to 40 ms. Milliseconds from before its flush to the"
    yield "payload in the hands of the reader's caller; and processor time while nobody writes, in percent of one core."
    yield from ("", "| waiting by | frames | median | p99 | longest | idle, for | core |")
    yield "|:--|--:|--:|--:|--:|--:|--:|"
    for row in record["rows"]:
        yield (
            f"| {row['waiting']} | {row['frames']:,} | {row['median']:.2f} ms | {row['p99']:.2f} ms "
            f"| {row['longest']:.2f} ms | {row['idle_seconds']:.0f} s | {row['idle_percent']:.2f} % |"
        )
    yield from _environment(record["environment"])


def _large(record: LargeRecord) -> Iterator[str]:
    yield from ("", "## Large journals: `python -m benchmarks.live large`", "")
    frames = f"{record['frames']:,} frames of {record['payload_len']:,} payload bytes, {record['checksum']}"
    yield f"A journal of {record['size'] / 2**30:.2f} GiB: {frames}. The file was read once"
    yield "before, and lies in the page cache as far as there is room. Peak memory is the largest resident set of the"
    yield "process, code and libraries included; none of them maps the file."
    yield from ("", "| command | s a GiB | processor, s a GiB | peak memory |", "|:--|--:|--:|--:|")
    for row in record["rows"]:
        yield (
            f"| `{row['command']}` | {row['seconds_a_gib']:.2f} | {row['processor_seconds_a_gib']:.2f} "
            f"| {row['peak_mib']:.0f} MiB |"
        )
    yield from _environment(record["environment"])


def _salvage(record: SalvageRecord) -> Iterator[str]:
    yield from ("", "## Salvage: `python -m benchmarks.live salvage`", "")
    yield "Streams of 256 KiB, each with four damages of one kind at seeded places. *Saved* are the frames that were"
    yield "kept of those that the damage has not touched; *altered* ones were kept at their place, and hold bytes that"
    yield "were not written there; *false* ones begin where no frame was written. Telemetry is FlatBuffers tables of"
    yield "about 70 bytes, noise is random bytes of very different sizes."
    yield from ("", "| algorithm | payloads | damage | streams | intact frames | saved | altered | false |")
    yield "|:--|:--|:--|--:|--:|--:|--:|--:|"
    for row in record["rows"]:
        share = 100 * row["saved"] / row["intact"]
        saved = "all" if row["saved"] == row["intact"] else f"{min(share, 99.9999):.4f} %"
        yield (
            f"| {row['algorithm']} | {row['payloads']} | {row['damage']} | {row['streams']:,} | {row['intact']:,} "
            f"| {saved} | {row['altered']:,} | {row['false']:,} |"
        )
    yield from _environment(record["environment"])


def _environment(facts: Environment) -> Iterator[str]:
    yield ""
    yield (
        f"{facts['date']}, {facts['processor']}, {facts['cpus']} logical, {facts['kernel']}, {facts['python']}, "
        f"engine {facts['engine']}, flatstream {facts['libraries']['flatstream']} (`{facts['library'][:16]}`)."
    )
