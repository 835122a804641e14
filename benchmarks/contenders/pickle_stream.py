"""pickle of the standard library, protocol 5, one pickle a message."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

import pickle
import platform
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.contender import Codec, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["PickleStream"]

PROTOCOL = 5


class _Pickle(Codec):
    """A message is a tuple; pickles stand back to back, and an `Unpickler` takes them apart."""

    def frame(self, payloads: Sequence[bytes]) -> bytes:
        return _dumped(payloads)

    def build(self, rows: Sequence[Row]) -> bytes:
        return _dumped(rows)

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        return _loaded(stream)

    def messages(self, stream: bytes) -> Iterable[Any]:
        return _loaded(stream)


class PickleStream(Contender):
    """One ``Pickler``, whose memo is cleared after each message, and one ``Unpickler`` over all."""

    name = "pickle"
    label = "pickle, protocol 5"

    def __init__(self) -> None:
        self.version = platform.python_version()
        self.notes: Mapping[str, str] = {
            "F0": "one Pickler into a BytesIO; bytes",
            "F1": "one Pickler into a BytesIO; a tuple",
            "F2": "columns to Python values, then as F1",
            "R0": "one Unpickler over a BufferedReader, its fastest loop; bytes are copied; trusts its input with code",
            "R1": "one Unpickler, which runs what the stream says",
            "R2": "one Unpickler; loads every field whether it is wanted or not",
            "R3": "one Unpickler; loads every field whether it is wanted or not",
            "R4": "one Unpickler, then the object",
            "R5": "one Unpickler, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Pickle(shape)


def _dumped(messages: Sequence[object]) -> bytes:
    sink = BytesIO()
    pickler = pickle.Pickler(sink, PROTOCOL)
    dump, forget = pickler.dump, pickler.clear_memo
    for message in messages:
        dump(message)
        forget()  # or else a message would lean on those before it
    return sink.getvalue()


def _loaded(stream: bytes) -> Iterator[Any]:
    # A BufferedReader can be peeked into, which a BytesIO cannot: the loop takes two thirds of the time.
    load = pickle.Unpickler(BufferedReader(BytesIO(stream), 64 * 1024)).load
    try:
        while True:
            yield load()
    except EOFError:
        return
