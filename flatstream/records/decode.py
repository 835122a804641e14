"""One message at a time: from a payload to Python values, all at once or field by field.

What is read here has been verified before. Where a caller asked to do without, reading still never leaves the payload,
since Python checks each place; what it finds there can be nonsense, or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, overload

from flatstream.errors import FlatBuffersError
from flatstream.records.layout import inline_size, struct_format
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
    from flatstream.records.types import Field, Inline

__all__ = ["Reader", "StructView", "TableView", "VectorView"]

_U16: Final = Struct("<H").unpack_from
_U32: Final = Struct("<I").unpack_from
_I32: Final = Struct("<i").unpack_from

Read: TypeAlias = Callable[[memoryview, int], Any]
"""From a payload and a place in it to the value there. What is not inline is found behind the offset at that place."""


_UNREADABLE: Final = (struct_error, ValueError, IndexError)
"""What reading raises where a corrupt payload leads outside of itself, or to what is no text."""


class Access(NamedTuple):
    """How a field is read. Of a union, ``members`` has the function for the value under each tag."""

    entry: int
    default: Any
    read: Read
    members: dict[int, Read] | None


class Reader:
    """Reads tables of one type: whole ones with ``decode``, or field by field by the functions in ``lazy``.

    ``readers`` has those of the types that were met before, since types can nest.
    """

    def __init__(self, table: TableType, readers: dict[TableType, Reader] | None = None) -> None:
        self._readers = {} if readers is None else readers
        self._readers[table] = self
        self.name = table.name
        self._whole = {field.name: self._access(field, lazy=False) for field in table.fields}
        self.lazy = {field.name: self._access(field, lazy=True) for field in table.fields}
        """How a view reads each field, by name."""

    def decode(self, payload: memoryview, table: int) -> dict[str, Any]:
        """The fields by name, with defaults, and ``None`` for what is absent and has none."""
        vtable = table - _I32(payload, table)[0]
        (length,) = _U16(payload, vtable)
        values: dict[str, Any] = {}
        for name, (entry, default, read, members) in self._whole.items():
            offset = _U16(payload, vtable + entry)[0] if entry < length else 0
            if members is not None:
                read = members.get(values[f"{name}_type"], _nothing)  # noqa: PLW2901  (its tag decides)
            values[name] = read(payload, table + offset) if offset else default
        return values

    def _access(self, field: Field, *, lazy: bool) -> Access:
        kind = field.type
        if isinstance(kind, UnionType):
            members = {member.tag: _behind(self._target(member.type, lazy=lazy)) for member in kind.members}
            return Access(field.entry, None, _nothing, members)
        return Access(field.entry, field.default, self._read(kind, lazy=lazy), None)

    def _read(self, kind: Scalar | EnumType | StructType | StringType | TableType | VectorType, *, lazy: bool) -> Read:
        if isinstance(kind, (Scalar, EnumType)):
            return _scalar(kind)
        if isinstance(kind, StructType):
            return _struct_view(kind) if lazy else _struct(kind)
        return _behind(self._target(kind, lazy=lazy))

    def _reader(self, table: TableType) -> Reader:
        # Made when the first one is met: chains of tables can be of any length.
        return self._readers.get(table) or Reader(table, self._readers)

    def _target(self, kind: StringType | StructType | TableType | VectorType, *, lazy: bool) -> Read:
        """How what an offset leads to is read."""
        if isinstance(kind, StringType):
            return _string
        if isinstance(kind, StructType):
            return self._read(kind, lazy=lazy)
        if isinstance(kind, TableType):
            if lazy:
                return lambda payload, at: TableView(self._reader(kind), payload, at)
            return lambda payload, at: self._reader(kind).decode(payload, at)
        element = kind.element
        if lazy:
            read, size = self._read(element, lazy=True), inline_size(element)
            return lambda payload, at: VectorView(read, size, payload, at)
        if isinstance(element, (Scalar, EnumType)):
            return _scalars(element)
        read, size = self._read(element, lazy=False), inline_size(element)
        return lambda payload, at: list(VectorView(read, size, payload, at))


def _nothing(_payload: memoryview, _at: int) -> None:
    """The value of a union that has none, or one that only a newer schema knows."""


def _behind(read: Read) -> Read:
    """The function for what an offset leads to, from the place of the offset."""
    return lambda payload, at: read(payload, at + _U32(payload, at)[0])


def _scalar(kind: Scalar | EnumType) -> Read:
    unpack = Struct(f"<{kind.scalar.code}").unpack_from
    return lambda payload, at: unpack(payload, at)[0]


def _string(payload: memoryview, at: int) -> str:
    (length,) = _U32(payload, at)
    return str(payload[at + 4 : at + 4 + length], "utf-8")


def _scalars(kind: Scalar | EnumType) -> Read:
    """Of single unsigned bytes come ``bytes``, of anything else a list."""
    if isinstance(kind, Scalar) and (kind.kind, kind.size) == ("u", 1):
        return lambda payload, at: bytes(payload[at + 4 : at + 4 + _U32(payload, at)[0]])
    code = kind.scalar.code

    def read(payload: memoryview, at: int) -> list[Any]:
        return list(Struct(f"<{_U32(payload, at)[0]}{code}").unpack_from(payload, at + 4))

    return read


def _struct(kind: StructType) -> Read:
    unpack = Struct(f"<{struct_format(kind)}").unpack_from
    return lambda payload, at: _nested(kind, iter(unpack(payload, at)))


def _nested(kind: Inline, flat: Iterator[Any]) -> Any:
    """Values in the order of `struct_format`, put back into mappings and lists."""
    if isinstance(kind, StructType):
        return {field.name: _nested(field.type, flat) for field in kind.fields}
    if isinstance(kind, Array):
        return [_nested(kind.element, flat) for _ in range(kind.length)]
    return next(flat)


def _struct_view(kind: StructType) -> Read:
    reads: dict[str, tuple[int, Read]] = {}
    for field in kind.fields:
        if isinstance(field.type, StructType):
            reads[field.name] = field.offset, _struct_view(field.type)
        elif isinstance(field.type, Array):
            reads[field.name] = field.offset, _array(field.type)
        else:
            reads[field.name] = field.offset, _scalar(field.type)
    return lambda payload, at: StructView(kind.name, reads, payload, at)


def _array(kind: Array) -> Read:
    unpack = Struct(f"<{struct_format(kind)}").unpack_from
    return lambda payload, at: _nested(kind, iter(unpack(payload, at)))


class TableView:
    """A table in a payload: its fields as attributes, or by ``view["name"]`` where a name is in the way.

    Each is read when it is asked for. Absent ones give their default, or ``None`` if they have none. A view lives as
    long as the payload that it was made from.
    """

    __slots__ = ("_payload", "_reader", "_table", "_vtable", "_vtable_len")

    def __init__(self, reader: Reader, payload: memoryview, table: int) -> None:
        self._reader = reader
        self._payload = payload
        self._table = table
        self._vtable = table - _I32(payload, table)[0]
        (self._vtable_len,) = _U16(payload, self._vtable)

    def __getitem__(self, name: str) -> Any:
        entry, default, read, members = self._reader.lazy[name]
        try:
            if members is not None:
                read = members.get(self[f"{name}_type"], _nothing)
            offset = _U16(self._payload, self._vtable + entry)[0] if entry < self._vtable_len else 0
            return read(self._payload, self._table + offset) if offset else default
        except _UNREADABLE as cause:
            raise FlatBuffersError(f"{self._reader.name}.{name} cannot be read: {cause}") from cause

    def __getattr__(self, name: str) -> Any:
        if name in self.__slots__:  # not set yet, while it is copied
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{self._reader.name} has no field {name!r}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._reader.lazy]

    def __repr__(self) -> str:
        return f"<{self._reader.name} {', '.join(self._reader.lazy)}>"


class StructView:
    """A struct in a payload: its fields as attributes, or by ``view["name"]``."""

    __slots__ = ("_at", "_name", "_payload", "_reads")

    def __init__(self, name: str, reads: dict[str, tuple[int, Read]], payload: memoryview, at: int) -> None:
        self._name = name
        self._reads = reads
        self._payload = payload
        self._at = at

    def __getitem__(self, name: str) -> Any:
        offset, read = self._reads[name]
        try:
            return read(self._payload, self._at + offset)
        except _UNREADABLE as cause:
            raise FlatBuffersError(f"{self._name}.{name} cannot be read: {cause}") from cause

    def __getattr__(self, name: str) -> Any:
        if name in self.__slots__:  # not set yet, while it is copied
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{self._name} has no field {name!r}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._reads]

    def __repr__(self) -> str:
        return f"<{self._name} {', '.join(f'{name}={self[name]!r}' for name in self._reads)}>"


class VectorView(Sequence[Any]):
    """A vector in a payload, whose elements are read when they are asked for."""

    __slots__ = ("_len", "_payload", "_read", "_size", "_start")

    def __init__(self, read: Read, size: int, payload: memoryview, at: int) -> None:
        self._read = read
        self._size = size
        self._payload = payload
        self._start = at + 4
        self._len: int = _U32(payload, at)[0]
        if self._start + self._len * size > len(payload):  # or a list of it would be made room for, whatever it says
            raise ValueError(f"a vector of {self._len} elements of {size} bytes ends outside of {len(payload)}")

    @property
    def raw(self) -> memoryview:
        """The bytes of the elements as they lie, of strings and tables those of the offsets to them."""
        return self._payload[self._start : self._start + self._len * self._size]

    def __len__(self) -> int:
        return self._len

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        places = range(self._start, self._start + self._len * self._size, self._size)[index]
        try:
            if isinstance(places, int):
                return self._read(self._payload, places)
            return [self._read(self._payload, place) for place in places]
        except _UNREADABLE as cause:
            raise FlatBuffersError(f"an element of a vector cannot be read: {cause}") from cause

    def __repr__(self) -> str:
        return f"<vector of {self._len}>"
