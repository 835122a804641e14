"""Many messages at a time: from columns to payloads, by the same layouts as one at a time, byte for byte.

Rows with the same fields present have the same table and vtable: they are laid out once, as a template, into which
the columns are copied with a stride. What varies in size follows behind, at places found by sums over the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from flatstream.batch import frame_many, scan
from flatstream.checksum import BUILT_IN, by_name
from flatstream.records.arrays import at_any_place, byte_column, copy_spans, dtype_of
from flatstream.records.column import Fixed, Objects, Spans
from flatstream.records.encode import MAX_PAYLOAD
from flatstream.records.intake import take
from flatstream.records.layout import root_position
from flatstream.wire import LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flatstream.checksum import Checksum
    from flatstream.engine import EngineColumn, RowEncoder
    from flatstream.records.arrays import Bytes, Ints, Mask
    from flatstream.records.column import Column
    from flatstream.records.encode import Encoder
    from flatstream.records.intake import Taken
    from flatstream.records.types import Field, Inline

__all__ = ["encode_table", "frame_parts", "frame_table"]

_LENGTH = np.dtype("<u4")

PART: Final = 2**13
"""Rows that are framed at a time, so that their frames are still in the cache when they are written."""


def frame_table(encoder: Encoder, table: Any, checksum: str | Checksum) -> bytearray:
    """The frames of all rows of a table, one after the other."""
    frames = bytearray()
    for _ in frame_parts(encoder, table, checksum, frames):
        pass
    return frames


def frame_parts(
    encoder: Encoder, table: Any, checksum: str | Checksum, into: bytearray | None = None
) -> Iterator[tuple[bytearray, int]]:
    """The frames of all rows, in parts, each with their number; or appended to ``into``, in one part.

    Nothing is given or appended before all rows are known to fit.
    """
    algorithm = by_name(checksum)
    rows = encoder.engine_rows() if algorithm is BUILT_IN.get(algorithm.name) else None
    if rows is not None and isinstance(table, list):
        frames = bytearray() if into is None else into
        if rows.frame_rows(table, algorithm.name, frames):
            return iter([(frames, len(table))])
    taken = take(encoder.name, encoder.fields, table)
    if _one_by_one(encoder, taken):
        frames = frame_many(list(_rows(encoder, taken)), algorithm)
    elif rows is not None:
        part = taken.rows if into is not None or _may_be_too_long(taken) else PART
        return _engine_parts(rows, _engine_columns(encoder, taken), taken.rows, part, algorithm.name, into)
    else:
        frames = _laid_frames(encoder, taken, algorithm)
    return _appended(frames, taken.rows, into)


def _appended(frames: bytearray, count: int, into: bytearray | None) -> Iterator[tuple[bytearray, int]]:
    if into is None:
        yield frames, count
    else:
        into += frames
        yield into, count


def _may_be_too_long(taken: Taken) -> bool:
    """Whether a row may have more bytes than a payload can, which is known when the row is laid out."""
    spans = [column for column in taken.columns.values() if isinstance(column, Spans) and len(column.counts)]
    return sum(int(column.counts.max()) * column.element.itemsize for column in spans) > MAX_PAYLOAD - 2**17


def _engine_parts(  # noqa: PLR0917  (columns, and what becomes of them)
    rows: RowEncoder, columns: list[EngineColumn], count: int, part: int, checksum: str, into: bytearray | None
) -> Iterator[tuple[bytearray, int]]:
    for start in range(0, count, max(part, 1)):
        stop = min(start + part, count)
        frames = bytearray() if into is None else into
        try:
            rows.frame_columns(columns, start, stop, checksum, frames)
        except OverflowError as error:
            raise _too_long(error.args[0]) from None
        yield frames, stop - start


def _engine_columns(encoder: Encoder, taken: Taken) -> list[EngineColumn]:
    """The columns as the engine takes them, with those that are written with their default where none is given."""
    columns: list[EngineColumn] = []
    for index, field in enumerate(encoder.fields):
        column = cast("Fixed | Spans | None", taken.columns.get(field.name))
        forced = encoder.writes_default(field)
        if column is None:
            if forced:
                columns.append((index, encoder.default_bytes(field) or b"", 0, 0, None, False))
            continue
        present = column.present
        if isinstance(column, Spans):
            starts, counts = byte_column(column.starts), byte_column(column.counts)
            columns.append((index, column.data.data, starts, counts, _bytes_of(present), False))
            continue
        values = column.values
        if forced and present is not None:
            values, present = np.where(present, values, np.array(field.default, values.dtype)), None
        columns.append((index, *_in_memory(values), _bytes_of(present), not forced))
    return columns


def _bytes_of(mask: Mask | None) -> memoryview | None:
    return None if mask is None else byte_column(mask)


def _in_memory(values: np.ndarray[Any, np.dtype[Any]]) -> tuple[memoryview, int, int]:
    """Bytes in one piece in which the values lie, where the first begins, and the bytes from one to the next.

    A column of a structured array lies in the array, and is not copied.
    """
    whole, step = values.base, values.strides[0]
    if values.flags.c_contiguous or not isinstance(whole, np.ndarray) or whole.dtype.hasobject:
        return byte_column(values), 0, values.itemsize
    if whole.ndim != 1 or not whole.flags.c_contiguous or step < 0:
        return byte_column(values), 0, values.itemsize
    start = values.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return whole.view(np.uint8).data, start, step


def _laid_frames(encoder: Encoder, taken: Taken, algorithm: Checksum) -> bytearray:
    header = LENGTH_SIZE + algorithm.width
    out, offsets, lengths = lay_rows(encoder, taken, header)
    data = np.frombuffer(out, np.uint8)
    at_any_place(data, _LENGTH)[offsets - header] = lengths
    if algorithm.width:
        _seal(out, offsets, lengths, algorithm)
    return out


def encode_table(encoder: Encoder, table: Any) -> Iterator[bytes | memoryview]:
    """The payloads of all rows of a table; nothing is given before all rows are known to fit."""
    if encoder.engine_rows() is not None:
        frames = memoryview(frame_table(encoder, table, "none")).toreadonly()
        return iter(scan(frames, max_frame_len=MAX_PAYLOAD))
    taken = take(encoder.name, encoder.fields, table)
    if _one_by_one(encoder, taken):
        return iter(list(_rows(encoder, taken)))
    out, offsets, lengths = lay_rows(encoder, taken, 0)
    view = memoryview(out).toreadonly()
    return (view[at : at + size] for at, size in zip(offsets.tolist(), lengths.tolist(), strict=True))


def _seal(out: bytearray, offsets: Ints, lengths: Ints, checksum: Checksum) -> None:
    """Put the checksum in front of each payload."""
    width, pack, mask, compute = checksum.width, checksum.pack, checksum.mask, checksum.compute
    with memoryview(out) as view:
        for at, size in zip(offsets.tolist(), lengths.tolist(), strict=True):
            view[at - width : at] = pack(compute(view[at : at + size]) & mask)


def _one_by_one(encoder: Encoder, taken: Taken) -> bool:
    """Whether rows have no layout in common, or tags of unions, of which each needs its value."""
    return any(isinstance(column, Objects) or name in encoder.tags for name, column in taken.columns.items())


def _rows(encoder: Encoder, taken: Taken) -> Iterator[bytes]:
    """Encode row by row, for want of a layout that all rows share."""
    columns = {name: _values(column) for name, column in taken.columns.items()}
    for row, values in enumerate(zip(*columns.values(), strict=True)):
        try:
            yield encoder.encode(dict(zip(columns, values, strict=True)))
        except (TypeError, ValueError) as cause:
            kind = TypeError if isinstance(cause, TypeError) else ValueError
            raise kind(f"row {row}: {cause}") from cause


def _values(column: Column) -> list[Any]:
    """A column as Python values, for encoding them one by one."""
    if isinstance(column, Objects):
        return list(column.values)
    values: list[Any]
    if isinstance(column, Fixed):
        values = column.values.tolist()
    else:
        data = column.data.tobytes()
        sizes = (column.counts * column.element.itemsize).tolist()
        pieces = [data[at : at + size] for at, size in zip(column.starts.tolist(), sizes, strict=True)]
        if column.closed:
            values = [str(piece, "utf-8") for piece in pieces]
        else:
            values = [np.frombuffer(piece, column.element) for piece in pieces]
    if column.present is None:
        return values
    return [value if there else None for value, there in zip(values, column.present.tolist(), strict=True)]


def _too_long(row: int) -> ValueError:
    return ValueError(f"row {row}: more than a FlatBuffer can have ({MAX_PAYLOAD} bytes)")


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows with the same fields present. What follows has an entry for each of these rows."""

    rows: Ints | None
    """Their numbers; ``None`` for all."""
    template: Bytes
    """Root offset, table and vtable, without the values."""
    fixed: list[tuple[int, np.ndarray[Any, np.dtype[Any]]]]
    """Place in the template, and values."""
    spans: list[tuple[Spans, Ints, Ints, Ints]]
    """Column, and for each row the place of its count in the payload, its start in the column's data, its count."""
    lengths: Ints
    """Bytes of the payloads."""


