"""Sources and sinks that behave as a request says: slow, short, failing, growing. No mutant changes these."""

from __future__ import annotations

import io
from typing import Any


class Source:
    """Bytes that are handed out in `chunks`, with a failure after `fault_after` bytes, and room to grow."""

    def __init__(self, wire: bytes, request: dict[str, Any]) -> None:
        self.wire = bytearray(wire)
        self.chunks: list[int] = list(request.get("chunks", []))
        self.fault_after: int | None = request.get("fault_after")
        self.fault_once: bool = request.get("fault_once", False)
        self.position = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end. Raises OSError where the request says so."""
        if self.chunks:
            size = min(size, self.chunks.pop(0) if len(self.chunks) > 1 else self.chunks[0])
        if self.fault_after is not None:
            if self.position >= self.fault_after:
                if self.fault_once:
                    self.fault_after = None
                raise OSError("the source failed, as it was told to")
            size = min(size, self.fault_after - self.position)
        data = bytes(self.wire[self.position : self.position + size])
        self.position += len(data)
        return data

    def seek(self, position: int) -> int:
        """Move to an absolute position."""
        self.position = position
        return position

    def tell(self) -> int:
        """The absolute position."""
        return self.position


class Sink:
    """Takes at most `sink_chunk` bytes at a write, fails after `sink_fault_after`, and counts its calls."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.chunk: int | None = request.get("sink_chunk")
        self.fault_after: int | None = request.get("sink_fault_after")
        self.fault_once: bool = request.get("fault_once", False)
        self.taken = bytearray()
        self.flushes = 0
        self.syncs = 0

    def write(self, data: bytes) -> int:
        """Take some bytes and say how many. Raises OSError where the request says so."""
        size = len(data) if self.chunk is None else min(len(data), self.chunk)
        if self.fault_after is not None:
            if len(self.taken) >= self.fault_after:
                if self.fault_once:
                    self.fault_after = None
                raise OSError("the sink failed, as it was told to")
            size = min(size, self.fault_after - len(self.taken))
        self.taken += data[:size]
        return size

    def flush(self) -> None:
        """Hand the bytes to the operating system."""
        self.flushes += 1

    def sync(self) -> None:
        """Make the bytes durable."""
        self.syncs += 1


class File(io.BytesIO):
    """A file to recover, truncate and append to."""

    def flush(self) -> None:
        """Nothing is buffered."""

    def sync(self) -> None:
        """Nothing is ever durable here."""


class TouchedError(Exception):
    """Somebody wanted the bytes of a payload that must be refused by its length alone."""


class HugePayload(bytes):
    """A payload of so many zero bytes that it has only a length."""

    claimed = 0

    @classmethod
    def of(cls, length: int) -> HugePayload:
        """A payload of `length` bytes."""
        payload = cls()
        payload.claimed = length
        return payload

    def __len__(self) -> int:
        return self.claimed

    def __getitem__(self, _index: Any) -> Any:
        raise TouchedError

    def __bool__(self) -> bool:
        return self.claimed > 0
