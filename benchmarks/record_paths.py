"""What records promise: messages from columns, rows and single values to frames, and back, on either engine.

Beside them are msgpack, which does the same work on the same values, the official builder and accessors, JSON, and for
books of orders the CSV reader of PyArrow. A speed of "20 times" is a ratio of at most 1/20. Floors promise nothing.
"""

from __future__ import annotations

import io
import json
import platform
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import flatbuffers
import msgpack
import numpy as np
import pyarrow as pa
from pyarrow import csv

import flatstream
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.schemas.generated.telemetry.Telemetry import (
    Telemetry,
    TelemetryAddDeviceId,
    TelemetryAddTimestamp,
    TelemetryAddValue,
    TelemetryEnd,
    TelemetryStart,
)
from benchmarks.tiers import REFERENCE, Absent, Group, Lane
from benchmarks.workloads import telemetry
from flatstream.lobster.market import Market
from flatstream.lobster.messages import ORDERBOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.engines import Engine

    Columns: TypeAlias = dict[str, np.ndarray[Any, np.dtype[Any]]]
    Rows: TypeAlias = list[tuple[Any, ...]]

__all__ = [
    "accessor_group",
    "book_group",
    "columns_group",
    "encode_group",
    "field_group",
    "official_group",
    "python_group",
    "verify_group",
    "write_group",
]

COLUMNS_IN: Final = {"none": 12.0, "xxh3_64": 8.0}
ROWS_IN: Final = {"none": 4.0, "xxh3_64": None}
ENCODED: Final = 1.0
OF_THE_BUILDER: Final = 50.0
COLUMNS_OUT: Final = 12.0
OF_THE_ACCESSORS: Final = 100.0
ONE_FIELD: Final = 30.0
VALIDATED: Final = 1 / 2
BOOKS: Final = 1.0
IN_PYTHON: Final = {"official": 20.0, "json": 1.0}
"""How many times as fast as what stands beside it each path is to be."""

NAMES: Final = ("device_id", "timestamp", "value")
VERSION: Final = flatstream.__version__
MSGPACK: Final = ".".join(map(str, msgpack.version))
OFFICIAL: Final = f"flatbuffers {flatbuffers.__version__}"

FOUND: Final = "frames that a scan has found"
SCANNED: Final = "from the bytes of the stream"
A_CALL: Final = "a call a message, from a dict that exists already"


@cache
def event(engine: Engine) -> flatstream.Record:
    """The event as a record; one for each engine, since a record keeps what an engine made for it."""
    return flatstream.Record(f"telemetry.Telemetry.{engine}", device_id="u64", timestamp="u64", value="f64")


@cache
def columns_of(count: int) -> Columns:
    """The events as arrays."""
    values, dtypes = zip(*telemetry(count).rows, strict=True), ("<u8", "<u8", "<f8")
    return {name: np.array(column, dtype) for name, column, dtype in zip(NAMES, values, dtypes, strict=True)}


@cache
def stream_of(count: int) -> bytes:
    """The events as tables, framed."""
    return bytes(event("python").frame_many(columns_of(count)))


def _ours(
    name: str,
    label: str,
    note: str,
    call: Callable[[], object],
    output: Callable[[], object],
    times: float | None = None,
    engine: Engine = "native",
) -> Lane | Absent:
    if engine == "native" and NATIVE is None:
        return Absent(name, label, VERSION, "cannot", NO_NATIVE)
    return Lane(name, label, VERSION, note, on(engine, call), on(engine, output), None if times is None else 1 / times)


# Columns and rows to frames.


def write_group(count: int) -> Group:
    """F2: a table to frames in a bytearray, by `StreamWriter.write_records`."""
    rows = [tuple(row) for row in telemetry(count).rows]
    lanes: list[Lane | Absent] = []
    for kind, table, note, bars in (
        ("columns", columns_of(count), "write_records of NumPy arrays", COLUMNS_IN),
        ("rows", rows, "write_records of a list of tuples", ROWS_IN),
    ):
        for algorithm, times in bars.items():
            write = partial(_written, "native", table, algorithm)
            output = partial(_official, write, algorithm)
            lanes.append(_ours(f"{kind}-{algorithm}", f"{kind}, {algorithm}", note, write, output, times))
    pack = partial(_pack_rows, rows)
    note = "Packer.pack(tuple), appended to a bytearray"
    lanes.append(Lane(REFERENCE, "msgpack", MSGPACK, note, pack, lambda: list(_unpacker(bytes(pack())))))
    title = "build the messages from columns or rows, then frame them"
    return Group("write", "F2", title, count, REFERENCE, lanes, rows)


