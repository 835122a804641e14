"""Recovery: finding out how a journal ends, after a crash and after damage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import flatstream
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.paths.folder import Folder
from benchmarks.tiers import Absent, Group, Lane
from benchmarks.workloads import blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.engines import Engine

__all__ = ["journal_group", "recovery_group"]

KIB: Final = 1024
ALGORITHM: Final = "xxh3_64"
HEADER: Final = 4 + 8


class _Journal:
    """A file of frames, in a temporary folder that goes with this object."""

    def __init__(self, content: bytes, times: int = 1) -> None:
        self._folder = Folder()
        self.path = self._folder.path / "journal"
        with self.path.open("wb") as file:
            for _ in range(times):
                file.write(content)


def recovery_group(count: int) -> Group:
    """Journals of so many frames of 1 KiB, whole, torn, with a flipped bit in the last frame, and over a limit."""
    whole = bytes(flatstream.frame_many(blocks(KIB, count).payloads, ALGORITHM))
    flipped, over = bytearray(whole), bytearray(whole)
    flipped[-1] ^= 1
    last = len(whole) - KIB - HEADER
    over[last + 3] = 0xFF
    kinds = [
        ("clean", "whole", whole, f"clean_eof after {count} frames"),
        ("torn", "torn tail", whole[:-1], f"torn_tail after {count - 1} frames"),
        ("flipped", "flipped bit in the last frame", bytes(flipped), "ChecksumMismatch"),
        ("over", "last frame over the limit", bytes(over), "InvalidFrame"),
    ]
    journals = [_Journal(content) for _, _, content, _ in kinds]
    lanes: list[Lane | Absent] = []
    engines: tuple[Engine, ...] = ("native", "python")
    for engine in engines:
        for (name, label, _, answer), journal in zip(kinds, journals, strict=True):
            lanes.append(_lane(name, label, f"recover_file: {answer}", partial(_recovered, journal), engine, answer))
    title = f"find out how a journal of {count:,} frames of 1 KiB ends"
    reference = "clean" if NATIVE is not None else "clean-python"
    return Group("recovery", "recovery", title, count, reference, lanes, True, count * KIB)


def journal_group(size: int) -> Group:
    """A journal of so many bytes of frames of 1 KiB: recovery, and one pass over its bytes."""
    part = bytes(flatstream.frame_many(blocks(KIB, KIB).payloads, ALGORITHM))
    times = size // len(part)
    journal = _Journal(part, times)
    count = times * KIB
    answer = f"clean_eof after {count} frames"
    buffer = bytearray(1 << 20)

    def passed() -> str:
        total = 0
        with journal.path.open("rb", 0) as file:
            while got := file.readinto(buffer):
                total += got
        return f"clean_eof after {total // (HEADER + KIB)} frames"

    scan = partial(_scanned, journal)
    lanes = [
        _lane(
            "recover",
            "recover_file",
            "reads ahead; verifies each frame",
            partial(_recovered, journal),
            "native",
            answer,
        ),
        _lane(
            "recover",
            "recover_file",
            "reads ahead; verifies each frame",
            partial(_recovered, journal),
            "python",
            answer,
        ),
        _lane("scan", "scan of the path", "maps the file, verifies each frame", scan, "native", answer),
        Lane(
            "read",
            "limit: reading the file",
            "CPython",
            "readinto of 1 MiB",
            passed,
            lambda: passed() == answer,
            limit=True,
        ),
    ]
    title = f"find out how a journal of {size / 2**30:g} GiB in frames of 1 KiB ends"
    return Group("journal", "recovery", title, count, "read", lanes, True, count * KIB, least=1)


def _lane(name: str, label: str, note: str, call: Callable[[], str], engine: Engine, answer: str) -> Lane | Absent:
    if engine == "python":
        name, label = f"{name}-python", f"{label}, pure Python"
    elif NATIVE is None:
        return Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE)
    return Lane(name, label, flatstream.__version__, note, on(engine, call), on(engine, lambda: call() == answer))


def _recovered(journal: _Journal) -> str:
    try:
        report = flatstream.recover_file(journal.path, flatstream.ChecksumDeframer(ALGORITHM))
    except flatstream.FlatStreamError as error:
        return type(error).__name__
    return f"{report.end.value} after {report.frames} frames"


def _scanned(journal: _Journal) -> str:
    frames = flatstream.scan(journal.path, ALGORITHM)
    return f"{'clean_eof' if frames.end is flatstream.ScanEnd.CLEAN else frames.end.value} after {len(frames)} frames"
