"""The verifier: whether a payload can be read as its record without leaving it, whoever wrote it.

`verify` is one flat loop over a `Plan`, which is the schema boiled down to tuples; an engine can do the same from the
same plan. A payload passes if both official verifiers let it pass, the one in C++ and the one in Rust. They differ in
four things, in each of which the stricter one is followed, Rust's in the first three:

- the elements of a vector must be aligned to their size, and not only its count;
- a string must be UTF-8;
- a union must have both its tag and its value, or neither. (The tag 0 without a value is accepted: C++ writes it.)
- the bytes of a vector that is a ``nested_flatbuffer`` must be a sound buffer in turn, whatever its file identifier.
  Rust does not look. C++ begins to count anew in each such buffer; here what is in it counts with the rest.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from flatstream.errors import VerificationFailed
from flatstream.records.layout import inline_align, inline_size
from flatstream.records.types import EnumType, Scalar, StringType, StructType, TableType, UnionType

if TYPE_CHECKING:
    from flatstream.records.types import Field, Type
    from flatstream.wire import Payload

__all__ = ["MAX_APPARENT_SIZE", "Plan", "plan_of", "verify"]

_U16: Final = Struct("<H").unpack_from
_U32: Final = Struct("<I").unpack_from
_I32: Final = Struct("<i").unpack_from

MIN_SIZE: Final = 12
"""Bytes of the smallest payload, as in C++: the root offset, that of a vtable, and the two sizes in the vtable."""

MAX_DEPTH: Final = 64
MAX_TABLES: Final = 1_000_000
"""As in the official verifiers."""

MAX_APPARENT_SIZE: Final = 2**31
"""Bytes; as in the Rust verifier, the size of the largest FlatBuffer."""

MAX_OFFSET: Final = 2**31 - 1
"""An offset forward, in bytes; the largest FlatBuffer has one more."""


# What has to be looked at: plain numbers, as an engine takes them.
INLINE: Final = 0
"""So many bytes, aligned, inside the table."""
STRING: Final = 1
VECTOR: Final = 2
"""Elements of so many bytes, aligned."""
TABLE: Final = 3
UNION: Final = 4
STRINGS: Final = 5
"""A vector of strings. From here on: vectors whose elements are gone through."""
TABLES: Final = 6
"""A vector of tables."""
NESTED: Final = 7
"""A vector of bytes that are a buffer of their own, with that root table."""


class Step(NamedTuple):
    """A field. ``ref`` is the index of a table in the plan, or a union's members by tag: op, size, align, ref."""

    entry: int
    op: int
    size: int
    align: int
    required: bool
    ref: Any
    name: str


Plan: TypeAlias = tuple[tuple[Step, ...], ...]
"""The steps of each table that the record can reach; the first is the root."""

_INNER: Final = -2
_Path: TypeAlias = "tuple[_Path, str, int] | None"
"""The table above, the field in it, and the index in a vector (-1: none, -2: all bytes). Text only for an error."""


def plan_of(root: TableType) -> Plan:
    """The plan of a record whose root table this is."""
    tables = [root]
    # The list of tables grows while it is gone through.
    return tuple([tuple([_step(field, tables) for field in table.fields]) for table in tables])


def _step(field: Field, tables: list[TableType]) -> Step:
    op, size, align, ref = _op(field.type, tables)
    if field.nested is not None:
        op, ref = NESTED, _index(field.nested, tables)
    return Step(field.entry, op, size, align, field.required, ref, field.name)


def _op(kind: Type, tables: list[TableType]) -> tuple[int, int, int, Any]:
    if isinstance(kind, (Scalar, EnumType, StructType)):
        return INLINE, kind.size, kind.align, 0
    if isinstance(kind, StringType):
        return STRING, 1, 1, 0
    if isinstance(kind, TableType):
        return TABLE, 4, 4, _index(kind, tables)
    if isinstance(kind, UnionType):
        return UNION, 4, 4, {member.tag: _op(member.type, tables) for member in kind.members}
    element = kind.element
    if isinstance(element, StringType):
        return STRINGS, 4, 4, 0
    if isinstance(element, TableType):
        return TABLES, 4, 4, _index(element, tables)
    return VECTOR, inline_size(element), inline_align(element), 0


