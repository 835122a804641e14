"""However a stream is portioned: the vectors split a mixed stream everywhere, under every algorithm."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import layout
from flatstream_conformance.schemas import ALGORITHMS
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flatstream_conformance.suite import Vector

OPS = ("deframe", "recover")
BARE = {"algorithm", "wire", "max_frame_len"}


def mixed(wire: str, algorithm: str) -> bool:
    """Three frames or more, one of them empty, and payloads of different lengths."""
    fields = layout.split(bytes.fromhex(wire), algorithm)
    lengths = [int.from_bytes(f.data, "little") for f in fields if " length = " in f.label]
    return len(lengths) >= 3 and 0 in lengths and len(set(lengths)) >= 3


def of(op: str, algorithm: str, *names: str) -> dict[str, list[Vector]]:
    """By wire: the vectors over a mixed stream, whole, whose request has these fields beside the bare ones."""
    found: dict[str, list[Vector]] = defaultdict(list)
    for vector in load().vectors:
        request = vector.request
        if vector.op == op and request.get("algorithm") == algorithm and request.keys() == BARE | {*names}:
            found[str(request["wire"])].append(vector)
    return {wire: vectors for wire, vectors in found.items() if mixed(wire, algorithm)}


def numbers(vectors: Iterable[Vector], name: str) -> set[object]:
    return {vector.request[name] for vector in vectors}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("op", OPS)
def test_a_mixed_stream_is_delivered_whole_and_byte_by_byte(op: str, algorithm: str) -> None:
    ends = {v.expect.get("end") for vectors in of(op, algorithm).values() for v in vectors}
    assert ends & {"clean", "clean_eof"}
    assert any(v.request["chunks"] == [1] for vectors in of(op, algorithm, "chunks").values() for v in vectors)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("op", OPS)
def test_a_mixed_stream_is_delivered_in_two_parts_at_each_offset(op: str, algorithm: str) -> None:
    for wire, vectors in of(op, algorithm, "chunks").items():
        size = len(wire) // 2
        parts = [v.request["chunks"] for v in vectors]
        firsts = {p[0] for p in parts if isinstance(p, list) and len(p) == 2 and p[0] + p[1] >= size}  # type: ignore[operator]  # chunks are numbers
        if firsts >= set(range(1, size)):
            return
    pytest.fail("no mixed stream is split in two at each of its offsets")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("op", OPS)
def test_the_source_of_a_mixed_stream_fails_at_each_offset(op: str, algorithm: str) -> None:
    found = of(op, algorithm, "fault_after")
    assert any(numbers(vectors, "fault_after") >= set(range(len(wire) // 2 + 1)) for wire, vectors in found.items())


def written(algorithm: str, name: str) -> dict[tuple[str, ...], list[Vector]]:
    """By payloads: the vectors of `frame` whose request has this field beside the bare ones."""
    found: dict[tuple[str, ...], list[Vector]] = defaultdict(list)
    for vector in load().vectors:
        request = vector.request
        payloads = request.get("payloads")
        if vector.op != "frame" or request.get("algorithm") != algorithm or not isinstance(payloads, list):
            continue
        if request.keys() == {"algorithm", "payloads", "max_payload_len", name}:
            found[tuple(map(str, payloads))].append(vector)
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_sink_stops_inside_the_longest_frame_at_each_offset(algorithm: str) -> None:
    head = 4 + layout.width_of(algorithm)
    found = written(algorithm, "sink_chunk")
    assert any(
        numbers(vectors, "sink_chunk") >= set(range(1, head + max(map(len, payloads)) // 2))
        for payloads, vectors in found.items()
        if len(payloads) >= 3 and "" in payloads
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_sink_fails_at_each_offset_of_several_frames(algorithm: str) -> None:
    head = 4 + layout.width_of(algorithm)
    found = written(algorithm, "sink_fault_after")
    assert any(
        numbers(vectors, "sink_fault_after") >= set(range(sum(head + len(p) // 2 for p in payloads)))
        for payloads, vectors in found.items()
        if len(payloads) >= 2
    )
