"""JSON of the standard library, one object a line."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

import json
import platform
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from benchmarks.contenders.contender import Contender
from benchmarks.workloads import Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.workloads import Row, Sums

__all__ = ["JsonLines"]


class JsonLines(Contender):
    """An event is an object with the names of its fields; the newline is the framing."""

    name = "json"
    label = "json, a line each"
    cannot: Mapping[str, str] = MappingProxyType(
        {
            "F0": "JSON has no bytes; base64 would be work that the others do not do",
            "R0": "JSON has no bytes; base64 would be work that the others do not do",
        }
    )

    def __init__(self) -> None:
        self.version = platform.python_version()
        self.notes: Mapping[str, str] = {
            "F1": "one encoder, field names written, text encoded to UTF-8, a newline; compact separators",
            "R3": "json.loads of each line of a BytesIO; parses every field whether it is wanted or not",
            "R4": "json.loads of each line, then the object",
        }

    def frame(self, payloads: Sequence[bytes]) -> NoReturn:
        raise NotImplementedError(self.cannot["F0"])

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
        for device_id, timestamp, value in rows:
            line = encode({"device_id": device_id, "timestamp": timestamp, "value": value})
            sink += line.encode("utf-8")
            sink += b"\n"
        return sink

    def payloads(self, stream: bytes) -> NoReturn:
        raise NotImplementedError(self.cannot["R0"])

    def sums(self, stream: bytes) -> Sums:
        loads = json.loads
        devices = times = 0
        values = 0.0
        for line in BytesIO(stream):
            message = loads(line)
            devices += message["device_id"]
            times += message["timestamp"]
            values += message["value"]
        return devices, times, values

    def events(self, stream: bytes) -> list[Event]:
        loads = json.loads
        return [Event(**loads(line)) for line in BytesIO(stream)]
