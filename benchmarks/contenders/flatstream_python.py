"""FlatStream on either engine: the original's payload with each checksum, and a FlatBuffers table."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import flatbuffers

import flatstream
from benchmarks.contenders.contender import Contender
from benchmarks.engines import NATIVE, NO_NATIVE, Engine, use
from benchmarks.schemas.generated.telemetry.Telemetry import (
    Telemetry,
    TelemetryAddDeviceId,
    TelemetryAddTimestamp,
    TelemetryAddValue,
    TelemetryEnd,
    TelemetryStart,
)
from benchmarks.tiers import TITLES
from benchmarks.workloads import EVENT, Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Row, Sums

__all__ = ["FlatStreamTable", "FlatStreamVector"]

VECTOR = 8
"""Position of the first byte of the `[ubyte]` vector when it is the root of a buffer that holds nothing else."""


class _FlatStream(Contender):
    """Framing and reading with one checksum, on one engine; a ``bytearray`` is the sink."""

    def __init__(self, checksum: str, engine: Engine) -> None:
        self.version = flatstream.__version__
        self._engine: Engine = engine
        if engine == "native" and NATIVE is None:
            self.cannot = dict.fromkeys(TITLES, NO_NATIVE)
        self._framer = flatstream.ChecksumFramer(checksum) if checksum != "none" else flatstream.DefaultFramer()
        self._deframer = flatstream.ChecksumDeframer(checksum)

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        use(self._engine)
        sink = bytearray()
        write = flatstream.StreamWriter(sink, self._framer).write_payload
        for payload in payloads:
            write(payload)
        return sink

    def payloads(self, stream: bytes) -> Iterable[memoryview]:
        use(self._engine)
        return flatstream.StreamReader(stream, self._deframer)


class FlatStreamVector(_FlatStream):
    """The event as 24 bytes in a ``[ubyte]`` vector root, as the Rust original benchmarks it."""

    def __init__(self, checksum: str = "none", engine: Engine = "native") -> None:
        super().__init__(checksum, engine)
        plain = checksum == "none"
        which = [] if plain else [checksum]
        self.name = "-".join(["flatstream", *which, *(["python"] if engine == "python" else [])])
        self.label = ", ".join(["FlatStream", *which, *(["pure Python"] if engine == "python" else [])])
        computed, verified = ("", "") if plain else ("; computes the checksum", "; verifies the checksum")
        self.notes: Mapping[str, str] = {
            "F0": "StreamWriter.write_payload into a bytearray, a call a payload" + computed,
            "F1": "24 packed bytes as a vector, one builder for all, write_finished" + computed,
            "R0": "views on the source" + verified,
            "R3": "one unpack of a view, behind the root offset and the length of the vector" + verified,
            "R4": "one unpack, then the object" + verified,
        }

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self._engine)
        sink = bytearray()
        writer = flatstream.StreamWriter(sink, self._framer)
        builder = flatbuffers.Builder(64)
        pack = EVENT.pack
        for row in rows:
            builder.Clear()
            builder.Finish(builder.CreateByteVector(pack(*row)))
            writer.write_finished(builder)
        return sink

    def sums(self, stream: bytes) -> Sums:
        use(self._engine)
        unpack = EVENT.unpack_from
        devices = times = 0
        values = 0.0
        for payload in flatstream.StreamReader(stream, self._deframer):
            device_id, timestamp, value = unpack(payload, VECTOR)
            devices += device_id
            times += timestamp
            values += value
        return devices, times, values

    def events(self, stream: bytes) -> list[Event]:
        use(self._engine)
        unpack = EVENT.unpack_from
        reader = flatstream.StreamReader(stream, self._deframer)
        return [Event(*unpack(payload, VECTOR)) for payload in reader]


class FlatStreamTable(_FlatStream):
    """The event as a table of three fields, built and read by what ``flatc`` generates."""

    name = "flatstream-table"
    label = "FlatStream, table"
    cannot: Mapping[str, str] = MappingProxyType(
        {
            "F0": "frames the same bytes as the row without a table",
            "R0": "gives the same bytes as the row without a table",
        }
    )

    def __init__(self) -> None:
        super().__init__("none", "native")
        self.notes: Mapping[str, str] = {
            "F1": "three fields through the functions of flatc, one builder for all, write_finished",
            "R3": "three fields through the class of flatc; only this row can add a field and stay readable",
            "R4": "three fields through the class of flatc, then the object",
        }

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self._engine)
        sink = bytearray()
        writer = flatstream.StreamWriter(sink, self._framer)
        builder = flatbuffers.Builder(64)
        for device_id, timestamp, value in rows:
            builder.Clear()
            TelemetryStart(builder)
            TelemetryAddDeviceId(builder, device_id)
            TelemetryAddTimestamp(builder, timestamp)
            TelemetryAddValue(builder, value)
            builder.Finish(TelemetryEnd(builder))
            writer.write_finished(builder)
        return sink

    def sums(self, stream: bytes) -> Sums:
        use(self._engine)
        devices = times = 0
        values = 0.0
        for message in flatstream.StreamReader(stream, self._deframer).typed_messages(Telemetry):
            devices += message.DeviceId()
            times += message.Timestamp()
            values += message.Value()
        return devices, times, values

    def events(self, stream: bytes) -> list[Event]:
        use(self._engine)
        reader = flatstream.StreamReader(stream, self._deframer)
        return [
            Event(message.DeviceId(), message.Timestamp(), message.Value())
            for message in reader.typed_messages(Telemetry)
        ]
