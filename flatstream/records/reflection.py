"""Binary schemas, as ``flatc -b --schema`` writes them: FlatBuffers of the schema ``reflection.fbs``.

That schema is declared here like any record, so that a binary schema is verified and decoded like any payload.
Fields that say nothing about layout or meaning (documentation, sources, services) are not declared. Which bytes are a
``nested_flatbuffer`` stands in a binary schema only if it was made with ``--bfbs-builtins``.
"""

from __future__ import annotations

from struct import error as struct_error
from typing import Any, Final

from flatstream.errors import SchemaError
from flatstream.records.declaration import MAX_STRUCT, field, scalar_default
from flatstream.records.record import Record
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

__all__ = ["SCHEMA", "Types"]

_ABSENT: Final = field("u8", deprecated=True)
"""Holds the slot of a field that is not read."""

_TYPE: Final = Record(
    "reflection.Type",
    base_type="i8",
    element="i8",
    index=field("i32", default=-1),
    fixed_length="u16",
)
_KEY_VALUE: Final = Record("reflection.KeyValue", key=field("string", required=True), value="string")
_ENUM_VALUE: Final = Record(
    "reflection.EnumVal",
    name=field("string", required=True),
    value="i64",
    object=_ABSENT,
    union_type=_TYPE,
)
_ENUM: Final = Record(
    "reflection.Enum",
    name=field("string", required=True),
    values=field([_ENUM_VALUE], required=True),
    is_union="bool",
    underlying_type=field(_TYPE, required=True),
)
_FIELD: Final = Record(
    "reflection.Field",
    name=field("string", required=True),
    type=field(_TYPE, required=True),
    id="u16",
    offset="u16",
    default_integer="i64",
    default_real="f64",
    deprecated="bool",
    required="bool",
    key="bool",
    attributes=[_KEY_VALUE],
    documentation=_ABSENT,
    optional="bool",
    padding="u16",
    offset64="bool",
)
_OBJECT: Final = Record(
    "reflection.Object",
    name=field("string", required=True),
    fields=field([_FIELD], required=True),
    is_struct="bool",
    minalign="i32",
    bytesize="i32",
)
SCHEMA: Final = Record(
    "reflection.Schema",
    objects=field([_OBJECT], required=True),
    enums=field([_ENUM], required=True),
    file_ident="string",
    file_ext="string",
    root_table=_OBJECT,
).replace(file_identifier="BFBS")
"""The record of a binary schema."""

_SCALARS: Final = {
    1: SCALARS["u8"],  # the tag of a union
    2: SCALARS["bool"],
    3: SCALARS["i8"],
    4: SCALARS["u8"],
    5: SCALARS["i16"],
    6: SCALARS["u16"],
    7: SCALARS["i32"],
    8: SCALARS["u32"],
    9: SCALARS["i64"],
    10: SCALARS["u64"],
    11: SCALARS["f32"],
    12: SCALARS["f64"],
}
_STRING: Final = 13
_VECTOR: Final = 14
_OBJECT_TYPE: Final = 15
_UNION: Final = 16
_ARRAY: Final = 17


