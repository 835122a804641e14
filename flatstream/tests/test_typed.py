"""Messages as objects: the two protocols, ``str``, and the classes that flatc generates."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any, Self

import flatbuffers
import pytest

from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    FlatBuffersError,
    StreamDeserialize,
    StreamReader,
    StreamSerialize,
    StreamWriter,
    UnexpectedEof,
    ValidationFailed,
)
from flatstream.lobster.generated import LobsterMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.adapters import Deframer

    Way = Callable[[bytes, Deframer], StreamReader[Any]]


class Point:
    """A message with both protocols, as a user would write one."""

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y

    def serialize(self, builder: flatbuffers.Builder) -> None:
        builder.Finish(builder.CreateByteVector(pack("<qq", self.x, self.y)))

    @classmethod
    def deserialize(cls, payload: memoryview) -> Self:
        root, length = unpack_from("<II", payload)
        if (root, length) != (4, 16):
            raise ValueError("no point")
        return cls(*unpack_from("<qq", payload, 8))


@pytest.fixture
def points(algorithm: Any) -> bytes:
    sink = bytearray()
    writer = StreamWriter(sink, ChecksumFramer(algorithm))
    writer.write(Point(1, -2))
    writer.write("no point at all")
    writer.write(Point(3, 2**62))
    return bytes(sink)


def test_a_message_type_follows_both_protocols() -> None:
    assert isinstance(Point(1, 2), StreamSerialize)
    assert isinstance(Point, StreamDeserialize)
    assert not isinstance("text", StreamSerialize)


def test_what_cannot_be_opened_names_its_frame_and_reading_goes_on(way: Way, algorithm: Any, points: bytes) -> None:
    reader = way(points, ChecksumDeframer(algorithm))
    messages = reader.typed_messages(Point)
    first = next(messages)
    assert (first.x, first.y) == (1, -2)
    with pytest.raises(FlatBuffersError, match="is no Point: ValueError: no point") as caught:
        next(messages)
    assert caught.value.offset == 4 + algorithm.width + 24
    assert isinstance(caught.value.__cause__, ValueError)
    assert next(messages).y == 2**62
    assert list(messages) == []


def test_process_typed_counts_the_messages_and_passes_errors_on() -> None:
    sink = bytearray()
    writer = StreamWriter(sink)
    for text in ("", "ascii", "Grüße", "x" * 1000):
        writer.write(text)
    read: list[str] = []
    assert StreamReader(sink).process_typed(str, read.append) == 4
    assert read == ["", "ascii", "Grüße", "x" * 1000]
    with pytest.raises(UnexpectedEof):
        StreamReader(sink[:-1]).process_typed(str, read.append)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x04\0\0",
        b"\x04\0\0\0\x05\0\0",
        b"\x04\0\0\0\x05\0\0\0text",
        b"\xff\xff\xff\xff\0\0\0\0",
        b"\x04\0\0\0\x01\0\0\0\xff\0\0\0",
    ],
)
def test_a_payload_that_is_no_string_is_a_flatbuffers_error(payload: bytes) -> None:
    sink = bytearray()
    StreamWriter(sink).write_payload(payload)
    with pytest.raises(FlatBuffersError, match="is no str") as caught:
        list(StreamReader(sink).typed_messages(str))
    assert caught.value.offset == 0


def test_an_error_of_flatstream_in_a_message_type_is_kept() -> None:
    class Checked:
        @classmethod
        def deserialize(cls, _payload: memoryview) -> Self:
            raise ValidationFailed("Checked", "as told")

    with pytest.raises(ValidationFailed):
        list(StreamReader(bytes(4)).typed_messages(Checked))


def test_what_is_no_message_type_is_refused() -> None:
    with pytest.raises(TypeError, match="neither deserialize"):
        StreamReader(b"").typed_messages(int)


def test_classes_generated_by_flatc_are_read_as_they_are(way: Way) -> None:
    sink = bytearray()
    builder = flatbuffers.Builder(0)
    writer = StreamWriter(sink, ChecksumFramer("crc16"))
    for order_id in (7, 2**64 - 1):
        builder.Clear()
        LobsterMessage.LobsterMessageStart(builder)
        LobsterMessage.LobsterMessageAddOrderId(builder, order_id)
        builder.Finish(LobsterMessage.LobsterMessageEnd(builder))
        writer.write_finished(builder)
    reader = way(bytes(sink), ChecksumDeframer("crc16"))
    assert [message.OrderId() for message in reader.typed_messages(LobsterMessage.LobsterMessage)] == [7, 2**64 - 1]
