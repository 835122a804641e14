"""A testee in one file: FlatStream in plain Python, without the library `flatstream`.

It is an independent second implementation, and the example to start from in another language. It has the
three parts of any testee: the implementation, the operations of the protocol, and the loop over lines. One of
the checksums needs `xxhash`. Run it with

    flatstream-conformance run --testee "python conformance/testees/python_plain/testee.py"
"""

from __future__ import annotations

import binascii
import json
import sys
import zlib
from typing import TYPE_CHECKING, Any

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable

Message = dict[str, Any]

# Name of the algorithm: bytes on the wire, and the function of the payload.
ALGORITHMS: dict[str, tuple[int, Callable[[bytes], int]]] = {
    "none": (0, lambda _: 0),
    "crc16": (2, lambda payload: binascii.crc_hqx(payload, 0)),
    "crc32": (4, zlib.crc32),
    "xxh3_64": (8, xxhash.xxh3_64_intdigest),
}
DEFAULT_MAX_FRAME_LEN = 1 << 31
MAX_PAYLOAD_LEN = (1 << 32) - 1
LENGTH_SIZE = 4


# The implementation.


class FrameError(Exception):
    """The error of a frame, with its facts as the protocol names them."""

    def __init__(self, kind: str, offset: int = 0, **facts: int | str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.offset = offset
        self.facts = facts

    def message(self, *, with_offset: bool) -> Message:
        """The `error` of a reply."""
        offset = {"offset": self.offset} if with_offset else {}
        return {"kind": self.kind, **self.facts, **offset}


def checksum_field(algorithm: str, payload: bytes) -> bytes:
    """The checksum as it stands on the wire (W3, W4)."""
    width, compute = ALGORITHMS[algorithm]
    return compute(payload).to_bytes(width, "little")


def encode(algorithm: str, payload: bytes, limit: int) -> bytes:
    """One frame (W1, W2); a payload over the limit is refused before anything is written (S2)."""
    if len(payload) > limit:
        raise FrameError("invalid_frame", declared_len=len(payload), limit=limit)
    return len(payload).to_bytes(LENGTH_SIZE, "little") + checksum_field(algorithm, payload) + payload


class Source:
    """The bytes of a wire, handed out in chunks: at most `chunks[i]` at read i, the last number repeating."""

    def __init__(self, wire: bytes, chunks: list[int] | None) -> None:
        self.wire = wire
        self.chunks = list(chunks or [len(wire) + 1])
        self.position = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        at_most = self.chunks.pop(0) if len(self.chunks) > 1 else self.chunks[0]
        data = self.wire[self.position : self.position + min(size, at_most)]
        self.position += len(data)
        return data

    def read_all(self, size: int) -> bytes:
        """`size` bytes, or fewer only at the end of the source (R7)."""
        parts = bytearray()
        while len(parts) < size:
            data = self.read(size - len(parts))
            if not data:
                break
            parts += data
        return bytes(parts)


class Reader:
    """Reads frame after frame; `offset` is one past the last whole frame that was good."""

    def __init__(self, source: Source, algorithm: str, limit: int) -> None:
        self.source = source
        self.algorithm = algorithm
        self.limit = limit
        self.offset = 0

    def next_payload(self) -> bytes | None:
        """The next payload, None at a clean end (R1); raises FrameError."""
        header = self.source.read_all(LENGTH_SIZE)
        if not header:
            return None
        if len(header) < LENGTH_SIZE:
            raise FrameError("unexpected_eof", self.offset)
        length = int.from_bytes(header, "little")
        # Before the checksum is looked at and before any memory is taken (R3).
        if length > self.limit:
            raise FrameError("invalid_frame", self.offset, declared_len=length, limit=self.limit)
        width = ALGORITHMS[self.algorithm][0]
        expected = self.source.read_all(width)
        payload = self.source.read_all(length)
        if len(expected) < width or len(payload) < length:
            raise FrameError("unexpected_eof", self.offset)
        calculated = checksum_field(self.algorithm, payload)
        if calculated != expected:
            raise FrameError("checksum_mismatch", self.offset, expected=expected.hex(), calculated=calculated.hex())
        self.offset += LENGTH_SIZE + width + length
        return payload


# The operations of the protocol.


def start(request: Message) -> Message:
    """Say what this testee is and can do."""
    if request["protocol"] != 1:
        return {"errored": f"protocol {request['protocol']} is unknown here"}
    return {
        "implementation": {"name": "python-plain", "version": "1", "language": "Python"},
        "algorithms": list(ALGORITHMS),
        "ops": list(OPS),
        "features": ["chunked", "offsets", "empty_tail"],
    }


def checksum(request: Message) -> Message:
    """The checksum of the data."""
    return {"checksum": checksum_field(request["algorithm"], bytes.fromhex(request["data"])).hex()}


def frame(request: Message) -> Message:
    """Write the payloads in order, up to the first error."""
    limit = request["max_payload_len"]
    if limit is None:
        limit = MAX_PAYLOAD_LEN
    wire = b""
    for payload in request["payloads"]:
        try:
            wire += encode(request["algorithm"], bytes.fromhex(payload), limit)
        except FrameError as error:
            return {"wire": wire.hex(), "error": error.message(with_offset=False)}
    return {"wire": wire.hex()}


def deframe(request: Message) -> Message:
    """Read payloads up to the first error or the clean end."""
    reader = reader_of(request)
    payloads: list[str] = []
    try:
        while (payload := reader.next_payload()) is not None:
            payloads.append(payload.hex())
    except FrameError as error:
        failure = error.message(with_offset=wants_offset(request))
        return {"payloads": payloads, "end": "error", "error": failure}
    return {"payloads": payloads, "end": "clean"}


def recover(request: Message) -> Message:
    """Scan the wire for its last whole frame."""
    reader = reader_of(request)
    frames = empty_tail = 0
    end = "clean_eof"
    try:
        while (payload := reader.next_payload()) is not None:
            frames += 1
            empty_tail = 0 if payload else empty_tail + 1
    except FrameError as error:
        # Only a frame that is cut short is a torn tail (C2); anything else is no report at all (C3).
        if error.kind != "unexpected_eof":
            return {"error": error.message(with_offset=wants_offset(request))}
        end = "torn_tail"
    report: Message = {"frames": frames, "last_good_offset": reader.offset, "end": end}
    if request.get("count_empty_tail"):
        report["empty_tail"] = empty_tail
    return report


def reader_of(request: Message) -> Reader:
    """A reader over the source that the request describes."""
    source = Source(bytes.fromhex(request["wire"]), request.get("chunks"))
    limit = request["max_frame_len"]
    return Reader(source, request["algorithm"], DEFAULT_MAX_FRAME_LEN if limit is None else limit)


def wants_offset(request: Message) -> bool:
    """Whether errors are to carry the offset of their frame."""
    return bool(request.get("report_offsets"))


OPS: dict[str, Callable[[Message], Message]] = {
    "start": start,
    "checksum": checksum,
    "frame": frame,
    "deframe": deframe,
    "recover": recover,
}


# One request a line in, one reply a line out, until the input ends.


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        reply = {"seq": request["seq"], **OPS[request["op"]](request)}
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
