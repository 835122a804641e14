"""Records declared in Python, for those without ``flatc``.

    Vec3 = struct("Vec3", x="f32", y="f32", z="f32")
    Color = enum("Color", "u8", Red=0, Green=1)
    Monster = Record("Monster", pos=Vec3, hp=field("i16", default=100), name="string", color=Color, path=[Vec3])

The slots, sizes and places follow from the order of the fields by the rules of ``flatc``: the schema with the same
fields in the same order is the same record. A type is one of:

- a scalar by its name: ``bool``, ``i8`` to ``i64``, ``u8`` to ``u64``, ``f32``, ``f64``;
- ``"string"``; a `struct`, an `enum`, a `union`; another ``Record``;
- a vector: a list of one type, as ``["string"]`` or ``[Vec3]``, or ``"[u8]"``;
- inside a struct also an array of fixed length: ``"[f32:3]"``, or ``(Vec3, 3)``;
- a `field` around one of these, for what a type alone does not say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast, runtime_checkable

from flatstream.errors import SchemaError
from flatstream.records.layout import aligned
from flatstream.records.types import (
    BYTES,
    SCALARS,
    STRING,
    Array,
    EnumType,
    Field,
    Scalar,
    StringType,
    StructField,
    StructType,
    TableType,
    UnionMember,
    UnionType,
    VectorType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flatstream.records.types import Inline, Type

__all__ = ["FieldSpec", "declared_table", "enum", "field", "scalar_default", "struct", "union"]

_ZERO: Final = object()
_VECTOR: Final = re.compile(r"\[(\w+)\]")
_ARRAY: Final = re.compile(r"\[(\w+):([0-9]+)\]")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

MAX_ARRAY: Final = 2**16 - 1
"""Elements of an array of fixed length: the binary form of a schema has no more to say it."""

MAX_STRUCT: Final = 2**16 - 1
"""Bytes of a struct: no table could hold a larger one, and a hostile schema must not make us spell out gigabytes."""


@runtime_checkable
class HasTable(Protocol):
    """A record, as the type of a field in another."""

    table: TableType


Spec: TypeAlias = "str | Inline | UnionType | HasTable | list[Any] | tuple[Any, int] | FieldSpec"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What `field` gives."""

    type: Spec
    default: Any
    required: bool
    deprecated: bool
    nested: HasTable | None


def field(
    kind: Spec,
    /,
    *,
    default: float | str | None = cast("float", _ZERO),
    required: bool = False,
    deprecated: bool = False,
    nested: HasTable | None = None,
) -> FieldSpec:
    """A field of a table, with what its type alone does not say.

    ``default`` is what a scalar's absence means (of an enum also a member's name), zero unless it is given, and with
    ``None`` that there is no value. ``required`` is for what is no scalar. A ``deprecated`` field keeps its slot, and
    is neither written nor read. The bytes of a ``"[u8]"`` can be a buffer of their own, of the record ``nested``: they
    are written and read as bytes, and verified as a message inside the message.
    """
    return FieldSpec(kind, default, required, deprecated, nested)


def enum(name: str, scalar: str, /, **members: int) -> EnumType:
    """Names for values of an integer, which is named as for a field."""
    kind = SCALARS.get(scalar)
    if kind is None or kind.kind not in "iu":
        raise SchemaError(f"an enum is made of integers, not of {scalar!r}", name)
    for member, value in members.items():
        _checked_default(kind, value, name, member)
    return EnumType(name, kind, members)


def struct(name: str, /, **fields: Spec) -> StructType:
    """Fields at fixed places, as a C compiler puts them: each aligned to its size."""
    laid: list[StructField] = []
    at, align = 0, 1
    for each, spec in fields.items():
        kind = _struct_type(spec, name, each)
        at = aligned(at, kind.align)
        laid.append(StructField(each, kind, at))
        at += kind.size
        align = max(align, kind.align)
    if not laid:
        raise SchemaError("a struct has at least one field", name)
    if at > MAX_STRUCT:
        raise SchemaError(f"a struct of {at} bytes is too large", name)
    return StructType(name, tuple(laid), aligned(at, align), align)


def union(name: str, /, *members: HasTable | StructType, **named: HasTable | StructType | str) -> UnionType:
    """One of several records, structs or strings, which get the tags 1, 2, ... in this order.

    A member has the name of its type, without the namespace, or the one that it is given.
    """
    all_members = [(_member_type(member, name, "").name.rpartition(".")[2], member) for member in members]
    found: list[UnionMember] = []
    for tag, (each, spec) in enumerate([*all_members, *named.items()], 1):
        found.append(UnionMember(each, tag, _member_type(spec, name, each)))
    return UnionType(name, tuple(found))


