"""What several modules do with NumPy: dtypes of fields, and numbers at any place of a buffer.

A place need not be aligned: a view with a stride of one byte has a number at every place, and indexing it with an array
of places gathers or scatters them at the speed of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from flatstream.records.types import Array, StructType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flatstream.records.types import Inline

__all__ = ["Bytes", "Ints", "Lengths", "Mask", "at_any_place", "byte_column", "copy_spans", "dtype_of", "joined_spans"]

Bytes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint8]]"
Ints: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"
Lengths: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint32]]"
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


def byte_column(column: np.ndarray[Any, np.dtype[Any]]) -> memoryview:
    """A column as an engine takes it: its bytes in one piece."""
    return np.ascontiguousarray(column).view(np.uint8).data


def copy_spans(  # noqa: PLR0917  (plain arguments, as an engine takes them)
    out: Bytes, places: Ints, data: Bytes, starts: Ints, counts: Ints, width: int
) -> None:
    """Copy ``counts[k]`` times ``width`` bytes from ``starts[k]`` of ``data`` to ``places[k]`` of ``out``."""
    whole, (from_places, to_places) = _units(counts, width, starts, places)
    at_any_place(out, whole)[to_places] = at_any_place(data, whole)[from_places]


def joined_spans(data: Bytes, starts: Ints, counts: Ints, width: int) -> Bytes:
    """``counts[k]`` times ``width`` bytes from ``starts[k]`` of ``data``, one behind the other."""
    whole, (places,) = _units(counts, width, starts)
    joined: Bytes = at_any_place(data, whole)[places].view(np.uint8)
    return joined


def _units(counts: Ints, width: int, *places: Ints) -> tuple[np.dtype[Any], Sequence[Ints]]:
    """What spans are copied in: all of one at once where they are equally long, else elements. Where these begin."""
    if len(counts) and counts[0] and (counts == counts[0]).all():
        return np.dtype((np.void, width * int(counts[0]))), places
    before = (np.cumsum(counts) - counts) * width
    steps = np.arange(int(counts.sum())) * width
    return np.dtype((np.void, width)), [steps + np.repeat(each - before, counts) for each in places]
