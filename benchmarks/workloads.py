"""The data that every contender works on, made once, from a seed.

A shape says which fields a message has; a workload is so many messages of a shape: as rows of Python values (where F1
begins), as columns (where F2 begins) and as finished payloads (where F0 begins). A payload is a FlatBuffer as the Rust
original frames it: numbers packed little-endian without gaps in a ``[ubyte]`` vector that is the root, or the text of
a message as a string that is the root.

- ``telemetry``: ``{u64 device_id, u64 timestamp, f64 value}``: the id of one of 1000 devices (48 bits, as a MAC address
  has), nanoseconds since 1970 (about a millisecond apart), and a reading. 24 bytes, payload 32, frame 36.
- ``numbers``: three u64 over all their range. ``texts``: 16 ASCII letters.
- ``orders`` and ``books``: rows of LOBSTER's message and order book files, from the seeded market of
  ``flatstream.lobster``, or from a real ZIP (`LOBSTER`).
- ``blocks``: payloads of random bytes, which are no FlatBuffers, where only their size counts.
"""

from __future__ import annotations

import os
import random
from collections import namedtuple
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import islice
from pathlib import Path
from struct import Struct
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import flatbuffers
import numpy as np

from flatstream.lobster import verify, write_sample
from flatstream.lobster.archive import Archive
from flatstream.lobster.rows import book_rows, message_rows

__all__ = [
    "BOOK_LEVELS",
    "LOBSTER",
    "NUMBERS",
    "ORDERS",
    "TELEMETRY",
    "TEXTS",
    "VECTOR",
    "Field",
    "Kind",
    "Row",
    "Shape",
    "Workload",
    "blocks",
    "book_shape",
    "books",
    "market",
    "numbers",
    "orders",
    "payload_size",
    "sums_of",
    "telemetry",
    "texts",
]

Kind: TypeAlias = Literal["u8", "i8", "u32", "i64", "u64", "f64", "text"]

FORMATS: Final[dict[Kind, str]] = {"u8": "B", "i8": "b", "u32": "I", "i64": "q", "u64": "Q", "f64": "d", "text": "16s"}
"""Of ``struct``; a text has 16 characters of ASCII."""

DTYPES: Final[dict[Kind, str]] = {
    "u8": "u1",
    "i8": "i1",
    "u32": "<u4",
    "i64": "<i8",
    "u64": "<u8",
    "f64": "<f8",
    "text": "S16",
}
"""The same of NumPy."""

VECTOR: Final = 8
"""Where a vector, or string, begins that is the root of a buffer and all there is: behind root offset and length."""

Row: TypeAlias = tuple[Any, ...]
"""A message as plain Python values."""


class Field(NamedTuple):
    """One field of a message."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Shape:
    """What the messages of a workload look like. ``key`` is the field that R2 reads."""

    name: str
    fields: tuple[Field, ...]
    key: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def has_text(self) -> bool:
        """Whether a field is no number."""
        return any(field.kind == "text" for field in self.fields)

    @cached_property
    def struct(self) -> Struct:
        """The fields without gaps, little-endian."""
        return Struct("<" + "".join(FORMATS[field.kind] for field in self.fields))

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The same as a structured type of NumPy."""
        return np.dtype([(name, DTYPES[kind]) for name, kind in self.fields])

    @cached_property
    def object(self) -> type[Any]:
        """A class whose instances own the values of a message, with the fields as attributes: where R4 ends."""
        new: Any = namedtuple  # noqa: PYI024  (the fields are known at run time only)
        made: type[Any] = new("Message", self.names)
        return made


class Workload:
    """Messages of one shape, as rows; or only the payloads, where no more than their size counts."""

    def __init__(self, shape: Shape, rows: list[Row], payloads: list[bytes] | None = None) -> None:
        self.shape = shape
        self.rows = rows
        self._payloads = payloads

    def __len__(self) -> int:
        return len(self.rows) if self._payloads is None else len(self._payloads)

    @property
    def payloads(self) -> list[bytes]:
        """The finished payloads; of rows they are made when somebody asks for them."""
        if self._payloads is None:
            make = _text_payload if self.shape.has_text else partial(_vector_payload, self.shape.struct)
            self._payloads = [make(row) for row in self.rows]
        return self._payloads

    @property
    def payload_bytes(self) -> int:
        """Bytes of all payloads."""
        if self.rows:
            return len(self.rows) * payload_size(self.shape)
        return sum(map(len, self.payloads))

    @cached_property
    def columns(self) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
        """The rows as arrays, by the name of the field; a text is ASCII of 16 bytes."""
        return {
            name: np.array(values, self.shape.dtype[name])
            for name, values in zip(self.shape.names, zip(*self.rows, strict=True), strict=True)
        }


TELEMETRY: Final = Shape(
    "Telemetry", (Field("device_id", "u64"), Field("timestamp", "u64"), Field("value", "f64")), key="device_id"
)
NUMBERS: Final = Shape("Numbers", (Field("a", "u64"), Field("b", "u64"), Field("c", "u64")), key="a")
TEXTS: Final = Shape("Texts", (Field("text", "text"),), key="text")
ORDERS: Final = Shape(
    "Order",
    (
        Field("time", "f64"),
        Field("type", "u8"),
        Field("order_id", "u64"),
        Field("size", "u32"),
        Field("price", "i64"),
        Field("direction", "i8"),
    ),
    key="price",
)
"""A row of LOBSTER's message file."""

