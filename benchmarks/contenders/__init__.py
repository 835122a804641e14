"""The contenders, in the order in which tables and charts name them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from benchmarks.contenders.flatstream_python import FlatStreamTable, FlatStreamVector
from benchmarks.contenders.json_lines import JsonLines
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.pickle_stream import PickleStream

if TYPE_CHECKING:
    from benchmarks.contenders.contender import Contender

__all__ = ["contenders"]


@cache
def contenders() -> tuple[Contender, ...]:
    """One of each, the same ones each time."""
    return (
        FlatStreamVector(),
        FlatStreamVector("crc16"),
        FlatStreamVector("crc32"),
        FlatStreamVector("xxh3_64"),
        FlatStreamVector(engine="python"),
        FlatStreamTable(),
        MessagePack(),
        JsonLines(),
        PickleStream(),
    )
