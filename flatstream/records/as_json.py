"""Decoded messages as JSON has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from flatstream.records.types import Array, EnumType, StructType, TableType, UnionType, VectorType

if TYPE_CHECKING:
    from flatstream.records.record import Record

__all__ = ["as_json"]


def as_json(record: Record, message: dict[str, Any]) -> dict[str, Any]:
    """What `Record.decode` gave, for ``json.dumps``.

    Members of enums and unions go by name where they have one, bytes are lists of numbers, and floats that JSON has no
    number for are the strings ``NaN``, ``Infinity`` and ``-Infinity``.
    """
    return _table(record.table, message)


def _table(table: TableType, message: dict[str, Any]) -> dict[str, Any]:
    ready = {}
    for field in table.fields:
        value, kind = message[field.name], field.type
        if isinstance(kind, UnionType):
            member = kind.by_tag(message[f"{field.name}_type"])
            ready[field.name] = None if value is None or member is None else _value(member.type, value)
        else:
            ready[field.name] = None if value is None else _value(kind, value)
    return ready


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, TableType):
        return _table(kind, value)
    if isinstance(kind, StructType):
        return {field.name: _value(field.type, value[field.name]) for field in kind.fields}
    if isinstance(kind, VectorType | Array):
        return [_value(kind.element, item) for item in value]
    if isinstance(kind, EnumType):
        return next((name for name, number in kind.members.items() if number == value), value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
