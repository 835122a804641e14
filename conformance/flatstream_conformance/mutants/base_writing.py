"""Writing: whole frames into a sink (S1 to S6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from flatstream_conformance.mutants.base_policies import Never, Policies, Policy
from flatstream_conformance.mutants.base_validators import Validators
from flatstream_conformance.mutants.base_wire import LARGEST_LENGTH, FrameError, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flatstream_conformance.mutants.base_doubles import File, Sink


@dataclass
class WriteSettings:
    """What a writer is told: the bound (None is the largest length), and the adapters around it."""

    bound: int | None = None
    validator: Any = "none"
    validators: Validators = field(default_factory=Validators)
    observer: Callable[[bytes], None] | None = None
    policy: Policy = field(default_factory=Never)
    policies: Policies = field(default_factory=Policies)


class Writer:
    """Writes payloads; `position` is the offset of the next frame, from the first byte handed to the sink."""

    steps: ClassVar[Sequence[str]] = ("show_observer", "check_validator", "check_bound", "hand_over_frame")

    def __init__(self, wire: Wire, sink: Sink | File, settings: WriteSettings) -> None:
        self.wire = wire
        self.sink = sink
        self.settings = settings
        self.bound = self.bound_of(settings.bound)
        self.failed = False
        self.position = 0
        self.builder = bytearray()

    def bound_of(self, setting: int | None) -> int:
        """The bound in force (S2, W8)."""
        return LARGEST_LENGTH if setting is None else setting

    def write(self, payload: bytes) -> None:
        """Write one frame, or raise FrameError."""
        if self.failed:
            raise self.error("io")
        for step in self.steps:
            getattr(self, step)(payload)
        self.position += len(self.wire.header(payload)) + len(payload)

    def write_message(self, serialize: Callable[[bytearray], None]) -> None:
        """Let a serializer build a payload in the writer's own builder, and write it (S6)."""
        self.begin_message()
        serialize(self.builder)
        payload = bytes(self.builder)
        self.write(payload)
        self.ask_policy(payload)

    def write_finished(self, payload: bytes) -> None:
        """Write what the caller has finished in a builder of its own (P6)."""
        self.write(payload)

    def begin_message(self) -> None:
        """Whatever became of the last message, the builder is empty for this one."""
        self.builder.clear()

    def ask_policy(self, payload: bytes) -> None:
        """Ask the policy of the builder (P1)."""
        self.settings.policies.ask(self.settings.policy, 0, len(self.builder), len(payload), 0.0)

    def show_observer(self, payload: bytes) -> None:
        """The observer is the outermost adapter (S3, R5)."""
        if self.settings.observer is not None:
            self.settings.observer(payload)

    def check_validator(self, payload: bytes) -> None:
        """Ask the validator before a byte is written (S2)."""
        refused_by = self.settings.validators.refusal(self.settings.validator, payload)
        if refused_by is not None:
            raise self.error("validation_failed", validator=refused_by)

    def check_bound(self, payload: bytes) -> None:
        """Refuse a payload over the bound before a byte is written (S2, W8)."""
        if self.is_over(len(payload)):
            raise self.error("invalid_frame", declared_len=len(payload), limit=self.bound)

    def is_over(self, length: int) -> bool:
        """Whether a length is over the bound."""
        return length > self.bound

    def hand_over_frame(self, payload: bytes) -> None:
        """Header, then payload (S1)."""
        self.hand_over(self.wire.header(payload))
        self.hand_over(payload)

    def hand_over(self, data: bytes) -> None:
        """Offer the bytes, and the rest, until all are taken (S1)."""
        while data:
            taken = self.offer(data)
            if taken == 0:
                raise self.sink_failed()
            data = data[taken:]

    def offer(self, data: bytes) -> int:
        """One write of the sink; its failure fails the writer (S4)."""
        try:
            return self.sink.write(data)
        except OSError as failure:
            raise self.sink_failed() from failure

    def sink_failed(self) -> FrameError:
        """Nobody knows what the sink has taken, so nothing may follow (S4)."""
        self.failed = True
        return self.error("io")

    def flush(self) -> None:
        """Hand all bytes to the operating system (S5)."""
        self.sink.flush()

    def sync(self) -> None:
        """Make all bytes durable; that flushes first (S5)."""
        self.flush()
        self.sink.sync()

    def error(self, kind: str, **facts: int | str) -> FrameError:
        """An error about the frame that begins, or would have begun, here (E2)."""
        return FrameError(kind, self.position, **facts)
