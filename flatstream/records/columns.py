"""From the frames of a stream to NumPy arrays, a column for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from flatstream.batch import Frames
from flatstream.errors import VerificationFailed
from flatstream.records.arrays import byte_column
from flatstream.records.column import Fixed, Objects, Spans, Texts
from flatstream.records.gather import Corrupt, compact, gather, is_gathered
from flatstream.records.texts import gather_texts, is_texts
from flatstream.records.types import Scalar, TableType, UnionType
from flatstream.wire import flat_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Buffer

    from flatstream.records.arrays import Bytes, Ints, Lengths, Mask
    from flatstream.records.column import ReadColumn
    from flatstream.records.record import Record
    from flatstream.records.types import Field

__all__ = ["as_arrays", "chosen_fields", "decode_columns", "verify_frames"]

T = TypeVar("T")


class _Payloads(NamedTuple):
    """Payloads in one buffer, and for an error where the frame of each began."""

    data: Bytes
    offsets: Ints
    lengths: Lengths
    header: int | None
    """Bytes between the start of a frame and its payload, if that is known."""
    shift: Ints | None
    """Absolute offsets of the frames, if the buffer is not the stream itself."""

    def payload(self, row: int) -> memoryview:
        start = int(self.offsets[row])
        return self.data.data[start : start + int(self.lengths[row])]

    def frame(self, row: int) -> int | None:
        if self.shift is not None:
            return int(self.shift[row])
        return None if self.header is None else int(self.offsets[row]) - self.header

    def first(self, count: int) -> _Payloads:
        shift = None if self.shift is None else self.shift[:count]
        return self._replace(offsets=self.offsets[:count], lengths=self.lengths[:count], shift=shift)


def chosen_fields(record: Record, names: Sequence[str] | None) -> tuple[Field, ...]:
    """The fields of these names, in the order of the names; all of them for ``None``. ``LookupError`` for others."""
    if isinstance(names, str):
        raise TypeError("names are a sequence of them, and not one")
    fields = {field.name: field for field in record.table.fields}
    wanted = list(fields) if names is None else list(names)
    unknown = [name for name in wanted if name not in fields]
    if unknown:
        raise LookupError(f"{record.name} has no field {unknown[0]!r}")
    return tuple(fields[name] for name in wanted)


def decode_columns(
    record: Record, identifier: bytes, frames: Frames | Iterable[Buffer], fields: Sequence[Field]
) -> dict[str, ReadColumn]:
    """A column for each of these fields. ``VerificationFailed`` with the offset of the first frame that is corrupt."""
    payloads = _payloads(frames)
    others = [field for field in fields if not _is_at_once(field)]
    columns: dict[str, ReadColumn] = {}
    refused = None
    try:
        columns |= _at_once([field for field in fields if _is_at_once(field)], identifier, payloads)
    except Corrupt as corrupt:
        refused = corrupt
    if refused is not None:
        # A check on all rows found this one; an earlier row may fail a later check.
        _verify(_part(record, fields), identifier, payloads.first(refused.row + 1))
        raise refused
    if others:
        decoded = list(_each(payloads, _part(record, others).decode))
        columns |= {field.name: Objects([values[field.name] for values in decoded]) for field in others}
    return {field.name: columns[field.name] for field in fields}


def verify_frames(record: Record, identifier: bytes, frames: Frames | Iterable[Buffer]) -> int:
    """Verify every payload; returns how many there are."""
    payloads = _payloads(frames)
    _verify(record, identifier, payloads)
    return len(payloads.offsets)


def _is_at_once(field: Field) -> bool:
    """Whether a field is read for all rows at once."""
    return is_gathered(field) or is_texts(field)


def _at_once(fields: Sequence[Field], identifier: bytes, payloads: _Payloads) -> dict[str, ReadColumn]:
    """The columns of such fields. ``Corrupt`` if a row is not sound as far as these fields go."""
    data, offsets, lengths = payloads.data, payloads.offsets, payloads.lengths
    columns: dict[str, ReadColumn] = {}
    columns |= gather([field for field in fields if is_gathered(field)], identifier, data, offsets, lengths)
    texts = [field for field in fields if is_texts(field)]
    return columns | {field.name: gather_texts(field, identifier, data, offsets, lengths) for field in texts}


def _part(record: Record, fields: Sequence[Field]) -> Record:
    """The record of these fields alone, and of the tags of those that are unions: nothing else is looked at."""
    names = {field.name for field in fields}
    names |= {f"{field.name}_type" for field in fields if isinstance(field.type, UnionType)}
    table = TableType(record.table.name, tuple(field for field in record.table.fields if field.name in names))
    return type(record).of_table(table, file_identifier=record.file_identifier)


def _verify(record: Record, identifier: bytes, payloads: _Payloads) -> None:
    """Raise ``VerificationFailed`` for the first payload that is not sound."""
    verifier = record.engine_verifier()
    if verifier is not None:
        # What the engine refuses is looked at again by the rules in Python, which have the words for it.
        sound = verifier.passing(payloads.data.data, byte_column(payloads.offsets), byte_column(payloads.lengths))
        for _ in _each(payloads, record.verify, sound):
            pass
        return
    if not record.is_verified_by_the_rules or not all(map(_is_at_once, record.table.fields)):
        for _ in _each(payloads, record.verify):
            pass
        return
    before = payloads
    refused = None
    while True:  # until no row is left before the one that was found, of which an earlier one fails a later check
        try:
            _at_once(record.table.fields, identifier, before)
            break
        except Corrupt as corrupt:
            refused = corrupt
            before = payloads.first(corrupt.row)
    if refused is not None:
        _one(payloads, refused.row, record.verify)
        raise refused


def _each(payloads: _Payloads, function: Callable[[memoryview], T], start: int = 0) -> Iterator[T]:
    """What it says of every payload from that one on."""
    for row in range(start, len(payloads.offsets)):
        yield _one(payloads, row, function)


def _one(payloads: _Payloads, row: int, function: Callable[[memoryview], T]) -> T:
    """What it says of one payload, or ``VerificationFailed`` with the offset of the frame."""
    try:
        return function(payloads.payload(row))
    except VerificationFailed as error:
        error.offset = payloads.frame(row)
        raise


def _payloads(frames: Frames | Iterable[Buffer]) -> _Payloads:
    if isinstance(frames, Frames):
        data = np.frombuffer(frames.source, np.uint8)
        return _Payloads(data, frames.offsets, frames.lengths, frames.header, None)
    start = getattr(frames, "offset", None)
    header = 0
    parts: list[bytes] = []
    for payload in frames:
        parts.append(bytes(flat_view(memoryview(payload))))
        if start is not None and len(parts) == 1:
            header = cast("Any", frames).offset - start - len(parts[0])
    lengths = np.fromiter(map(len, parts), np.uint32, len(parts))
    offsets = np.cumsum(lengths, dtype=np.int64) - lengths
    shift = None if start is None else start + offsets + header * np.arange(len(parts))
    return _Payloads(np.frombuffer(b"".join(parts), np.uint8), offsets, lengths, None, shift)


def as_arrays(fields: Sequence[Field], columns: dict[str, ReadColumn]) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """The columns as arrays, as `Record.columns` describes them."""
    return {field.name: _array(field, columns[field.name]) for field in fields}


def _array(field: Field, column: ReadColumn) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(column, Fixed):
        values = column.values
        if isinstance(field.type, Scalar) and field.type.kind == "b":
            values = values != 0
        if field.default is not None or field.required:
            return values
        absent = np.zeros(len(values), np.bool_) if column.present is None else ~column.present
        return np.ma.MaskedArray(values, np.broadcast_to(absent, values.shape))
    items: Sequence[Any]
    if isinstance(column, Objects):
        items = _one_by_one(field, column.values)
    elif isinstance(column, Texts):
        items = _lists(column)
    else:
        items = _items(column)
    array = np.empty(len(items), object)
    for row, item in enumerate(items):  # one by one, or NumPy would make more dimensions of items of one length
        array[row] = item
    return array


def _one_by_one(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    if field.nested is None:
        return values
    return [None if value is None else np.frombuffer(value, np.uint8) for value in values]


def _lists(column: Texts) -> list[Any]:
    """A list of strings for each vector; ``None`` where there is none."""
    strings = _items(column.strings)
    ends = np.cumsum(column.counts)
    items: list[Any]
    items = [strings[start:end] for start, end in zip((ends - column.counts).tolist(), ends.tolist(), strict=True)]
    return _with_none(items, column.present)


def _with_none(items: list[Any], present: Mask | None) -> list[Any]:
    if present is None:
        return items
    return [item if there else None for item, there in zip(items, present.tolist(), strict=True)]


def _items(column: Spans) -> list[Any]:
    """The strings, or an array for each vector; ``None`` where there is none."""
    sizes = column.counts * column.element.itemsize
    ends = np.cumsum(sizes)
    bounds = list(zip((ends - sizes).tolist(), ends.tolist(), strict=True))
    data = compact(column)
    items: list[Any]
    if column.closed:
        text = data.tobytes()
        if text.isascii():
            letters = text.decode("ascii")
            items = [letters[start:end] for start, end in bounds]
        else:
            items = [text[start:end].decode("utf-8") for start, end in bounds]
    else:
        flat = data.view(column.element)
        size = column.element.itemsize
        items = [flat[start // size : end // size] for start, end in bounds]
    return _with_none(items, column.present)
