"""The layout of a frame, in one page (W1 to W8).

A stream is frames back to back; a frame is ``length`` (4 bytes), ``checksum`` (N bytes), ``payload`` (L bytes):

    +----------------+------------------+-----------------+
    | L: u32, little | N bytes, little  | L bytes         |
    +----------------+------------------+-----------------+

There is no magic, no separator and no trailer (W1), and the stream does not say which checksum it has (W7).
"""

from __future__ import annotations

from struct import Struct
from typing import Final, TypeAlias

from flatstream.arguments import whole_number
from flatstream.errors import InvalidFrame

Payload: TypeAlias = bytes | memoryview
"""What flows through the layers: ``bytes``, or a contiguous ``memoryview`` of single bytes."""

LENGTH_FIELD: Final = Struct("<I")
"""W2: L counts payload bytes only, unsigned, little-endian."""

pack_length: Final = LENGTH_FIELD.pack
"""The length field of a payload of that many bytes; ``struct.error`` for more than it can say: see `too_long`."""

LENGTH_SIZE: Final = LENGTH_FIELD.size
"""Bytes of the length field."""

MAX_PAYLOAD_LEN: Final = 2**32 - 1
"""W8: the largest payload in bytes, since the length field holds no more."""

DEFAULT_MAX_FRAME_LEN: Final = 2**31
"""R4: what a reader accepts unless told otherwise, in payload bytes: the largest FlatBuffer, itself allowed."""

MAX_CHECKSUM_WIDTH: Final = 8
"""W6: the widest checksum field in bytes."""


def limit(max_len: int, name: str) -> int:
    """``max_len`` if it can be a bound on payload bytes (R4: 0 to 2^32-1), else ``ValueError`` naming ``name``."""
    max_len = whole_number(max_len, name)
    if not 0 <= max_len <= MAX_PAYLOAD_LEN:
        raise ValueError(f"{name} must be from 0 to {MAX_PAYLOAD_LEN}, not {max_len}")
    return max_len


def too_long(payload_len: int) -> InvalidFrame:
    """The error for a payload of more bytes than the length field can say (W8)."""
    return InvalidFrame(payload_len, MAX_PAYLOAD_LEN)


def flat_view(view: memoryview) -> memoryview:
    """``view`` as single bytes; ``BufferError`` if these do not lie in one piece."""
    if not view.c_contiguous:
        raise BufferError("the bytes must lie in one piece (C-contiguous), which this view's do not")
    if view.format == "B" and view.ndim == 1:
        return view
    # No cast takes a view of several dimensions of which one is empty; its payload is empty too (W5).
    return view.cast("B") if view.nbytes else memoryview(b"")
