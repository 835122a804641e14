"""Samples: ZIPs of the form of LOBSTER's, made up, since LOBSTER's own may not be passed on.

The same arguments give the same bytes, with every Python and on every machine: the ZIP is stored, not compressed (what
comes out of a compressor depends on its version), and its entries carry a fixed time.
"""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from flatstream.lobster.market import HALT, SELL, Event, Market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["MAX_LEVELS", "Sample", "write_sample"]

MAX_LEVELS: Final = 50
DATE: Final = "2024-01-02"
OPENING: Final = 34_200
CLOSING: Final = 57_600
"""Of the market, in seconds after midnight; file names have them in milliseconds."""

_NANO: Final = 10**9
_ENTRY_TIME: Final = (2024, 1, 2, 16, 0, 0)
_TICKER: Final = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


@dataclass(frozen=True, slots=True)
class Sample:
    """A ZIP that was made."""

    path: Path
    rows: int
    levels: int
    size: int
    """Bytes."""


def write_sample(
    folder: Path,
    *,
    rows: int = 10_000,
    levels: int = 10,
    seed: int = 0,
    ticker: str = "SYNTH",
    progress: Callable[[int, int], object] | None = None,
) -> Sample:
    """Write ``TICKER_date_LEVEL.zip``, with one message and one book file, into ``folder``, made if it is missing.

    ``rows`` events (1 or more) of one trading day and the ``levels`` (1 to 50) of the book after each. Three rows in
    the middle are a trading halt, if there are as many. ``progress`` is told now and then how many rows were written,
    and how many there will be. ``ValueError`` for arguments out of range, ``OSError`` for what the system refuses.
    """
    if rows < 1:
        raise ValueError(f"rows must be 1 or more, not {rows}")
    if not 1 <= levels <= MAX_LEVELS:
        raise ValueError(f"levels must be from 1 to {MAX_LEVELS}, not {levels}")
    if not _TICKER.fullmatch(ticker):
        raise ValueError(f"ticker must be up to 10 capital letters, digits and dots, not {ticker!r}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ticker}_{DATE}_{levels}.zip"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            # A ZIP is written one file after the other, so the market goes through its day twice: nothing is kept.
            for turn, kind in enumerate(("message", "orderbook")):
                entry = zipfile.ZipInfo(f"{ticker}_{DATE}_{OPENING}000_{CLOSING}000_{kind}_{levels}.csv", _ENTRY_TIME)
                entry.create_system = 3  # or it would say on which system it was made
                entry.external_attr = 0o644 << 16
                with archive.open(entry, "w", force_zip64=True) as file:
                    for row, line in enumerate(_lines(kind, rows, levels, seed), 1):
                        file.write(line)
                        if progress is not None and row % 1000 == 0:
                            progress(turn * rows + row, 2 * rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Sample(path, rows, levels, path.stat().st_size)


def _lines(kind: str, rows: int, levels: int, seed: int) -> Iterator[bytes]:
    """The lines of one of the two files, the same day for both."""
    market = Market(seed, levels)
    clock = Random(seed + 1).random  # noqa: S311  (its own, so that the times do not decide on the events)
    slot = (CLOSING - OPENING) * _NANO // rows
    for row in range(rows):
        event = _halt(row, rows) or market.event()
        time = OPENING * _NANO + row * slot + int(clock() * slot)
        if kind == "message":
            yield f"{time // _NANO}.{time % _NANO:09d},{','.join(map(str, event))}\n".encode("ascii")
        else:
            yield f"{','.join(map(str, market.book()))}\n".encode("ascii")


def _halt(row: int, rows: int) -> Event | None:
    """The three rows of a trading halt: halted (price -1), quoting again (0), trading again (1)."""
    step = row - rows // 2
    return Event(HALT, 0, 0, step - 1, SELL) if rows >= 6 and 0 <= step < 3 else None