class Types:
    """The types of a decoded schema, made when they are asked for, so that only what a record needs must be usable."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._objects: list[dict[str, Any]] = schema["objects"]
        self._enums: list[dict[str, Any]] = schema["enums"]
        self._tables: dict[int, TableType] = {}
        self._structs: dict[int, StructType] = {}
        self._unfilled: list[int] = []

    def table(self, index: int) -> TableType:
        """The table that is the object of that index, with all that it refers to."""
        table = self._table(index)
        while self._unfilled:  # a loop, since tables can refer to each other in chains of any length
            unfilled = self._unfilled.pop()
            spec = self._objects[unfilled]
            fields = sorted(spec["fields"], key=lambda each: int(each["id"]))
            try:
                found = [self._field(spec["name"], each, fields) for each in fields]
            except BaseException:
                self._tables.clear()  # or a table without its fields would be given out the next time
                self._unfilled.clear()
                raise
            self._tables[unfilled].fields = tuple(filter(None, found))
        return table

    def _table(self, index: int) -> TableType:
        """The table, whose fields may be yet to be found."""
        if index not in self._tables:
            self._tables[index] = TableType(self._objects[index]["name"])
            self._unfilled.append(index)
        return self._tables[index]

    def _field(self, record: str, spec: dict[str, Any], fields: list[dict[str, Any]]) -> Field | None:
        """A field of a table; ``None`` for one that is deprecated."""
        name, slot = spec["name"], spec["id"]
        if spec["deprecated"] or any(each["deprecated"] for each in fields if each["id"] == slot + 1 and _tags(each)):
            return None
        if spec["offset64"]:
            raise SchemaError("offsets of 64 bits are not supported", record, name)
        kind = self._type(record, name, spec["type"])
        if isinstance(kind, (Array, Scalar, EnumType)):
            if isinstance(kind, Array):
                raise SchemaError("an array of fixed length belongs into a struct", record, name)
            default = spec["default_real"] if kind.scalar.kind == "f" else spec["default_integer"]
            try:
                held = None if spec["optional"] else scalar_default(kind, _unsigned(kind, default))
            except (struct_error, OverflowError) as cause:
                raise SchemaError(f"the default {default} is no {kind.scalar.name}", record, name) from cause
            return Field(name, slot, kind, held)
        return Field(name, slot, kind, None, spec["required"], self._nested(record, spec, kind))

    def _nested(self, record: str, spec: dict[str, Any], kind: Any) -> TableType | None:
        """The root table of the buffer that the field's bytes are, if its attributes say that they are one."""
        named = next((each["value"] for each in spec["attributes"] or () if each["key"] == "nested_flatbuffer"), None)
        if named is None:
            return None
        if kind != BYTES:
            raise SchemaError("only a vector of ubyte holds a nested buffer", record, spec["name"])
        tables = {each["name"]: index for index, each in enumerate(self._objects) if not each["is_struct"]}
        # As flatc finds it: under just this name, or from the field's namespace outwards.
        spaces = record.split(".")[:-1]
        names = [named, *(".".join([*spaces[:length], named]) for length in range(len(spaces), 0, -1))]
        found = next((tables[each] for each in names if each in tables), None)
        if found is None:
            raise SchemaError(f"its nested buffer is a {named}, which is no table of the schema", record, spec["name"])
        return self._table(found)

    def _type(self, record: str, name: str, spec: dict[str, Any]) -> Any:
        base, index = spec["base_type"], spec["index"]
        if base in {_VECTOR, _ARRAY}:
            element = self._type(record, name, {**spec, "base_type": spec["element"], "element": 0})
            if isinstance(element, (UnionType, VectorType, Array)) or spec["element"] == 1:
                raise SchemaError("vectors of unions are not supported", record, name)
            if base == _VECTOR:
                return VectorType(element)
            if not isinstance(element, (Scalar, EnumType, StructType)):
                raise SchemaError("an array of fixed length holds scalars and structs", record, name)
            return Array(element, spec["fixed_length"])
        if base in _SCALARS:
            return _SCALARS[base] if index < 0 else self._enum(record, name, index)
        if base == _STRING:
            return STRING
        if base == _OBJECT_TYPE:
            return self._object(record, name, index)
        if base == _UNION:
            return self._union(record, name, index)
        raise SchemaError(f"the type {base} of the binary schema is not known", record, name)

    def _enum(self, record: str, name: str, index: int) -> EnumType:
        spec = self._at(self._enums, record, name, index)
        scalar = _SCALARS.get(spec["underlying_type"]["base_type"])
        if scalar is None or scalar.kind not in "iu":
            raise SchemaError(f"the enum {spec['name']} is not made of integers", record, name)
        members = {each["name"]: int(_unsigned(scalar, each["value"])) for each in spec["values"]}
        return EnumType(spec["name"], scalar, members)

    def _union(self, record: str, name: str, index: int) -> UnionType:
        spec = self._at(self._enums, record, name, index)
        members = []
        for each in spec["values"]:
            if not each["value"]:
                continue  # NONE
            kind = self._type(record, name, each["union_type"] or {"base_type": 0, "index": -1})
            if not isinstance(kind, (TableType, StructType, StringType)):
                raise SchemaError(
                    f"the union {spec['name']} is made of other than tables, structs, strings", record, name
                )
            members.append(UnionMember(each["name"], each["value"], kind))
        return UnionType(spec["name"], tuple(members))

    def _object(self, record: str, name: str, index: int) -> TableType | StructType:
        spec = self._at(self._objects, record, name, index)
        return self._struct(index, spec) if spec["is_struct"] else self._table(index)

    def _struct(self, index: int, spec: dict[str, Any]) -> StructType:
        """A struct. Its places are checked, since everything else trusts them."""
        if index in self._structs:
            return self._structs[index]
        record, size, align = spec["name"], spec["bytesize"], spec["minalign"]
        self._objects[index] = {**spec, "fields": []}  # so that one inside itself is found to have no fields
        fields = []
        end = 0
        for each in sorted(spec["fields"], key=lambda each: int(each["id"])):
            kind = self._type(record, each["name"], each["type"])
            if not isinstance(kind, (Scalar, EnumType, StructType, Array)):
                raise SchemaError("a struct holds scalars, structs and arrays of fixed length", record, each["name"])
            if each["offset"] < end or each["offset"] % kind.align:
                raise SchemaError(f"its place {each['offset']} is not aligned, or taken", record, each["name"])
            fields.append(StructField(each["name"], kind, each["offset"]))
            end = each["offset"] + kind.size
        if size > MAX_STRUCT:
            raise SchemaError(f"a struct of {size} bytes is too large", record)
        if not fields or end > size or align not in {1, 2, 4, 8, 16, 32} or size % align:
            raise SchemaError(f"a struct of {size} bytes, aligned to {align}, cannot hold its fields", record)
        self._structs[index] = StructType(record, tuple(fields), size, align)
        return self._structs[index]

    @staticmethod
    def _at(of: list[dict[str, Any]], record: str, name: str, index: int) -> dict[str, Any]:
        if not 0 <= index < len(of):
            raise SchemaError(f"its type has the index {index} of {len(of)}", record, name)
        return of[index]


def _tags(spec: dict[str, Any]) -> bool:
    """Whether the field before this one is its tag."""
    return bool(spec["type"]["base_type"] == _UNION)


def _unsigned(scalar: Scalar | EnumType, value: float) -> float:
    """A binary schema has integers as i64, so that the upper half of u64 is negative there."""
    return value % 2**64 if scalar.scalar.name == "u64" else value
