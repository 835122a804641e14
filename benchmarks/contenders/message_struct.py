"""The ``msgspec.Struct`` of a shape, which the typed contenders of msgspec share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from benchmarks.workloads import Shape

__all__ = ["message_struct"]

TYPES: Final = {"f64": float, "text": str}


@cache
def message_struct(shape: Shape, *, array_like: bool = False) -> type[Any]:
    """A struct with the fields of the shape; ``array_like``: encoded without their names. Not tracked by the GC."""
    fields = [(name, TYPES.get(kind, int)) for name, kind in shape.fields]
    return msgspec.defstruct(shape.name, fields, array_like=array_like, gc=False)
