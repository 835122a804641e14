"""Where the fields of a table lie, for each set of them that is present.

The rules, from the start of a payload:

1. The root offset, 4 bytes, and the file identifier, 4 bytes, if the record has one.
2. The root table, at the first multiple of 4 behind which its widest field is aligned. In a table the offset of the
   vtable comes first, then the fields by falling alignment and, among equals, rising slot: no gaps arise.
3. Its vtable right behind it, cut off after the last field that is present. A later table of the same shape shares it.
4. What the fields refer to, in the order of the slots, each followed by all that it refers to in turn. Bytes that are
   a buffer of their own begin where in memory all in it is aligned.

So root table and vtable have the same place in every payload that has the same fields, and all of one shape can be
written, read and compared as columns. ``flatc``'s own builder works from the back; readers see no difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, pack
from typing import TYPE_CHECKING, Final

from flatstream.records.types import Array, EnumType, Scalar, StructType, TableType, UnionType, VectorType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream.records.types import Field, Inline, Type

__all__ = [
    "OFFSET_SIZE",
    "Layout",
    "aligned",
    "buffer_align",
    "inline_align",
    "inline_size",
    "lay_out",
    "root_position",
    "struct_format",
]

OFFSET_SIZE: Final = 4
"""Bytes of an offset to a string, vector or table, and of their counts."""

MAX_INLINE: Final = 2**16 - 1
"""Bytes of a table without what it refers to: a vtable has no more to say it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table with a certain set of fields."""

    fields: tuple[Field, ...]
    """Those that are present, in the order in which they lie."""
    positions: tuple[int, ...]
    """Where each of them lies, in bytes from the table's start."""
    size: int
    """Bytes of the table without what it refers to, rounded up so that the vtable behind it is aligned."""
    align: int
    """Bytes to which the position behind the table's first 4 bytes is aligned."""
    vtable: bytes
    packer: Struct
    """Packs the vtable's offset and then each field: scalars as they are, structs as bytes, offsets as u32."""


def aligned(position: int, align: int) -> int:
    """The first multiple of ``align`` (a power of two) from ``position`` on."""
    return (position + align - 1) & -align


def inline_size(kind: Type) -> int:
    """Bytes that a field takes inside its table."""
    return kind.size if isinstance(kind, (Scalar, EnumType, StructType)) else OFFSET_SIZE


def inline_align(kind: Type) -> int:
    """Bytes to which such a field is aligned."""
    return kind.align if isinstance(kind, (Scalar, EnumType, StructType)) else OFFSET_SIZE


def buffer_align(root: TableType) -> int:
    """Bytes to which a buffer with that root table must be aligned, so that in memory all in it is aligned."""
    tables = [root]
    align = OFFSET_SIZE
    for table in tables:  # which grows while it is gone through
        for field in table.fields:
            members = field.type.members if isinstance(field.type, UnionType) else ()
            for kind in (field.type, field.nested, *(member.type for member in members)):
                inner = kind.element if isinstance(kind, VectorType) else kind
                if isinstance(inner, TableType) and inner not in tables:
                    tables.append(inner)
                elif inner is not None:
                    align = max(align, inline_align(inner))
    return align


def lay_out(present: Iterable[Field]) -> Layout:
    """The layout of a table in which these fields are present."""
    fields = tuple(sorted(present, key=lambda field: (-inline_align(field.type), field.slot)))
    at = OFFSET_SIZE
    positions = []
    entries = [0] * max((field.slot + 1 for field in fields), default=0)
    layout = "<i"
    for field in fields:
        positions.append(at)
        entries[field.slot] = at
        layout += _code(field.type)
        at += inline_size(field.type)
    if at > MAX_INLINE:
        raise ValueError(f"a table of {at} bytes is more than a vtable can say ({MAX_INLINE})")
    size = aligned(at, 2)
    vtable = pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), at, *entries)
    align = max((inline_align(field.type) for field in fields), default=OFFSET_SIZE)
    return Layout(fields, tuple(positions), size, max(align, OFFSET_SIZE), vtable, Struct(layout + "x" * (size - at)))


def root_position(layout: Layout, *, identified: bool) -> int:
    """Where a root table of that layout lies, in bytes from the payload's start."""
    least = 2 * OFFSET_SIZE if identified else OFFSET_SIZE
    return aligned(least + OFFSET_SIZE, layout.align) - OFFSET_SIZE


def struct_format(kind: Inline) -> str:
    """The fields of a struct in the spelling of the module ``struct``, nested ones spread out, padding included."""
    if isinstance(kind, Array):
        return struct_format(kind.element) * kind.length
    if not isinstance(kind, StructType):
        return kind.scalar.code
    layout = ""
    at = 0
    for field in kind.fields:
        layout += "x" * (field.offset - at) + struct_format(field.type)
        at = field.offset + field.type.size
    return layout + "x" * (kind.size - at)


def _code(kind: Type) -> str:
    if isinstance(kind, StructType):
        return f"{kind.size}s"
    return kind.scalar.code if isinstance(kind, (Scalar, EnumType)) else "I"
