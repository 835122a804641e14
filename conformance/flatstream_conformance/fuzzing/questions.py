"""Strategies for the requests of each operation, made of what a testee claims and of nothing else.

Fields are combined only where the protocol says what the combination means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from flatstream_conformance.errors import ConformanceError
from flatstream_conformance.fuzzing.case import Case
from flatstream_conformance.fuzzing.streams import (
    BODIES,
    CHUNKS,
    PAYLOADS,
    SOME_BODIES,
    draw_limit,
    draw_stream,
    upto,
    validators,
)
from flatstream_conformance.schemas import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from flatstream_conformance.fuzzing.oracle import Oracle
    from flatstream_conformance.json_types import JsonObject
    from flatstream_conformance.session import Claims

_CALLS = st.integers(1, 7)
_STOPS = st.integers(1, 6)
_SINK_CHUNKS = st.integers(1, 40)
_FEW_BODIES = st.lists(PAYLOADS, max_size=2)
_APPENDED = st.lists(_FEW_BODIES, min_size=1, max_size=3)
VALIDATING = frozenset({"validators", "typed_validator", "composite_validators"})


def cases(oracle: Oracle, claims: Claims) -> SearchStrategy[Case]:
    """Any question that the testee claims to have an answer to.

    Raises ConformanceError if it claims none of the operations that are searched.
    """
    features = frozenset(claims.features)
    algorithms = [name for name in ALGORITHMS if name in claims.algorithms]
    if "custom" in features:
        algorithms += [f"fnv1a64/{width}" for width in (0, 1, 3, 8)]
    made: list[SearchStrategy[Case]] = [
        make(oracle, features, algorithms) for op, make in _MAKERS.items() if op in claims.ops and algorithms
    ]
    if not made:
        raise ConformanceError("the testee claims none of the operations and algorithms that are searched")
    return st.one_of(*made)


@st.composite
def _checksum(draw: st.DrawFn, _oracle: Oracle, _features: frozenset[str], algorithms: list[str]) -> Case:
    return Case("checksum", {"algorithm": draw(st.sampled_from(algorithms)), "data": draw(PAYLOADS).hex()})


@st.composite
def _frame(draw: st.DrawFn, oracle: Oracle, features: frozenset[str], algorithms: list[str]) -> Case:
    algorithm = draw(st.sampled_from(algorithms))
    bodies = draw(BODIES)
    request: JsonObject = {"algorithm": algorithm, "payloads": [body.hex() for body in bodies], "max_payload_len": None}
    modes = {"bounded": True, "faulty": "sink_faults" in features, "validated": bool(features & VALIDATING)}
    modes |= {"serialized": bool(bodies) and "serializers" in features, "finished": "durability" in features}
    mode = draw(st.sampled_from(["plain", *(mode for mode, possible in modes.items() if possible)]))
    if mode == "bounded":
        request["max_payload_len"] = draw_limit(draw, [len(body) for body in bodies])
    elif mode == "faulty":
        size = sum(map(len, oracle.frames(algorithm, bodies)))
        request["sink_fault_after"] = draw(upto(size + 1))
        if "single_fault" in features and draw(st.booleans()):
            request["fault_once"] = True
    elif mode == "validated":
        request["validator"] = draw(validators(features))
    elif mode == "serialized":
        request["serializer_fails_at"] = draw(upto(len(bodies) - 1))
    elif mode == "finished":
        request["finish"] = draw(st.sampled_from(["none", "flush", "sync"]))
    if "short_writes" in features and draw(st.booleans()):
        request["sink_chunk"] = draw(_SINK_CHUNKS)
    if "resume" in features and mode in {"bounded", "faulty", "validated"} and draw(st.booleans()):
        request["go_on"] = True
    if "observers" in features and mode in {"plain", "bounded", "validated"} and draw(st.booleans()):
        request["observe"] = True
    return Case("frame", request)


@st.composite
def _deframe(draw: st.DrawFn, oracle: Oracle, features: frozenset[str], algorithms: list[str]) -> Case:
    algorithm = draw(st.sampled_from(algorithms))
    possible = ["plain", *(mode for mode, feature in _READING_MODES.items() if feature in features)]
    mode = draw(st.sampled_from(possible))
    if mode == "callback":
        # Whole frames only: what the two loops give around an error is not specified.
        bodies = draw(SOME_BODIES)
        wire, limit = b"".join(oracle.frames(algorithm, bodies)), None
    else:
        wire, limit = draw_stream(draw, oracle, algorithm)
    request: JsonObject = {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": limit}
    if mode == "callback":
        request["callback_fails_at"] = draw(upto(len(bodies) - 1))
    elif mode == "calls":
        request["calls"] = draw(_CALLS)
    elif mode == "appended":
        more = draw(_APPENDED)
        request["appended"] = [b"".join(oracle.frames(algorithm, bodies)).hex() for bodies in more]
    elif mode == "stop":
        request["stop_after"] = draw(_STOPS)
    if mode in {"plain", "calls"}:
        _add_fault(draw, request, features, len(wire))
        if "fault_after" in request and "single_fault" in features and draw(st.booleans()):
            request["fault_once"] = True
        if bool(features & VALIDATING) and draw(st.booleans()):
            request["validator"] = draw(validators(features))
        # With calls the reply is their events alone.
        if mode == "plain" and "observers" in features and draw(st.booleans()):
            request["observe"] = True
    _add_reading(draw, request, features)
    return Case("deframe", request)


_READING_MODES = {"calls": "resume", "appended": "appends", "stop": "exact_reads", "callback": "callbacks"}


@st.composite
def _recover(draw: st.DrawFn, oracle: Oracle, features: frozenset[str], algorithms: list[str]) -> Case:
    algorithm = draw(st.sampled_from(algorithms))
    wire, limit = draw_stream(draw, oracle, algorithm)
    request: JsonObject = {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": limit}
    if "positions" in features and draw(st.booleans()):
        request["skip_frames"] = draw(upto(oracle.payload_count(algorithm, wire, limit)))
        request["scan"] = draw(st.sampled_from(["position", "file"]))
        return Case("recover", request)
    if "empty_tail" in features and draw(st.booleans()):
        request["count_empty_tail"] = True
    _add_fault(draw, request, features, len(wire))
    _add_reading(draw, request, features)
    return Case("recover", request)


@st.composite
def _truncate(draw: st.DrawFn, oracle: Oracle, _features: frozenset[str], algorithms: list[str]) -> Case:
    algorithm = draw(st.sampled_from(algorithms))
    wire, limit = draw_stream(draw, oracle, algorithm)
    append = [body.hex() for body in draw(_FEW_BODIES)]
    request: JsonObject = {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": limit, "append": [*append]}
    return Case("truncate", request)


def _add_fault(draw: st.DrawFn, request: JsonObject, features: frozenset[str], size: int) -> None:
    if "faults" in features and draw(st.booleans()):
        request["fault_after"] = draw(upto(size + 1))


def _add_reading(draw: st.DrawFn, request: JsonObject, features: frozenset[str]) -> None:
    if "chunked" in features and draw(st.booleans()):
        request["chunks"] = [*draw(CHUNKS)]
    if "offsets" in features and draw(st.booleans()):
        request["report_offsets"] = True


_MAKERS: dict[str, Callable[[Oracle, frozenset[str], list[str]], SearchStrategy[Case]]] = {
    "checksum": _checksum,
    "frame": _frame,
    "deframe": _deframe,
    "recover": _recover,
    "truncate": _truncate,
}
