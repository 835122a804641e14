"""Many messages at a time: from payloads in a buffer to columns, with the checks of the verifier on whole columns.

Every place is checked before it is read, for all rows at once, by the rules of `flatstream.records.verify`. What is the
same in all rows (of one writer's messages mostly all places) is kept as one number, and frames of one size in a row are
read with a stride; so the usual stream costs one pass for each of its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from flatstream import engine
from flatstream.records.accelerated import gatherer_of
from flatstream.records.arrays import at_any_place, byte_column, dtype_of, joined_spans
from flatstream.records.column import Fixed, Spans
from flatstream.records.layout import inline_align
from flatstream.records.types import EnumType, Scalar, StringType, StructType, TableType, VectorType
from flatstream.records.verify import MAX_OFFSET, MIN_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream.engine import Gatherer
    from flatstream.records.arrays import Bytes, Ints, Lengths, Mask
    from flatstream.records.types import Field

    Places: TypeAlias = int | Ints
    """Bytes from the start of each payload: one number for all rows, or one for each."""

__all__ = ["Corrupt", "gather", "is_gathered"]

_U8 = np.dtype("u1")
_U16 = np.dtype("<u2")
_U32 = np.dtype("<u4")
_I32 = np.dtype("<i4")


class Corrupt(Exception):  # noqa: N818  (caught by its one caller, who finds the words)
    """A check failed, first for this row of those that were looked at."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def is_gathered(field: Field) -> bool:
    """Whether a field is read for all rows at once: numbers, structs, strings, and vectors of numbers and structs.

    Not bytes that are a buffer of their own, which only `flatstream.records.verify` looks into.
    """
    kind = field.type
    if field.nested is not None:
        return False
    if isinstance(kind, VectorType):
        return not isinstance(kind.element, (StringType, TableType))
    return isinstance(kind, (Scalar, EnumType, StructType, StringType))


def gather(
    fields: Iterable[Field], identifier: bytes, data: Bytes, offsets: Ints, lengths: Lengths
) -> dict[str, Fixed | Spans]:
    """The columns of these fields, from the payloads of ``lengths[k]`` bytes at ``offsets[k]`` of ``data``.

    ``Corrupt`` if one of them is not sound as far as these fields go.
    """
    if not len(offsets):
        return {field.name: _empty(field) for field in fields}
    native, fields = engine.native, tuple(fields)
    gatherer = None if native is None else gatherer_of(native, fields, identifier)
    if gatherer is not None:
        return _engine_gather(gatherer, fields, data, offsets, lengths)
    rows = _Rows(data, offsets, lengths)
    rows.check(rows.size >= MIN_SIZE)
    if identifier:
        rows.check(rows.read(4, _U32) == int.from_bytes(identifier, "little"))
    root = rows.same(rows.read(0, _U32))
    rows.check(_inside(root, 4, 4, rows.size) & (root > 0))
    vtable = root - rows.same(rows.read(root, _I32))
    rows.check((vtable >= 0) & _inside(vtable, 2, 2, rows.size))
    length = rows.same(rows.read(vtable, _U16))
    rows.check(_inside(vtable, length, 2, rows.size) & (length % 2 == 0))
    shared = rows.shared(vtable, length) if isinstance(vtable, int) and isinstance(length, int) else b""
    return {field.name: _column(rows, field, root, vtable, length, shared) for field in fields}


def _engine_gather(
    gatherer: Gatherer, fields: tuple[Field, ...], data: Bytes, offsets: Ints, lengths: Lengths
) -> dict[str, Fixed | Spans]:
    sound, found = gatherer.gather(data.data, byte_column(offsets), byte_column(lengths))
    if sound < len(offsets):
        raise Corrupt(sound)
    columns: dict[str, Fixed | Spans] = {}
    for field, (values, counts, absent) in zip(fields, found, strict=True):
        present = None if absent is None else np.frombuffer(absent, np.bool_) == 0
        element = _element(field)
        if counts is None:
            columns[field.name] = _defaulted(field, np.frombuffer(values, element), present)
        else:
            starts, numbers = np.frombuffer(values, np.int64), np.frombuffer(counts, np.int64)
            closed = isinstance(field.type, StringType)
            align = 4 if closed else max(4, inline_align(cast("VectorType", field.type).element))
            columns[field.name] = Spans(data, starts, numbers, element, align, closed, present)
    return columns


