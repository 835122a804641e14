"""The operation `deframe`, by each way of the read path; all of them must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatstream
from flatstream_conformance.reference.algorithms import algorithm
from flatstream_conformance.reference.arguments import error, policy, validator
from flatstream_conformance.reference.doubles import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flatstream.adapters import Deframer

Message = dict[str, Any]

SMALL_READAHEAD = 7
"""Bytes: small enough for a frame to straddle many chunks."""


SCANS = {"scanned": 1, "scanned by two threads": 2}
"""The ways of reading that take the whole source in one call, and their threads."""


class CallerError(Exception):
    """What the caller's own callback raises."""


def deframe(request: Message) -> Message:
    """The operation `deframe`. An error of its own if two ways of reading disagree."""
    (first, reply), *others = [(name, _read(request, name)) for name in _paths(request)]
    for name, other in others:
        if other != reply:
            raise AssertionError(f"reading by '{first}' gives {reply}, by '{name}' {other}")
    return reply


def _paths(request: Message) -> Iterator[str]:
    """The ways of reading that can do what the request asks."""
    if "policy" not in request:
        if not request.keys() & {"chunks", "fault_after", "appended", "stop_after"}:
            yield "borrowed"
            yield "copied"
            if not request.keys() & {"validator", "observe", "calls", "callback_fails_at"}:
                yield from SCANS
        if "stop_after" not in request:
            yield "ahead"
        yield "exact"
    yield "reused"


def _read(request: Message, path: str) -> Message:
    if path in SCANS:
        return _scanned(request, SCANS[path])
    observed: list[str] = []
    deframer = deframer_of(request)
    if "validator" in request:
        deframer = deframer.with_validator(validator(request["validator"]))
    if request.get("observe"):
        deframer = deframer.observed(lambda payload: observed.append(payload.hex()))
    wire = bytes.fromhex(request["wire"])
    source = Source(wire, request)
    reader: flatstream.StreamReader[Any]
    if path in {"borrowed", "copied"}:
        reader = flatstream.StreamReader(wire, deframer, copy=path == "copied")
    elif path == "ahead":
        reader = flatstream.StreamReader(source, deframer, readahead=SMALL_READAHEAD)
    else:
        installed = policy(request["policy"]) if "policy" in request else None
        reader = flatstream.StreamReader(source, deframer, copy=path == "exact", policy=installed)
    reply = _events(request, reader) if "calls" in request else _payloads(request, reader, source)
    if request.get("observe"):
        reply["observed"] = observed
    return reply


def deframer_of(request: Message) -> Deframer:
    """The deframer of a request, without adapters."""
    limit = request["max_frame_len"]
    bound = {} if limit is None else {"max_frame_len": limit}
    if request["algorithm"] == "none":
        return flatstream.DefaultDeframer(**bound)
    return flatstream.ChecksumDeframer(algorithm(request["algorithm"]), **bound)


def _scanned(request: Message, threads: int) -> Message:
    deframer = deframer_of(request)
    wire = bytes.fromhex(request["wire"])
    frames = flatstream.scan(wire, deframer.checksum, deframer.max_frame_len, threads)
    reply: Message = {"payloads": [payload.hex() for payload in frames], "end": "clean"}
    if frames.error is not None:
        reply |= {"end": "error", "error": error(frames.error, request)}
    return reply


def _events(request: Message, reader: flatstream.StreamReader[Any]) -> Message:
    events: list[Message] = []
    for _ in range(request["calls"]):
        try:
            payload = reader.read_message()
        except flatstream.FlatStreamError as raised:
            events.append({"error": error(raised, request)})
        else:
            events.append({"end": "clean"} if payload is None else {"payload": payload.hex()})
    return {"events": events}


def _payloads(request: Message, reader: flatstream.StreamReader[Any], source: Source) -> Message:
    payloads: list[str] = []
    reply: Message = {"payloads": payloads, "end": "clean"}
    fails_at = request.get("callback_fails_at")
    stop_after = request.get("stop_after")
    appended = map(bytes.fromhex, request.get("appended", []))

    def callback(payload: Any) -> None:
        payloads.append(payload.hex())
        if len(payloads) - 1 == fails_at and "callback_error" not in reply:
            raise caller_error

    caller_error = CallerError()
    try:
        if fails_at is not None:
            try:
                reader.process_all(callback)
            except CallerError as raised:
                reply["callback_error"] = raised is caller_error
            else:
                reply["callback_error"] = False
        if stop_after is not None:
            while len(payloads) < stop_after and (payload := reader.read_message()) is not None:
                callback(payload)
            reply["end"] = "stopped" if len(payloads) == stop_after else "clean"
            reply["consumed"] = source.position
            return reply
        reader.process_all(callback)
        for data in appended:
            source.append(data)
            reader.process_all(callback)
    except flatstream.FlatStreamError as raised:
        reply |= {"end": "error", "error": error(raised, request)}
        if stop_after is not None:
            reply["consumed"] = source.position
    return reply