def declared_table(name: str, specs: Mapping[str, Spec]) -> TableType:
    """The table with these fields, in their order. ``SchemaError`` for what cannot be one."""
    fields: list[Field] = []
    slot = 0
    for each, spec in specs.items():
        if not _IDENTIFIER.fullmatch(each):
            raise SchemaError("a field's name is made of letters, digits and underscores", name, each)
        extra = spec if isinstance(spec, FieldSpec) else field(spec)
        kind = _type_of(extra.type, name, each)
        if isinstance(kind, Array):
            raise SchemaError("an array of fixed length belongs into a struct", name, each)
        if isinstance(kind, UnionType):
            if not extra.deprecated:
                fields.append(Field(f"{each}_type", slot, kind.tag, 0))
            slot += 1
        default = _default(kind, extra, name, each)
        nested = None if extra.nested is None else extra.nested.table
        if nested is not None and kind != BYTES:
            raise SchemaError("only a vector of u8 holds a nested buffer", name, each)
        if not extra.deprecated:
            fields.append(Field(each, slot, kind, default, extra.required, nested))
        slot += 1
    return TableType(name, tuple(fields))


def scalar_default(kind: Scalar | EnumType, value: float) -> float:
    """``value`` as a field of that type holds it: an ``f32`` has fewer digits. ``struct.error`` if it holds it not."""
    packer = Struct(f"<{kind.scalar.code}")
    (held,) = packer.unpack(packer.pack(value))
    return cast("float", held)


def _default(kind: Type, spec: FieldSpec, record: str, name: str) -> Any:
    if not isinstance(kind, (Scalar, EnumType)):
        if spec.default is not _ZERO:
            raise SchemaError("only a scalar has a default", record, name)
        return None
    if spec.required:
        raise SchemaError("a scalar cannot be required: its default stands where it is absent", record, name)
    if spec.default is _ZERO:
        return kind.scalar.zero
    if isinstance(kind, EnumType) and spec.default in kind.members:
        return kind.members[spec.default]
    return None if spec.default is None else _checked_default(kind, spec.default, record, name)


def _checked_default(kind: Scalar | EnumType, value: Any, record: str, name: str) -> float:
    try:
        return scalar_default(kind, value)
    except (struct_error, OverflowError) as cause:
        raise SchemaError(f"{value!r} is no {kind.scalar.name}", record, name) from cause


def _struct_type(spec: Any, record: str, name: str) -> Inline:
    kind = _type_of(spec, record, name)
    if not isinstance(kind, (Scalar, EnumType, StructType, Array)):
        raise SchemaError("a struct holds scalars, structs and arrays of fixed length", record, name)
    return kind


def _type_of(spec: Any, record: str, name: str) -> Type | Array:
    if isinstance(spec, (EnumType, StructType, UnionType)):
        return spec
    if isinstance(spec, HasTable):
        return spec.table
    if isinstance(spec, list) and len(spec) == 1:
        return _vector(_type_of(spec[0], record, name), record, name)
    if isinstance(spec, tuple) and len(spec) == 2:
        return _array(spec[0], spec[1], record, name)
    if spec == "string":
        return STRING
    if isinstance(spec, str):
        if spec in SCALARS:
            return SCALARS[spec]
        if vector := _VECTOR.fullmatch(spec):
            return _vector(_type_of(vector[1], record, name), record, name)
        if array := _ARRAY.fullmatch(spec):
            return _array(array[1], int(array[2]), record, name)
    raise SchemaError(f"{spec!r} is no type", record, name)


def _member_type(spec: Any, record: str, name: str) -> TableType | StructType | StringType:
    kind = _type_of(spec, record, name)
    if not isinstance(kind, (TableType, StructType, StringType)):
        raise SchemaError("a union is made of tables, structs and strings", record, name)
    return kind


def _vector(element: Type | Array, record: str, name: str) -> VectorType:
    if isinstance(element, (UnionType, VectorType, Array)):
        raise SchemaError("a vector holds no unions, vectors or arrays", record, name)
    return VectorType(element)


def _array(element: Any, length: int, record: str, name: str) -> Array:
    kind = _struct_type(element, record, name)
    if isinstance(kind, Array) or not 0 < length <= MAX_ARRAY:
        raise SchemaError(f"an array holds 1 to {MAX_ARRAY} scalars or structs", record, name)
    return Array(kind, length)
