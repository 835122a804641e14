"""``flatstream durability``: what each durability of a journal costs on a disk."""

from __future__ import annotations

import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

import flatstream
from flatstream import Background, ChecksumDeframer, ChecksumFramer, GroupCommit
from flatstream.cli import options
from flatstream.cli.screen import console, emit, facts, printable, show, size, stderr_is_terminal
from flatstream.disk import Disk
from flatstream.journal import open_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["durability_command"]

MODES: Final[dict[str, dict[str, Any]]] = {
    "none": {"durability": "none"},
    "flush": {"durability": "flush"},
    "fsync": {"durability": "fsync"},
    "fsync, groups of 100 frames": {"durability": "fsync", "group_commit": GroupCommit(frames=100)},
    "fsync, groups of 10 ms": {"durability": "fsync", "group_commit": GroupCommit(seconds=0.01)},
    "fsync, in the background": {"durability": "fsync", "background": Background()},
    "flush, in the background": {"durability": "flush", "background": Background()},
}

CACHED: Final = 100.0
"""Microseconds under which a sync has hardly reached a medium, but a cache that may not survive a loss of power."""


@dataclass
class Measured:
    """What one mode took: a figure for each round."""

    frames_per_second: list[float] = field(default_factory=list)
    frames_per_sync: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    """Nanoseconds of every call of ``write_payload``."""

    def record(self) -> dict[str, object]:
        """Medians over the rounds with the slowest and the fastest one, and percentiles over all calls."""
        calls = sorted(self.calls)
        return {
            "frames_per_second": round(median(self.frames_per_second)),
            "slowest_round": round(min(self.frames_per_second)),
            "fastest_round": round(max(self.frames_per_second)),
            "frames_per_sync": round(median(self.frames_per_sync), 1) if self.frames_per_sync else None,
            "call_us": {
                "p50": round(calls[len(calls) // 2] / 1000, 2),
                "p99": round(calls[len(calls) * 99 // 100] / 1000, 2),
                "max": round(calls[-1] / 1000, 2),
            },
        }


class _Counting(Disk):
    """The operating system's files, with the syncs counted and timed."""

    def __init__(self) -> None:
        self.syncs: list[int] = []

    def sync(self, fd: int) -> None:
        start = time.perf_counter_ns()
        super().sync(fd)
        self.syncs.append(time.perf_counter_ns() - start)


@click.command("durability", short_help="What each durability of a journal costs on a disk.")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--seconds", type=options.Seconds(0.001), default=0.3, show_default=True, help="For each mode in each round."
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Turns of every mode.")
@click.option(
    "--payload", metavar="BYTES", type=click.IntRange(0, 2**24), default=100, show_default=True, help="Of each frame."
)
@options.as_json
def durability_command(*, folder: Path, seconds: float, rounds: int, payload: int, as_json: bool) -> int:
    """Write journals in a temporary folder in FOLDER, and say how many frames a second each durability takes there.

    Modes take turns, so that a disk that others use is slow for all of them. Every journal is closed, and with that
    committed, before the clock stops. Nothing says whether a disk that answers a sync has done what it was asked.

    \b
    Example:
      flatstream durability /var/lib/agent

    Keys of --json: folder, file_system (null if unknown), flatstream, platform, engine, payload (bytes), seconds,
    rounds, sync_us (the median of all syncs of a file or folder), note (null, or why they may not be durable), modes
    (by name: frames_per_second, slowest_round, fastest_round, frames_per_sync (null if there is none), call_us with
    p50, p99, max).

    Exit status: 0 measured; 2 wrong usage, or a folder that cannot be written.
    """
    found = {name: Measured() for name in MODES}
    syncs: list[int] = []
    names = list(MODES)
    with TemporaryDirectory(prefix=".flatstream-durability-", dir=folder) as work, _progress(rounds) as advance:
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                advance(name)
                syncs += _measure(Path(work) / "journal.bin", name, bytes(payload), seconds, found[name])
    sync_us = round(median(syncs) / 1000, 2)
    kind = file_system(folder)
    about: dict[str, Any] = {
        "folder": str(folder),
        "file_system": kind,
        "flatstream": flatstream.__version__,
        "platform": platform.platform(),
        "engine": flatstream.engine.name,
        "payload": payload,
        "seconds": seconds,
        "rounds": rounds,
        "sync_us": sync_us,
        "note": _doubt(kind, sync_us),
    }
    modes = {name: measured.record() for name, measured in found.items()}
    if as_json:
        emit(about | {"modes": modes})
    else:
        _show(about, modes)
    return 0


def _measure(path: Path, name: str, payload: bytes, seconds: float, found: Measured) -> list[int]:
    """Write one journal for so long; gives the times of its syncs in nanoseconds."""
    disk, clock, calls = _Counting(), time.perf_counter_ns, found.calls
    framer, deframer = ChecksumFramer("xxh3_64"), ChecksumDeframer("xxh3_64")
    with open_journal(path, framer, deframer, disk=disk, **MODES[name]) as journal:
        write, opening, before = journal.write_payload, len(disk.syncs), len(calls)
        start = now = clock()
        stop = start + seconds * 1e9
        while now < stop:
            write(payload)
            then, now = now, clock()
            calls.append(now - then)
        journal.close()
        took = clock() - start
    count = len(calls) - before
    if path.stat().st_size != journal.offset:
        raise click.ClickException(f"{printable(path)} has not got the {count} frames that were written")
    path.unlink()
    found.frames_per_second.append(count * 1e9 / took)
    if len(disk.syncs) > opening:
        found.frames_per_sync.append(count / (len(disk.syncs) - opening))
    return disk.syncs


def _doubt(kind: str | None, sync_us: float) -> str | None:
    """Why what was synced may not survive, if there is a sign of that."""
    if kind in {"tmpfs", "ramfs"}:
        return f"{kind} is memory: nothing in it survives"
    if sync_us < CACHED:
        return f"a sync takes {sync_us} µs, as if it reached a cache: ask whether that survives a loss of power"
    return None


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The kind of file system that a folder is on, where the system says so."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    place = folder.resolve()
    found = [(Path(fields[1]), fields[2]) for fields in map(str.split, lines) if place.is_relative_to(fields[1])]
    return max(found, key=lambda mount: len(mount[0].parts), default=(None, None))[1]


@contextmanager
def _progress(rounds: int) -> Iterator[Any]:
    """A function that is told each mode; a bar on stderr, if somebody watches, which moves only then."""
    columns = (TextColumn("measuring: {task.description:<28}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console(stderr=True),
        transient=True,
        auto_refresh=False,  # a thread that draws would be measured, too
        disable=not stderr_is_terminal(),
    ) as bar:
        task = bar.add_task("", total=rounds * len(MODES))

        def advance(name: str) -> None:
            bar.update(task, description=name, advance=1, refresh=True)

        yield advance


def _show(about: dict[str, Any], modes: dict[str, dict[str, Any]]) -> None:
    show(Text(printable(about["folder"]), style="bold"))
    rows: list[tuple[str, str | Text]] = [
        ("file system", about["file_system"] or "unknown"),
        ("a sync takes", f"{about['sync_us']:,} µs"),
        ("payload", size(about["payload"])),
    ]
    if about["note"]:
        rows.append(("mind", Text(about["note"], style="yellow")))
    show(facts(rows))
    table = Table(box=None, pad_edge=False)
    table.add_column("durability")
    for heading in ("frames/s", "slowest", "fastest", "frames/sync", "call p50 µs", "p99", "max"):
        table.add_column(heading, justify="right")
    for name, mode in modes.items():
        rates = [f"{mode[key]:,}" for key in ("frames_per_second", "slowest_round", "fastest_round")]
        grouped = f"{mode['frames_per_sync']:,}" if mode["frames_per_sync"] else ""
        table.add_row(name, *rates, grouped, *(f"{mode['call_us'][key]:,}" for key in ("p50", "p99", "max")))
    show(table)