def lay_rows(encoder: Encoder, taken: Taken, header: int) -> tuple[bytearray, Ints, Ints]:
    """The payloads of all rows, each behind ``header`` bytes of zeros; where they begin, and their lengths in bytes."""
    groups = [_lay_group(encoder, taken, bits, rows) for bits, rows in _groups(encoder, taken)]
    lengths = np.zeros(taken.rows, np.int64)
    for group in groups:
        lengths[slice(None) if group.rows is None else group.rows] = group.lengths
    if taken.rows and lengths.max() > MAX_PAYLOAD:
        raise _too_long(int(np.argmax(lengths)))
    ends = np.cumsum(lengths + header)
    out = bytearray(int(ends[-1]) if taken.rows else 0)
    offsets = ends - lengths
    for group in groups:
        _fill(np.frombuffer(out, np.uint8), group, offsets if group.rows is None else offsets[group.rows])
    return out, offsets, lengths


def _groups(encoder: Encoder, taken: Taken) -> Iterator[tuple[int, Ints | None]]:
    """The sets of fields that occur, as bits, each with the rows in which it does."""
    if not taken.rows:
        return
    always = 0
    varying: list[tuple[int, Mask]] = []
    for index, field in enumerate(encoder.fields):
        column = taken.columns.get(field.name)
        if column is None:
            present: bool | Mask = encoder.writes_default(field)
        else:
            present = _written(encoder, field, cast("Fixed | Spans", column))
        if isinstance(present, bool):
            always |= present << index
        elif present.all():
            always |= 1 << index
        elif present.any():
            varying.append((index, present))
    codes = np.zeros(taken.rows, np.int64)
    for number, (_, present) in enumerate(varying):
        if number % 32 == 31:
            codes = np.unique(codes, return_inverse=True)[1]
        codes = 2 * codes + present
    if not varying:
        yield always, None
        return
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, cuts):
        yield always | sum(1 << index for index, present in varying if present[rows[0]]), rows


