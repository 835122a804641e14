"""Sources and sinks that behave as a request says: slow, short, failing, growing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Source(io.RawIOBase):
    """A seekable file-like over bytes, which hands out ``chunks``, fails after ``fault_after`` bytes, and can grow."""

    def __init__(self, wire: bytes, request: dict[str, Any]) -> None:
        self._wire = bytearray(wire)
        self._chunks: list[int] = list(request.get("chunks", []))
        self._fault_after: int | None = request.get("fault_after")
        self._fault_once: bool = request.get("fault_once", False)
        self.position = 0
        """Bytes that were taken."""

    def readinto(self, buffer: Buffer, /) -> int:
        """Give the next bytes, fewer than wanted where the request says so."""
        view = memoryview(buffer)
        size = len(view)
        if self._chunks:
            size = min(size, self._chunks.pop(0) if len(self._chunks) > 1 else self._chunks[0])
        if self._fault_after is not None:
            size = min(size, self._fault_after - self.position)
            if size == 0:
                if self._fault_once:
                    self._fault_after = None
                raise OSError("the source failed, as it was told to")
        data = self._wire[self.position : self.position + size]
        view[: len(data)] = data
        self.position += len(data)
        return len(data)

    def append(self, data: bytes) -> None:
        """More bytes become available."""
        self._wire += data

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a place."""
        self.position = offset + (0, self.position, len(self._wire))[whence]
        return self.position

    def tell(self) -> int:
        """The place."""
        return self.position


class Sink:
    """A file-like that takes at most ``sink_chunk`` bytes, fails after ``sink_fault_after``, and counts its calls."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._chunk: int | None = request.get("sink_chunk")
        self._fault_after: int | None = request.get("sink_fault_after")
        self._fault_once: bool = request.get("fault_once", False)
        self.taken = bytearray()
        self.flushes = 0
        self.syncs = 0

    def write(self, data: Buffer) -> int:
        """Take some bytes."""
        view = memoryview(data)
        size = len(view) if self._chunk is None else min(len(view), self._chunk)
        if self._fault_after is not None:
            size = min(size, self._fault_after - len(self.taken))
            if size == 0:
                if self._fault_once:
                    self._fault_after = None
                raise OSError("the sink failed, as it was told to")
        self.taken += view[:size]
        return size

    def flush(self) -> None:
        """Count a flush."""
        self.flushes += 1

    def sync(self) -> None:
        """Count a sync."""
        self.syncs += 1
