"""Which engine of FlatStream a lane runs on: chosen for each call, so that both take turns in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import flatstream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BEST", "NATIVE", "NO_NATIVE", "Engine", "on", "use"]

Engine: TypeAlias = Literal["native", "python"]

NATIVE: Final = flatstream.engine.native
"""The native engine; ``None`` where it was not built."""

BEST: Final[Engine] = "python" if NATIVE is None else "native"
"""The engine that FlatStream takes by itself."""

NO_NATIVE: Final = "the native engine is not built here; that takes cargo when flatstream is installed"


def use(name: Engine) -> None:
    """Make the engine of that name the one that readers and writers take from now on."""
    flatstream.engine.native = NATIVE if name == "native" else None


def on(name: Engine, call: Callable[[], object]) -> Callable[[], object]:
    """``call`` on the engine of that name."""

    def switched() -> object:
        use(name)
        return call()

    return switched
