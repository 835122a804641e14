"""Each writer's bytes read by each reader: what one testee frames, every other must deframe."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flatstream_conformance.schemas import ALGORITHMS
from flatstream_conformance.session import FaultError
from flatstream_conformance.verdict import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flatstream_conformance.json_types import JsonObject
    from flatstream_conformance.session import Session

SEEDS = (1, 2, 3)
RANDOM_PAYLOADS = 24
EDGE_LENGTHS = (0, 1, 255, 256, 257, 65535, 65536, 65537)


@dataclass(frozen=True, slots=True)
class PayloadList:
    """Payloads that are written as one stream; `name` says which, in a report."""

    name: str
    payloads: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One writer, one reader, one algorithm; `difference` is the first, None if every payload came through.

    `blame` is the side that is wrong for sure: the writer if its bytes are not there at all, else None, since
    bytes that are read back wrongly may be the fault of either.
    """

    writer: str
    reader: str
    algorithm: str
    difference: str | None = None
    blame: str | None = None


def payload_lists() -> tuple[PayloadList, ...]:
    """The same lists each time: none, empty ones, each length at an edge alone, all together, and random ones."""
    edges = [bytes(i * 31 & 255 for i in range(length)) for length in EDGE_LENGTHS]
    lists = [PayloadList("no payload", ()), PayloadList("three empty payloads", (b"", b"", b""))]
    lists += [PayloadList(f"one payload of {len(edge)} bytes", (edge,)) for edge in edges]
    lists.append(PayloadList("all lengths at edges, falling", tuple(reversed(edges))))
    for seed in SEEDS:
        source = random.Random(seed)  # noqa: S311 -- the same payloads each time, and no secret
        sizes = [source.choice((0, 1, 2, 3, 7, 8, 16, 100, 240, 241, 1000)) for _ in range(RANDOM_PAYLOADS)]
        lists.append(PayloadList(f"random payloads, seed {seed}", tuple(map(source.randbytes, sizes))))
    return tuple(lists)


def cross(sessions: Mapping[str, Session], on_cell: Callable[[Cell], None] = lambda _: None) -> list[Cell]:
    """Every pair under every algorithm that both claim, for those that claim to write and those that claim to read.

    Raises UnusableTesteeError if a testee has to be started again and does not come up.
    """
    lists = payload_lists()
    cells: list[Cell] = []
    for algorithm in ALGORITHMS:
        able = {name: session for name, session in sessions.items() if algorithm in session.claims.algorithms}
        readers = {name: session for name, session in able.items() if "deframe" in session.claims.ops}
        for writer, session in able.items():
            if "frame" not in session.claims.ops:
                continue
            wires = [_written(session, algorithm, each) for each in lists]
            for reader, reading in readers.items():
                difference, blame = _first_difference(reading, algorithm, lists, wires)
                cell = Cell(writer, reader, algorithm, difference, writer if blame else None)
                cells.append(cell)
                on_cell(cell)
    return cells


@dataclass(frozen=True, slots=True)
class _Unwritten:
    why: str


def _written(session: Session, algorithm: str, each: PayloadList) -> str | _Unwritten:
    request: JsonObject = {
        "algorithm": algorithm,
        "payloads": [payload.hex() for payload in each.payloads],
        "max_payload_len": None,
    }
    try:
        reply = session.ask("frame", request)
    except FaultError as fault:
        return _Unwritten(fault.text)
    if "error" in reply or not isinstance(wire := reply.get("wire"), str):
        return _Unwritten(f"the writer replied {reply.get('error', reply)}")
    return wire


def _first_difference(
    reader: Session, algorithm: str, lists: Sequence[PayloadList], wires: Sequence[str | _Unwritten]
) -> tuple[str | None, bool]:
    """The first list that does not come through, and whether that is the writer's fault."""
    for each, wire in zip(lists, wires, strict=True):
        if isinstance(wire, _Unwritten):
            return f"{each.name}: not written: {wire.why}", True
        try:
            reply = reader.ask("deframe", {"algorithm": algorithm, "wire": wire, "max_frame_len": None})
        except FaultError as fault:
            return f"{each.name}: {fault.text}", False
        right: JsonObject = {"payloads": [payload.hex() for payload in each.payloads], "end": "clean"}
        for found in compare(right, reply):
            note = f" ({found.note})" if found.note else ""
            return f"{each.name}: {found.field}: expected {found.expected}, got {found.got}{note}", False
    return None, False