def _written(encoder: Encoder, field: Field, column: Fixed | Spans) -> bool | Mask:
    """In which rows the field stands in the payload: where it is present, and is not left out as a default."""
    forced = encoder.writes_default(field)
    present = column.present
    default = encoder.left_out(field)
    if forced:
        return True
    if not isinstance(column, Fixed) or default is None:
        return True if present is None else present
    # As bits: so -0.0 is not 0.0, and NaN is NaN.
    bits = column.values.view(f"u{column.values.itemsize}")
    differs: Mask = bits != int.from_bytes(default, "little")
    return differs if present is None else differs & present


def _lay_group(encoder: Encoder, taken: Taken, bits: int, rows: Ints | None) -> _Group:
    layout = encoder.layout(bits)
    root = root_position(layout, identified=len(encoder.start) > LENGTH_SIZE)
    template = bytearray(root + layout.size) + layout.vtable
    template[: len(encoder.start)] = encoder.start
    template[:4] = root.to_bytes(4, "little")
    template[root : root + 4] = (-layout.size).to_bytes(4, "little", signed=True)
    count = taken.rows if rows is None else len(rows)
    fixed: list[tuple[int, np.ndarray[Any, np.dtype[Any]]]] = []
    spans: list[tuple[Spans, Ints, Ints, Ints]] = []
    end = np.full(count, len(template), np.int64)
    places = dict(zip((field.name for field in layout.fields), layout.positions, strict=True))
    for field in encoder.fields:
        if field.name not in places:
            continue
        at = root + places[field.name]
        column = taken.columns.get(field.name)
        if isinstance(column, Spans):
            counts = column.counts if rows is None else column.counts[rows]
            starts = column.starts if rows is None else column.starts[rows]
            place = ((end + 4 + column.align - 1) & -column.align) - 4
            fixed.append((at, (place - at).astype(_LENGTH)))
            spans.append((column, place, starts, counts))
            end = place + 4 + counts * column.element.itemsize + column.closed
        else:
            fixed.append((at, _with_defaults(encoder, field, column, count, rows)))
    return _Group(rows, np.frombuffer(bytes(template), np.uint8), fixed, spans, end)


def _with_defaults(
    encoder: Encoder, field: Field, column: Column | None, count: int, rows: Ints | None
) -> np.ndarray[Any, np.dtype[Any]]:
    """The values of a field that stands in all of these rows; its default where it was not given and is forced."""
    if not isinstance(column, Fixed):
        return np.full(count, field.default, dtype_of(cast("Inline", field.type)))
    values = column.values
    if column.present is not None and encoder.writes_default(field):
        values = np.where(column.present, values, np.array(field.default, values.dtype))
    return values if rows is None else values[rows]


def _fill(out: Bytes, group: _Group, offsets: Ints) -> None:
    """Write the payloads of a group to where they belong."""
    size = len(group.template)
    rows = len(offsets)
    straight = group.rows is None and not group.spans
    if straight:  # all rows are equally long: the columns go to their places at once
        buffer, start, step = out, int(offsets[0]), int(offsets[1] - offsets[0]) if rows > 1 else size
    else:
        buffer, start, step = np.empty(rows * size, np.uint8), 0, size
    np.ndarray((rows, size), np.uint8, buffer, start, (step, 1))[:] = group.template
    for at, values in group.fixed:
        np.ndarray((rows,), values.dtype, buffer, start + at, (step,))[:] = values
    if not straight:
        whole = np.dtype((np.void, size))
        at_any_place(out, whole)[offsets] = buffer.view(whole)
    for column, places, starts, counts in group.spans:
        at_any_place(out, _LENGTH)[offsets + places] = counts
        copy_spans(out, offsets + places + 4, column.data, starts, counts, column.element.itemsize)
