"""The data that every contender works on, made once, from a seed.

A telemetry event is ``{u64 device_id, u64 timestamp, f64 value}``: the id of one of 1000 devices (48 bits, as a MAC
address has), nanoseconds since 1970 (about a millisecond apart), and a reading. As the Rust original frames it, these
are 24 bytes, little-endian, in a ``[ubyte]`` vector that is the root of a FlatBuffer: a payload of 32 bytes, a frame
of 36.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

import flatbuffers

__all__ = ["EVENT", "FRAME_SIZE", "PAYLOAD_SIZE", "Event", "Row", "Sums", "Workload", "sums_of", "telemetry"]

EVENT: Final = Struct("<QQd")
"""The 24 bytes of an event."""

PAYLOAD_SIZE: Final = 32
"""Bytes of the vector root: root offset (4), length of the vector (4), the event (24)."""

FRAME_SIZE: Final = 36
"""Bytes of a frame without a checksum: the length field (4) and the payload."""

Row: TypeAlias = tuple[int, int, float]
"""An event as plain Python values, from which the tier F1 starts."""

Sums: TypeAlias = tuple[int, int, float]
"""The sum of each field, in the order of the events, so that floats add up to the same bits everywhere."""


class Event(NamedTuple):
    """An event as an object that owns its values, at which the tier R4 ends."""

    device_id: int
    timestamp: int
    value: float


@dataclass(frozen=True, eq=False)
class Workload:
    """Events of one scenario: as rows, and as finished payloads of `PAYLOAD_SIZE` bytes."""

    rows: list[Row]
    payloads: list[bytes]

    def __len__(self) -> int:
        return len(self.rows)


@cache
def telemetry(count: int, seed: int = 20240517) -> Workload:
    """``count`` telemetry events; the same ones for the same seed, on every machine."""
    chance = random.Random(seed)
    devices = [chance.getrandbits(48) for _ in range(1000)]
    timestamp = 1_700_000_000_000_000_000
    rows: list[Row] = []
    for _ in range(count):
        timestamp += 500_000 + chance.randrange(1_000_000)
        rows.append((devices[chance.randrange(len(devices))], timestamp, 20.0 + 5.0 * chance.random()))
    return Workload(rows, [_payload(row) for row in rows])


def sums_of(rows: list[Row]) -> Sums:
    """What reading every field has to add up to."""
    devices = times = 0
    values = 0.0
    for device_id, timestamp, value in rows:
        devices += device_id
        times += timestamp
        values += value
    return devices, times, values


def _payload(row: Row) -> bytes:
    builder = flatbuffers.Builder(64)
    builder.Finish(builder.CreateByteVector(EVENT.pack(*row)))
    return bytes(builder.Output())
