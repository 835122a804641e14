"""How a wire is put together: the literal layout of a frame, and streams of which every cut is known.

Nothing here can read a wire. Expected answers come from the parts that went in.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from vectors.generator.oracles import checksum

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_MAX_FRAME_LEN = 2147483648
"""R4: the largest payload that a reader takes unless it is told otherwise, in bytes."""

LARGEST_PAYLOAD = 4294967295
"""W8: the largest length that four bytes can hold."""


def length_field(length: int) -> bytes:
    """Return the four bytes that declare a payload of `length` bytes (W2)."""
    return length.to_bytes(4, "little")


def frame(algorithm: str, payload: bytes) -> bytes:
    """Return the frame of a payload: length, checksum, payload (W1)."""
    return length_field(len(payload)) + checksum(algorithm, payload) + payload


def frame_with_checksum(stored: bytes, payload: bytes) -> bytes:
    """Return a frame that stores this checksum, right or wrong."""
    return length_field(len(payload)) + stored + payload


def flip(data: bytes, bit: int) -> bytes:
    """Return `data` with one bit inverted; bit 0 is the lowest of the first byte."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def counting(length: int, start: int = 0) -> bytes:
    """Return bytes that count up modulo 251, so that any two blocks of a power of two differ."""
    return bytes((start + i) % 251 for i in range(length))


class Stream:
    """Frames back to back, with the offsets at which they start and end.

    Attributes: ``wire`` (bytes), ``starts`` (absolute offset of each frame), ``ends`` (one past each frame).
    """

    def __init__(self, algorithm: str, payloads: Sequence[bytes]) -> None:
        self.algorithm = algorithm
        self.payloads = list(payloads)
        self.frames = [frame(algorithm, payload) for payload in payloads]
        self.wire = b"".join(self.frames)
        self.ends = list(accumulate(len(part) for part in self.frames))
        self.starts = [0, *self.ends[:-1]]

    def whole_before(self, cut: int) -> int:
        """Return how many frames lie wholly within the first `cut` bytes."""
        return sum(end <= cut for end in self.ends)

    def is_boundary(self, cut: int) -> bool:
        """Tell if `cut` is the start of the stream or the end of a frame."""
        return cut == 0 or cut in self.ends

    def place(self, cut: int) -> str:
        """Name the place at which a cut falls, for the comment of a vector."""
        if self.is_boundary(cut):
            return f"at a frame boundary, after {self.whole_before(cut)} whole frames"
        index = self.whole_before(cut)
        inside = cut - self.starts[index]
        head = len(self.frames[index]) - len(self.payloads[index])
        if inside < 4:
            field = f"{inside} bytes into the length field"
        elif inside == 4:
            field = "right after the length field"
        elif inside < head:
            field = f"{inside - 4} bytes into the checksum field"
        elif inside == head:
            field = "right after the checksum field"
        else:
            field = f"{inside - head} bytes into the payload"
        return f"{field} of frame {index}"
