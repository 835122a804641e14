"""MCAP, the container of robotics: frames of bytes with a channel and two times, in chunks with an index."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from importlib.metadata import version
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from benchmarks.contenders.contender import Codec, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["McapFile"]


class _Mcap(Codec):
    """A message of the container holds the payload, or the packed fields."""

    def frame(self, payloads: Sequence[bytes]) -> bytes:
        return _written(payloads)

    def build(self, rows: Sequence[Row]) -> bytes:
        pack = self.shape.struct.pack
        if self.shape.has_text:
            return _written(pack(text.encode("ascii")) for (text,) in rows)
        return _written(pack(*row) for row in rows)

    def payloads(self, stream: bytes) -> Iterator[bytes]:
        return (message.data for _, _, message in make_reader(BytesIO(stream)).iter_messages(log_time_order=False))

    def messages(self, stream: bytes) -> Iterator[tuple[Any, ...]]:
        unpack = self.shape.struct.unpack
        if self.shape.has_text:
            return ((unpack(data)[0].decode("ascii"),) for data in self.payloads(stream))
        return map(unpack, self.payloads(stream))


class McapFile(Contender):
    """The official package, which is pure Python."""

    name = "mcap"
    label = "MCAP, packed struct"

    def __init__(self) -> None:
        self.version = version("mcap")
        reads = "make_reader over a BytesIO, in the order of the file"
        self.notes: Mapping[str, str] = {
            "F0": "Writer.add_message, chunks with an index and CRC-32, no compression",
            "F1": "Struct.pack, then Writer.add_message, chunks with an index and CRC-32, no compression",
            "F2": "columns to Python values, then as F1",
            "R0": reads,
            "R1": f"{reads}, then unpack; any bytes are right",
            "R2": f"{reads}, then unpack of every field",
            "R3": f"{reads}, then unpack",
            "R4": f"{reads}, then unpack and the object",
            "R5": f"{reads}, then unpack and an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Mcap(shape)


def _written(messages: Iterable[bytes]) -> bytes:
    sink = BytesIO()
    writer = Writer(sink, compression=CompressionType.NONE)
    writer.start()
    channel = writer.register_channel("messages", "raw", writer.register_schema("raw", "", b""))
    add = writer.add_message
    for message in messages:
        add(channel, 0, message, 0)
    writer.finish()  # type: ignore[no-untyped-call]  # the package left this one out
    return sink.getvalue()
