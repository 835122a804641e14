"""Stand-in for the batch API, as far as records need it; replaced by the real one when both are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flatstream.checksum import by_name
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import FlatStreamError
from flatstream.framer import ChecksumFramer
from flatstream.reader import StreamReader
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_SIZE, flat_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Buffer

    from flatstream.checksum import Checksum

__all__ = ["Frames", "frame_many", "scan"]


class Frames:
    """The payloads of a source."""

    def __init__(
        self,
        source: memoryview,
        offsets: np.ndarray[tuple[int], np.dtype[np.int64]],
        lengths: np.ndarray[tuple[int], np.dtype[np.uint32]],
        header: int,
        error: FlatStreamError | None,
    ) -> None:
        self.source = source
        self.offsets = offsets
        self.lengths = lengths
        self.header = header
        self.error = error

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> memoryview:
        start = int(self.offsets[index])
        return self.source[start : start + int(self.lengths[index])]

    def __iter__(self) -> Iterator[memoryview]:
        return (self[index] for index in range(len(self)))


def scan(
    source: Buffer, *, checksum: str | Checksum = "none", max_frame_len: int = DEFAULT_MAX_FRAME_LEN, threads: int = 1
) -> Frames:
    """The frames of a source in memory."""
    del threads
    view = flat_view(memoryview(source))
    deframer = ChecksumDeframer(checksum, max_frame_len)
    reader = StreamReader(view, deframer)
    ends, lengths = [], []
    error = None
    try:
        for payload in reader:
            lengths.append(len(payload))
            ends.append(reader.offset)
    except FlatStreamError as caught:
        error = caught
    sizes = np.array(lengths, dtype=np.uint32)
    offsets = np.array(ends, dtype=np.int64) - sizes
    return Frames(view, offsets, sizes, LENGTH_SIZE + deframer.checksum.width, error)


def frame_many(payloads: Iterable[Buffer], checksum: str | Checksum = "none") -> bytearray:
    """The frames of these payloads, one after the other."""
    framer = ChecksumFramer(by_name(checksum))
    out = bytearray()
    for payload in payloads:
        view = flat_view(memoryview(payload))
        out += framer.header(view)
        out += view
    return out
