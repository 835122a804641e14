"""From Python values to the bytes of scalars, structs and vectors, and the words for those that do not fit."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import chain
from struct import Struct, pack
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final

from flatstream.records.layout import struct_format
from flatstream.records.types import Array, EnumType, Scalar, StructType

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.records.types import Inline

__all__ = ["inline_packer", "vector_packer"]

_BOOLS: Final = (False, True)


def inline_packer(kind: Scalar | EnumType | StructType) -> Callable[[Any], bytes]:
    """A function from a value to its bytes. It raises ``TypeError`` or ``ValueError`` for what is no such value."""
    packer = Struct(f"<{struct_format(kind)}")
    if isinstance(kind, StructType):
        return lambda value: _packed(packer, _flat(kind, value), kind.name)
    if isinstance(kind, EnumType):
        return lambda value: _packed(packer, (_member(kind, value),), kind.scalar.name)
    if kind.kind == "b":
        return lambda value: pack("<B", _boolean(value))
    return lambda value: _packed(packer, (value,), kind.name)


def vector_packer(element: Scalar | EnumType | StructType) -> Callable[[Any], tuple[int, bytes]]:
    """A function from a sequence to the count of its elements and their bytes, one after the other.

    Where the elements are numbers, anything with a buffer of just these numbers is taken as it lies.
    """
    layout = struct_format(element)
    name = element.name
    width = _plain_width(element)

    def packed(values: Any) -> tuple[int, bytes]:
        if isinstance(element, Scalar) and element.kind != "b":
            raw = _raw(element, values)
            if raw is not None:
                return len(raw) // element.size, raw
        if hasattr(values, "tolist"):
            values = values.tolist()
        if isinstance(values, (str, Mapping)) or not isinstance(values, Sequence):
            raise TypeError(f"a sequence of {name} is needed, not {type(values).__name__}")
        flat: list[Any] = []
        if set(map(type, values)) == {tuple} and set(map(len, values)) == {width}:
            flat += chain.from_iterable(values)
        else:
            for value in values:
                flat += _flat(element, value)
        return len(values), _packed(Struct("<" + layout * len(values)), flat, name)

    return packed


def _plain_width(element: Scalar | EnumType | StructType) -> int:
    """How many numbers such a struct has, if it has nothing else; 0 for any other type."""
    if not isinstance(element, StructType):
        return 0
    plain = all(isinstance(field.type, Scalar) and field.type.kind != "b" for field in element.fields)
    return len(element.fields) if plain else 0


def _raw(element: Scalar, values: Any) -> bytes | None:
    """The bytes of a buffer that holds such elements; ``None`` for anything else."""
    try:
        view = memoryview(values)
    except TypeError:
        return None
    fits = view.format.lstrip("<=@") in _CODES[element.kind, element.size]
    if sys.byteorder != "little" or view.ndim != 1 or view.itemsize != element.size or not fits:
        return None
    return view.tobytes()


_CODES: Final = {
    ("i", 1): "b",
    ("u", 1): "Bc",
    ("i", 2): "h",
    ("u", 2): "H",
    ("i", 4): "il",
    ("u", 4): "IL",
    ("i", 8): "ql",
    ("u", 8): "QL",
    ("f", 4): "f",
    ("f", 8): "d",
}
"""The formats of a buffer that mean an element of that kind and size: on some systems a long has 4 bytes, on some 8."""


def _flat(kind: Inline, value: Any) -> list[Any]:
    """The values inside ``value``, in the order of `struct_format`."""
    if isinstance(kind, EnumType):
        return [_member(kind, value)]
    if isinstance(kind, Scalar):
        return [_boolean(value)] if kind.kind == "b" else [value]
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(kind, StructType) and isinstance(value, Mapping):
        names = [field.name for field in kind.fields]
        if value.keys() != set(names):
            raise ValueError(f"{kind.name} has the fields {', '.join(names)}, not {', '.join(map(str, value))}")
        value = [value[name] for name in names]
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise TypeError(f"a sequence{_or_mapping(kind)} is needed, not {type(value).__name__}")
    inner = [field.type for field in kind.fields] if isinstance(kind, StructType) else [kind.element] * kind.length
    if len(value) != len(inner):
        raise ValueError(f"{len(inner)} values are needed, not {len(value)}")
    flat: list[Any] = []
    for each, item in zip(inner, value, strict=True):
        flat += _flat(each, item)
    return flat


def _or_mapping(kind: StructType | Array) -> str:
    return " or a mapping" if isinstance(kind, StructType) else ""


def _packed(packer: Struct, values: Sequence[Any], name: str) -> bytes:
    try:
        return packer.pack(*values)
    except (struct_error, OverflowError) as cause:
        shown = repr(values[0]) if len(values) == 1 else "a value"
        raise _misfit(shown, name, values, cause) from cause


def _misfit(shown: str, name: str, values: Sequence[Any], cause: Exception) -> Exception:
    """``ValueError`` where only the size of a number is wrong, else ``TypeError``."""
    numbers = all(isinstance(value, (int, float)) for value in values)
    if isinstance(cause, OverflowError) or (numbers and "not an integer" not in str(cause)):
        return ValueError(f"{shown} is out of the range of {name}")
    return TypeError(f"{shown} is no {name}")


def _member(kind: EnumType, value: Any) -> Any:
    """The number of an enum's member that is given by name; a number as it is."""
    if not isinstance(value, str):
        return value
    if value not in kind.members:
        raise ValueError(f"{kind.name} has no member {value!r}")
    return kind.members[value]


def _boolean(value: Any) -> bool:
    if value not in _BOOLS:
        raise TypeError(f"{value!r} is no bool")
    return bool(value)
