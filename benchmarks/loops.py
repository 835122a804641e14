"""The loops over messages, compiled for the fields of a shape, so that all contenders run the same ones.

A loop over named fields that is written once for every shape would look each field up by its name, and take longer than
some contenders do. So the loop is source text with the fields put in, as ``collections.namedtuple`` and ``dataclasses``
make theirs. What differs between contenders is how a field is reached, and that stands here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.workloads import Shape

__all__ = ["Access", "adding", "appending", "making", "mapping"]

Access: TypeAlias = Literal["tuple", "key", "attribute", "method"]
"""How a field of a parsed message is reached: unpacked, by ``[name]``, by ``.name``, by ``.Name()`` as flatc has it."""

REACH: Final = {"key": "message[{name!r}]", "attribute": "message.{name}", "method": "message.{method}()"}


@cache
def adding(shape: Shape, access: Access, names: tuple[str, ...] | None = None) -> Callable[[Any], tuple[Any, ...]]:
    """A function of an iterable of messages: the sum of each of these fields, or of all; of texts, of their lengths."""
    chosen = [(place, field) for place, field in enumerate(shape.fields) if names is None or field.name in names]
    lines = ["def add(messages):"]
    lines += [f" s{place} = {'0.0' if field.kind == 'f64' else '0'}" for place, field in chosen]
    if access == "tuple" and len(chosen) == len(shape.fields):
        lines.append(f" for {_targets(shape)} in messages:")
        reached = {place: f"f{place}" for place, _ in chosen}
    else:
        lines.append(" for message in messages:")
        reached = {place: _reached(field.name, place, access) for place, field in chosen}
    lines += [
        f"  s{place} += {f'len({reached[place]})' if field.kind == 'text' else reached[place]}"
        for place, field in chosen
    ]
    lines.append(f" return ({''.join(f's{place}, ' for place, _ in chosen)})")
    return _compiled(lines, "add")


@cache
def making(shape: Shape, access: Access) -> Callable[[Any, Any], list[Any]]:
    """A function of a class and an iterable of messages: an instance of the class from each."""
    if access == "tuple":
        return _compiled(["def make(new, messages): return [new(*message) for message in messages]"], "make")
    values = ", ".join(_reached(name, place, access) for place, name in enumerate(shape.names))
    return _compiled([f"def make(new, messages): return [new({values}) for message in messages]"], "make")


@cache
def appending(shape: Shape, value: Literal["tuple", "dict", "new"], statement: str) -> Callable[..., None]:
    """A function of ``rows, sink, encode, new``: runs ``statement`` for each row, with ``{value}`` put in.

    ``value`` is the row as it is, a ``dict`` with the names of the fields, or ``new`` called with them as keywords.
    """
    names = list(enumerate(shape.names))
    if value == "tuple":
        head, made = " for row in rows:", "row"
    else:
        head = f" for {_targets(shape)} in rows:"
        made = _dict(shape) if value == "dict" else f"new({', '.join(f'{name}=f{place}' for place, name in names)})"
    body = statement.replace("{value}", made).splitlines()
    return _compiled(["def append(rows, sink, encode, new=None):", head, *(f"  {line}" for line in body)], "append")


@cache
def mapping(shape: Shape, value: Literal["dict", "numbers"]) -> Callable[[Any], Iterator[Any]]:
    """A function of an iterable of rows: of each a ``dict`` with the names of the fields, or the numbers of its cells.

    A cell is text.
    """
    read = [f"{'float' if field.kind == 'f64' else 'int'}(f{place}), " for place, field in enumerate(shape.fields)]
    made = {"dict": _dict(shape), "numbers": f"({''.join(read)})"}[value]
    return _compiled([f"def map(rows): return ({made} for {_targets(shape)} in rows)"], "map")


def _dict(shape: Shape) -> str:
    return "{{{}}}".format(", ".join(f"{name!r}: f{place}" for place, name in enumerate(shape.names)))


def _targets(shape: Shape) -> str:
    return "".join(f"f{place}, " for place in range(len(shape.fields)))


def _reached(name: str, place: int, access: Access) -> str:
    if access == "tuple":
        return f"message[{place}]"
    return REACH[access].format(name=name, method="".join(part.capitalize() for part in name.split("_")))


def _compiled(lines: list[str], name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec("\n".join(lines), namespace)  # noqa: S102  (our own text, with the fields of a shape put in)
    made: Callable[..., Any] = namespace[name]
    return made
