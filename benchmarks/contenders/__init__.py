"""The contenders, in the order in which tables and charts name them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from benchmarks.contenders.arrow_ipc import ArrowIpc
from benchmarks.contenders.avro import Avro
from benchmarks.contenders.cbor import Cbor
from benchmarks.contenders.flatstream_table import FlatStreamRecord, FlatStreamTable
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.json_lines import Json, MsgspecJson, Orjson
from benchmarks.contenders.mcap_file import McapFile
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.msgspec_pack import MsgspecPack
from benchmarks.contenders.packed_struct import PackedStruct
from benchmarks.contenders.pickle_stream import PickleStream
from benchmarks.contenders.protocol_buffers import Protobuf

if TYPE_CHECKING:
    from benchmarks.contenders.contender import Contender

__all__ = ["bounded_contenders", "contenders"]


@cache
def contenders() -> tuple[Contender, ...]:
    """One of each, the same ones each time."""
    return (
        FlatStreamVector(),
        FlatStreamVector("crc16"),
        FlatStreamVector("crc32"),
        FlatStreamVector("xxh3_64"),
        FlatStreamVector(copy=True),
        FlatStreamVector(engine="python"),
        FlatStreamRecord(),
        FlatStreamTable(),
        MessagePack(),
        MsgspecPack(typed=False),
        MsgspecPack(typed=True),
        Cbor(),
        PickleStream(),
        Protobuf(),
        Avro(),
        ArrowIpc(),
        McapFile(),
        PackedStruct(),
        Orjson(),
        MsgspecJson(typed=False),
        MsgspecJson(typed=True),
        Json(),
    )


@cache
def bounded_contenders(bound: int) -> tuple[Contender, ...]:
    """Those that can refuse a message over so many bytes, with that bound, and beside what has none."""
    return (
        FlatStreamVector(bound=bound),
        FlatStreamVector("xxh3_64", bound=bound),
        FlatStreamVector(engine="python", bound=bound),
        FlatStreamVector(),
        FlatStreamVector(engine="python"),
        MessagePack(bound=bound),
        MessagePack(),
    )
