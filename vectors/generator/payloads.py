"""The payloads that several groups share, among them FlatBuffers laid out by hand.

A FlatBuffer here is literal hexadecimal, one field a string, with its position from the start of the
payload. A test reads them with the `flatbuffers` library, so that the labels are known to be true.
"""

from __future__ import annotations

from typing import Final

TELEMETRY_24: Final = bytes.fromhex("0100000000000000 c3c4e66200000000 0000000000004540")
"""The original's telemetry event: device 1, timestamp 1659290819, value 42.0; 24 bytes."""

MIXED: Final = (b"", b"\xa5", b"abc", TELEMETRY_24)
"""Every boundary that matters in few bytes: no payload, 1 byte, an odd few, and 24."""

TWO_SCALARS: Final = bytes.fromhex(
    "0c000000"  # 0: root table at 12
    "0800"  # 4: vtable of 8 bytes
    "0c00"  # 6: a table of 12 bytes
    "0400"  # 8: field 0 at table + 4
    "0800"  # 10: field 1 at table + 8
    "08000000"  # 12: table; its vtable is 8 bytes before, at 4
    "2a000000"  # 16: field 0, a u32: 42
    "0000c841"  # 20: field 1, a f32: 25.0
)
"""A FlatBuffer of two scalars: u32 42 and f32 25.0; no file identifier."""

IDENTIFIED: Final = bytes.fromhex(
    "10000000"  # 0: root table at 16
    "544c4d59"  # 4: file identifier "TLMY"
    "0600"  # 8: vtable of 6 bytes
    "0800"  # 10: a table of 8 bytes
    "0400"  # 12: field 0 at table + 4
    "0000"  # 14: padding, so that the table is aligned to 4
    "08000000"  # 16: table; its vtable is 8 bytes before, at 8
    "07000000"  # 20: field 0, a u32: 7
)
"""A FlatBuffer with the file identifier "TLMY" and one field: u32 7."""

ONE_STRING: Final = bytes.fromhex(
    "0c000000"  # 0: root table at 12
    "0600"  # 4: vtable of 6 bytes
    "0800"  # 6: a table of 8 bytes
    "0400"  # 8: field 0 at table + 4
    "0000"  # 10: padding
    "08000000"  # 12: table; its vtable is 8 bytes before, at 4
    "04000000"  # 16: field 0, the string is 4 bytes further, at 20
    "05000000"  # 20: a string of 5 bytes
    "68656c6c6f"  # 24: "hello"
    "00"  # 29: its terminator
    "0000"  # 30: padding
)
"""A FlatBuffer whose one field is the string "hello"."""

VTABLE_AFTER_TABLE: Final = bytes.fromhex(
    "04000000"  # 0: root table at 4
    "f8ffffff"  # 4: table; its vtable is -8 bytes before, that is at 12
    "63000000"  # 8: field 0, a u32: 99
    "0600"  # 12: vtable of 6 bytes
    "0800"  # 14: a table of 8 bytes
    "0400"  # 16: field 0 at table + 4
)
"""A FlatBuffer whose vtable follows its table, as shared vtables do: the offset to it is negative."""

BROKEN_STRING: Final = ONE_STRING[:16] + bytes.fromhex("ffffff7f") + ONE_STRING[20:]
"""As `ONE_STRING`, but the string's offset points far outside: only a schema-aware verifier can see it."""

FLATBUFFERS: Final = {
    "two-scalars": TWO_SCALARS,
    "identified": IDENTIFIED,
    "one-string": ONE_STRING,
    "vtable-after-table": VTABLE_AFTER_TABLE,
}
