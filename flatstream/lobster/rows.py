"""The rows of LOBSTER's CSV files: text in, checked numbers out.

Integers never pass through a float. A row is checked as a whole, which costs little; only a row that fails is gone
through field by field, to say which one it was.
"""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from flatstream.lobster.errors import LobsterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["BookRow", "MessageRow", "book_rows", "message_rows"]

MAX_LINE: Final = 64 * 1024
"""Characters of a line; a book of 50 levels has fewer than 4400. Bounds the memory that a hostile file can take."""

_INTEGERS: Final = re.compile(r"-?[0-9]{1,20}(?:,-?[0-9]{1,20})*")
_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")

_I64: Final = (-(2**63), 2**63 - 1)
_U64: Final = (0, 2**64 - 1)

MESSAGE_COLUMNS: Final = {
    "type": (1, 7),  # 6, a cross trade, is in LOBSTER's format, though in few of its files
    "order id": _U64,
    "size": (0, 2**32 - 1),
    "price": _I64,
    "direction": (-1, 1),
}
"""The integer columns behind the time, with their ranges."""

BOOK_COLUMNS: Final = {"ask price": _I64, "ask size": _U64, "bid price": _I64, "bid size": _U64}
"""The columns of one level, with their ranges."""


class MessageRow(NamedTuple):
    """One event."""

    time: float
    """Seconds after midnight."""
    type: int
    order_id: int
    size: int
    """Shares."""
    price: int
    """Dollars x 10000."""
    direction: int


class BookRow(NamedTuple):
    """One state of the book, best level first; as many asks as bids."""

    ask_prices: Sequence[int]
    ask_sizes: Sequence[int]
    bid_prices: Sequence[int]
    bid_sizes: Sequence[int]


def message_rows(text: TextIO, name: str) -> Iterator[MessageRow]:
    """The rows of a message file; ``LobsterError`` under ``name`` for the first that is none."""
    (low_type, high_type), _, (_, high_size), _, (low_side, high_side) = MESSAGE_COLUMNS.values()
    for line, cells in _records(text, name):
        if len(cells) == 6 and _INTEGERS.fullmatch(",".join(cells[1:])) and _SECONDS.fullmatch(cells[0]):
            kind, order_id, size, price, direction = map(int, cells[1:])
            row = MessageRow(float(cells[0]), kind, order_id, size, price, direction)
            if (
                low_type <= kind <= high_type
                and low_side <= direction <= high_side
                and 0 <= size <= high_size
                and 0 <= order_id <= _U64[1]
                and _I64[0] <= price <= _I64[1]
                and row.time < math.inf
            ):
                yield row
                continue
        raise _refused(cells, name, line, [("time", None), *MESSAGE_COLUMNS.items()])


def book_rows(text: TextIO, name: str) -> Iterator[BookRow]:
    """The rows of an order book file, all with the levels of the first; ``LobsterError`` for the first that is none."""
    width = 0
    for line, cells in _records(text, name):
        if not width:
            width = len(cells)
            if width % 4 or not width:
                raise LobsterError(f"{width} columns, which are not 4 for each level", name, line)
        if len(cells) == width and _INTEGERS.fullmatch(",".join(cells)):
            numbers = list(map(int, cells))
            row = BookRow(numbers[0::4], numbers[1::4], numbers[2::4], numbers[3::4])
            if all(low <= min(column) and max(column) <= high for column, (low, high) in _ranges(row)):
                yield row
                continue
        levels = range(1, width // 4 + 1)
        columns = [(f"{column} {level}", bounds) for level in levels for column, bounds in BOOK_COLUMNS.items()]
        raise _refused(cells, name, line, columns)


def _ranges(row: BookRow) -> Iterator[tuple[Sequence[int], tuple[int, int]]]:
    return zip(row, BOOK_COLUMNS.values(), strict=True)


def _records(text: TextIO, name: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each line."""
    # LOBSTER quotes nothing, and so a quote is a character like any other, which no number has.
    reader = csv.reader(_bounded_lines(text.readline, name), quoting=csv.QUOTE_NONE)
    for cells in reader:
        yield reader.line_num, cells


def _bounded_lines(readline: Callable[[int], str], name: str) -> Iterator[str]:
    number = 0
    while line := readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise LobsterError(f"a line of {MAX_LINE} characters or more", name, number)
        yield line


def _refused(
    cells: list[str], name: str, line: int, columns: Sequence[tuple[str, tuple[int, int] | None]]
) -> LobsterError:
    """The error for a row that is none: its width, or its first field that is wrong. ``None`` stands for a time."""
    if len(cells) != len(columns):
        return LobsterError(f"{len(cells)} columns where there must be {len(columns)}", name, line)
    number, reason = next(
        (number, reason)
        for number, (cell, (column, bounds)) in enumerate(zip(cells, columns, strict=True), 1)
        if (reason := _wrong(cell, column, bounds))
    )
    return LobsterError(reason, name, line, number)


def _wrong(cell: str, column: str, bounds: tuple[int, int] | None) -> str | None:
    shown = ascii(cell if len(cell) <= 40 else cell[:37] + "...")
    if bounds is None:
        if _SECONDS.fullmatch(cell) and float(cell) < math.inf:
            return None
        return f"{column}: {shown} is no number of seconds after midnight"
    low, high = bounds
    if _INTEGERS.fullmatch(cell) and low <= int(cell) <= high:
        return None
    return f"{column}: {shown} is no integer from {low} to {high}"
