"""Methods in whose place a function of the engine stands."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EngineMethod", "in_engine"]

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class EngineMethod(Generic[T, P, R]):
    """A method that is the engine's own function, if it has one: the call of a Python function costs as much again.

    The function is put into the object, so that it is found there from then on. Not if a subclass has a method of that
    name, which would then be passed over; the function is what its ``super()`` calls.
    """

    def __init__(self, method: Callable[Concatenate[T, P], R], find: Callable[[T], Callable[P, R] | None]) -> None:
        self._method = method
        self._find = find
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type[T]) -> Callable[Concatenate[T, P], R]: ...
    @overload
    def __get__(self, instance: T, owner: type[T]) -> Callable[P, R]: ...
    def __get__(self, instance: T | None, owner: type[T]) -> Callable[..., R]:
        if instance is None:
            return self._method
        function = self._find(instance)
        if function is None:
            return MethodType(self._method, instance)
        name = self._method.__name__
        if getattr(owner, name) is self._method:
            instance.__dict__[name] = function
        return function


def in_engine(
    find: Callable[[T], Callable[..., Any] | None],
) -> Callable[[Callable[Concatenate[T, P], R]], EngineMethod[T, P, R]]:
    """Decorate a method with what finds the engine's function for an object, or ``None``."""
    return lambda method: EngineMethod(method, find)
