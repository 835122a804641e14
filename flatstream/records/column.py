"""The columns of a table, between the buffers of a stream and the arrays of a caller; the same in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from flatstream.records.arrays import Bytes, Ints, Mask

__all__ = ["Column", "Fixed", "Objects", "ReadColumn", "Spans", "Texts"]


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
    """Values that are taken one by one: tables, unions, vectors of tables.

    Also vectors of strings that are to be written, and buffers inside that are read.
    """

    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Texts:
    """Vectors of strings: ``counts[k]`` of them in row ``k``, of ``strings``, which has those of all rows in turn."""

    strings: Spans
    counts: Ints
    present: Mask | None


Column: TypeAlias = Fixed | Spans | Objects
ReadColumn: TypeAlias = Column | Texts
"""Vectors of strings are taken one by one, and read together."""
