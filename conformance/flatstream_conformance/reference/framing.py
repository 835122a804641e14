"""The operation `frame`, by each way of writing; all of them must say the same."""

from __future__ import annotations

import io
import mmap
from typing import TYPE_CHECKING, Any

import flatbuffers

import flatstream
from flatstream_conformance.reference.algorithms import algorithm
from flatstream_conformance.reference.arguments import error, validator
from flatstream_conformance.reference.doubles import Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from flatstream.adapters import Framer

Message = dict[str, Any]


class SerializerError(Exception):
    """What the caller's own serializer raises."""


class Finished:
    """A message whose finished buffer is known: it puts these bytes into the builder, or raises."""

    def __init__(self, payload: bytes, *, fails: bool) -> None:
        self._payload = payload
        self._fails = fails

    def serialize(self, builder: flatbuffers.Builder) -> None:
        """Finish the builder with the payload, after having left something half-built in it if it fails."""
        if self._fails:
            builder.CreateString("half a message")
            raise SerializerError
        builder.Bytes = bytearray(self._payload)
        builder.head = 0
        builder.finished = True


class ByteVector:
    """A message with a byte vector as its root."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def serialize(self, builder: flatbuffers.Builder) -> None:
        """Build it."""
        builder.Finish(builder.CreateByteVector(self._data))


class Counting(flatstream.MemoryPolicy):
    """Counts how often it is asked."""

    baseline = 0

    def __init__(self) -> None:
        self.asked = 0

    def should_reset(self, last_message_size: int, current_capacity: int) -> None:  # noqa: ARG002  (the interface)
        """Count, and never shrink."""
        self.asked += 1


def frame(request: Message) -> Message:
    """The operation `frame`."""
    if "mode" in request:
        return _asked(request)
    observed: list[str] = []
    sink = Sink(request)
    writer = flatstream.StreamWriter(sink, _framer(request, observed))
    goes_on = request.get("go_on", False) or "serializer_fails_at" in request
    reply: Message = {}
    results: list[object] = []
    for write in _writes(request, writer):
        try:
            write()
        except flatstream.FlatStreamError as raised:
            results.append({"error": error(raised, request)})
            if not goes_on:
                reply["error"] = error(raised, request)
                break
        except SerializerError:
            results.append({"raised": True})
        else:
            results.append("ok")
    finish = request.get("finish")
    if finish == "flush":
        writer.flush()
    elif finish == "sync":
        writer.sync()
    reply["wire"] = sink.taken.hex()
    if goes_on:
        reply["results"] = results
    if request.get("observe"):
        reply["observed"] = observed
    if finish is not None:
        reply |= {"flushes": sink.flushes, "syncs": sink.syncs}
    if not request.keys() & _OF_THE_SINK:
        for name, other in _in_memory(request):
            if other != reply:
                raise AssertionError(f"writing to a file-like gives {reply}, to {name} {other}")
    return reply


_OF_THE_SINK = frozenset(
    {"sink_chunk", "sink_fault_after", "finish", "observe", "zeros", "go_on", "serializer_fails_at"}
)
"""What a request asks of the sink, or of the way in which it is written to."""


def _in_memory(request: Message) -> Iterator[tuple[str, Message]]:
    """The same frames one at a time, many at a time, and in one call, into what the library itself knows as a sink."""
    payloads = [bytes.fromhex(text) for text in request["payloads"]]
    for many in (False, True):
        for sink in (bytearray(), io.BytesIO()):
            writer = flatstream.StreamWriter(sink, _framer(request, []))
            reply: Message = {}
            try:
                if many:
                    writer.write_many(payloads)
                else:
                    for payload in payloads:
                        writer.write_payload(payload)
            except flatstream.FlatStreamError as raised:
                reply["error"] = error(raised, request)
            reply["wire"] = (sink if isinstance(sink, bytearray) else sink.getvalue()).hex()
            yield f"a {type(sink).__name__}{', many at a time' if many else ''}", reply
    if request["max_payload_len"] is None and "validator" not in request:
        yield "frame_many", {"wire": flatstream.frame_many(payloads, algorithm(request["algorithm"])).hex()}


def _framer(request: Message, observed: list[str]) -> Framer:
    name = request["algorithm"]
    framer: Framer = flatstream.DefaultFramer() if name == "none" else flatstream.ChecksumFramer(algorithm(name))
    if request["max_payload_len"] is not None:
        framer = framer.bounded(request["max_payload_len"])
    if "validator" in request:
        framer = framer.with_validator(validator(request["validator"]))
    if request.get("observe"):
        framer = framer.observed(lambda payload: observed.append(payload.hex()))
    return framer


def _writes(request: Message, writer: flatstream.StreamWriter) -> Iterator[Callable[[], None]]:
    fails_at = request.get("serializer_fails_at")
    for index, text in enumerate(request["payloads"]):
        payload = bytes.fromhex(text)
        if fails_at is None:
            yield _payload_write(writer, payload)
        else:
            message = Finished(payload, fails=index == fails_at)
            yield lambda message=message: writer.write(message)  # type: ignore[misc]  # mypy infers no default of a lambda
    if "zeros" in request:
        # Pages of an anonymous mapping that nobody touches cost no memory.
        with mmap.mmap(-1, request["zeros"]) as zeros, memoryview(zeros) as payload_view:
            yield _payload_write(writer, payload_view)


def _payload_write(writer: flatstream.StreamWriter, payload: Buffer) -> Callable[[], None]:
    return lambda: writer.write_payload(payload)


def _asked(request: Message) -> Message:
    policy = Counting()
    writer = flatstream.StreamWriter(bytearray(), _framer(request, []), policy=policy)
    builder = flatbuffers.Builder(0)
    for text in request["payloads"]:
        message = ByteVector(bytes.fromhex(text))
        try:
            if request["mode"] == "simple":
                writer.write(message)
            else:
                builder.Clear()
                message.serialize(builder)
                writer.write_finished(builder)
        except flatstream.FlatStreamError:
            break
    return {"asked": policy.asked}
