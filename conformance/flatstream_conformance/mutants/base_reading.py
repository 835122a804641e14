"""Reading: one frame for each call, over a source that the caller owns (R1 to R13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from flatstream_conformance.mutants.base_policies import DEFAULT_BASELINE, Never, Policies, Policy
from flatstream_conformance.mutants.base_validators import Validators
from flatstream_conformance.mutants.base_wire import LENGTH_SIZE, FrameError, Payload, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from flatstream_conformance.mutants.base_doubles import File, Source

# Bytes that one read asks for at most: memory grows as the bytes arrive (R6).
STEP = 65536


@dataclass
class ReadSettings:
    """What a reader is told: the limit (None is the default), and the adapters around it."""

    limit: int | None = None
    validator: Any = "none"
    validators: Validators = field(default_factory=Validators)
    observer: Callable[[Payload], None] | None = None
    policy: Policy = field(default_factory=Never)
    policies: Policies = field(default_factory=Policies)


class Reader:
    """Delivers payloads as views of one reused buffer, which hold until the next call.

    `frame_start` is the offset of the frame of the last call, `position` that of the next one, and `last_good` the
    offset past the last frame that was delivered. All count from the first byte that the reader takes.
    """

    default_limit: ClassVar[int] = 2**31
    sticking: ClassVar[Collection[str]] = ("invalid_frame", "unexpected_eof", "io")
    steps: ClassVar[Sequence[str]] = ("check_checksum", "check_validator", "show_observer")

    def __init__(self, wire: Wire, source: Source | File, settings: ReadSettings) -> None:
        self.wire = wire
        self.source = source
        self.settings = settings
        self.limit = self.limit_of(settings.limit)
        self.failure: FrameError | None = None
        self.frame_start = self.position = self.last_good = 0
        self.buffer = bytearray()
        self.shrink_is_due = False

    def limit_of(self, setting: int | None) -> int:
        """The limit in force (R4)."""
        return self.default_limit if setting is None else setting

    def next_payload(self) -> Payload | None:
        """The next payload; None at the clean end (R1). Raises FrameError."""
        if self.failure is not None:
            raise self.failure
        if self.shrink_is_due:
            self.shrink()
        self.frame_start = self.position
        try:
            return self.read_frame()
        except FrameError as error:
            if error.kind in self.sticking:
                self.failure = error
            raise

    def process_all(self, callback: Callable[[Payload], None]) -> None:
        """Hand each payload to the callback, up to the clean end (R12)."""
        while (payload := self.next_payload()) is not None:
            callback(payload)

    def read_frame(self) -> Payload | None:
        """One frame, its fields in the order in which they come."""
        length_field = self.take(LENGTH_SIZE)
        if not length_field:
            return None
        self.require(length_field, LENGTH_SIZE)
        length = self.wire.length_of(length_field)
        self.check_bound(length)
        stored = self.take(self.wire.width)
        self.require(stored, self.wire.width)
        payload = self.take_payload(length)
        return self.finish(stored, payload)

    def check_bound(self, length: int) -> None:
        """Refuse a length over the limit (R3)."""
        if self.is_over(length):
            raise self.error("invalid_frame", declared_len=length, limit=self.limit)

    def is_over(self, length: int) -> bool:
        """Whether a length is over the limit."""
        return length > self.limit

    def take(self, size: int) -> bytes:
        """`size` bytes of the source, fewer only at its end (R7)."""
        parts = bytearray()
        while len(parts) < size:
            data = self.read(min(size - len(parts), STEP))
            if not data:
                break
            parts += data
        return bytes(parts)

    def read(self, size: int) -> bytes:
        """One read of the source; its failure is `io` (R8)."""
        try:
            return self.source.read(size)
        except OSError as failure:
            raise self.error("io") from failure

    def require(self, got: Payload, size: int) -> None:
        """A field that is cut short is the end inside of a frame (R2)."""
        if len(got) < size:
            raise self.error("unexpected_eof")

    def take_payload(self, length: int) -> Payload:
        """The payload, as a view of the reused buffer (R6, R11)."""
        filled = 0
        while filled < length:
            data = self.read(min(length - filled, STEP))
            if not data:
                break
            self.store(filled, data)
            filled += len(data)
        payload = self.filled_part(filled)
        self.require(payload, length)
        return payload

    def store(self, at: int, data: bytes) -> None:
        """Put bytes into the buffer, which grows by doubling."""
        if at + len(data) > len(self.buffer):
            self.buffer = self.buffer[:at] + bytes(max(2 * at, len(data), DEFAULT_BASELINE) - at + len(data))
        self.buffer[at : at + len(data)] = data

    def filled_part(self, length: int) -> Payload:
        """The bytes of this frame, and none of an earlier one."""
        return memoryview(self.buffer)[:length]

    def finish(self, stored: bytes, payload: Payload) -> Payload | None:
        """All bytes of the frame are there: whatever the checks say, the next frame comes next (R10)."""
        self.position += self.size_of_frame(payload)
        for step in self.steps:
            getattr(self, step)(stored, payload)
        self.last_good = self.position
        self.ask_policy(len(payload))
        return payload

    def size_of_frame(self, payload: Payload) -> int:
        """Length, checksum and payload, in bytes."""
        return LENGTH_SIZE + self.wire.width + len(payload)

    def check_checksum(self, stored: bytes, payload: Payload) -> None:
        """Compare the checksum in the frame with that of the payload (R13)."""
        calculated = self.wire.checksum_field(payload)
        if stored != calculated:
            raise self.mismatch(stored, calculated)

    def mismatch(self, stored: bytes, calculated: bytes) -> FrameError:
        """The error of a wrong checksum (R13)."""
        return self.error("checksum_mismatch", expected=stored.hex(), calculated=calculated.hex())

    def check_validator(self, _stored: bytes, payload: Payload) -> None:
        """Ask the validator (R5)."""
        refused_by = self.settings.validators.refusal(self.settings.validator, payload)
        if refused_by is not None:
            raise self.error("validation_failed", validator=refused_by)

    def show_observer(self, _stored: bytes, payload: Payload) -> None:
        """Show the payload to the observer (R5)."""
        if self.settings.observer is not None:
            self.settings.observer(payload)

    def ask_policy(self, size: int) -> None:
        """Ask the memory policy; what it wants is done at the next call (P5)."""
        if self.settings.policies.ask(self.settings.policy, DEFAULT_BASELINE, len(self.buffer), size, 0.0):
            self.shrink_is_due = True

    def shrink(self) -> None:
        """Release the buffer; as memory that was given back, it is soon overwritten."""
        self.buffer[:] = b"\xdd" * len(self.buffer)
        self.buffer = bytearray(DEFAULT_BASELINE)
        self.shrink_is_due = False

    def error(self, kind: str, **facts: int | str) -> FrameError:
        """An error about the frame that is being read (E1, E2)."""
        return FrameError(kind, self.error_offset(), **facts)

    def error_offset(self) -> int:
        """The offset of the first length byte of the frame that is being read (E2)."""
        return self.frame_start
