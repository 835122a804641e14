"""Validators: gates on a payload, run after its checksum on reading and before framing on writing (V1 to V5, R5).

A validator has a ``name`` and a method ``validate(payload)`` that raises ``ValidationFailed`` or returns. These are
gates, not verifiers: none of them makes a hostile FlatBuffer safe to read, except a ``TypedValidator`` whose callable
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol, overload, runtime_checkable

from flatstream.arguments import described, function, whole_number
from flatstream.errors import ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream import engine
    from flatstream.wire import Payload

__all__ = [
    "CompositeValidator",
    "NoValidator",
    "SizeValidator",
    "TableRootValidator",
    "TypedValidator",
    "Validator",
]

_U16: Final = Struct("<H")
_U32: Final = Struct("<I")
_I32: Final = Struct("<i")


class Validator(Protocol):
    """What adapters ask of a validator."""

    @property
    def name(self) -> str:
        """The name that ``ValidationFailed.validator`` reports."""

    def validate(self, payload: Payload) -> None:
        """Return if the payload is acceptable, raise ``ValidationFailed`` if not. Keeps no view of it."""


def checked(validator: Validator) -> Validator:
    """``validator`` if it is one, else ``TypeError``: it would be asked only once a frame is there."""
    if isinstance(validator, type) or not callable(getattr(validator, "validate", None)):
        raise TypeError(f"a validator with a method validate(payload) is needed, not {described(validator)}")
    return validator


@dataclass(frozen=True, slots=True)
class NoValidator:
    """Accepts everything (V1)."""

    name: str = "NoValidator"

    def validate(self, payload: Payload) -> None:
        """Accept."""


@dataclass(frozen=True, slots=True)
class SizeValidator:
    """Accepts payloads of ``min_len`` to ``max_len`` bytes, both inclusive (V2)."""

    min_len: int
    max_len: int
    name: str = "SizeValidator"

    def __post_init__(self) -> None:
        if not 0 <= whole_number(self.min_len, "min_len") <= whole_number(self.max_len, "max_len"):
            raise ValueError(f"sizes from {self.min_len} to {self.max_len} bytes accept nothing")

    def validate(self, payload: Payload) -> None:
        """Raise ``ValidationFailed`` for a payload that is too short or too long."""
        if not self.min_len <= len(payload) <= self.max_len:
            raise ValidationFailed(self.name, f"{len(payload)} bytes, not {self.min_len} to {self.max_len}")


@dataclass(frozen=True, slots=True, init=False)
class CompositeValidator:
    """Runs validators in order and stops at the first that refuses; that child's name is reported (V3)."""

    validators: tuple[Validator, ...]
    name: str

    def __init__(self, *validators: Validator, name: str = "CompositeValidator") -> None:
        object.__setattr__(self, "validators", tuple(map(checked, validators)))
        object.__setattr__(self, "name", name)

    def validate(self, payload: Payload) -> None:
        """Raise the ``ValidationFailed`` of the first child that refuses."""
        for validator in self.validators:
            validator.validate(payload)


class Verifiable(Protocol):
    """A type of message that can verify a payload, as a ``Record``."""

    @property
    def name(self) -> str:
        """The name of the type."""

    def verify(self, payload: Payload) -> object:
        """Raise, or return ``False``, if the payload is not of this type."""


@runtime_checkable
class EngineVerifiable(Protocol):
    """A type of message whose payloads the engine can verify: a ``Record`` where it is native."""

    def engine_verifier(self) -> engine.Verifier | None:
        """What accepts just the payloads that ``verify`` accepts; ``None`` if the engine is Python."""


@dataclass(frozen=True, slots=True, init=False)
class TypedValidator:
    """Asks a record, or any schema-aware callable, and reports under the schema's name (V4).

    ``TypedValidator(record)``, or ``TypedValidator(name, verify)``. ``verify`` refuses a payload by returning ``False``
    or by raising; what it raised becomes the reason and the cause.
    """

    name: str
    verify: Callable[[Payload], object]

    @overload
    def __init__(self, name: Verifiable) -> None: ...
    @overload
    def __init__(self, name: str, verify: Callable[[Payload], object]) -> None: ...
    def __init__(self, name: str | Verifiable, verify: Callable[[Payload], object] | None = None) -> None:
        if isinstance(name, str):
            if verify is None:
                raise TypeError("a name alone verifies nothing: TypedValidator(record) or TypedValidator(name, verify)")
            shown, call = name, verify
        else:
            if verify is not None:
                raise TypeError("a record verifies by itself: TypedValidator(record) or TypedValidator(name, verify)")
            shown, call = name.name, name.verify
        object.__setattr__(self, "name", shown)
        object.__setattr__(self, "verify", function(call, "verify"))

    def engine_verifier(self) -> engine.Verifier | None:
        """What the engine can do this with; ``None`` if it cannot."""
        owner = getattr(self.verify, "__self__", None)
        if not isinstance(owner, EngineVerifiable) or self.verify != getattr(owner, "verify", None):
            return None
        return owner.engine_verifier()

    def validate(self, payload: Payload) -> None:
        """Raise ``ValidationFailed`` if the callable returns ``False`` or raises."""
        try:
            accepted = self.verify(payload)
        except Exception as cause:
            raise ValidationFailed(self.name, f"{type(cause).__name__}: {cause}") from cause
        if accepted is False:
            raise ValidationFailed(self.name, "the payload is not of this type")


@dataclass(frozen=True, slots=True)
class TableRootValidator:
    """Checks that a payload starts as a FlatBuffers table does, by the nine checks of V5, in order.

    It looks at no field, child or trailing byte; the limits are checked for being usable, as a full verifier would
    use them. Positions are bytes from the payload's start.
    """

    max_depth: int = 64
    max_tables: int = 1_000_000
    name: str = "TableRootValidator"

    def __post_init__(self) -> None:
        whole_number(self.max_depth, "max_depth")
        whole_number(self.max_tables, "max_tables")

    def validate(self, payload: Payload) -> None:
        """Raise ``ValidationFailed`` with the first check that does not hold."""
        reason = self._refusal(payload)
        if reason is not None:
            raise ValidationFailed(self.name, reason)

    def _refusal(self, payload: Payload) -> str | None:
        size = len(payload)
        if size < 4:
            return f"{size} bytes hold no root offset"
        (root,) = _U32.unpack_from(payload, 0)
        if root % 4:
            return f"root {root} is not a multiple of 4"
        if root + 4 > size:
            return f"root {root} lies outside of {size} bytes"
        vtable = root - _I32.unpack_from(payload, root)[0]
        if not 0 <= vtable < size:
            return f"vtable {vtable} lies outside of {size} bytes"
        if vtable % 2 or vtable + 2 > size:
            return f"vtable {vtable} is odd, or its length lies outside of {size} bytes"
        (vtable_len,) = _U16.unpack_from(payload, vtable)
        if vtable_len % 2:
            return f"vtable length {vtable_len} is odd"
        if vtable + vtable_len > size:
            return f"vtable {vtable} of {vtable_len} bytes ends outside of {size} bytes"
        if self.max_tables < 1:
            return f"max_tables {self.max_tables} admits no root table"
        if self.max_depth < 1:
            return f"max_depth {self.max_depth} admits no root table"
        return None
