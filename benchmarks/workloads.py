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

import random
from collections import namedtuple
from dataclasses import dataclass
from functools import cache, cached_property
from struct import Struct
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import flatbuffers
import numpy as np

__all__ = [
    "NUMBERS",
    "TELEMETRY",
    "TEXTS",
    "VECTOR",
    "Field",
    "Kind",
    "Row",
    "Shape",
    "Workload",
    "blocks",
    "numbers",
    "of_rows",
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


@dataclass(frozen=True, eq=False)
class Workload:
    """Messages of one shape; ``rows`` is empty where only the payloads count."""

    shape: Shape
    rows: list[Row]
    payloads: list[bytes]

    def __len__(self) -> int:
        return len(self.payloads)

    @property
    def payload_bytes(self) -> int:
        """Bytes of all payloads."""
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
BLOCKS: Final = Shape("Block", (), key="")

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
    return of_rows(TELEMETRY, rows)


@cache
def numbers(count: int, seed: int = SEED) -> Workload:
    """``count`` messages of three u64."""
    chance = random.Random(seed)
    return of_rows(NUMBERS, [tuple(chance.getrandbits(64) for _ in range(3)) for _ in range(count)])


@cache
def texts(count: int, seed: int = SEED) -> Workload:
    """``count`` messages of 16 ASCII letters."""
    chance = random.Random(seed)
    return of_rows(TEXTS, [("".join(chance.choices(ALPHABET, k=16)),) for _ in range(count)])


@cache
def blocks(size: int, count: int, seed: int = SEED) -> Workload:
    """``count`` payloads of ``size`` random bytes each."""
    made = random.Random(seed + size)
    return Workload(BLOCKS, [], [made.randbytes(size) for _ in range(count)])


def of_rows(shape: Shape, rows: list[Row]) -> Workload:
    """The workload of these rows, with their payloads."""
    if shape.has_text:
        return Workload(shape, rows, [_text_payload(text) for (text,) in rows])
    pack = shape.struct.pack
    return Workload(shape, rows, [_vector_payload(pack(*row)) for row in rows])


def sums_of(shape: Shape, rows: list[Row], names: tuple[str, ...] | None = None) -> tuple[Any, ...]:
    """What reading these fields, or all, has to add up to: numbers in the messages' order, texts by their length."""
    columns = zip(*rows, strict=True)
    return tuple(
        sum(map(len, values)) if field.kind == "text" else sum(values)
        for field, values in zip(shape.fields, columns, strict=True)
        if names is None or field.name in names
    )


def _vector_payload(content: bytes) -> bytes:
    builder = flatbuffers.Builder(64)
    builder.Finish(builder.CreateByteVector(content))
    return bytes(builder.Output())


def _text_payload(text: str) -> bytes:
    builder = flatbuffers.Builder(64)
    builder.Finish(builder.CreateString(text))
    return bytes(builder.Output())
