"""What a caller hands over, checked where it is handed over: a mistake is told by name, before a byte is written."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["function", "instance", "whole_number"]

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., object]")


def instance(value: object, kind: type[T], need: str) -> T:
    """``value`` if it is a ``kind``, else ``TypeError`` saying that ``need`` is needed."""
    if isinstance(value, kind):
        return value
    raise TypeError(f"{need} is needed, not {described(value)}")


def function(value: F, name: str) -> F:
    """``value`` if it can be called, else ``TypeError`` naming ``name``."""
    if callable(value):
        return value
    raise TypeError(f"{name} must be a function, not {described(value)}")


def whole_number(value: int, name: str) -> int:
    """``value``, which may be of any integer type, as an ``int``, else ``TypeError`` naming ``name``."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {described(value)}") from None


def described(value: object) -> str:
    """What was given instead: a class itself is a common slip for an object of it."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
