"""cbor2: CBOR, a sequence of items one after the other (RFC 8742)."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from importlib.metadata import version
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cbor2

from benchmarks.contenders.contender import Codec, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["Cbor"]


class _Cbor(Codec):
    """A message is an array of its values."""

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        return _dumped(payloads)

    def build(self, rows: Sequence[Row]) -> bytearray:
        return _dumped(rows)

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        return _loaded(stream)

    def messages(self, stream: bytes) -> Iterable[Any]:
        return _loaded(stream)


class Cbor(Contender):
    """``dumps`` and one decoder."""

    name = "cbor2"
    label = "cbor2"

    def __init__(self) -> None:
        self.version = version("cbor2")
        self.notes: Mapping[str, str] = {
            "F0": "cbor2.dumps of bytes, appended to a bytearray",
            "F1": "cbor2.dumps of an array, appended to a bytearray",
            "F2": "columns to Python values, then as F1",
            "R0": "one CBORDecoder over a BytesIO; bytes are copied",
            "R1": "one CBORDecoder; that a message has the right fields is not looked at",
            "R2": "one CBORDecoder; decodes every field whether it is wanted or not",
            "R3": "one CBORDecoder; decodes every field whether it is wanted or not",
            "R4": "one CBORDecoder, then the object",
            "R5": "one CBORDecoder, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Cbor(shape)


def _dumped(messages: Sequence[object]) -> bytearray:
    sink = bytearray()
    dumps = cbor2.dumps
    for message in messages:
        sink += dumps(message)
    return sink


def _loaded(stream: bytes) -> Iterator[Any]:
    decode = cbor2.CBORDecoder(BytesIO(stream)).decode
    try:
        while True:
            yield decode()
    except cbor2.CBORDecodeEOF:
        return
