"""Contenders in Rust, each round in turns with those in Python: a process does the work, and times itself.

``benchmarks/rust`` is built by cargo. Where there is none, or no registry for its crates, the rows are absent, and say
so.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.contenders.flatstream_table import FlatStreamRecord
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.packed_struct import PackedStruct
from benchmarks.environment import ROOT
from benchmarks.paths.folder import Folder
from benchmarks.tiers import TITLES, Absent, Group, Lane, expected, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.workloads import Row, Workload

__all__ = ["Server", "rust_group"]

CRATE: Final = ROOT / "benchmarks" / "rust"

CONTENDERS: Final = {
    "flatstream": (
        "FlatStream's engine in Rust",
        {
            "F1": "the official builder, a vector root a frame, into a Vec",
            "R3": "Scan of the engine, then the bytes of each payload",
            "cycle": "as F1, then as R3",
        },
    ),
    "bincode": (
        "bincode (Rust)",
        {
            "F1": "serialize_into of each event, behind a length of 4 bytes",
            "R3": "deserialize of each event, behind a length of 4 bytes",
            "cycle": "as F1, then as R3",
        },
    ),
    "serde_json": (
        "serde_json (Rust)",
        {
            "F1": "to_writer of each event, a newline after it",
            "R3": "from_slice of each line",
            "cycle": "as F1, then as R3",
        },
    ),
}
"""Label and notes, by the name that the process knows."""

ORIGINAL: Final = Absent(
    "flatstream-rs",
    "flatstream-rs (Rust)",
    "",
    "absent",
    "the original is in no registry of crates, so that cargo cannot fetch it; its engine's row stands in",
)


class Server:
    """The process of the contenders in Rust. It ends with this object."""

    def __init__(self, program: Path, workload: Workload) -> None:
        self._folder = Folder()
        self.dump = self._folder.path / "stream"
        events = self._folder.path / "events"
        pack = workload.shape.struct.pack
        events.write_bytes(b"".join(pack(*row) for row in workload.rows))
        self._process = subprocess.Popen(  # noqa: S603  (what cargo has just built)
            [program, events], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )

    def __del__(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ask(self, contender: str, tier: str, last: object) -> list[str]:
        """The words of the answer. ``OSError`` if the process has ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the process has no pipes")
        self._process.stdin.write(f"{contender} {tier} {last}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise OSError(f"the process in Rust ended with status {self._process.wait()}")
        return answer.split()


class _Work:
    """The work of one contender in one tier. `measure` lets it time itself, so that the pipe is not part of it."""

    def __init__(self, server: Server, contender: str, tier: str) -> None:
        self._server, self._contender, self._tier = server, contender, tier

    def __call__(self) -> None:
        self.timed(1)

    def timed(self, loops: int) -> float:
        """Nanoseconds a call, of so many."""
        return int(self._server.ask(self._contender, self._tier, loops)[0]) / loops

    def output(self) -> object:
        """What it built, as rows; or the sums of what it read."""
        if self._tier == "F1":
            return self._built()
        _, devices, times, values = self._server.ask(self._contender, self._tier, 1)
        return int(devices), int(times), struct.unpack(">d", bytes.fromhex(values))[0]

    def _built(self) -> list[Row]:
        self._server.ask(self._contender, "dump", self._server.dump)
        stream, event = self._server.dump.read_bytes(), struct.Struct("<QQd")
        if self._contender == "serde_json":
            return [tuple(json.loads(line).values()) for line in stream.splitlines()]
        if self._contender == "flatstream":
            return [tuple(event.unpack_from(stream, place + 12)) for place in range(0, len(stream), 36)]
        return [tuple(event.unpack_from(stream, place + 4)) for place in range(0, len(stream), 28)]


def rust_group(tier: str, count: int) -> Group:
    """Rust and Python in one tier, over so many telemetry events."""
    workload = telemetry(count)
    peers = (FlatStreamVector(), FlatStreamRecord(), MessagePack(), PackedStruct())
    lanes = [*_of_rust(tier, workload), ORIGINAL, *(lane(contender, tier, workload) for contender in peers)]
    result = expected(tier, workload)
    return Group(tier, tier, TITLES[tier], count, "msgpack", lanes, result, workload.payload_bytes)


def _of_rust(tier: str, workload: Workload) -> Sequence[Lane | Absent]:
    program, versions, problem = _built()
    if program is None:
        return [Absent(f"rust-{name}", label, "", "absent", problem) for name, (label, _) in CONTENDERS.items()]
    server = Server(program, workload)
    lanes = []
    for name, (label, notes) in CONTENDERS.items():
        work = _Work(server, name, tier)
        version = versions.get("flatstream-native" if name == "flatstream" else name, "")
        lanes.append(Lane(f"rust-{name}", label, version, notes[tier], work, work.output))
    return lanes


@cache
def _built() -> tuple[Path | None, dict[str, str], str]:
    """The program, versions of its crates, and if there is no program why not."""
    if shutil.which("cargo") is None:
        return None, {}, "cargo is not installed here, which builds it"
    command = ["cargo", "build", "--release", "--locked", "--message-format=json", "--quiet"]
    done = subprocess.run(command, cwd=CRATE, capture_output=True, encoding="utf-8", errors="replace", check=False)  # noqa: S603  (our own)
    versions = {}
    program = None
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") != "compiler-artifact":
            continue
        target = message["target"]["name"]
        package = message["package_id"].rpartition("#")[2]
        versions[package.partition("@")[0] if "@" in package else target] = package.rpartition("@")[2]
        if message.get("executable") and target == "flatstream-benchmarks":
            program = Path(message["executable"])
    if done.returncode or program is None:
        last = done.stderr.strip().splitlines()
        return None, {}, f"cargo could not build it: {last[-1] if last else f'status {done.returncode}'}"
    return program, versions, ""
