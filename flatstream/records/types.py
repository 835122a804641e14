"""What a schema says, as data: scalars, enums, structs, vectors, unions and tables.

A `flatstream.Schema` and a declaration in Python both end in these classes, so that everything behind them (layout,
encoding, decoding, verifying) cannot know where a record came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Final, TypeAlias

__all__ = [
    "BYTES",
    "SCALARS",
    "STRING",
    "Array",
    "EnumType",
    "Field",
    "Scalar",
    "StringType",
    "StructField",
    "StructType",
    "TableType",
    "Type",
    "UnionMember",
    "UnionType",
    "VectorType",
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number or ``bool`` of ``size`` bytes, aligned to as many."""

    name: str
    code: str
    """As the modules ``struct`` and ``array`` spell it."""
    size: int
    kind: str
    """``i``, ``u``, ``f`` or ``b``, as NumPy's ``dtype.kind``."""

    @property
    def align(self) -> int:
        """Bytes."""
        return self.size

    @property
    def dtype(self) -> str:
        """NumPy's name of it, little-endian."""
        return f"<{'u' if self.kind == 'b' else self.kind}{self.size}"

    @property
    def zero(self) -> float:
        """The default of a field that names none."""
        return {"b": False, "f": 0.0}.get(self.kind, 0)

    @property
    def scalar(self) -> Scalar:
        """Itself; of an enum, the scalar under it."""
        return self


SCALARS: Final = {
    scalar.name: scalar
    for scalar in (
        Scalar("bool", "?", 1, "b"),
        Scalar("i8", "b", 1, "i"),
        Scalar("u8", "B", 1, "u"),
        Scalar("i16", "h", 2, "i"),
        Scalar("u16", "H", 2, "u"),
        Scalar("i32", "i", 4, "i"),
        Scalar("u32", "I", 4, "u"),
        Scalar("i64", "q", 8, "i"),
        Scalar("u64", "Q", 8, "u"),
        Scalar("f32", "f", 4, "f"),
        Scalar("f64", "d", 8, "f"),
    )
}
"""By name."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """Names for some values of an integer. Other values are legal: a newer writer may know more of them."""

    name: str
    scalar: Scalar
    members: dict[str, int] = attribute(hash=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.scalar.size

    @property
    def align(self) -> int:
        """Bytes."""
        return self.scalar.size

    @property
    def dtype(self) -> str:
        """NumPy's name of the scalar."""
        return self.scalar.dtype


@dataclass(frozen=True, slots=True)
class Array:
    """So many of one type in a row, inside a struct."""

    element: Scalar | EnumType | StructType
    length: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.length * self.element.size

    @property
    def align(self) -> int:
        """Bytes."""
        return self.element.align


@dataclass(frozen=True, slots=True)
class StructField:
    """A field of a struct, ``offset`` bytes from its start."""

    name: str
    type: Inline
    offset: int


@dataclass(frozen=True, slots=True)
class StructType:
    """Fields at fixed places, all of them always present."""

    name: str
    fields: tuple[StructField, ...]
    size: int
    align: int


@dataclass(frozen=True, slots=True)
class StringType:
    """UTF-8 behind its length, and a NUL that the length does not count."""

    name: str = "string"


STRING: Final = StringType()


@dataclass(frozen=True, slots=True)
class VectorType:
    """Any number of elements behind their count."""

    element: Scalar | EnumType | StructType | StringType | TableType


BYTES: Final = VectorType(SCALARS["u8"])


@dataclass(frozen=True, slots=True)
class UnionMember:
    """One of the types that a union can have, under its ``tag`` (1 to 255; 0 is none of them)."""

    name: str
    tag: int
    type: TableType | StructType | StringType


@dataclass(frozen=True, slots=True)
class UnionType:
    """One of several types. The field before it, ``tag``, tells which."""

    name: str
    members: tuple[UnionMember, ...]
    tag: EnumType = attribute(init=False)

    def __post_init__(self) -> None:
        members = {"NONE": 0} | {member.name: member.tag for member in self.members}
        object.__setattr__(self, "tag", EnumType(self.name, SCALARS["u8"], members))

    def by_tag(self, tag: int) -> UnionMember | None:
        """The member with that tag; ``None`` for 0 and for one that this schema does not know."""
        return next((member for member in self.members if member.tag == tag), None)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a table, in the given slot of its vtable."""

    name: str
    slot: int
    type: Type
    default: Any = None
    """Of a scalar, what its absence means; ``None`` if that means that there is no value."""
    required: bool = False
    nested: TableType | None = None
    """Of a vector of ``u8``: the root table of the buffer that its bytes are, which is verified with the rest."""

    @property
    def entry(self) -> int:
        """Where the vtable has the field's offset, in bytes from the vtable's start."""
        return 4 + 2 * self.slot


@dataclass(eq=False, slots=True)
class TableType:
    """Fields that can each be absent. The fields come after the table is made, since tables can nest in themselves.

    Deprecated fields keep their slot and are otherwise left out, so that nothing writes, reads or verifies them.
    """

    name: str
    fields: tuple[Field, ...] = attribute(default=(), repr=False)


Inline: TypeAlias = Scalar | EnumType | Array | StructType
Type: TypeAlias = Scalar | EnumType | StructType | StringType | VectorType | TableType | UnionType
