"""Splitting a wire into its labelled fields, for a person to read.

This is no parser: it believes every length, checks no checksum, and says in words where the bytes run out. A
wrong split here could only mislead a reader of `show`; no verdict depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTHS = {"none": 0, "crc16": 2, "crc32": 4, "xxh3_64": 8}


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes of the wire: the absolute offset, the bytes, and what they are."""

    offset: int
    data: bytes
    label: str


def width_of(algorithm: str) -> int:
    """Bytes of the checksum on the wire; custom algorithms carry theirs in the name (`fnv1a64/3`)."""
    _, slash, width = algorithm.partition("/")
    return int(width) if slash else WIDTHS[algorithm]


def split(wire: bytes, algorithm: str, max_frame_len: int | None = None) -> list[Field]:
    """The fields of `wire`, up to the first that is cut short or over `max_frame_len` (None: 2^31)."""
    limit = 1 << 31 if max_frame_len is None else max_frame_len
    fields: list[Field] = []
    pos = frame = 0
    while pos < len(wire):
        name = f"frame {frame}"
        header, pos = _take(wire, pos, 4)
        if len(header.data) < 4:
            fields.append(_cut(header, f"{name} length", 4))
            break
        length = int.from_bytes(header.data, "little")
        over = f", over the limit {limit}" if length > limit else ""
        fields.append(Field(header.offset, header.data, f"{name} length = {length}{over}"))
        if over:
            fields += _rest(wire, pos)
            break
        for label, size in ((f"{name} {algorithm}", width_of(algorithm)), (f"{name} payload", length)):
            part, pos = _take(wire, pos, size)
            if len(part.data) < size:
                fields.append(_cut(part, label, size))
                return fields
            if size:
                fields.append(Field(part.offset, part.data, label))
        frame += 1
    return fields


def _take(wire: bytes, pos: int, size: int) -> tuple[Field, int]:
    data = wire[pos : pos + size]
    return Field(pos, data, ""), pos + len(data)


def _cut(field: Field, label: str, size: int) -> Field:
    return Field(field.offset, field.data, f"{label}, {len(field.data)} of {size} bytes: the wire ends here")


def _rest(wire: bytes, pos: int) -> list[Field]:
    return [Field(pos, wire[pos:], "not a frame any more")] if pos < len(wire) else []
