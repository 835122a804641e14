"""What every framer and deframer offers, and the adapters that wrap one: bounded, observed, validating.

    DefaultFramer().bounded(4096).observed(count)

Adapters nest. A framer's outermost adapter sees a payload first; a deframer's innermost does, once the frame has
passed its bound and its checksum (R5). This module stands below ``framer`` and ``deframer`` because the fluent form is
a method of theirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeAlias

from flatstream.arguments import function, instance
from flatstream.errors import InvalidFrame
from flatstream.validation import TypedValidator, checked
from flatstream.wire import limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream import engine
    from flatstream.checksum import Checksum
    from flatstream.validation import Validator
    from flatstream.wire import Payload

    Observer: TypeAlias = Callable[[Payload], object]

__all__ = [
    "BoundedDeframer",
    "BoundedFramer",
    "Deframer",
    "Framer",
    "ObserverDeframer",
    "ObserverFramer",
    "ValidatingDeframer",
    "ValidatingFramer",
]


class Framer(ABC):
    """Gives the header of a payload. A framer of your own needs only ``header``."""

    @abstractmethod
    def header(self, payload: Payload) -> bytes:
        """The bytes that stand before the payload on the wire; an error if it may not be written (S2)."""

    def bounded(self, max_payload_len: int) -> BoundedFramer:
        """Refuse payloads of more than that many bytes (S2)."""
        return BoundedFramer(self, max_payload_len)

    def observed(self, observer: Observer) -> ObserverFramer:
        """Show each payload to ``observer`` before it is framed (S3). The view is valid during the call."""
        return ObserverFramer(self, observer)

    def with_validator(self, validator: Validator) -> ValidatingFramer:
        """Refuse payloads that ``validator`` refuses (S2)."""
        return ValidatingFramer(self, validator)


def checked_framer(framer: Framer) -> Framer:
    """``framer`` if it is one, else ``TypeError``."""
    return instance(framer, Framer, "a framer, such as ChecksumFramer('crc32'),")  # type: ignore[type-abstract]


class BoundedFramer(Framer):
    """Raises ``InvalidFrame`` for a payload of more than ``max_payload_len`` bytes."""

    def __init__(self, inner: Framer, max_payload_len: int) -> None:
        self._inner = checked_framer(inner)
        self.max_payload_len = limit(max_payload_len, "max_payload_len")

    def header(self, payload: Payload) -> bytes:
        """The inner framer's header, if the payload is within the bound."""
        if len(payload) > self.max_payload_len:
            raise InvalidFrame(len(payload), self.max_payload_len)
        return self._inner.header(payload)


class ObserverFramer(Framer):
    """Shows each payload to ``observer`` before it is framed, also when it is then refused or not written (S3)."""

    def __init__(self, inner: Framer, observer: Observer) -> None:
        self._inner = checked_framer(inner)
        self._observer = function(observer, "an observer")

    def header(self, payload: Payload) -> bytes:
        """The inner framer's header, after the observer has seen the payload."""
        self._observer(payload)
        return self._inner.header(payload)


class ValidatingFramer(Framer):
    """Raises ``ValidationFailed`` for a payload that ``validator`` refuses."""

    def __init__(self, inner: Framer, validator: Validator) -> None:
        self._inner = checked_framer(inner)
        self._validator = checked(validator)

    def header(self, payload: Payload) -> bytes:
        """The inner framer's header, if the validator accepts the payload."""
        self._validator.validate(payload)
        return self._inner.header(payload)


class Deframer:
    """What a parser must know: the checksum, the bound on payload bytes, and who inspects a payload that passed both.

    ``inspectors`` are called in order with each payload (R5); what one raises stops the reading of that frame.
    """

    def __init__(
        self, checksum: Checksum, max_frame_len: int, inspectors: tuple[Callable[[Payload], object], ...] = ()
    ) -> None:
        self.checksum = checksum
        self.max_frame_len = limit(max_frame_len, "max_frame_len")
        self.inspectors = inspectors

    def engine_verifier(self) -> engine.Verifier | None:
        """What the engine can verify payloads with in place of the inspectors; ``None`` if these must be asked."""
        if len(self.inspectors) != 1:
            return None
        validator = getattr(self.inspectors[0], "__self__", None)
        # Not of a subclass, whose own `validate` would not be asked.
        return validator.engine_verifier() if type(validator) is TypedValidator else None

    def bounded(self, max_frame_len: int) -> BoundedDeframer:
        """Refuse frames that declare more payload bytes than that (R3)."""
        return BoundedDeframer(self, max_frame_len)

    def observed(self, observer: Observer) -> ObserverDeframer:
        """Show each payload that passed to ``observer``. The view is valid during the call."""
        return ObserverDeframer(self, observer)

    def with_validator(self, validator: Validator) -> ValidatingDeframer:
        """Refuse payloads that ``validator`` refuses; reading can go on at the next frame (R10)."""
        return ValidatingDeframer(self, validator)


def checked_deframer(deframer: Deframer) -> Deframer:
    """``deframer`` if it is one, else ``TypeError``."""
    return instance(deframer, Deframer, "a deframer, such as ChecksumDeframer('crc32'),")


class BoundedDeframer(Deframer):
    """A deframer with a tighter bound. Of several bounds the smallest holds, and is the ``limit`` that is reported."""

    def __init__(self, inner: Deframer, max_frame_len: int) -> None:
        bound, inner = limit(max_frame_len, "max_frame_len"), checked_deframer(inner)
        super().__init__(inner.checksum, min(bound, inner.max_frame_len), inner.inspectors)


class ObserverDeframer(Deframer):
    """A deframer whose payloads ``observer`` sees before the caller does."""

    def __init__(self, inner: Deframer, observer: Observer) -> None:
        inner = checked_deframer(inner)
        super().__init__(inner.checksum, inner.max_frame_len, (*inner.inspectors, function(observer, "an observer")))


class ValidatingDeframer(Deframer):
    """A deframer whose payloads ``validator`` must accept."""

    def __init__(self, inner: Deframer, validator: Validator) -> None:
        inner = checked_deframer(inner)
        super().__init__(inner.checksum, inner.max_frame_len, (*inner.inspectors, checked(validator).validate))
