"""The columns of a table, between the buffers of a stream and the arrays of a caller; the same in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from flatstream.records.arrays import Bytes, Ints, Mask

__all__ = ["Column", "Fixed", "Objects", "Spans"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of one size, of the field's dtype. ``present`` tells which there are; ``None``: all."""

    values: np.ndarray[Any, np.dtype[Any]]
    present: Mask | None


@dataclass(frozen=True, slots=True)
class Spans:
    """Strings, or vectors of such elements: ``counts[k]`` of them from byte ``starts[k]`` of ``data``."""

    data: Bytes
    starts: Ints
    counts: Ints
    element: np.dtype[Any]
    align: int
    """Bytes to which the elements are aligned."""
    closed: bool
    """Whether a NUL follows each, as it does a string."""
    present: Mask | None


@dataclass(frozen=True, slots=True)
class Objects:
    """Values that are taken one by one: tables, unions, vectors of tables or strings; read, also buffers inside."""

    values: Sequence[Any]


Column: TypeAlias = Fixed | Spans | Objects
