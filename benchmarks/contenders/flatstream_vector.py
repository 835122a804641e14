"""FlatStream on either engine, with the original's payload: packed bytes as a vector, or a text, that is the root."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np

import flatstream
from benchmarks.contenders.contender import Codec, Columns, Contender
from benchmarks.engines import NATIVE, NO_NATIVE, Engine, use
from benchmarks.tiers import TITLES
from benchmarks.workloads import VECTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["FlatStreamCodec", "FlatStreamVector"]


class FlatStreamCodec(Codec):
    """Framing and reading with one checksum and one bound, on one engine; a ``bytearray`` is the sink."""

    def __init__(
        self,
        shape: Shape,
        checksum: str = "none",
        engine: Engine = "native",
        bound: int | None = None,
        copy: bool = False,  # noqa: FBT001, FBT002  (settings of a contender, given by it alone)
    ) -> None:
        super().__init__(shape)
        self.copy = copy
        self.checksum = checksum
        self.engine: Engine = engine
        framer = flatstream.ChecksumFramer(checksum) if checksum != "none" else flatstream.DefaultFramer()
        self.framer: flatstream.Framer = framer if bound is None else framer.bounded(bound)
        limit = flatstream.DEFAULT_MAX_FRAME_LEN if bound is None else bound
        self.deframer = flatstream.ChecksumDeframer(checksum, max_frame_len=limit)

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        use(self.engine)
        sink = bytearray()
        write = flatstream.StreamWriter(sink, self.framer).write_payload
        for payload in payloads:
            write(payload)
        return sink

    def payloads(self, stream: bytes) -> Iterable[bytes | memoryview]:
        use(self.engine)
        return self.reader(stream, self.deframer)

    def reader(self, stream: bytes, deframer: flatstream.Deframer) -> flatstream.StreamReader[Any]:
        """Borrowing or copying."""
        return (
            flatstream.StreamReader(stream, deframer, copy=True)
            if self.copy
            else flatstream.StreamReader(stream, deframer)
        )

    def scan(self, stream: bytes) -> flatstream.Frames:
        """All frames at once."""
        use(self.engine)
        return flatstream.scan(stream, self.checksum, self.deframer.max_frame_len).checked()


class _Packed(FlatStreamCodec):
    """Numbers, packed without gaps in a ``[ubyte]`` vector."""

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self.engine)
        sink = bytearray()
        writer = flatstream.StreamWriter(sink, self.framer)
        builder = flatbuffers.Builder(64)
        pack = self.shape.struct.pack
        for row in rows:
            builder.Clear()
            builder.Finish(builder.CreateByteVector(pack(*row)))
            writer.write_finished(builder)
        return sink

    @cached_property
    def _payload(self) -> np.dtype[Any]:
        """A payload: root offset, length of the vector, the fields, and what the builder pads a vector with."""
        size = self.shape.struct.size
        fields: list[tuple[str, Any]] = [("root", "<u4"), ("length", "<u4")]
        fields += [(name, self.shape.dtype[name]) for name in self.shape.names]
        if padding := -(VECTOR + size) % 4:
            fields.append(("padding", f"V{padding}"))
        return np.dtype(fields)

    def build_columns(self, columns: Columns) -> bytearray:
        use(self.engine)
        size = self.shape.struct.size
        payloads = np.zeros(len(next(iter(columns.values()))), self._payload)
        payloads["root"], payloads["length"] = 4, size
        for name, column in columns.items():
            payloads[name] = column
        return flatstream.frame_array(payloads, self.checksum)

    def messages(self, stream: bytes) -> Iterable[tuple[Any, ...]]:
        use(self.engine)
        unpack = self.shape.struct.unpack_from
        return (unpack(payload, VECTOR) for payload in self.reader(stream, self.deframer))

    def verified(self, stream: bytes) -> int:
        use(self.engine)
        size = self._payload.itemsize
        deframer = self.deframer.with_validator(flatstream.SizeValidator(size, size))
        count = 0
        for _ in self.reader(stream, deframer):
            count += 1
        return count

    def columns(self, stream: bytes) -> Columns:
        fields = self.scan(stream).array(self._payload)
        return {name: fields[name] for name in self.shape.names}


class _Text(FlatStreamCodec):
    """One text, as the string that is the root."""

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self.engine)
        sink = bytearray()
        write = flatstream.StreamWriter(sink, self.framer).write
        for (text,) in rows:
            write(text)
        return sink

    def messages(self, stream: bytes) -> Iterable[tuple[str]]:
        use(self.engine)
        return zip(self.reader(stream, self.deframer).typed_messages(str))


class FlatStreamVector(Contender):
    """A message as packed bytes in a ``[ubyte]`` vector root, as the Rust original benchmarks it."""

    def __init__(
        self,
        checksum: str = "none",
        engine: Engine = "native",
        bound: int | None = None,
        *,
        copy: bool = False,
    ) -> None:
        self.version = flatstream.__version__
        self._settings = checksum, engine, bound, copy
        if copy:
            self.cannot = dict.fromkeys(("F0", "F1", "F2", "R5", "cycle"), "only reading a message at a time differs")
        if engine == "native" and NATIVE is None:
            self.cannot = dict.fromkeys(TITLES, NO_NATIVE)
        plain = checksum == "none"
        which = [] if plain else [checksum]
        kind = ["python"] if engine == "python" else []
        copied = ["copied"] if copy else []
        self.name = "-".join(["flatstream", *which, *kind, *copied, *(["bounded"] if bound is not None else [])])
        limit = [f"at most {bound} bytes"] if bound is not None else []
        words = [*which, *(["pure Python"] if kind else []), *copied, *limit]
        self.label = ", ".join(["FlatStream", *words])
        computed, verified = ("", "") if plain else ("; computes the checksum", "; verifies the checksum")
        each = "fresh bytes, copy=True" if copy else "a view"
        self.notes: Mapping[str, str] = {
            "F0": "StreamWriter.write_payload into a bytearray, a call a payload" + computed,
            "F1": "packed bytes as a vector (a text as a string), one builder for all, write_finished" + computed,
            "F2": "columns into an array of payloads, frame_array" + computed,
            "R0": ("fresh bytes, copy=True" if copy else "views on the source") + verified,
            "R1": "the size of each payload, which is all that packed bytes can be wrong in" + verified,
            "R2": f"one unpack of {each}, of every field" + verified,
            "R3": f"one unpack of {each}, behind the root offset and the length of the vector" + verified,
            "R4": "one unpack, then the object" + verified,
            "R5": "scan, then one strided array over the stream; columns are views" + verified,
            "cycle": "as F1, then as R3" + computed,
        }

    def codec(self, shape: Shape) -> Codec:
        return (_Text if shape.has_text else _Packed)(shape, *self._settings)
