"""Where the bytes of two values part: in which field of which frame, and both sides by side.

As with `layout`, no verdict depends on it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flatstream_conformance import layout
from flatstream_conformance.verdict import Difference, HexRow, is_hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flatstream_conformance.json_types import JSON, JsonMapping
    from flatstream_conformance.layout import Field

ROW = 8
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_LABELS = {
    "checksum": "checksum",
    "error.expected": "checksum that stands in the frame",
    "error.calculated": "checksum over the payload",
}


def placed(
    differences: Iterable[Difference], request: JsonMapping, expect: JsonMapping, reply: JsonMapping
) -> tuple[Difference, ...]:
    """The differences, those between bytes with their place and with rows of both sides around it."""
    return tuple(_placed(each, request, expect, reply) for each in differences)


def _placed(difference: Difference, request: JsonMapping, expect: JsonMapping, reply: JsonMapping) -> Difference:
    right, wrong = _value(expect, difference.field), _value(reply, difference.field)
    if not (isinstance(right, str) and isinstance(wrong, str) and is_hex(right) and is_hex(wrong)):
        return difference
    expected, got = bytes.fromhex(right), bytes.fromhex(wrong)
    at = next((i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), min(len(expected), len(got)))
    fields = _fields(difference.field, request, expected)
    place = next((f for f in fields if f.offset <= at < f.offset + len(f.data)), None)
    rows = tuple(_rows(fields, at, expected, got))
    if place is None:
        return replace(difference, place="after the last byte that is expected", rows=rows)
    return replace(difference, place=f"in {place.label}, byte {at - place.offset} of its {len(place.data)}", rows=rows)


def _value(message: JSON | JsonMapping, path: str) -> JSON | JsonMapping:
    """What stands at a path such as `results[1].error`; None if nothing does."""
    for name, index in _STEP.findall(path):
        if name and isinstance(message, dict):
            message = message.get(name)
        elif index and isinstance(message, list) and int(index) < len(message):
            message = message[int(index)]
        else:
            return None
    return message


def _fields(field: str, request: JsonMapping, expected: bytes) -> Sequence[Field]:
    algorithm = request.get("algorithm")
    if field == "wire" and isinstance(algorithm, str):
        return layout.split(expected, algorithm)
    return [layout.Field(0, expected, _LABELS.get(field, field))] if expected else []


def _rows(fields: Sequence[Field], at: int, expected: bytes, got: bytes) -> Iterator[HexRow]:
    """The field that holds `at` and its neighbours, in rows; of a long one, the rows around `at`."""
    here = next((i for i, f in enumerate(fields) if at < f.offset + len(f.data)), len(fields))
    for field in fields[max(0, here - 2) : here + 2]:
        for start in range(field.offset, field.offset + len(field.data), ROW):
            if -2 * ROW < start - at <= ROW:
                end = min(start + ROW, field.offset + len(field.data))
                label = field.label if start == field.offset else ""
                yield HexRow(start, expected[start:end].hex(), got[start:end].hex(), label)
    if len(got) > len(expected):
        more = got[len(expected) :]
        label = f"{len(more)} bytes that are not expected"
        yield HexRow(len(expected), "", more[:ROW].hex(), label)
