"""Mutants of the writer: sinks, observers, serializers, durability, the policy of its builder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.base_wire import FrameError
from flatstream_conformance.mutants.base_writing import Writer
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

SINKS = Catalogue("writer")

FAULTS = "sink-faults sink-faults-once"


# Sinks.


def _once(self: Writer, data: bytes) -> None:
    if data:
        self.offer(data)


def _payload_once(self: Writer, payload: bytes) -> None:
    self.hand_over(self.wire.header(payload))
    _once(self, payload)


def _header_once(self: Writer, payload: bytes) -> None:
    _once(self, self.wire.header(payload))
    self.hand_over(payload)


def _short_is_failed(self: Writer, data: bytes) -> None:
    if data and self.offer(data) < len(data):
        raise self.sink_failed()


def _one_retry(self: Writer, data: bytes) -> None:
    for _ in range(2):
        taken = self.offer(data) if data else 0
        data = data[taken:]


def _does_not_fail(self: Writer) -> FrameError:
    return self.error("io")


def _fails_if_begun(self: Writer) -> FrameError:
    taken = len(getattr(self.sink, "taken", b""))
    self.failed = taken > self.position
    return self.error("io")


def _tries_again(self: Writer, data: bytes) -> int:
    try:
        return self.sink.write(data)
    except OSError:
        return Writer.offer(self, data)


def _ignores_failure(self: Writer, data: bytes) -> int:
    try:
        return self.sink.write(data)
    except OSError:
        return len(data)


def _recovers_after_one(self: Writer, payload: bytes) -> None:
    try:
        Writer.write(self, payload)
    except FrameError:
        if self.__dict__.get("reported"):
            self.failed = False
        self.__dict__["reported"] = self.failed
        raise


def _silent_when_failed(self: Writer, payload: bytes) -> None:
    if not self.failed:
        Writer.write(self, payload)


SINKS.add("short-write-loses-rest", "S1", "short-writes", "what a sink did not take is lost", hand_over=_once)
SINKS.add(
    "short-write-loses-payload",
    "S1",
    "short-writes",
    "what a sink did not take of a payload is lost",
    hand_over_frame=_payload_once,
)
SINKS.add(
    "short-write-loses-header",
    "S1",
    "short-writes",
    "what a sink did not take of a header is lost",
    hand_over_frame=_header_once,
)
SINKS.add(
    "short-write-rest-once",
    "S1",
    "short-writes",
    "after a short write the rest is offered once only",
    hand_over=_one_retry,
)
SINKS.add(
    "short-write-is-failure",
    "S1",
    "short-writes",
    "a short write counts as a failure of the sink",
    hand_over=_short_is_failed,
)
SINKS.add("sink-failure-ignored", "S4", FAULTS, "a failure of the sink is not reported", offer=_ignores_failure)
SINKS.add(
    "goes-on-after-failure",
    "S4",
    "sink-faults-once",
    "after a failure of the sink the next frame is written",
    sink_failed=_does_not_fail,
)
SINKS.add(
    "fails-only-if-begun",
    "S4",
    "sink-faults-once",
    "a sink that failed before a frame's first byte does not fail the writer",
    sink_failed=_fails_if_begun,
)
SINKS.add("tries-again", "S4", "sink-faults-once", "a write that failed is tried once more", offer=_tries_again)
SINKS.add(
    "failed-once",
    "S4",
    "sink-faults-once",
    "a failed writer refuses one payload and then goes on",
    write=_recovers_after_one,
)
SINKS.add(
    "silent-when-failed",
    "S4",
    "sink-faults-once",
    "a failed writer takes payloads and drops them",
    write=_silent_when_failed,
)


# Observers, serializers, durability, policies.


def _observes_frames(self: Writer, payload: bytes) -> None:
    if self.settings.observer is not None:
        self.settings.observer(self.wire.header(payload) + payload)


def _clears_after_success(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    serialize(self.builder)
    payload = bytes(self.builder)
    self.builder.clear()
    self.write(payload)


def _header_before_serializer(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    try:
        Writer.write_message(self, serialize)
    except FrameError:
        raise
    except Exception:
        self.hand_over(self.wire.header(b""))
        raise


def _serializer_error_is_io(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    try:
        Writer.write_message(self, serialize)
    except FrameError:
        raise
    except Exception as raised:
        raise self.error("io") from raised


def _serializer_error_fails(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    try:
        Writer.write_message(self, serialize)
    except FrameError:
        raise
    except Exception:
        self.failed = True
        raise


def _serializer_error_swallowed(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    try:
        Writer.write_message(self, serialize)
    except FrameError:
        raise
    except Exception:  # noqa: BLE001  (that is what is wrong with it)
        return


def _half_message_written(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    try:
        Writer.write_message(self, serialize)
    except FrameError:
        raise
    except Exception:
        self.write(bytes(self.builder))
        raise


def _flush_and_sync(self: Writer) -> None:
    self.sink.flush()
    self.sink.sync()


def _then(call: Callable[[Writer], object]) -> Callable[[Writer, bytes], None]:
    def write(self: Writer, payload: bytes) -> None:
        Writer.write(self, payload)
        call(self)

    return write


def _asks_always(self: Writer, serialize: Callable[[bytearray], None]) -> None:
    self.begin_message()
    serialize(self.builder)
    payload = bytes(self.builder)
    self.ask_policy(payload)
    self.write(payload)


def _asks_finished(self: Writer, payload: bytes) -> None:
    self.write(payload)
    self.builder[:] = payload
    self.ask_policy(payload)


def _asks_twice(self: Writer, payload: bytes) -> None:
    Writer.ask_policy(self, payload)
    Writer.ask_policy(self, payload)


OBSERVED = "observers-writing"
SINKS.add(
    "observer-after-framing",
    "S3",
    OBSERVED,
    "the observer sees payloads that were written",
    steps=("check_validator", "check_bound", "hand_over_frame", "show_observer"),
)
SINKS.add(
    "observer-after-validator",
    "R5",
    OBSERVED,
    "an outer observer does not see what the validator refuses",
    steps=("check_validator", "show_observer", "check_bound", "hand_over_frame"),
)
SINKS.add(
    "observer-after-bound",
    "R5",
    OBSERVED,
    "an outer observer does not see what the bound refuses",
    steps=("check_bound", "show_observer", "check_validator", "hand_over_frame"),
)
SINKS.add(
    "observer-sees-frames",
    "S3",
    OBSERVED,
    "the observer sees the frame, not the payload",
    show_observer=_observes_frames,
)
SINKS.add("observer-sees-nothing", "S3", OBSERVED, "the observer is not asked", show_observer=lambda *_: None)
SINKS.add(
    "builder-keeps-half",
    "S6",
    "serializers",
    "the next payload begins with what a failed serializer left",
    write_message=_clears_after_success,
)
SINKS.add(
    "serializer-after-header",
    "S6",
    "serializers",
    "a header is written before the serializer is called",
    write_message=_header_before_serializer,
)
SINKS.add(
    "serializer-half-written",
    "S6",
    "serializers",
    "what a failed serializer left is written",
    write_message=_half_message_written,
)
SINKS.add(
    "serializer-error-is-io",
    "S6",
    "serializers",
    "the serializer's error is wrapped as `io`",
    write_message=_serializer_error_is_io,
)
SINKS.add(
    "serializer-error-fails",
    "S6",
    "serializers",
    "the serializer's error fails the writer",
    write_message=_serializer_error_fails,
)
SINKS.add(
    "serializer-error-swallowed",
    "S6",
    "serializers",
    "the serializer's error is lost",
    write_message=_serializer_error_swallowed,
)
SINKS.add("flush-is-sync", "S5", "durability", "flush makes the bytes durable too", flush=_flush_and_sync)
SINKS.add("flush-does-nothing", "S5", "durability", "flush does nothing", flush=lambda _: None)
SINKS.add("sync-is-flush", "S5", "durability", "sync only flushes", sync=lambda self: self.flush())
SINKS.add("sync-does-not-flush", "S5", "durability", "sync does not flush first", sync=lambda self: self.sink.sync())
SINKS.add("write-flushes", "S5", "durability", "each write flushes", write=_then(lambda self: self.sink.flush()))
SINKS.add("write-syncs", "S5", "durability", "each write is made durable", write=_then(lambda self: self.sink.sync()))
SINKS.add(
    "finished-asks",
    "P6",
    "policy-writing",
    "a policy is asked about the caller's builder",
    write_finished=_asks_finished,
)
SINKS.add(
    "writer-asks-before",
    "P1",
    "policy-writing",
    "the policy is asked before the write has succeeded",
    write_message=_asks_always,
)
SINKS.add(
    "writer-asks-twice", "P1", "policy-writing", "the policy is asked twice for each message", ask_policy=_asks_twice
)
SINKS.add("writer-never-asks", "P1", "policy-writing", "the policy is never asked", ask_policy=lambda *_: None)
