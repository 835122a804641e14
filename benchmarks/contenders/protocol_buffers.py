"""protobuf: messages of a class that is made from a descriptor at run time, so that no generated code is committed.

The class is the same that ``protoc`` would have made: its module holds nothing but such a descriptor.
"""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import google.protobuf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

from benchmarks.contenders.contender import Codec, Contender
from benchmarks.loops import appending
from benchmarks.workloads import Field, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Kind, Row

__all__ = ["Protobuf"]

TYPES: Final[dict[Kind, str]] = {
    "u8": "TYPE_UINT32",
    "i8": "TYPE_SINT32",
    "u32": "TYPE_FIXED32",
    "i64": "TYPE_SFIXED64",
    "u64": "TYPE_FIXED64",
    "f64": "TYPE_DOUBLE",
    "text": "TYPE_STRING",
}
"""Fixed widths where there are such, since the values fill them: a varint of nanoseconds since 1970 takes 9 bytes."""

APPEND = """\
data = {value}.SerializeToString()
size = len(data)
if size < 128:
    sink.append(size)
else:
    sink += encode(size)
sink += data"""


def _varint(size: int) -> bytes:
    low = []
    while size > 0x7F:
        low.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*low, size])


def _delimited(stream: bytes) -> Iterator[memoryview]:
    view, start, end = memoryview(stream), 0, len(stream)
    while start < end:
        size = stream[start]
        start += 1
        if size > 0x7F:
            size &= 0x7F
            shift = 7
            while (more := stream[start]) > 0x7F:
                size |= (more & 0x7F) << shift
                shift += 7
                start += 1
            size |= more << shift
            start += 1
        yield view[start : start + size]
        start += size


class _Protobuf(Codec):
    """Messages behind their length as a varint, which protobuf calls delimited."""

    access: ClassVar[Access] = "attribute"
    owns: ClassVar[bool] = True

    @cached_property
    def _type(self) -> Any:
        return _message(self.shape.name, [(name, TYPES[kind]) for name, kind in self.shape.fields])

    @cached_property
    def _blob(self) -> Any:
        return _message("Blob", [("payload", "TYPE_BYTES")])

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        sink = bytearray()
        shape = Shape("Blob", (Field("payload", "text"),), "payload")
        appending(shape, "new", APPEND)(zip(payloads), sink, _varint, self._blob)
        return sink

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        appending(self.shape, "new", APPEND)(rows, sink, _varint, self._type)
        return sink

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        parse = self._blob.FromString
        return (parse(message).payload for message in _delimited(stream))

    def messages(self, stream: bytes) -> Iterable[Any]:
        return map(self._type.FromString, _delimited(stream))


class Protobuf(Contender):
    """Delimited messages."""

    name = "protobuf"
    label = "protobuf, delimited"

    def __init__(self) -> None:
        self.version = f"{google.protobuf.__version__} ({api_implementation.Type()})"
        every = "FromString of each message; parses every field whether it is wanted or not"
        self.notes: Mapping[str, str] = {
            "F0": "a message with one field of bytes, behind its length",
            "F1": "the message's constructor and SerializeToString, behind its length",
            "F2": "columns to Python values, then as F1",
            "R0": "FromString of a message with one field of bytes, which are copied",
            "R1": "FromString of each message",
            "R2": every,
            "R3": every,
            "R4": "FromString; the message owns its values",
            "R5": "FromString, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Protobuf(shape)


def _message(name: str, fields: Sequence[tuple[str, str]]) -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="bench", syntax="proto3")
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields, 1):
        message.field.add(name=field, number=number, type=getattr(kinds, kind), label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{name}"))
