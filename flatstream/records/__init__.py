"""Records: messages whose fields are known, encoded, decoded and verified from a schema, one or a million at a time.

event = Record("TelemetryEvent", device_id="u64", timestamp="u64", value="f64")
event = Schema.load("telemetry.bfbs").record("ns.TelemetryEvent")  # the same, from flatc

data = frame_records(event, columns, checksum="xxh3_64")
event.columns(scan(data, checksum="xxh3_64"))["value"].mean()
"""

from __future__ import annotations

from flatstream.records.declaration import enum, field, struct, union
from flatstream.records.decode import StructView, TableView, VectorView
from flatstream.records.record import Record
from flatstream.records.schema import Schema
from flatstream.records.writing import frame_records

__all__ = [
    "Record",
    "Schema",
    "StructView",
    "TableView",
    "VectorView",
    "enum",
    "field",
    "frame_records",
    "struct",
    "union",
]
