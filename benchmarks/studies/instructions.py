"""Instructions a message under callgrind: a number that does not depend on what else the machine does.

Two runs over different numbers of messages, in processes that import nothing but FlatStream: the difference is what the
messages took.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import flatstream
from benchmarks.engines import NATIVE, NO_NATIVE
from benchmarks.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Effort
    from benchmarks.records import Instructions

__all__ = ["PATHS", "instruction_study"]

PATHS: Final = {
    "write": ("F0", "native", "StreamWriter.write_payload"),
    "read": ("R0", "native", "StreamReader, borrowed"),
    "write-python": ("F0", "python", "StreamWriter.write_payload, pure Python"),
    "read-python": ("R0", "python", "StreamReader, borrowed, pure Python"),
}
"""Tier, engine and label, by name."""

COUNTS: Final = (1000, 51_000)
"""Starting Python takes some 800 million instructions, and differs by two or three million from start to start."""

PROGRAM: Final = """\
import sys
import flatstream
payload, path, count = bytes(32), sys.argv[1], int(sys.argv[2])
sink = bytearray()
write = flatstream.StreamWriter(sink).write_payload
if path == "write":
    for _ in range(count):
        write(payload)
else:
    stream = (b"\\x20\\0\\0\\0" + payload) * count
    for _ in flatstream.StreamReader(stream):
        pass
"""

COLLECTED: Final = re.compile(r"Collected\s*:\s*(\d+)")


def instruction_study(effort: Effort, moved: Callable[[float], object]) -> Mapping[str, Sequence[Any]]:
    """Instructions of four paths."""
    _ = effort
    entries: list[Instructions] = []
    for name in PATHS:
        entries.append(_entry(name))
        moved(len(entries) / len(PATHS))
    return {"instructions": entries}


def _entry(name: str) -> Instructions:
    tier, engine, label = PATHS[name]
    entry: Instructions = {
        "tier": tier,
        "name": name,
        "label": label,
        "version": flatstream.__version__,
        "status": "absent",
        "note": "valgrind is not installed here, which counts them",
    }
    if engine == "native" and NATIVE is None:
        return {**entry, "status": "cannot", "note": NO_NATIVE}
    if shutil.which("valgrind") is None:
        return entry
    try:
        samples = [_counted(name.partition("-")[0], engine, count) for count in COUNTS]
    except OSError as error:
        return {**entry, "note": str(error)}
    a_message = (samples[1] - samples[0]) / (COUNTS[1] - COUNTS[0])
    note = "payloads of 32 bytes; the loop of the caller included"
    return {
        **entry,
        "status": "measured",
        "note": note,
        "messages": list(COUNTS),
        "samples": samples,
        "a_message": round(a_message, 1),
    }


def _counted(path: str, engine: str, count: int) -> int:
    """Instructions of a process that works on so many messages."""
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    command = [*tool, sys.executable, "-c", PROGRAM, path, str(count)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "FLATSTREAM_ENGINE": engine}
    done = subprocess.run(  # noqa: S603  (our own)
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    found = COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        raise OSError(f"valgrind ended with status {done.returncode}: {done.stderr.strip()[-200:]}")
    return int(found[1])