BLOCKS: Final = Shape("Block", (), key="")

BOOK_LEVELS: Final = (1, 10, 50)
"""How many levels of the book the scenarios have."""

LOBSTER: Final = "LOBSTER"
"""The environment variable with the path of a real ZIP of LOBSTER's, in place of the generated market."""

SEED: Final = 20240517
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"


@cache
def telemetry(count: int, seed: int = SEED) -> Workload:
    """``count`` telemetry events; the same ones for the same seed, on every machine."""
    chance = random.Random(seed)
    devices = [chance.getrandbits(48) for _ in range(1000)]
    timestamp = 1_700_000_000_000_000_000
    rows: list[Row] = []
    for _ in range(count):
        timestamp += 500_000 + chance.randrange(1_000_000)
        rows.append((devices[chance.randrange(len(devices))], timestamp, 20.0 + 5.0 * chance.random()))
    return Workload(TELEMETRY, rows)


@cache
def numbers(count: int, seed: int = SEED) -> Workload:
    """``count`` messages of three u64."""
    chance = random.Random(seed)
    return Workload(NUMBERS, [tuple(chance.getrandbits(64) for _ in range(3)) for _ in range(count)])


@cache
def texts(count: int, seed: int = SEED) -> Workload:
    """``count`` messages of 16 ASCII letters."""
    chance = random.Random(seed)
    return Workload(TEXTS, [("".join(chance.choices(ALPHABET, k=16)),) for _ in range(count)])


@cache
def book_shape(levels: int) -> Shape:
    """A row of LOBSTER's order book file, behind the time of its message."""
    kinds: tuple[tuple[str, Kind], ...] = (
        ("ask_price", "i64"),
        ("ask_size", "u64"),
        ("bid_price", "i64"),
        ("bid_size", "u64"),
    )
    columns = [Field(f"{name}_{level}", kind) for level in range(1, levels + 1) for name, kind in kinds]
    return Shape(f"Book{levels}", (Field("time", "f64"), *columns), key="ask_price_1")


@cache
def market(count: int, levels: int, seed: int = SEED) -> tuple[list[Row], list[Row]]:
    """The first ``count`` rows of both files: of the ZIP that `LOBSTER` names, or of a generated one.

    ``ValueError`` if the ZIP has fewer rows or levels than asked for, what ``flatstream.lobster`` raises for a bad one.
    """
    real = os.environ.get(LOBSTER)
    if real:
        verify(Path(real))
        return _rows(Path(real), count, levels)
    with TemporaryDirectory() as folder:
        return _rows(write_sample(Path(folder), rows=count, levels=levels, seed=seed).path, count, levels)


@cache
def orders(count: int, levels: int) -> Workload:
    """``count`` rows of the message file, of a market of which so many levels are seen."""
    return Workload(ORDERS, market(count, levels)[0])


@cache
def books(count: int, levels: int) -> Workload:
    """``count`` rows of the order book file, each behind the time of its message."""
    return Workload(book_shape(levels), market(count, levels)[1])


def _rows(path: Path, count: int, levels: int) -> tuple[list[Row], list[Row]]:
    messages: list[Row] = []
    states: list[Row] = []
    with Archive(path) as archive:
        for pair in archive.pairs:
            with archive.text(pair.message) as message_text, archive.text(pair.orderbook) as book_text:
                rows = zip(
                    message_rows(message_text, archive.place(pair.message)),
                    book_rows(book_text, archive.place(pair.orderbook)),
                    strict=True,
                )
                for message, book in islice(rows, count - len(messages)):
                    if len(book.ask_prices) < levels:
                        raise ValueError(f"{path.name} has {len(book.ask_prices)} levels, not {levels}")
                    messages.append(tuple(message))
                    levels_of_it = list(zip(*book, strict=True))[:levels]
                    states.append((message.time, *(number for level in levels_of_it for number in level)))
    if len(messages) < count:
        raise ValueError(f"{path.name} has {len(messages)} rows, not {count}")
    return messages, states


@cache
def blocks(size: int, count: int, seed: int = SEED) -> Workload:
    """``count`` payloads of ``size`` random bytes each."""
    made = random.Random(seed + size)
    return Workload(BLOCKS, [], [made.randbytes(size) for _ in range(count)])


def payload_size(shape: Shape) -> int:
    """Bytes of a payload of this shape, which all have: root offset, length, content, padding; a NUL behind a text."""
    return VECTOR + shape.struct.size + (4 if shape.has_text else -(VECTOR + shape.struct.size) % 4)


def sums_of(shape: Shape, rows: list[Row], names: tuple[str, ...] | None = None) -> tuple[Any, ...]:
    """What reading these fields, or all, has to add up to: numbers in the messages' order, texts by their length."""
    columns = zip(*rows, strict=True)
    return tuple(
        sum(map(len, values)) if field.kind == "text" else sum(values)
        for field, values in zip(shape.fields, columns, strict=True)
        if names is None or field.name in names
    )


def _vector_payload(struct: Struct, row: Row) -> bytes:
    builder = flatbuffers.Builder(64)
    builder.Finish(builder.CreateByteVector(struct.pack(*row)))
    return bytes(builder.Output())


def _text_payload(row: Row) -> bytes:
    builder = flatbuffers.Builder(64)
    builder.Finish(builder.CreateString(*row))
    return bytes(builder.Output())
