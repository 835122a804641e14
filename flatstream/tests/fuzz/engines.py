"""Both engines on the same input: what they say must be equal, to the last fact."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import flatstream
from flatstream.tests import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

ENGINES: Final[dict[str, Any]] = {
    "python": None,
    **({"model": model} if flatstream.engine.native is None else {"native": flatstream.engine.native}),
}
"""By name: the reference, and the native engine, or its model where it is not built."""

RUNS: Final[Counter[str]] = Counter()
"""How many inputs each engine has been given so far."""


@contextmanager
def _active(name: str) -> Iterator[None]:
    engine = flatstream.engine
    before = engine.native, engine.name
    engine.native, engine.name = ENGINES[name], "python" if name == "python" else "native"
    try:
        yield
    finally:
        engine.native, engine.name = before


def on_each(call: Callable[[str], T]) -> T:
    """What ``call``, which is given the engine's name, returns on each; ``AssertionError`` if they differ."""
    said: dict[str, T] = {}
    for name in ENGINES:
        with _active(name):
            RUNS[name] += 1
            said[name] = call(name)
    first, *others = said.values()
    for other in others:
        assert other == first, f"the engines differ: {said}"
    return first
