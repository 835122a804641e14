"""msgpack, its C extension: an array for an event; a stream is messages back to back, which `Unpacker` takes apart."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack

from benchmarks.contenders.contender import Contender
from benchmarks.workloads import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Row, Sums

__all__ = ["MessagePack"]


class MessagePack(Contender):
    """An event is an array of three; field names are not written."""

    name = "msgpack"
    label = "msgpack"

    def __init__(self) -> None:
        self.version = ".".join(map(str, msgpack.version))
        self.notes: Mapping[str, str] = {
            "F0": "Packer.pack of a bin, appended to a bytearray",
            "F1": "Packer.pack of an array of three, appended to a bytearray",
            "R0": "Unpacker, fed with all; a bin is copied",
            "R3": "Unpacker; unpacks every field whether it is wanted or not",
            "R4": "Unpacker, then the object",
        }

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        sink = bytearray()
        pack = msgpack.Packer().pack
        for payload in payloads:
            sink += pack(payload)
        return sink

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        pack = msgpack.Packer().pack
        for row in rows:
            sink += pack(row)
        return sink

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        unpacker: Iterable[bytes] = _unpacker(stream)
        return unpacker

    def sums(self, stream: bytes) -> Sums:
        devices = times = 0
        values = 0.0
        for device_id, timestamp, value in _unpacker(stream):
            devices += device_id
            times += timestamp
            values += value
        return devices, times, values

    def events(self, stream: bytes) -> list[Event]:
        return [Event(*row) for row in _unpacker(stream)]


def _unpacker(stream: bytes) -> msgpack.Unpacker:
    unpacker = msgpack.Unpacker(max_buffer_size=len(stream))
    unpacker.feed(stream)
    return unpacker