def _defaulted(field: Field, values: np.ndarray[Any, np.dtype[Any]], present: Mask | None) -> Fixed:
    """The column of values that are zeros where there is none."""
    if present is None or field.default is None:
        return Fixed(values, present)
    values[~present] = field.default
    return Fixed(values, None)


class _Rows:
    """The payloads, and the reading of numbers in each of them."""

    def __init__(self, data: Bytes, offsets: Ints, lengths: Lengths | Ints) -> None:
        self.data = data
        self.count = len(offsets)
        self.offsets = offsets
        self.numbers: Ints | None = None
        """Which rows these are of all; ``None``: all."""
        self.size: Places = self.same(lengths)
        self.step: int | None = None
        """Bytes from one payload to the next, if they are evenly spaced."""
        if self.count > 1:
            steps = np.diff(offsets)
            self.step = int(steps[0]) if (steps == steps[0]).all() else None

    def some(self, present: Mask) -> _Rows:
        """These rows alone."""
        chosen = np.flatnonzero(present)
        size = self.size if isinstance(self.size, int) else self.size[chosen]
        part = _Rows(self.data, self.offsets[chosen], np.broadcast_to(np.asarray(size), len(chosen)))
        part.numbers = chosen if self.numbers is None else self.numbers[chosen]
        return part

    def same(self, values: Any) -> Places:
        """One number, if they are all the same."""
        if not len(values):
            return 0
        first = values[0]
        return int(first) if (values == first).all() else values.astype(np.int64)

    def read(self, places: Places, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
        """What is there in each payload. The places have been checked."""
        if isinstance(places, int) and self.step is not None:
            start = int(self.offsets[0]) + places
            return np.ndarray((self.count,), dtype, self.data, start, (self.step,))
        found: np.ndarray[Any, np.dtype[Any]] = at_any_place(self.data, dtype)[self.offsets + places]
        return found

    def shared(self, place: int, size: int) -> bytes:
        """The bytes there, an even number of them, if they are the same in all payloads; else none."""
        at = place
        for width in (8,) * (size // 8) + (4,) * (size // 4 % 2) + (2,) * (size // 2 % 2):
            words = self.read(at, np.dtype(f"<u{width}"))
            if not (words == words[0]).all():
                return b""
            at += width
        start = int(self.offsets[0]) + place
        return self.data[start : start + size].tobytes()

    def check(self, sound: Any) -> None:
        """Go on if it holds for all rows."""
        if self.count and not np.all(sound):
            row = 0 if isinstance(sound, (bool, np.bool_)) else int(np.argmin(sound))
            raise Corrupt(row if self.numbers is None else int(self.numbers[row]))


def _inside(places: Places, width: Places, align: int, size: Places) -> Any:
    """Whether ``width`` bytes at these places are aligned, and inside of the payload."""
    return (places % align == 0) & (places + width <= size)


def _column(  # noqa: PLR0917  (plain arguments, as an engine takes them)
    rows: _Rows, field: Field, root: Places, vtable: Places, length: Places, shared: bytes
) -> Fixed | Spans:
    """The column of a field; ``shared`` is the vtable, if all rows have the same one."""
    entry = field.entry
    present: Mask | None = None
    offset: Places
    if shared:
        offset = int.from_bytes(shared[entry : entry + 2], "little")  # of nothing, behind the end, comes 0
    elif isinstance(length, int):
        offset = rows.same(rows.read(vtable + entry, _U16)) if entry < length else 0
    else:
        known = entry < length
        part = rows.some(known)
        offsets = np.zeros(rows.count, np.int64)
        offsets[known] = part.read(_of(vtable, known) + entry, _U16) if part.count else 0
        offset = rows.same(offsets)
    if isinstance(offset, int):
        if not offset:
            rows.check(not field.required)
            return _absent(field, rows.count)
    else:
        present = offset > 0
        if present.all():
            present = None
        else:
            rows.check(present | (not field.required))
            offset, root, rows = offset[present], _of(root, present), rows.some(present)
    places = root + offset
    kind = field.type
    if isinstance(kind, (Scalar, EnumType, StructType)):
        rows.check(_inside(places, kind.size, kind.align, rows.size))
        return _spread(field, rows.read(places, dtype_of(kind)), present)
    rows.check(_inside(places, 4, 4, rows.size))
    forward = rows.same(rows.read(places, _U32))
    target = places + forward
    rows.check((forward > 0) & (forward <= MAX_OFFSET) & _inside(target, 4, 4, rows.size))
    counts = rows.read(target, _U32).astype(np.int64)
    if isinstance(kind, StringType):
        end = target + 4 + counts
        rows.check(end < rows.size)
        rows.check(rows.read(end, _U8) == 0)
        column = _spans(rows, target, counts, _U8, 4, closed=True)
        _check_text(rows, column)
    else:
        element = cast("Scalar | EnumType | StructType", cast("VectorType", kind).element)
        rows.check((target + 4 + counts * element.size <= rows.size) & ((target + 4) % element.align == 0))
        column = _spans(rows, target, counts, dtype_of(element), max(4, element.align), closed=False)
    if present is None:
        return column
    starts, all_counts = np.zeros(len(present), np.int64), np.zeros(len(present), np.int64)
    starts[present], all_counts[present] = column.starts, column.counts
    return Spans(rows.data, starts, all_counts, column.element, column.align, column.closed, present)


def _of(places: Places, chosen: Mask) -> Places:
    return places if isinstance(places, int) else places[chosen]


def _spans(rows: _Rows, target: Places, counts: Ints, element: np.dtype[Any], align: int, *, closed: bool) -> Spans:
    return Spans(rows.data, rows.offsets + target + 4, counts, element, align, closed, None)


def _check_text(rows: _Rows, column: Spans) -> None:
    """Check that each string is UTF-8: that all together are, and that none begins inside a character."""
    text = compact(column)
    starts = np.cumsum(column.counts) - column.counts
    filled = column.counts > 0
    begins = np.zeros(rows.count, _U8)
    begins[filled] = text[starts[filled]]
    rows.check((begins & 0xC0) != 0x80)
    try:
        str(text.data, "utf-8")
    except UnicodeDecodeError as error:
        row = int(np.searchsorted(starts + column.counts, error.start, side="right"))
        rows.check(np.arange(rows.count) != row)


def compact(column: Spans) -> Bytes:
    """The bytes of all spans, one behind the other."""
    return joined_spans(column.data, column.starts, column.counts, column.element.itemsize)


def _absent(field: Field, count: int) -> Fixed | Spans:
    """A column of which no row has a value."""
    nowhere = np.zeros(count, np.bool_)
    return _spread(field, np.zeros(0, _element(field)), nowhere) if _is_fixed(field) else _no_spans(field, nowhere)


def _empty(field: Field) -> Fixed | Spans:
    return _absent(field, 0)


def _is_fixed(field: Field) -> bool:
    return isinstance(field.type, (Scalar, EnumType, StructType))


def _element(field: Field) -> np.dtype[Any]:
    kind = field.type.element if isinstance(field.type, VectorType) else field.type
    return dtype_of(kind) if isinstance(kind, (Scalar, EnumType, StructType)) else _U8


def _no_spans(field: Field, nowhere: Mask) -> Spans:
    zeros = np.zeros(len(nowhere), np.int64)
    closed = isinstance(field.type, StringType)
    return Spans(np.zeros(0, np.uint8), zeros, zeros, _element(field), 4, closed, nowhere)


def _spread(field: Field, found: np.ndarray[Any, np.dtype[Any]], present: Mask | None) -> Fixed:
    """The values that were found, and the default in the other rows."""
    if present is None:
        return Fixed(found if found.base is None else found.copy(), None)  # never a view that keeps the source
    if field.default is None:
        values = np.zeros(len(present), found.dtype)
        kept: Mask | None = present
    else:
        values = np.full(len(present), field.default, found.dtype)
        kept = None
    values[present] = found
    return Fixed(values, kept)
