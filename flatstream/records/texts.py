"""Vectors of strings of many messages at a time, by the rules and means of `flatstream.records.gather`.

Such a vector is first read as one of u32, which the offsets to its strings are; then all strings of all rows are looked
at together. They can be far more bytes than the payloads, since offsets can lead to the same place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from flatstream.records.arrays import at_any_place, joined_spans
from flatstream.records.column import Spans, Texts
from flatstream.records.gather import Corrupt, gather
from flatstream.records.types import SCALARS, StringType, VectorType
from flatstream.records.verify import MAX_APPARENT_SIZE

if TYPE_CHECKING:
    from flatstream.records.arrays import Bytes, Ints, Lengths
    from flatstream.records.types import Field

__all__ = ["gather_texts", "is_texts"]

_U32: Final = np.dtype("<u4")

PORTION: Final = 2**26
"""Bytes of text that are decoded at a time, to see that they are UTF-8; or one string, if it is longer."""


def is_texts(field: Field) -> bool:
    """Whether it is a vector of strings."""
    return isinstance(field.type, VectorType) and isinstance(field.type.element, StringType)


def gather_texts(field: Field, identifier: bytes, data: Bytes, offsets: Ints, lengths: Lengths) -> Texts:
    """The column of a vector of strings, as `gather` gives others. ``Corrupt`` if one is not sound."""
    numbers = replace(field, type=VectorType(SCALARS["u32"]))
    column = cast("Spans", gather([numbers], identifier, data, offsets, lengths)[field.name])
    rows = np.repeat(np.arange(len(offsets)), column.counts)

    def check(sound: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        if not sound.all():
            raise Corrupt(int(rows[np.argmin(sound)]))

    before = np.cumsum(column.counts) - column.counts
    places = np.repeat(column.starts - 4 * before, column.counts) + 4 * np.arange(len(rows))
    u32 = at_any_place(data, _U32)
    places += u32[places]
    ends = (offsets + lengths)[rows]
    check(((places - offsets[rows]) % 4 == 0) & (places + 4 <= ends))
    counts = u32[places].astype(np.int64)
    places += 4
    check(places + counts < ends)
    check(data[places + counts] == 0)
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts + 9)])  # an offset, a count and a NUL besides
    touched = sums[before + column.counts] - sums[before]
    if (touched > MAX_APPARENT_SIZE).any():
        raise Corrupt(int(np.argmax(touched > MAX_APPARENT_SIZE)))
    strings = Spans(data, places, counts, np.dtype("u1"), 4, closed=True, present=None)
    wrong = _first_that_is_no_text(strings, sums)
    if wrong is not None:
        raise Corrupt(int(rows[wrong]))
    return Texts(strings, column.counts, column.present)


def _first_that_is_no_text(strings: Spans, sums: Ints) -> int | None:
    """The number of a string that is no UTF-8: the first such, or one behind it."""
    start = 0
    while start < len(strings.counts):
        end = max(start + 1, int(np.searchsorted(sums, sums[start] + PORTION, side="right")) - 1)
        counts = strings.counts[start:end]
        text = joined_spans(strings.data, strings.starts[start:end], counts, 1)
        starts = np.cumsum(counts) - counts
        inside = np.zeros(len(counts), np.bool_)
        inside[counts > 0] = (text[starts[counts > 0]] & 0xC0) == 0x80  # begins inside of a character
        if inside.any():
            return start + int(np.argmax(inside))
        try:
            str(text.data, "utf-8")
        except UnicodeDecodeError as error:
            return start + int(np.searchsorted(starts + counts, error.start, side="right"))
        start = end
    return None
