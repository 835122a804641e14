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

    def frame(self, payloads: Sequence[bytes]) -> bytes:
        return _dumped(payloads)

    def build(self, rows: Sequence[Row]) -> bytes:
        return _dumped(rows)

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        return _loaded(stream)

    def messages(self, stream: bytes) -> Iterable[Any]:
        return _loaded(stream)


class Cbor(Contender):
    """One encoder and one decoder."""

    name = "cbor2"
    label = "cbor2"

    def __init__(self) -> None:
        self.version = version("cbor2")
        self.notes: Mapping[str, str] = {
            "F0": "one CBOREncoder into a BytesIO; bytes",
            "F1": "one CBOREncoder into a BytesIO; an array",
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


def _dumped(messages: Sequence[object]) -> bytes:
    sink = BytesIO()
    encode = cbor2.CBOREncoder(sink).encode  # of one encoder: dumps makes one a message, for a quarter of the time
    for message in messages:
        encode(message)
    return sink.getvalue()


def _loaded(stream: bytes) -> Iterator[Any]:
    decode = cbor2.CBORDecoder(BytesIO(stream)).decode
    try:
        while True:
            yield decode()
    except cbor2.CBORDecodeEOF:
        return
