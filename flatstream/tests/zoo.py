"""What the tests of records share: the schemas, values for any record, and what official classes read back."""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flatstream import Record, Schema
from flatstream.records.types import (
    Array,
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

    from flatstream.records.types import Field

SCHEMAS: Final = Path(__file__).parent / "schemas"

MONSTER: Final = Schema.load(SCHEMAS / "monster.bfbs").record()
THING: Final = Schema.load(SCHEMAS / "thing.bfbs").record()
KEEPER: Final = Schema.load(SCHEMAS / "keeper.bfbs").record()
TELEMETRY: Final = Schema.load(SCHEMAS / "telemetry.bfbs").record()


def scalars(kind: Scalar | EnumType) -> st.SearchStrategy[Any]:
    scalar = kind.scalar
    if scalar.kind == "b":
        return st.booleans()
    if scalar.kind == "f":
        return st.floats(width=32 if scalar.size == 4 else 64)
    bits = 8 * scalar.size
    return st.integers(0, 2**bits - 1) if scalar.kind == "u" else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def values(kind: Any, depth: int = 2) -> st.SearchStrategy[Any]:
    """Values of a type, as `Record.decode` gives them; tables nest up to that deep."""
    if isinstance(kind, (Scalar, EnumType)):
        return scalars(kind)
    if isinstance(kind, StringType):
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    if isinstance(kind, StructType):
        return st.fixed_dictionaries({field.name: values(field.type) for field in kind.fields})
    if isinstance(kind, Array):
        return st.lists(values(kind.element), min_size=kind.length, max_size=kind.length)
    if isinstance(kind, VectorType):
        if kind.element == Scalar("u8", "B", 1, "u"):
            return st.binary(max_size=5)
        if depth <= 0 and isinstance(kind.element, TableType):
            return st.just([])
        return st.lists(values(kind.element, depth - 1), max_size=3)
    return tables(kind, depth)


def tables(table: TableType, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """All fields of a table: given, or what is read where they are absent."""
    return st.builds(
        dict, st.tuples(*_entries(table, depth)).map(lambda parts: [item for part in parts for item in part])
    )


def _entries(table: TableType, depth: int) -> list[st.SearchStrategy[list[tuple[str, Any]]]]:
    tags = {f"{field.name}_type" for field in table.fields if isinstance(field.type, UnionType)}
    entries: list[st.SearchStrategy[list[tuple[str, Any]]]] = []
    for field in table.fields:
        name = field.name
        if name in tags:
            continue
        if isinstance(field.type, UnionType):
            entries.append(_union(name, field.type, depth))
            continue
        each: st.SearchStrategy[Any] = st.just(field.default)
        if field.required:
            each = _given(field, depth - 1)
        elif depth > 0 or isinstance(field.type, (Scalar, EnumType, StructType)):
            each = st.one_of(each, _given(field, depth - 1))
        entries.append(st.tuples(st.just(name), each).map(lambda item: [item]))
    return entries


def _given(field: Field, depth: int) -> st.SearchStrategy[Any]:
    if field.nested is None:
        return values(field.type, depth)
    inner = Record.of_table(field.nested)
    return st.deferred(lambda: messages(inner, depth)).map(lambda message: inner.encode(**message))


def _union(name: str, union: UnionType, depth: int) -> st.SearchStrategy[list[tuple[str, Any]]]:
    nothing = st.just([(f"{name}_type", 0), (name, None)])
    if depth <= 0:
        return nothing

    def tagged(tag: int) -> Callable[[Any], list[tuple[str, Any]]]:
        return lambda value: [(f"{name}_type", tag), (name, value)]

    return st.one_of(nothing, *(values(each.type, depth - 1).map(tagged(each.tag)) for each in union.members))


def messages(record: Record, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """What `Record.decode` gives of a message."""
    return tables(record.table, depth)


def exact(value: Any) -> Any:
    """The same, with floats by their bits, so that NaN equals itself and -0.0 does not equal 0.0."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else value


# What the classes read that flatc generates for Python.


def official(record: Record, payload: bytes, modules: str = "") -> dict[str, Any]:
    """The message as the official classes read it, in the form that `Record.decode` gives."""
    return _official_table(record.table, _class(record.name, modules).GetRootAs(payload), modules)


def _class(name: str, modules: str) -> Any:
    last = name.rpartition(".")[2]
    return getattr(import_module(modules + name), last)


def _official_table(table: TableType, message: Any, modules: str) -> dict[str, Any]:
    return {field.name: _official_field(field.name, field.type, message, modules) for field in table.fields}


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _official_field(name: str, kind: Any, message: Any, modules: str) -> Any:
    name = _camel(name)
    if not isinstance(kind, (VectorType, UnionType)):
        return _official_value(kind, getattr(message, name)(), modules)
    if isinstance(kind, UnionType):
        member = kind.by_tag(getattr(message, f"{name}Type")())
        if member is None or getattr(message, name)() is None:
            return None
        inner = getattr(message, name)()
        opened = _class(member.type.name, modules)()
        opened.Init(inner.Bytes, inner.Pos)
        return _official_value(member.type, opened, modules)
    if getattr(message, f"{name}IsNone")():
        return None
    items = [getattr(message, name)(index) for index in range(getattr(message, f"{name}Length")())]
    found = [_official_value(kind.element, item, modules) for item in items]
    return bytes(found) if kind.element == Scalar("u8", "B", 1, "u") else found


def _official_value(kind: Any, value: Any, modules: str) -> Any:
    if value is None:
        return None
    if isinstance(kind, StringType):
        return value.decode("utf-8")
    if isinstance(kind, TableType):
        return _official_table(kind, value, modules)
    if isinstance(kind, StructType):
        return {field.name: _official_struct_field(field.name, field.type, value, modules) for field in kind.fields}
    # The classes keep defaults as they stand in the schema, where a decimal fraction is no f32; and bools as numbers.
    if kind.scalar.name == "f32":
        return struct.unpack("<f", struct.pack("<f", value))[0]
    return bool(value) if kind.scalar.kind == "b" else value


def _official_struct_field(name: str, kind: Any, message: Any, modules: str) -> Any:
    accessor = getattr(message, _camel(name))
    if isinstance(kind, StructType):
        return _official_value(kind, accessor(_class(kind.name, modules)()), modules)
    if isinstance(kind, Array) and isinstance(kind.element, StructType):
        element = kind.element
        made = [accessor(_class(element.name, modules)(), index) for index in range(kind.length)]
        return [_official_value(element, each, modules) for each in made]
    value = accessor()
    return (
        [_official_value(kind.element, each, modules) for each in value]
        if isinstance(kind, Array)
        else _official_value(kind, value, modules)
    )