def _written(engine: Engine, table: object, algorithm: str) -> bytearray:
    sink = bytearray()
    with flatstream.StreamWriter(sink, flatstream.ChecksumFramer(algorithm)) as writer:
        writer.write_records(event(engine), table)
    return sink


def _official(make: Callable[[], bytes | bytearray], algorithm: str = "none") -> Rows:
    """The rows of a stream as the classes that flatc generates read them."""
    deframer = flatstream.ChecksumDeframer(algorithm)
    return _accessed(flatstream.StreamReader(bytes(make()), deframer, copy=True))


def _accessed(payloads: Iterable[bytes]) -> Rows:
    tables: Iterable[Any] = map(Telemetry.GetRootAs, payloads)
    return [(table.DeviceId(), table.Timestamp(), table.Value()) for table in tables]


def _pack_rows(rows: Rows) -> bytearray:
    pack, out = msgpack.Packer().pack, bytearray()
    for row in rows:
        out += pack(row)
    return out


# One message at a time.


def encode_group(count: int) -> Group:
    """F1: from values by name to a payload."""
    rows, dicts = telemetry(count).rows, _dicts(count)
    encode, spread, pack = partial(_encoded, dicts), partial(_spread, dicts), partial(_packed, dicts)
    read = lambda: [tuple(msgpack.unpackb(packed).values()) for packed in pack()]  # noqa: E731  (one line, used below)
    lanes = [
        _ours("encode", "Record.encode(dict)", A_CALL, encode, lambda: _accessed(encode()), ENCODED),
        _ours("spread", "Record.encode(**dict)", A_CALL, spread, lambda: _accessed(spread()), ENCODED),
        Lane(REFERENCE, "msgpack", MSGPACK, "Packer.pack(dict), a call a message", pack, read),
    ]
    return Group("encode", "F1", "build the message from a dict of values", count, REFERENCE, lanes, rows)


def official_group(count: int) -> Group:
    """F1: the same beside the official builder."""
    encode = partial(_encoded_by_name, telemetry(count).rows)
    note = "a call a message, with its values by name"
    lanes = [
        _ours("encode", "Record.encode(**fields)", note, encode, lambda: _accessed(encode()), OF_THE_BUILDER),
        _builder_lane(count),
    ]
    return Group("builder", "F1", "build the message from values", count, "official", lanes, telemetry(count).rows)


def _dicts(count: int) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in telemetry(count).rows]


def _encoded(dicts: list[dict[str, Any]]) -> list[bytes]:
    encode = event("native").encode
    return [encode(fields) for fields in dicts]


def _spread(dicts: list[dict[str, Any]]) -> list[bytes]:
    encode = event("native").encode
    return [encode(**fields) for fields in dicts]


def _encoded_by_name(rows: Rows) -> list[bytes]:
    encode = event("native").encode
    return [encode(device_id=device_id, timestamp=timestamp, value=value) for device_id, timestamp, value in rows]


def _packed(dicts: list[dict[str, Any]]) -> list[bytes]:
    pack = msgpack.Packer().pack
    return [pack(fields) for fields in dicts]


def _builder_lane(count: int) -> Lane:
    build = partial(_built, telemetry(count).rows)
    note = "the functions that flatc generates, one builder for all"
    return Lane("official", "flatbuffers.Builder", OFFICIAL, note, build, lambda: _accessed(build()))


def _built(rows: Rows) -> list[bytes]:
    builder, payloads = flatbuffers.Builder(64), []
    for device_id, timestamp, value in rows:
        builder.Clear()
        TelemetryStart(builder)
        TelemetryAddValue(builder, value)
        TelemetryAddTimestamp(builder, timestamp)
        TelemetryAddDeviceId(builder, device_id)
        builder.Finish(TelemetryEnd(builder))
        payloads.append(bytes(builder.Output()))
    return payloads


# Frames to columns.


