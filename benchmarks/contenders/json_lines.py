"""JSON, an object a line: the standard library, orjson, and msgspec with and without types."""

from __future__ import annotations

import json
import platform
from io import BytesIO, TextIOWrapper
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import msgspec
import orjson

from benchmarks.contenders.contender import Codec, Contender
from benchmarks.contenders.message_struct import message_struct
from benchmarks.loops import appending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Row, Shape

__all__ = ["Json", "MsgspecJson", "Orjson"]

NO_BYTES = "JSON has no bytes; base64 would be work that the others do not do"


class _Lines(Codec):
    """A message is an object with the names of its fields; the newline is the framing."""

    access: ClassVar[Access] = "key"

    def frame(self, payloads: Sequence[bytes]) -> NoReturn:
        raise NotImplementedError(NO_BYTES)

    def payloads(self, stream: bytes) -> NoReturn:
        raise NotImplementedError(NO_BYTES)

    def parsed(self, stream: bytes, loads: Callable[[bytes], Any]) -> Iterator[Any]:
        """Each line, parsed."""
        return map(loads, BytesIO(stream))


class _Json(_Lines):
    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
        loop = appending(self.shape, "dict", "sink += encode({value}).encode('utf-8')\nsink += b'\\n'")
        loop(rows, sink, encode)
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        # Lines of text: of bytes, loads guesses the encoding anew for each, which takes a quarter of the time.
        return map(json.loads, TextIOWrapper(BytesIO(stream), "utf-8", newline="\n"))


class _Orjson(_Lines):
    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        option = orjson.OPT_APPEND_NEWLINE
        appending(self.shape, "dict", "sink += encode({value}, None, new)")(rows, sink, orjson.dumps, option)
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        return self.parsed(stream, orjson.loads)


class _Untyped(_Lines):
    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        loop = appending(self.shape, "dict", "encode({value}, sink, -1)\nsink += b'\\n'")
        loop(rows, sink, msgspec.json.Encoder().encode_into)
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        return self.parsed(stream, msgspec.json.Decoder().decode)


class _Typed(_Lines):
    access: ClassVar[Access] = "attribute"
    owns: ClassVar[bool] = True

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        loop = appending(self.shape, "new", "encode({value}, sink, -1)\nsink += b'\\n'")
        loop(rows, sink, msgspec.json.Encoder().encode_into, message_struct(self.shape))
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        return self.parsed(stream, msgspec.json.Decoder(message_struct(self.shape)).decode)


class _JsonContender(Contender):
    cannot: Mapping[str, str] = MappingProxyType({"F0": NO_BYTES, "R0": NO_BYTES})
    of: type[Codec]

    def __init__(self, encoded: str, loads: str, version: str, *, typed: bool = False, text: bool = False) -> None:
        self.version = version
        parses = f"{loads} of each line of a {'TextIOWrapper' if text else 'BytesIO'}"
        every = "parses every field whether it is wanted or not"
        self.notes: Mapping[str, str] = {
            "F1": f"{encoded}; field names written, a newline after each",
            "F2": "columns to Python values, then as F1",
            "R1": f"{parses}; {'checks names and types' if typed else 'not which fields there are'}",
            "R2": f"{parses}; {every}",
            "R3": f"{parses}; {every}",
            "R4": parses + ("" if typed else ", then the object"),
            "R5": f"{parses}, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return self.of(shape)


class Json(_JsonContender):
    """The standard library."""

    name, label, of = "json", "json, a line each", _Json

    def __init__(self) -> None:
        super().__init__(
            "one encoder, compact separators, text encoded to UTF-8",
            "json.loads",
            platform.python_version(),
            text=True,
        )


class Orjson(_JsonContender):
    """orjson."""

    name, label, of = "orjson", "orjson, a line each", _Orjson

    def __init__(self) -> None:
        super().__init__("orjson.dumps with OPT_APPEND_NEWLINE", "orjson.loads", orjson.__version__)


class MsgspecJson(_JsonContender):
    """msgspec's JSON, with a ``Struct`` or without."""

    def __init__(self, *, typed: bool) -> None:
        kind = "typed" if typed else "untyped"
        super().__init__(
            f"Encoder.encode_into of {'a Struct, which is made first' if typed else 'a dict'}",
            "Decoder.decode",
            msgspec.__version__,
            typed=typed,
        )
        self.name, self.label = f"msgspec-json-{kind}", f"msgspec JSON, {kind}"
        self.of = _Typed if typed else _Untyped
