"""Columns from PyArrow's arrays: numbers, text and lists are taken from their buffers as they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flatstream.records.arrays import dtype_of
from flatstream.records.column import Fixed, Spans
from flatstream.records.intake import fixed_values, no_number, spans_of
from flatstream.records.types import Array, EnumType, Scalar, StringType, StructType, VectorType
from flatstream.records.values import inline_packer

if TYPE_CHECKING:
    from flatstream.records.arrays import Mask

__all__ = ["arrow_column"]


def arrow_column(kind: Any, source: Any) -> Fixed | Spans:
    """The column of a field of that type; nulls are absent."""
    if pa.types.is_dictionary(source.type):
        source = source.dictionary_decode()
    if pa.types.is_run_end_encoded(source.type):
        source = pc.run_end_decode(source)
    present = _present(source)
    if isinstance(kind, StringType):
        return _strings(source, present)
    if isinstance(kind, VectorType):
        return _vectors(kind, source, present)
    return Fixed(_values(kind, source), present)


def _present(source: Any) -> Mask | None:
    if not source.null_count:
        return None
    mask: Mask = source.is_valid().to_numpy(zero_copy_only=False)
    return mask


def _values(kind: Any, source: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """Numbers or structs; zeros where there are nulls."""
    if isinstance(kind, StructType):
        return _structs(kind, source)
    if isinstance(kind, Array):
        if not pa.types.is_fixed_size_list(source.type) or source.type.list_size != kind.length:
            raise TypeError(f"lists of {kind.length} are needed, not {source.type}")
        start, end = (at * kind.length for at in (source.offset, source.offset + len(source)))
        items = source.values[start:end]  # flatten() would leave out those of null lists
        if items.null_count and not source.null_count:
            raise ValueError("an element of an array cannot be null")
        return _values(kind.element, items).reshape(-1, kind.length)
    if isinstance(kind, EnumType) and _is_text(source.type):
        packer = inline_packer(kind)
        names = source.dictionary_encode()
        numbers = np.frombuffer(b"".join(map(packer, names.dictionary.to_pylist())), dtype_of(kind))
        codes = names.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return numbers[codes] if len(numbers) else np.zeros(len(codes), dtype_of(kind))
    if not (pa.types.is_integer(source.type) or pa.types.is_floating(source.type) or pa.types.is_boolean(source.type)):
        raise TypeError(no_number(source.type, kind.scalar))
    filled = source.fill_null(False if pa.types.is_boolean(source.type) else 0)
    return fixed_values(kind, filled.to_numpy(zero_copy_only=False))


def _structs(kind: StructType, source: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if not pa.types.is_struct(source.type) or {each.name for each in source.type} != {
        each.name for each in kind.fields
    }:
        raise TypeError(f"structs of {', '.join(each.name for each in kind.fields)} are needed, not {source.type}")
    values = np.zeros(len(source), dtype_of(kind))
    parts = dict(zip([each.name for each in source.type], source.flatten(), strict=True))
    for each in kind.fields:
        part = parts[each.name]
        if part.null_count > source.null_count:
            raise ValueError(f"{kind.name}.{each.name}: a field of a struct cannot be null")
        values[each.name] = _values(each.type, part)
    return values


def _strings(source: Any, present: Mask | None) -> Spans:
    if not _is_text(source.type):
        raise TypeError(f"strings are needed, not {source.type}")
    text = source.cast(pa.large_string())
    _, ends, data = text.buffers()
    bounds = np.frombuffer(ends, np.int64)[text.offset : text.offset + len(text) + 1] if ends else np.zeros(1, np.int64)
    letters = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return Spans(letters, bounds[:-1], np.diff(bounds), letters.dtype, 4, True, present)


def _vectors(kind: VectorType, source: Any, present: Mask | None) -> Spans:
    element = cast("Scalar | EnumType | StructType", kind.element)
    if _is_binary(source.type):
        source = source.cast(pa.large_binary())
        _, ends, data = source.buffers()
        flat = fixed_values(element, np.frombuffer(data or b"", np.uint8))
        bounds = np.frombuffer(ends, np.int64)[source.offset : source.offset + len(source) + 1]
        return spans_of(element, flat, bounds, present)
    if pa.types.is_list(source.type) or pa.types.is_large_list(source.type):
        values, bounds = source.values, source.offsets.to_numpy()
    elif _is_view(source.type) or pa.types.is_fixed_size_list(source.type):
        lengths = pc.list_value_length(source).fill_null(0).to_numpy()
        values, bounds = source.flatten(), np.concatenate([[0], np.cumsum(lengths)])
    else:
        raise TypeError(f"lists are needed, not {source.type}")
    # Nulls that no list has, or one that is null itself, are none.
    if values.null_count and source.flatten().null_count:
        raise ValueError("an element of a vector cannot be null")
    return spans_of(element, _values(element, values), bounds, present)


def _is_binary(kind: Any) -> bool:
    of = pa.types
    return bool(
        of.is_binary(kind) or of.is_large_binary(kind) or of.is_fixed_size_binary(kind) or of.is_binary_view(kind)
    )


def _is_view(kind: Any) -> bool:
    return bool(pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
