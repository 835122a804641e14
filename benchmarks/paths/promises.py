"""What the project promises in pure Python: reading and writing in turns with msgpack alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import flatstream
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.engines import on
from benchmarks.read_paths import read_paths
from benchmarks.tiers import REFERENCE, TITLES, Absent, Group, Lane, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from benchmarks.workloads import Workload

__all__ = ["read_bar", "write_bar"]

WRITE_BOUND: Final = 4.0
"""F0 into memory may take this many times what msgpack takes."""

READ_BOUND: Final = 8.0
"""R0 may take this many times what msgpack takes."""


def write_bar(count: int) -> Group:
    """What the project promises for writing in pure Python: into both sinks in memory, in turns with msgpack alone."""
    workload = telemetry(count)
    peer, own = (
        lane(MessagePack(appended=True), "F0", workload),
        lane(FlatStreamVector(engine="python"), "F0", workload),
    )
    if isinstance(own, Absent) or isinstance(peer, Absent):
        return Group("write", "F0", TITLES["F0"], count, REFERENCE, [own, peer], workload.payloads)
    into_file = replace(
        own,
        name="write-bytesio",
        label="write_payload into a BytesIO",
        note="StreamWriter.write_payload into a BytesIO",
        call=on("python", partial(_framed_into_file, workload)),
        output=on("python", lambda: list(map(bytes, flatstream.StreamReader(_framed_into_file(workload))))),
        bound=WRITE_BOUND,
    )
    into_array = replace(own, name="write-bytearray", label="write_payload into a bytearray", bound=WRITE_BOUND)
    size = workload.payload_bytes
    return Group("write", "F0", TITLES["F0"], count, REFERENCE, [into_file, into_array, peer], workload.payloads, size)


def read_bar(name: str, ours: str, theirs: str, count: int) -> Group:
    """What the project promises for reading in pure Python: one way in turns with one of msgpack."""
    workload = telemetry(count)
    ways = {way.name: way for way in read_paths(workload)}
    own, peer = ways[ours], ways[theirs]
    lanes = [replace(own, name=name, bound=READ_BOUND) if isinstance(own, Lane) else own, peer]
    return Group(name, "R0", TITLES["R0"], count, theirs, lanes, workload.payloads, workload.payload_bytes)


def _framed_into_file(workload: Workload) -> bytes:
    sink = BytesIO()
    write = flatstream.StreamWriter(sink).write_payload
    for payload in workload.payloads:
        write(payload)
    return sink.getvalue()
