"""Large journals: time a GiB and peak memory of the commands that read a whole one, beside the least that must be."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

import flatstream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LargeRow", "make_journal", "measured"]

GIB: Final = 2**30

SPARSE: Final = 64 * 1024
"""Payload bytes from which payloads are zeros that take no room on the disk."""

BLOCK: Final = 4 * 2**20
"""Bytes of different frames that are written again and again."""

RAW: Final = """
import sys
from flatstream.checksum import by_name
compute = by_name(sys.argv[1]).compute
with open(sys.argv[2], "rb", buffering=0) as file:
    while chunk := file.read(262144):
        compute(chunk)
"""
"""The checksum of the bytes as they lie, in reads as large as those of a reader."""

MEASURE: Final = """
import os, subprocess, sys, time
began = time.monotonic()
with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as process:
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
unit = 1 if sys.platform == "darwin" else 1024
print(process.returncode, time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)
"""
"""Starts a command from a small process, whose memory the system counts as the command's own."""


class LargeRow(TypedDict):
    """One command over the whole journal."""

    command: str
    seconds_a_gib: float
    """Wall time; the file was read once before, and lies in the page cache as far as that is large enough."""
    processor_seconds_a_gib: float
    peak_mib: float
    """Largest resident set of the process, in MiB: all of its memory, code and libraries too. None maps the file."""


def make_journal(path: Path, size: int, payload_len: int, checksum: str) -> int:
    """Write a journal of about ``size`` bytes in frames of one length; how many frames it has."""
    if payload_len >= SPARSE:
        return _make_sparse(path, size, payload_len, checksum)
    frame_len = len(flatstream.frame_many([bytes(payload_len)], checksum))
    count = max(BLOCK // frame_len, 1)
    payloads = [number.to_bytes(8, "little").ljust(payload_len, b"\xa5")[:payload_len] for number in range(count)]
    block = flatstream.frame_many(payloads, checksum)
    rounds = max(size // len(block), 1)
    with path.open("wb", buffering=0) as file:
        for _ in range(rounds):
            file.write(block)
    return rounds * count


def _make_sparse(path: Path, size: int, payload_len: int, checksum: str) -> int:
    frame = flatstream.frame_many([bytes(payload_len)], checksum)
    header = bytes(frame[: len(frame) - payload_len])
    count = max(size // len(frame), 1)
    with path.open("wb", buffering=0) as file:
        for number in range(count):
            file.seek(number * len(frame))
            file.write(header)
        file.truncate(count * len(frame))
    return count


def measured(
    gib: float, payload_len: int, checksum: str, folder: Path, progress: Callable[[str], object]
) -> tuple[int, int, list[LargeRow]]:
    """Bytes and frames of a journal that is made in ``folder``, and removed again; and a row for each command."""
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        path = Path(inner, "journal.bin")
        progress(f"making {gib:g} GiB")
        frames = make_journal(path, int(gib * GIB), payload_len, checksum)
        size = path.stat().st_size
        flatstream_command = [sys.executable, "-m", "flatstream"]
        rows = []
        _run(["cat", str(path)])
        for name, command in {
            "cat > /dev/null": ["cat", str(path)],
            f"raw {checksum}": [sys.executable, "-c", RAW, checksum, str(path)],
            "flatstream verify": [*flatstream_command, "verify", "--json", "-c", checksum, str(path)],
            "flatstream recover": [*flatstream_command, "recover", "--json", "-c", checksum, str(path)],
            "flatstream index": [*flatstream_command, "index", "--json", "-c", checksum, str(path)],
        }.items():
            if shutil.which(command[0]) is None:
                continue
            progress(name)
            wall, processor, peak = _run(command)
            rows.append(
                LargeRow(
                    command=name,
                    seconds_a_gib=round(wall * GIB / size, 3),
                    processor_seconds_a_gib=round(processor * GIB / size, 3),
                    peak_mib=round(peak / 2**20, 1),
                )
            )
    return size, frames, rows


def _run(command: list[str]) -> tuple[float, float, float]:
    """Wall and processor time in seconds, and peak memory in bytes. ``RuntimeError`` if the command failed."""
    launcher = [sys.executable, "-I", "-S", "-c", MEASURE]
    told = subprocess.run(  # noqa: S603  (commands of this module)
        [*launcher, *command], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.split()
    if told[0] != "0":
        raise RuntimeError(f"{' '.join(command)} left with {told[0]}")
    wall, processor, peak = map(float, told[1:])
    return wall, processor, peak
