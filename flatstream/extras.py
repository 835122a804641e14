"""Packages that the library can do without, loaded when something needs them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flatstream.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needing"]

_EXTRAS: Final = {
    "numpy": ("NumPy", "numpy"),
    "pyarrow": ("PyArrow", "arrow"),
    "fsspec": ("fsspec", "fsspec"),
    "dask": ("Dask", "dask"),
}


@contextmanager
def needing() -> Iterator[None]:
    """While what stands inside imports a module, let the absence of a package name the extra that brings it."""
    try:
        yield
    except ModuleNotFoundError as cause:
        if cause.name not in _EXTRAS:
            raise
        raise MissingExtra(*_EXTRAS[cause.name]) from cause
