"""From the frames of a stream to NumPy arrays, a column for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from flatstream.batch import Frames
from flatstream.errors import VerificationFailed
from flatstream.records.arrays import byte_column
from flatstream.records.column import Column, Fixed, Objects, Spans
from flatstream.records.gather import Corrupt, compact, gather, is_gathered
from flatstream.records.types import Scalar
from flatstream.wire import flat_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typing_extensions import Buffer

    from flatstream.records.arrays import Bytes, Ints, Lengths
    from flatstream.records.record import Record
    from flatstream.records.types import Field

__all__ = ["as_arrays", "chosen_fields", "decode_columns", "verify_frames"]


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
    fields = {field.name: field for field in record.table.fields}
    wanted = list(fields) if names is None else list(names)
    unknown = [name for name in wanted if name not in fields]
    if unknown:
        raise LookupError(f"{record.name} has no field {unknown[0]!r}")
    return tuple(fields[name] for name in wanted)


def decode_columns(
    record: Record, identifier: bytes, frames: Frames | Iterable[Buffer], fields: Sequence[Field]
) -> dict[str, Column]:
    """A column for each of these fields. ``VerificationFailed`` with the offset of the first frame that is corrupt."""
    payloads = _payloads(frames)
    at_once = [field for field in fields if is_gathered(field)]
    columns: dict[str, Column] = dict(_gathered(record, identifier, payloads, at_once))
    others = [field.name for field in fields if not is_gathered(field)]
    if others:
        decoded = []
        for row in range(len(payloads.offsets)):
            try:
                decoded.append(record.decode(payloads.payload(row)))
            except VerificationFailed as error:
                error.offset = payloads.frame(row)
                raise
        columns |= {name: Objects([values[name] for values in decoded]) for name in others}
    return {field.name: columns[field.name] for field in fields}


def verify_frames(record: Record, identifier: bytes, frames: Frames | Iterable[Buffer]) -> int:
    """Verify every payload; returns how many there are."""
    payloads = _payloads(frames)
    first = 0
    verifier = record.engine_verifier()
    if verifier is not None:
        first = verifier.passing(payloads.data.data, byte_column(payloads.offsets), byte_column(payloads.lengths))
    elif all(is_gathered(field) for field in record.table.fields):
        _gathered(record, identifier, payloads, record.table.fields)
        return len(payloads.offsets)
    for row in range(first, len(payloads.offsets)):
        try:
            record.verify(payloads.payload(row))
        except VerificationFailed as error:
            error.offset = payloads.frame(row)
            raise
    return len(payloads.offsets)


def _gathered(
    record: Record, identifier: bytes, payloads: _Payloads, fields: Sequence[Field]
) -> dict[str, Fixed | Spans]:
    try:
        return gather(fields, identifier, payloads.data, payloads.offsets, payloads.lengths)
    except Corrupt as corrupt:
        # A check on all rows found this one; an earlier row may fail a later check, and is looked for first.
        _gathered(record, identifier, payloads.first(corrupt.row), fields)
        try:
            record.verify(payloads.payload(corrupt.row))
        except VerificationFailed as error:
            error.offset = payloads.frame(corrupt.row)
            raise error from None
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


def as_arrays(fields: Sequence[Field], columns: dict[str, Column]) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """The columns as arrays, as `Record.columns` describes them."""
    return {field.name: _array(field, columns[field.name]) for field in fields}


def _array(field: Field, column: Column) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(column, Fixed):
        values = column.values
        if isinstance(field.type, Scalar) and field.type.kind == "b":
            values = values != 0
        if field.default is not None or field.required:
            return values
        absent = np.zeros(len(values), np.bool_) if column.present is None else ~column.present
        return np.ma.MaskedArray(values, np.broadcast_to(absent, values.shape))
    items = column.values if isinstance(column, Objects) else _items(column)
    array = np.empty(len(items), object)
    for row, item in enumerate(items):  # one by one, or NumPy would make more dimensions of items of one length
        array[row] = item
    return array


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
    if column.present is not None:
        items = [item if there else None for item, there in zip(items, column.present.tolist(), strict=True)]
    return items