def _index(table: TableType, tables: list[TableType]) -> int:
    if table not in tables:
        tables.append(table)
    return tables.index(table)


def verify(  # noqa: PLR0917  (plain arguments, as an engine takes them)
    plan: Plan,
    name: str,
    payload: Payload,
    identifier: bytes,
    max_depth: int,
    max_tables: int,
    max_apparent_size: int,
) -> None:
    """Raise ``VerificationFailed`` unless every place to which reading the record leads is sound.

    ``name`` is the record's, for the error. ``identifier`` is the one that must stand behind the root offset, or
    empty. Nesting is bounded by ``max_depth`` tables, all tables together by ``max_tables``, and what reading
    everything would touch, however often it is referred to, by ``max_apparent_size`` bytes.
    """
    whole = payload
    base = 0
    size = len(payload)
    path: _Path = None

    def refuse(position: int, reason: str, field: str = "", index: int = -1) -> VerificationFailed:
        if base:
            reason += f" (in the buffer from byte {base} on, counted from there)"
        return VerificationFailed(name, _spelt((path, field, index) if field else path), base + position, reason)

    def root_of() -> int:
        """Check that there can be a table in the buffer; returns where its root is."""
        if size < MIN_SIZE:
            raise refuse(0, f"{size} bytes hold no table")
        if identifier and not base and payload[4:8] != identifier:
            raise refuse(4, f"the file identifier is {bytes(payload[4:8])!r}, not {identifier!r}")
        (root,) = _U32(payload, 0)
        if not 0 < root <= MAX_OFFSET or root >= size:
            raise refuse(0, f"the root offset {root} leads outside of {size} bytes")
        return int(root)

    seen = 1
    apparent = 4
    stack: list[tuple[int, int, int, _Path]] = [(0, root_of(), 1, None)]
    inner: list[tuple[int, int, int, int, _Path]] = []
    """Buffers inside that are still to be looked at: start in the whole payload, size, root table, depth, path."""

    def text(at: int, field: str, index: int = -1) -> int:
        """Check a string; returns the bytes that it takes."""
        if at & 3 or at + 4 > size:
            raise refuse(at, f"a string must be aligned to 4 bytes and inside of {size}", field, index)
        (length,) = _U32(payload, at)
        end = at + 4 + length
        if end >= size:
            raise refuse(at, f"a string of {length} bytes ends outside of {size}", field, index)
        if payload[end]:
            raise refuse(end, "a string does not end in a NUL", field, index)
        try:
            str(payload[at + 4 : end], "utf-8")
        except UnicodeDecodeError as error:
            raise refuse(at + 4 + error.start, f"a string is no UTF-8: {error.reason}", field, index) from error
        return 5 + int(length)

    def vector(at: int, width: int, align: int, field: str) -> int:
        """Check a vector, but not what its elements refer to; returns their count."""
        if at & 3 or at + 4 > size:
            raise refuse(at, f"a vector must be aligned to 4 bytes and inside of {size}", field)
        (count,) = _U32(payload, at)
        if at + 4 + count * width > size:
            raise refuse(at, f"a vector of {count} elements of {width} bytes ends outside of {size}", field)
        if (at + 4) & (align - 1):
            raise refuse(at, f"the elements of a vector are not aligned to {align} bytes", field)
        return int(count)

    while stack or inner:
        if not stack:
            base, size, which, depth, path = inner.pop()
            payload = memoryview(whole)[base : base + size]
            apparent += 4
            stack.append((which, root_of(), depth, path))
        which, table, depth, path = stack.pop()
        if depth > max_depth:
            raise refuse(table, f"tables are nested more than {max_depth} deep")
        if seen > max_tables:
            raise refuse(table, f"there are more than {max_tables} tables")
        if table & 3 or table + 4 > size:
            raise refuse(table, f"a table must be aligned to 4 bytes and inside of {size}")
        vtable = table - _I32(payload, table)[0]
        if vtable & 1 or not 0 <= vtable <= size - 2:
            raise refuse(table, f"the vtable at {vtable} must be aligned to 2 bytes and inside of {size}")
        (length,) = _U16(payload, vtable)
        if length & 1 or vtable + length > size:
            raise refuse(vtable, f"a vtable of {length} bytes is odd, or ends outside of {size}")
        apparent += 4 + length
        children: list[tuple[int, int, int, _Path]] = []
        tag = 0
        for entry, op, width, align, required, ref, field in plan[which]:
            offset = _U16(payload, vtable + entry)[0] if entry < length else 0
            if not offset:
                if required:
                    raise refuse(table, "it is required, and absent", field)
                if op == UNION and tag:
                    raise refuse(table, f"a union has the tag {tag}, and no value", field)
                tag = 0
                continue
            at = table + offset
            if op == INLINE:
                if at & (align - 1) or at + width > size:
                    raise refuse(at, f"{width} bytes must be aligned to {align} and inside of {size}", field)
                apparent += width
                tag = payload[at]  # of interest only if a union comes next
                continue
            if at & 3 or at + 4 > size:
                raise refuse(at, f"an offset must be aligned to 4 bytes and inside of {size}", field)
            (forward,) = _U32(payload, at)
            target = at + forward
            if not 0 < forward <= MAX_OFFSET or target >= size:
                raise refuse(at, f"the offset {forward} leads outside of {size} bytes", field)
            apparent += 4
            if op == UNION:
                if not tag:
                    raise refuse(at, "a union has a value, and no tag", field)
                # A tag of a newer schema: nobody here can look at the value, and no reader will.
                op, width, align, ref = ref.get(tag, (UNION, 0, 0, 0))  # noqa: PLW2901  (it is its member now)
                if op == INLINE:
                    if target & (align - 1) or target + width > size:
                        raise refuse(target, f"{width} bytes must be aligned to {align} and inside of {size}", field)
                    apparent += width
            if op == STRING:
                apparent += text(target, field)
            elif op == TABLE:
                seen += 1
                children.append((ref, target, depth + 1, (path, field, -1)))
            elif op == VECTOR:
                apparent += 4 + width * vector(target, width, align, field)
            elif op == NESTED:
                count = vector(target, width, align, field)
                apparent += 4 + width * count
                seen += 1
                inner.append((base + target + 4, count, ref, depth + 1, (path, field, _INNER)))
            elif op >= STRINGS:
                count = vector(target, width, align, field)
                apparent += 4 + width * count
                seen += count if op == TABLES else 0
                if seen > max_tables:
                    raise refuse(target, f"there are more than {max_tables} tables", field)
                for index in range(count):
                    slot = target + 4 + 4 * index
                    item = slot + _U32(payload, slot)[0]
                    if op == STRINGS:
                        apparent += text(item, field, index)
                        if apparent > max_apparent_size:  # not only at the end: one string can be referred to often
                            break
                    else:
                        children.append((ref, item, depth + 1, (path, field, index)))
            if apparent > max_apparent_size:
                raise refuse(target, f"what it refers to comes to more than {max_apparent_size} bytes", field)
        if apparent > max_apparent_size:
            raise refuse(table, f"what it refers to comes to more than {max_apparent_size} bytes")
        stack += reversed(children)


def _spelt(path: _Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, field, index = path
        parts.append(field if index == -1 else f"{field}[{'...' if index == _INNER else index}]")
    return ".".join(reversed(parts))
