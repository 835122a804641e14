"""The operation `bench`."""

from __future__ import annotations

import time
from typing import Any

import flatstream
from flatstream_conformance.reference.algorithms import algorithm

Message = dict[str, Any]


def bench(request: Message) -> Message:
    """The operation `bench`: the whole loop, borrowed payloads from memory or finished payloads into it."""
    checksum = algorithm(request["algorithm"])
    payload = bytes(request["payload_len"])
    count = request["count"]
    stream = bytearray()
    write = flatstream.StreamWriter(stream, flatstream.ChecksumFramer(checksum)).write_payload
    begin = time.perf_counter_ns()
    for _ in range(count):
        write(payload)
    if request["mode"] == "frame":
        return {"ns": time.perf_counter_ns() - begin}
    reader = flatstream.StreamReader(bytes(stream), flatstream.ChecksumDeframer(checksum))
    begin = time.perf_counter_ns()
    for _ in reader:
        pass
    return {"ns": time.perf_counter_ns() - begin}
