"""Strategies for payloads, streams and what can be wrong with them.

A strategy is checked when it is first drawn from, so those that do not depend on a draw are made once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from flatstream_conformance.fuzzing.oracle import Oracle
    from flatstream_conformance.json_types import JSON

EDGES = (16, 17, 31, 32, 128, 129, 240, 241, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097)
"""Lengths at which buffers are full, XXH3 changes its way, or a length needs another byte."""

HOSTILE = (1 << 16, (1 << 24) - 1, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 32) - 1)
LIMITS = (None, 0, 1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_PATTERN = bytes(7 * i & 255 for i in range(256)) * (max(EDGES) // 256 + 2)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A small FlatBuffer table with its vtable, whole or with some 16-bit numbers changed."""
    fields = draw(upto(3))
    vtable = [4 + 2 * fields, 4 + 4 * fields, *(4 + 4 * i for i in range(fields))]
    # Root offset, vtable, table: the table's first number leads back to its vtable.
    words = [4 + 2 * len(vtable), 0, *vtable, 2 * len(vtable), 0]
    words += [0] * (2 * fields)
    for place in draw(_TWO_PLACES):
        words[place % len(words)] = draw(_WORDS)
    return b"".join(word.to_bytes(2, "little") for word in words)


@cache
def upto(last: int) -> SearchStrategy[int]:
    """Whole numbers from 0 to `last`."""
    return st.integers(0, last)


_TWO_PLACES = st.lists(upto(40), max_size=2)
_WORDS = st.sampled_from((0, 1, 2, 3, 4, 5, 8, 127, 0x7FFF, 0x8000, 0xFFFF))
PAYLOADS = st.one_of(
    st.binary(max_size=24),
    st.builds(lambda length, start: _PATTERN[start : start + length], st.sampled_from(EDGES), upto(255)),
    tables(),
)
"""Mostly small ones, a FlatBuffer now and then, and lengths at the edges."""

BODIES = st.lists(PAYLOADS, max_size=5)
SOME_BODIES = st.lists(PAYLOADS, min_size=1, max_size=5)
CHUNKS = st.lists(st.integers(1, 9) | st.sampled_from((12, 255, 4096, 70000)), min_size=1, max_size=5)
"""How many bytes the source gives at each read."""

_LIMITS = st.sampled_from(LIMITS)
_STEPS = st.integers(-1, 1)
_TAILS = st.one_of(st.just(b""), st.binary(max_size=12), st.builds(bytes, upto(30)))
_DECLARED = st.sampled_from(HOSTILE) | st.integers(0, (1 << 32) - 1)


def draw_limit(draw: st.DrawFn, lengths: list[int]) -> int | None:
    """The default, a limit at the end of its range, or one close to a length of the stream."""
    if not lengths or draw(st.booleans()):
        return draw(_LIMITS)
    return max(0, lengths[draw(upto(len(lengths) - 1))] + draw(_STEPS))


def draw_stream(draw: st.DrawFn, oracle: Oracle, algorithm: str) -> tuple[bytes, int | None]:
    """A wire, mostly damaged in some way, and a limit to read it with."""
    bodies = draw(BODIES)
    frames = oracle.frames(algorithm, bodies)
    limit = draw_limit(draw, [len(body) for body in bodies])
    for damage in draw(_DAMAGES) if frames else ():
        place = draw(upto(len(frames) - 1))
        frames[place] = damage(draw, frames[place])
    wire = b"".join(frames) + draw(_TAILS)
    if draw(st.booleans()):
        wire = wire[: draw(upto(len(wire)))]
    return wire, limit


def _flip(draw: st.DrawFn, frame: bytes) -> bytes:
    # Damage in the header is the rarer and the worse: it is tried as often as that in the payload.
    place = draw(upto(min(12, len(frame)) - 1 if draw(st.booleans()) else len(frame) - 1))
    changed = bytearray(frame)
    changed[place] ^= 1 << draw(upto(7))
    return bytes(changed)


def _declare(draw: st.DrawFn, frame: bytes) -> bytes:
    return draw(_DECLARED).to_bytes(4, "little") + frame[4:]


def _declare_close(draw: st.DrawFn, frame: bytes) -> bytes:
    length = int.from_bytes(frame[:4], "little")
    return max(0, length + draw(_STEPS)).to_bytes(4, "little") + frame[4:]


def _repeat(draw: st.DrawFn, frame: bytes) -> bytes:
    return frame + frame[: draw(upto(len(frame)))]


_DAMAGES = st.lists(st.sampled_from((_flip, _declare, _declare_close, _repeat)), max_size=2)


@cache
def validators(features: frozenset[str]) -> SearchStrategy[JSON]:
    """The validators that a testee of these features can install; nothing can be drawn if it has none."""
    simple: list[SearchStrategy[JSON]] = []
    if "validators" in features:
        simple.append(st.lists(upto(12), min_size=2, max_size=2).map(lambda pair: {"size": [*sorted(pair)]}))
        simple.append(st.just("table_root"))
    if "typed_validator" in features:
        simple.append(st.just({"typed": {"name": "Typed", "file_identifier": "ABCD"}}))
    if "composite_validators" in features:
        simple.append(st.just("none"))
        simple.append(st.lists(st.one_of(*simple), max_size=3).map(lambda children: {"composite": children}))
    return st.one_of(*simple) if simple else st.nothing()
