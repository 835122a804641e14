"""What the machine takes at least: copying, hashing, a loop; and the same code twice, which is how noise looks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Final

import fastcrc
import numpy as np
import xxhash

from benchmarks.contenders.flatstream_table import FlatStreamRecord
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.tiers import TITLES, Absent, Group, Lane, expected, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["RAW", "copy_of", "floor_group", "hashes_of", "twice_group"]

RAW: Final[Mapping[str, tuple[Callable[[bytes], int], str]]] = {
    "crc16": (fastcrc.crc16.xmodem, "fastcrc"),
    "crc32": (fastcrc.crc32.iso_hdlc, "fastcrc"),
    "xxh3_64": (xxhash.xxh3_64_intdigest, f"xxhash {xxhash.VERSION}"),
}
"""The library behind each checksum, called without FlatStream."""

NUMPY: Final = f"NumPy {np.__version__}"


def copy_of(payloads: Sequence[bytes]) -> Lane:
    """One copy of all payloads together, into memory that is there already."""
    source = np.frombuffer(b"".join(payloads), np.uint8)
    target = np.empty_like(source)

    def output() -> list[bytes]:
        np.copyto(target, source)
        copied, start, found = target.tobytes(), 0, []
        for payload in payloads:
            found.append(copied[start : start + len(payload)])
            start += len(payload)
        return found

    note = "one copy of all payloads, into memory that is there already"
    return Lane("memcpy", "limit: memcpy", NUMPY, note, partial(np.copyto, target, source), output, limit=True)


def hashes_of(algorithm: str, payloads: Sequence[bytes]) -> Lane:
    """The raw checksum of each payload, a call each."""
    compute, version = RAW[algorithm]

    def each() -> None:
        for payload in payloads:
            compute(payload)

    def output() -> list[bytes]:
        each()
        return list(payloads)

    label, note = f"limit: {algorithm} alone", "the library's checksum of each payload, a call each"
    return Lane(f"raw-{algorithm}", label, version, note, each, output, limit=True)


def floor_group(count: int) -> Group:
    """Loops over so many telemetry payloads, which are there already."""
    workload = telemetry(count)
    payloads = workload.payloads
    unpack = Struct("<8xQQd").unpack_from

    def loop() -> None:
        for _ in payloads:
            pass

    def unpacked() -> None:
        for payload in payloads:
            unpack(payload)

    def checked(call: Callable[[], None]) -> Callable[[], object]:
        def output() -> object:
            call()
            return payloads

        return output

    lanes = [
        Lane("loop", "limit: empty loop", "CPython", "for payload in list: pass", loop, checked(loop), limit=True),
        Lane(
            "unpack",
            "limit: struct.unpack_from",
            "CPython",
            "of each payload, in a loop",
            unpacked,
            checked(unpacked),
            limit=True,
        ),
        copy_of(payloads),
        *(hashes_of(algorithm, payloads) for algorithm in RAW),
    ]
    title = "what a loop, an unpack, a copy and a checksum take alone"
    return Group("R0", "R0", title, count, "loop", lanes, payloads, workload.payload_bytes)


def twice_group(path: str, count: int) -> Group:
    """The same code twice, in turns: what differs here is noise."""
    workload = telemetry(count)
    contender, tier = {
        "write": (FlatStreamVector(), "F0"),
        "read": (FlatStreamVector("xxh3_64"), "R0"),
        "python": (FlatStreamVector(engine="python"), "R3"),
        "records": (FlatStreamRecord(), "F2"),
        "peer": (MessagePack(), "F1"),
    }[path]
    first = lane(contender, tier, workload)
    again = _again(lane(contender, tier, workload))
    title = f"the same code twice: {TITLES[tier]}"
    return Group(path, tier, title, count, first.name, [first, again], expected(tier, workload), workload.payload_bytes)


def _again(entrant: Lane | Absent) -> Lane | Absent:
    return replace(entrant, name=f"{entrant.name}-again", label=f"{entrant.label}, again")
