"""One vector in full: its wire with every field labelled, the request and the expected reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from flatstream_conformance import layout
from flatstream_conformance.terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from flatstream_conformance.json_types import JsonMapping
    from flatstream_conformance.layout import Field
    from flatstream_conformance.suite import Vector

ROW = 16
ROWS_SHOWN = 4
TEXT_SHOWN = 2000


def render(vector: Vector) -> RenderableType:
    """What `show` prints for one vector."""
    parts: list[RenderableType] = [
        Text(vector.id, style="bold"),
        Text(f"{vector.op}; rules {' '.join(vector.rules)}; features {' '.join(vector.features) or 'none'}"),
        Text(vector.comment),
    ]
    parts += [
        wires(vector.request, vector.expect),
        Text("\nRequest", style="bold"),
        Text(message({"op": vector.op, **vector.request})),
        Text("\nExpected reply", style="bold"),
        Text(message(vector.expect)),
        Text("\nAlone", style="bold"),
        Text(f'{PROGRAM} run --testee "COMMAND" --only {vector.id}', style="cyan", no_wrap=True, overflow="ignore"),
    ]
    return Group(*parts)


def wires(request: JsonMapping, expect: JsonMapping) -> RenderableType:
    """The wires of a request and of its right reply, every field labelled."""
    parts: list[RenderableType] = []
    for title, fields in _wires(request, expect):
        parts += [Text(f"\n{title}", style="bold"), _hex_table(fields)]
    return Group(*parts)


def _wires(request: JsonMapping, expect: JsonMapping) -> Iterator[tuple[str, list[Field]]]:
    algorithm = request.get("algorithm")
    if not isinstance(algorithm, str):
        return
    limit = request.get("max_frame_len")
    for where, fields in (("request", request), ("expected reply", expect)):
        wire = fields.get("wire")
        if isinstance(wire, str):
            bound = limit if isinstance(limit, int) else None
            yield f"Wire of the {where}", layout.split(bytes.fromhex(wire), algorithm, bound)
    data = request.get("data")
    if isinstance(data, str):
        yield "Data", [layout.Field(0, bytes.fromhex(data), "data")]


def _hex_table(fields: list[Field]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if not fields:
        table.add_row("0", "", "no byte")
    for number, field in enumerate(fields):
        colour = ("cyan", "yellow", "green")[number % 3]
        rows = [field.data[i : i + ROW] for i in range(0, len(field.data), ROW)] or [b""]
        for index, row in enumerate(rows[:ROWS_SHOWN]):
            label = field.label if index == 0 else ""
            table.add_row(str(field.offset + index * ROW), Text(row.hex(), style=colour), Text(label))
        if len(rows) > ROWS_SHOWN:
            table.add_row("", Text("...", style=colour), f"{len(field.data)} bytes in all")
    return table


def message(fields: JsonMapping) -> str:
    """A message as JSON, one field a line; a long value is cut, since the whole is in the vector's file."""
    lines = []
    for name, value in fields.items():
        text = json.dumps(value)
        cut = f"{text[:TEXT_SHOWN]}... ({len(text)} characters)" if len(text) > TEXT_SHOWN else text
        lines.append(f"  {json.dumps(name)}: {cut}")
    return "{\n" + ",\n".join(lines) + "\n}"