def columns_group(count: int) -> Group:
    """R5: all messages as columns, each verified."""
    stream = stream_of(count)
    gather, both = partial(event("native").columns, flatstream.scan(stream)), partial(_columns, "native", stream)
    lanes = [
        _ours("columns", "columns of frames", FOUND, gather, partial(_rows, gather), COLUMNS_OUT),
        _ours("scan-columns", "scan and columns", SCANNED, both, partial(_rows, both)),
        _unpacker_lane(count, slice(None)),
    ]
    title = "all messages as columns; of msgpack, as tuples"
    return Group("columns", "R5", title, count, REFERENCE, lanes, telemetry(count).rows)


def field_group(count: int) -> Group:
    """R2: one field of each message as an array, each message verified as far as that field goes."""
    stream, names = stream_of(count), ["value"]
    gather = partial(event("native").columns, flatstream.scan(stream), names)
    both = partial(_columns, "native", stream, names)
    place = stream.index(np.float64(telemetry(count).rows[0][2]).tobytes())
    field = np.ndarray(count, "<f8", stream, place, (len(stream) // count,))
    lanes = [
        _ours("field", "one column of frames", FOUND, gather, partial(_rows, gather), ONE_FIELD),
        _ours("scan-field", "scan and one column", SCANNED, both, partial(_rows, both)),
        Lane(
            "floor-copy",
            "floor: copy the field",
            f"NumPy {np.__version__}",
            "from places that are known, with nothing checked: what the memory takes at least",
            field.copy,
            lambda: [(value,) for value in field.tolist()],
        ),
        _unpacker_lane(count, slice(2, 3)),
    ]
    title = "one field of each message as an array; of msgpack, all as tuples"
    return Group("field", "R2", title, count, REFERENCE, lanes, [row[2:] for row in telemetry(count).rows])


def accessor_group(count: int) -> Group:
    """R5 beside the accessors that flatc generates."""
    gather = partial(event("native").columns, flatstream.scan(stream_of(count)))
    lanes = [
        _ours("columns", "columns of frames", FOUND, gather, partial(_rows, gather), OF_THE_ACCESSORS),
        _accessor_lane(count),
    ]
    title = "all messages as columns; of the accessors, as tuples"
    return Group("accessors", "R5", title, count, "official", lanes, telemetry(count).rows)


def _columns(engine: Engine, stream: bytes, names: list[str] | None = None) -> Columns:
    return event(engine).columns(flatstream.scan(stream), names)


def _rows(columns: Callable[[], Columns]) -> Rows:
    return list(zip(*(column.tolist() for column in columns().values()), strict=True))


def _unpacker_lane(count: int, fields: slice) -> Lane:
    packed = bytes(_pack_rows(telemetry(count).rows))
    note = "Unpacker over the bytes, giving tuples"
    output = lambda: [row[fields] for row in _unpacker(packed)]  # noqa: E731  (one line, used below)
    return Lane(REFERENCE, "msgpack", MSGPACK, note, partial(_unpacked, packed), output)


def _unpacker(packed: bytes) -> Iterable[Any]:
    unpacker = msgpack.Unpacker(use_list=False, max_buffer_size=2**31 - 1)
    unpacker.feed(packed)
    return cast("Iterable[Any]", unpacker)


def _unpacked(packed: bytes) -> None:
    for _ in _unpacker(packed):
        pass


def _accessor_lane(count: int) -> Lane:
    stream = stream_of(count)
    read = partial(_official, lambda: stream)
    return Lane("official", "generated accessors", OFFICIAL, "GetRootAs, and a call a field", read, read)


# Verifying.


def verify_group(count: int, *, copy: bool) -> Group:
    """R1: a validator in the reader, beside the reader alone; and all frames verified in one call."""
    stream, record = stream_of(count), event("native")
    plain = flatstream.DefaultDeframer()
    checked = plain.with_validator(flatstream.TypedValidator(record))
    bare, validating = (partial(_iterated, stream, deframer, copy) for deframer in (plain, checked))
    many = partial(record.verify_many, flatstream.scan(stream))
    kind = "copied" if copy else "borrowed"
    reader = f"StreamReader, {kind}"
    lanes = [
        _ours("validator", f"{reader}, TypedValidator", "each payload verified", validating, validating, VALIDATED),
        _ours("verify-many", "verify_many", FOUND, many, many),
        _ours("reader", reader, "nothing verified", bare, bare),
    ]
    title = "get at each frame, and verify its payload"
    return Group(f"verify-{kind}", "R1", title, count, "reader", lanes, count)


def _iterated(stream: bytes, deframer: flatstream.Deframer, copy: bool) -> int:  # noqa: FBT001  (of a partial)
    count = 0
    for _ in flatstream.StreamReader(stream, deframer, copy=copy):
        count += 1
    return count


# Books of orders.


def book_group(count: int, levels: int) -> Group:
    """R5: states of an order book to Arrow, beside PyArrow reading the same rows as CSV."""
    rows, raw = _books(count, levels)
    stream = bytes(ORDERBOOK.frame_many([_book(row, float(number)) for number, row in enumerate(rows)]))
    names = [f"{kind}_{level}" for level in range(levels) for kind in ("ask", "ask_size", "bid", "bid_size")]
    arrow, both = partial(ORDERBOOK.to_arrow, flatstream.scan(stream)), partial(_books_to_arrow, stream)
    parse = partial(_parsed, raw, csv.ReadOptions(column_names=names))
    note = "csv.read_csv of the same rows, a column a number, on all processors"
    lanes = [
        _ours("to-arrow", "to_arrow of frames", FOUND, arrow, lambda: _book_sums(arrow()), BOOKS),
        _ours("scan-to-arrow", "scan and to_arrow", SCANNED, both, lambda: _book_sums(both()), BOOKS),
        Lane("csv", "PyArrow, CSV", pa.__version__, note, parse, lambda: _csv_sums(parse())),
    ]
    title = f"order books of {levels} levels to Arrow"
    return Group(f"book-{levels}", "R5", title, count, "csv", lanes, [sum(row) for row in rows])


def _books(count: int, levels: int) -> tuple[list[list[int]], bytes]:
    """States of a book, and the same as the lines of a CSV file."""
    market, rows = Market(count, levels), []
    for _ in range(count):
        market.event()
        rows.append(market.book())
    return rows, "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def _book(row: list[int], time: float) -> dict[str, Any]:
    asks, bids = (list(zip(row[first::4], row[first + 1 :: 4], strict=True)) for first in (0, 2))
    return {"time": time, "asks": asks, "bids": bids}


def _books_to_arrow(stream: bytes) -> pa.RecordBatch:
    return ORDERBOOK.to_arrow(flatstream.scan(stream))


def _parsed(raw: bytes, options: csv.ReadOptions) -> pa.Table:
    return csv.read_csv(io.BytesIO(raw), read_options=options)


def _book_sums(batch: pa.RecordBatch) -> list[int]:
    sides = (batch.column(name).to_pylist() for name in ("asks", "bids"))
    return [sum(level["price"] + level["size"] for side in row for level in side) for row in zip(*sides, strict=True)]


def _csv_sums(table: pa.Table) -> list[int]:
    return [sum(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


# The pure-Python engine.


def python_group(count: int, direction: str, reference: str) -> Group:
    """F2 or R5 on the pure-Python engine, beside the official library or JSON lines."""
    rows, times = telemetry(count).rows, IN_PYTHON[reference]
    dump, load = partial(_dumped, count), partial(_loaded, _dumped(count))
    version = f"Python {platform.python_version()}"
    if direction == "in":
        write = partial(_written, "python", columns_of(count), "none")
        output = partial(_official, write)
        ours = [_ours("columns", "write_records", "columns, with NumPy", write, output, times, "python")]
        official, title = _builder_lane(count), "build the messages from columns; of the others, from rows"
        other = Lane("json", "json, a line each", version, "dumps(dict)", dump, lambda: _loaded(dump()))
    else:
        stream = stream_of(count)
        gather, both = partial(event("python").columns, flatstream.scan(stream)), partial(_columns, "python", stream)
        ours = [
            _ours(
                "columns", "columns of frames", f"with NumPy; {FOUND}", gather, partial(_rows, gather), times, "python"
            ),
            _ours("scan-columns", "scan and columns", SCANNED, both, partial(_rows, both), engine="python"),
        ]
        official, title = _accessor_lane(count), "all messages as columns; of the others, as tuples"
        other = Lane("json", "json, a line each", version, "loads a line", load, load)
    lanes = [*ours, official if reference == "official" else other]
    tier = {"in": "F2", "out": "R5"}[direction]
    return Group(f"python-{direction}-{reference}", tier, f"pure Python: {title}", count, reference, lanes, rows)


def _dumped(count: int) -> bytes:
    return "\n".join(map(json.dumps, _dicts(count))).encode()


def _loaded(data: bytes) -> Rows:
    return [tuple(json.loads(line).values()) for line in data.splitlines()]
