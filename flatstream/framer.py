"""Framing: from a payload to its header. No I/O happens here.

>>> DefaultFramer().header(b"abc").hex()
'03000000'
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from flatstream.adapters import Framer
from flatstream.checksum import by_name
from flatstream.wire import pack_length, too_long

if TYPE_CHECKING:
    from flatstream.checksum import Checksum
    from flatstream.wire import Payload

__all__ = ["ChecksumFramer", "DefaultFramer", "Framer"]


class DefaultFramer(Framer):
    """Frames without a checksum: a header of 4 bytes."""

    def header(self, payload: Payload) -> bytes:
        """The length field (W2)."""
        try:
            return pack_length(len(payload))
        except struct.error:
            raise too_long(len(payload)) from None


class ChecksumFramer(Framer):
    """Frames with a checksum: a header of 4 bytes and the width of ``checksum``, given as such or by name."""

    def __init__(self, checksum: Checksum | str) -> None:
        self.checksum = by_name(checksum)

    def header(self, payload: Payload) -> bytes:
        """The length field, then the checksum of the payload alone (W1, W4)."""
        checksum = self.checksum
        try:
            length = pack_length(len(payload))
        except struct.error:
            raise too_long(len(payload)) from None
        return length + checksum.pack(checksum.compute(payload) & checksum.mask)
