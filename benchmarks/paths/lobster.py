"""LOBSTER's files: from a ZIP to streams, and both streams to columns, a row of each for each event."""

from __future__ import annotations

import csv
import os
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

import flatstream
from benchmarks.contenders import contenders
from benchmarks.contenders.csv_lines import CsvLines
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.paths.folder import Folder
from benchmarks.tiers import TITLES, Absent, Group, Lane, built, codec, group
from benchmarks.workloads import LOBSTER, SEED, books, orders
from flatstream.lobster import MESSAGE, ORDERBOOK, ingest, write_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.contenders.contender import Contender
    from flatstream.lobster import Written

__all__ = ["book_group", "ingest_group", "order_group", "pair_group", "source"]


LEVELS: Final = 10
"""Of the market whose messages are taken: how deep orders are seen."""


def source() -> str:
    """Where the rows are from, for titles."""
    real = os.environ.get(LOBSTER)
    return f"of {Path(real).name}" if real else "of a generated market"


def _all() -> Sequence[Contender]:
    return (*contenders(), CsvLines())


def order_group(tier: str, count: int) -> Group:
    """Rows of the message file, in one tier."""
    return group(tier, orders(count, LEVELS), _all(), title=f"{TITLES[tier]}: {count:,} rows {source()}")


def book_group(tier: str, count: int, levels: int) -> Group:
    """Rows of the order book file, in one tier."""
    title = f"{TITLES[tier]}: {count:,} rows of {levels} levels {source()}"
    chosen = [contender for contender in _all() if contender.name not in {"flatstream-crc16", "flatstream-crc32"}]
    return group(tier, books(count, levels), chosen, name=f"{tier}-{levels}", title=title)


class _Market:
    """A ZIP, LOBSTER's own or one of that form, and a folder for its streams that goes with this object."""

    def __init__(self, count: int, levels: int) -> None:
        self._folder = Folder()
        folder = self._folder.path
        real = os.environ.get(LOBSTER)
        self.zip = Path(real) if real else write_sample(folder, rows=count, levels=levels, seed=SEED).path
        self.out = folder / "streams"

    def ingested(self, checksum: str = "none") -> tuple[Written, Written]:
        """The two streams. ``ValueError`` if the ZIP has only one of the files."""
        made = ingest(self.zip, self.out, checksum=checksum)
        if made.message is None or made.orderbook is None:
            raise ValueError(f"{self.zip.name} does not hold both files")
        return made.message, made.orderbook


def ingest_group(count: int, levels: int) -> Group:
    """From a ZIP to a message and an order book stream; beside only parsing the CSV in it."""
    market = _Market(count, levels)
    rows = market.ingested()[0].frames

    def parse() -> int:
        parsed = 0
        with ZipFile(market.zip) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    for line in csv.reader(TextIOWrapper(file, "ascii", newline="")):
                        cells = [float(cell) if "." in cell else int(cell) for cell in line]
                        parsed += bool(cells)
        return parsed

    def arrow() -> int:
        parsed = 0
        with ZipFile(market.zip) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    options = arrow_csv.ReadOptions(autogenerate_column_names=True)
                    parsed += arrow_csv.read_csv(file, read_options=options).num_rows
        return parsed

    def ingested(checksum: str) -> int:
        return sum(written.frames for written in market.ingested(checksum))

    def of_engine(name: str, checksum: str) -> Lane | Absent:
        python = name.endswith("python")
        label = ", ".join(["ingest", *([checksum] if checksum != "none" else []), *(["pure Python"] if python else [])])
        if NATIVE is None and not python:
            return Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE)
        call = on("python" if python else "native", partial(ingested, checksum))
        note = "checks every cell, encodes and frames both files"
        return Lane(name, label, flatstream.__version__, note, call, call)

    lanes = [
        of_engine("ingest", "none"),
        of_engine("ingest-xxh3_64", "xxh3_64"),
        of_engine("ingest-python", "none"),
        Lane("csv", "csv module", "CPython", "parses both files into numbers, and writes nothing", parse, parse),
        Lane(
            "arrow-csv",
            "pyarrow.csv",
            pa.__version__,
            "parses both files into columns, and writes nothing; uses all processors",
            arrow,
            arrow,
        ),
    ]
    title = f"from a ZIP of {rows:,} messages and books of {levels} levels to two streams; a row of both is one message"
    return Group("F1", "F1", title, rows, "csv", lanes, 2 * rows)


def pair_group(count: int, levels: int) -> Group:
    """Both streams to columns: row k of the book is the state after message k."""
    market = _Market(count, levels)
    written = market.ingested()
    message, orderbook = (it.path.read_bytes() for it in written)
    rows = written[0].frames
    message_rows, book_rows = orders(rows, levels), books(rows, levels)

    def records() -> int:
        prices = MESSAGE.columns(flatstream.scan(message), ["price"])["price"]
        asks = ORDERBOOK.to_arrow(flatstream.scan(orderbook), ["asks"]).column("asks").flatten().field("price")
        return _spread(prices, asks.to_numpy()[:: len(asks) // rows])

    def of_peer(contender: Contender) -> Callable[[], int]:
        made = codec(contender, message_rows.shape), codec(contender, book_rows.shape)
        streams = built(contender, message_rows), built(contender, book_rows)

        def joined() -> int:
            prices = made[0].columns(streams[0])["price"]
            return _spread(prices, made[1].columns(streams[1])["ask_price_1"])

        return joined

    expected = _spread(message_rows.columns["price"], book_rows.columns["ask_price_1"])
    lanes: list[Lane | Absent] = []
    if NATIVE is None:
        lanes.append(Absent("records", "FlatStream, records", flatstream.__version__, "cannot", NO_NATIVE))
    else:
        call = on("native", records)
        note = "one field of each stream that ingest wrote: Record.columns, Record.to_arrow"
        size = len(message) + len(orderbook)
        lanes.append(Lane("records", "FlatStream, records", flatstream.__version__, note, call, call, wire_bytes=size))
    for contender in _all():
        if contender.name in {"msgpack", "csv", "arrow", "struct", "flatstream", "avro"}:
            if reason := contender.refuses(message_rows.shape, "R5"):
                lanes.append(Absent(contender.name, contender.label, contender.version, "cannot", reason))
                continue
            peer = of_peer(contender)
            size = len(built(contender, message_rows)) + len(built(contender, book_rows))
            note = f"{contender.notes['R5']}; both streams"
            lanes.append(Lane(contender.name, contender.label, contender.version, note, peer, peer, wire_bytes=size))
    title = f"the price of {rows:,} messages beside the best ask of their books of {levels} levels, to columns"
    return Group("R5", "R5", title, rows, "msgpack", lanes, expected)


def _spread(prices: np.ndarray[Any, Any], asks: np.ndarray[Any, Any]) -> int:
    """The sum of the distances between a message's price and the best ask after it, modulo 2^64.

    Asserted to be equal for all: a join by position that is off by a row shows.
    """
    return int((asks.astype(np.int64) - prices.astype(np.int64)).sum())
