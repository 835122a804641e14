"""msgpack: what people would use instead most often, with its own streaming."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from benchmarks.contenders.contender import Codec, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.contenders.contender import Written
    from benchmarks.workloads import Row, Shape

__all__ = ["MessagePack"]


class _MessagePack(Codec):
    """A message is an array of its values; the format is self-delimiting."""

    def __init__(self, shape: Shape, bound: int | None) -> None:
        super().__init__(shape)
        self._limits = {} if bound is None else dict.fromkeys(("max_bin_len", "max_str_len", "max_array_len"), bound)

    def frame(self, payloads: Sequence[bytes]) -> Written:
        return self._packed(payloads)

    def build(self, rows: Sequence[Row]) -> Written:
        return self._packed(rows)

    def _packed(self, messages: Sequence[object]) -> Written:
        # The packer's own buffer grows: no bytes object for a message, which takes up to half of the time.
        packer = msgpack.Packer(autoreset=False)
        pack = packer.pack
        for message in messages:
            pack(message)
        packed: memoryview = packer.getbuffer()
        return packed

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


class _Appended(_MessagePack):
    """A bytes object for each message, appended to a sink: what the promises were made beside."""

    def _packed(self, messages: Sequence[object]) -> Written:
        sink = bytearray()
        pack = msgpack.Packer().pack
        for message in messages:
            sink += pack(message)
        return sink


class MessagePack(Contender):
    """``Packer`` and ``Unpacker``; ``appended``: not into the packer's own buffer, which is faster."""

    name = "msgpack"
    label = "msgpack"

    def __init__(self, bound: int | None = None, *, appended: bool = False) -> None:
        self.version = ".".join(map(str, msgpack.version))
        self._bound = bound
        self._codec = _Appended if appended else _MessagePack
        if appended:
            self.label = "msgpack, pack and append"
        into = "appended to a bytearray" if appended else "into the packer's own buffer"
        if bound is not None:
            self.name, self.label = "msgpack-bounded", f"msgpack, at most {bound} bytes"
        limited = "" if bound is None else "; the Unpacker's limits are set"
        self.notes: Mapping[str, str] = {
            "F0": f"Packer.pack of a bin, {into}",
            "F1": f"Packer.pack of an array, {into}",
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
        return self._codec(shape, self._bound)
