"""The framing that people write where a format has none: a length of 4 bytes, little-endian, before each message."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["append_prefixed", "prefixed"]

LENGTH: Final = Struct("<I")


def append_prefixed(messages: Iterable[bytes]) -> bytearray:
    """All messages behind their lengths, in one buffer."""
    sink = bytearray()
    pack = LENGTH.pack
    for message in messages:
        sink += pack(len(message))
        sink += message
    return sink


def prefixed(stream: bytes) -> Iterator[memoryview]:
    """Views on the messages. Of a stream that is whole: nothing is checked."""
    view = memoryview(stream)
    unpack = LENGTH.unpack_from
    start, end = 0, len(stream)
    while start < end:
        stop = start + 4 + unpack(stream, start)[0]
        yield view[start + 4 : stop]
        start = stop
