"""What the engine takes over of a record, made from the same plan as the code in Python that it stands in for.

Each function gives ``None`` for a schema that the engine does not take: of tables or structs of more than 64 KiB, which
only a corrupted schema has. What the engine refuses is looked at again by the rules in Python, where the words for it
are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flatstream.records.layout import buffer_align, inline_align, inline_size
from flatstream.records.types import (
    EnumType,
    Scalar,
    StringType,
    StructType,
    TableType,
    UnionType,
    VectorType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from flatstream.engine import Decoder, Gatherer, Native, RowEncoder, Verifier
    from flatstream.records.encode import Encoder
    from flatstream.records.types import Field, Type
    from flatstream.records.verify import Plan

__all__ = ["decoder_of", "gatherer_of", "row_encoder_of", "verifier_of"]


def verifier_of(native: Native, plan: Plan, identifier: bytes, limits: tuple[int, int, int]) -> Verifier | None:
    """The verifier of a plan."""
    try:
        return native.Verifier(plan, identifier, limits)
    except (ValueError, OverflowError):
        return None


def row_encoder_of(native: Native, encoder: Encoder, longest: int) -> RowEncoder | None:
    """The writer of the tables of an encoder, of payloads of up to ``longest`` bytes."""
    fields = [_written(encoder, field) for field in encoder.fields]
    try:
        return native.RowEncoder(encoder.start, fields, longest, encoder.call)
    except (ValueError, OverflowError):
        return None


def _written(encoder: Encoder, field: Field) -> tuple[str, int, str, int, int, int | None, int | None, bool]:
    kind = field.type
    left_out = encoder.left_out(field)
    forced = encoder.default_bytes(field) if encoder.writes_default(field) else None
    if isinstance(kind, StringType):
        size, align = 1, 1
    else:
        element = kind.element if isinstance(kind, VectorType) else kind
        size, align = inline_size(element), inline_align(element)
        if field.nested is not None:
            align = buffer_align(field.nested)
    code = "O" if field.name in encoder.tags else _code(kind)  # whose value is for Python to look at
    return field.name, field.slot, code, size, align, _bits(left_out), _bits(forced), field.required


def _bits(number: bytes | None) -> int | None:
    return None if number is None else int.from_bytes(number, "little")


def _code(kind: Type) -> str:
    """As `flatstream.engine.RowEncoder` lists them."""
    if isinstance(kind, Scalar):
        return kind.code
    if isinstance(kind, EnumType):
        return kind.scalar.code
    if isinstance(kind, StructType):
        return "S"
    if isinstance(kind, StringType):
        return "s"
    if isinstance(kind, (TableType, UnionType)) or isinstance(kind.element, (StringType, TableType)):
        return "O"
    return "y" if isinstance(kind.element, Scalar) and kind.element.code == "B" else "V"


def decoder_of(
    native: Native, table: TableType, verifier: Verifier | None, slow: Callable[[Buffer], dict[str, Any]]
) -> Decoder | None:
    """The reader of a table of numbers, strings and bytes; ``slow`` is the one in Python."""
    fields = [(field.name, field.entry, _code(field.type), field.default) for field in table.fields]
    if verifier is None or any(code in "VSO" for _, _, code, _ in fields):
        return None
    return native.Decoder(fields, verifier, slow)


def gatherer_of(native: Native, fields: tuple[Field, ...], identifier: bytes) -> Gatherer | None:
    """The reader of the columns of these fields, which `flatstream.records.gather.is_gathered`."""
    try:
        return native.Gatherer([_read(field) for field in fields], identifier)
    except (ValueError, OverflowError):
        return None


def _read(field: Field) -> tuple[int, int, int, int, bool]:
    kind = field.type
    if isinstance(kind, StringType):
        return field.entry, 1, 1, 1, field.required
    if isinstance(kind, VectorType):
        return field.entry, 2, inline_size(kind.element), inline_align(kind.element), field.required
    return field.entry, 0, inline_size(kind), inline_align(kind), field.required
