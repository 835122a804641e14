"""What several modules do with NumPy: dtypes of fields, and numbers at any place of a buffer.

A place need not be aligned: a view with a stride of one byte has a number at every place, and indexing it with an array
of places gathers or scatters them at the speed of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from flatstream.records.types import Array, StructType

if TYPE_CHECKING:
    from flatstream.records.types import Inline

__all__ = ["Bytes", "Ints", "Mask", "at_any_place", "copy_spans", "dtype_of"]

Bytes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint8]]"
Ints: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"
Mask: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.bool_]]"


def dtype_of(kind: Inline) -> np.dtype[Any]:
    """The dtype of a scalar, an enum (its number) or a struct (with its fields where they lie); a bool is a u8."""
    if isinstance(kind, Array):
        return np.dtype((dtype_of(kind.element), (kind.length,)))
    if not isinstance(kind, StructType):
        return np.dtype(kind.dtype)
    return np.dtype(
        {
            "names": [field.name for field in kind.fields],
            "formats": [dtype_of(field.type) for field in kind.fields],
            "offsets": [field.offset for field in kind.fields],
            "itemsize": kind.size,
        }
    )


def at_any_place(data: Bytes, dtype: np.dtype[Any]) -> np.ndarray[tuple[int], np.dtype[Any]]:
    """A view in which element ``k`` is the one that begins at byte ``k``; empty if there is none."""
    return np.ndarray((max(len(data) - dtype.itemsize + 1, 0),), dtype, data, strides=(1,))


def copy_spans(out: Bytes, places: Ints, data: Bytes, starts: Ints, sizes: Ints) -> None:
    """Copy ``sizes[k]`` bytes from ``starts[k]`` of ``data`` to ``places[k]`` of ``out``, for each ``k``."""
    before = np.cumsum(sizes) - sizes
    steps = np.arange(int(sizes.sum()))
    out[steps + np.repeat(places - before, sizes)] = data[steps + np.repeat(starts - before, sizes)]
