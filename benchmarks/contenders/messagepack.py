"""msgpack: what people would use instead most often, with its own streaming."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from benchmarks.contenders.contender import Codec, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["MessagePack"]


class _MessagePack(Codec):
    """A message is an array of its values; the format is self-delimiting."""

    def __init__(self, shape: Shape, bound: int | None) -> None:
        super().__init__(shape)
        self._limits = {} if bound is None else dict.fromkeys(("max_bin_len", "max_str_len", "max_array_len"), bound)

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        sink = bytearray()
        pack = msgpack.Packer().pack
        for payload in payloads:
            sink += pack(payload)
        return sink

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        pack = msgpack.Packer().pack
        for row in rows:
            sink += pack(row)
        return sink

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        unpacker: Iterable[bytes] = self._unpacker(stream)
        return unpacker

    def messages(self, stream: bytes) -> Iterable[Any]:
        unpacker: Iterable[Any] = self._unpacker(stream)
        return unpacker

    def _unpacker(self, stream: bytes) -> Any:
        unpacker = msgpack.Unpacker(max_buffer_size=max(len(stream), 1), **self._limits)
        unpacker.feed(stream)
        return unpacker


class MessagePack(Contender):
    """``Packer`` and ``Unpacker``."""

    name = "msgpack"
    label = "msgpack"

    def __init__(self, bound: int | None = None) -> None:
        self.version = ".".join(map(str, msgpack.version))
        self._bound = bound
        if bound is not None:
            self.name, self.label = "msgpack-bounded", f"msgpack, at most {bound} bytes"
        limited = "" if bound is None else "; the Unpacker's limits are set"
        self.notes: Mapping[str, str] = {
            "F0": "Packer.pack of a bin, appended to a bytearray",
            "F1": "Packer.pack of an array, appended to a bytearray",
            "F2": "columns to Python values, then as F1",
            "R0": "Unpacker, fed with all; a bin is copied" + limited,
            "R1": "Unpacker; that a message has the right fields is not looked at" + limited,
            "R2": "Unpacker; unpacks every field whether it is wanted or not" + limited,
            "R3": "Unpacker; unpacks every field whether it is wanted or not" + limited,
            "R4": "Unpacker, then the object" + limited,
            "R5": "Unpacker, then an array a field" + limited,
            "cycle": "as F1, then as R3" + limited,
        }

    def codec(self, shape: Shape) -> Codec:
        return _MessagePack(shape, self._bound)
