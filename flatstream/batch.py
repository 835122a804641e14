"""Whole buffers at a time: every frame of a source found in one call, many payloads framed in one.

    frames = flatstream.scan("telemetry.bin", checksum="crc32")
    frames.error, len(frames), frames[0]
    events = frames.array(numpy.dtype([("head", "V8"), ("device", "<u8"), ("time", "<u8"), ("value", "<f8")]))

NumPy (extra ``numpy``) and PyArrow (extra ``arrow``) are imported only by what gives or takes their arrays.
"""

from __future__ import annotations

import mmap
import sys
from array import array
from collections.abc import Sequence
from enum import Enum
from importlib import import_module
from os import PathLike, fstat
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, cast, overload

from flatstream import engine
from flatstream.checksum import BUILT_IN, by_name
from flatstream.deframer import ChecksumDeframer, Parser
from flatstream.errors import ChecksumMismatch, FlatStreamError, InvalidFrame, UnexpectedEof
from flatstream.extras import needing
from flatstream.feed import MemoryFeed
from flatstream.framer import ChecksumFramer
from flatstream.remote import is_url, read_whole
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_SIZE, MAX_PAYLOAD_LEN, flat_view, limit, too_long

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    import numpy as np
    import pyarrow as pa
    from typing_extensions import Buffer

    from flatstream.checksum import Checksum
    from flatstream.wire import Payload

__all__ = ["Frames", "ScanEnd", "frame_array", "frame_many", "scan"]


_NO_BOUND: Final = sys.maxsize
"""More bytes than there can be."""

_VIEW: Final = Struct("<i4sii")
"""A view of Arrow on a payload in a buffer: length, first bytes, number of the buffer, offset in it."""

_SHORT_VIEW: Final = Struct("<i12s")
"""A view of Arrow that has the payload itself: length, bytes."""

_INLINE: Final = 12
"""Payload bytes that fit into a view."""

_ARROW_MAX: Final = 2**31 - 1
"""The largest length and offset that a view can say, in bytes."""

ARROW_BUFFER: Final = 2**30
"""Bytes of the source from the start of one of its Arrow buffers to that of the next."""


class ScanEnd(Enum):
    """How a scan ended."""

    CLEAN = "clean"
    """On a boundary between frames (R1)."""
    TORN = "torn"
    """Inside a frame: ``Frames.error`` is the ``UnexpectedEof`` (R2)."""
    ERROR = "error"
    """In front of a frame that is wrong: ``Frames.error`` says in what."""


class Frames(Sequence[memoryview]):
    """The payloads that a scan found, as views on its source; and how the scan ended.

    ``frames[i]`` and iterating give ``memoryview``s, slices give ``Frames``. Whatever has a view, or an array made of
    one, keeps the source: until they are gone, a ``bytearray`` cannot be resized and an ``mmap`` cannot be closed
    (``BufferError``). A frame takes 12 bytes beside the source.
    """

    __slots__ = ("_lengths", "_offsets", "error", "header", "last_good_offset", "source")

    def __init__(
        self,
        source: memoryview,
        places: tuple[memoryview, memoryview],
        header: int,
        last_good_offset: int,
        error: FlatStreamError | None,
    ) -> None:
        self.source = source
        """The source as single bytes."""
        self._offsets, self._lengths = places
        self.header = header
        """Bytes of a frame before its payload: the length field and the checksum field."""
        self.last_good_offset = last_good_offset
        """One past the last good frame, in bytes from the start of the source."""
        self.error = error
        """What ended the scan, with the offset of its frame; ``None`` for the clean end."""

    @property
    def end(self) -> ScanEnd:
        """How the scan ended."""
        if self.error is None:
            return ScanEnd.CLEAN
        return ScanEnd.TORN if isinstance(self.error, UnexpectedEof) else ScanEnd.ERROR

    def checked(self) -> Frames:
        """These frames, if the scan ended clean; else its error is raised."""
        if self.error is not None:
            raise self.error.with_traceback(None)
        return self

    @property
    def offsets(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Where the payloads begin, in bytes from the start of the source: int64, shape ``(len(self),)``, read-only.

        The header of a frame stands before its payload. No copy is made. Needs NumPy.
        """
        return cast("np.ndarray[Any, np.dtype[np.int64]]", _numpy().asarray(self._offsets))

    @property
    def lengths(self) -> np.ndarray[Any, np.dtype[np.uint32]]:
        """How many bytes the payloads have: uint32, shape ``(len(self),)``, read-only, no copy. Needs NumPy."""
        return cast("np.ndarray[Any, np.dtype[np.uint32]]", _numpy().asarray(self._lengths))

    @property
    def starts(self) -> memoryview:
        """What ``offsets`` holds, as a view of int64 that needs no NumPy."""
        return self._offsets

    @property
    def sizes(self) -> memoryview:
        """What ``lengths`` holds, as a view of uint32 that needs no NumPy."""
        return self._lengths

    def __len__(self) -> int:
        return len(self._lengths)

    @overload
    def __getitem__(self, index: int) -> memoryview: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...
    def __getitem__(self, index: int | slice) -> memoryview | Frames:
        if isinstance(index, slice):
            places = self._offsets[index], self._lengths[index]
            return Frames(self.source, places, self.header, self.last_good_offset, self.error)
        start = self._offsets[index]
        return self.source[start : start + self._lengths[index]]

    def __iter__(self) -> Iterator[memoryview]:
        offsets, lengths = self._offsets, self._lengths
        if engine.native is not None and offsets.c_contiguous:
            return engine.native.Slices(self.source, offsets.cast("B"), lengths.cast("B"))
        source = self.source
        return (source[start : start + length] for start, length in zip(offsets, lengths, strict=True))

    def __repr__(self) -> str:
        return f"<Frames: {len(self)}, {self.end.value} at {self.last_good_offset}>"

    def array(self, dtype: np.dtype[Any] | str) -> np.ndarray[Any, np.dtype[Any]]:
        """The payloads as one strided view on the source: shape ``(len(self),)``, of ``dtype``, no copy. Needs NumPy.

        ``ValueError`` if a payload has another size than ``dtype``, or the frames do not lie at equal distances.
        """
        numpy = _numpy()
        row = cast("np.dtype[Any]", numpy.dtype(dtype))
        offsets, lengths = self.offsets, self.lengths
        wrong = numpy.flatnonzero(lengths != row.itemsize)
        if len(wrong):
            raise ValueError(f"payload {wrong[0]} has {lengths[wrong[0]]} bytes, and the dtype {row.itemsize}")
        if not len(self):
            return cast("np.ndarray[Any, np.dtype[Any]]", numpy.empty(0, row))
        stride = int(offsets[1] - offsets[0]) if len(self) > 1 else row.itemsize
        if (numpy.diff(offsets) != stride).any():
            raise ValueError("the frames do not lie at equal distances")
        view = numpy.ndarray(len(self), row, self.source, int(offsets[0]), (stride,))
        return cast("np.ndarray[Any, np.dtype[Any]]", view)

    def to_arrow(self) -> pa.BinaryViewArray:
        """The payloads as an Arrow array of type ``binary_view``: payloads over 12 bytes are not copied. Needs PyArrow.

        ``ValueError`` for a payload of 2^31 bytes or more, which Arrow cannot say.
        """
        pyarrow = _pyarrow()
        offsets, lengths = self._offsets, self._lengths
        if engine.native is not None and offsets.c_contiguous:
            views = engine.native.arrow_views(self.source, offsets.cast("B"), lengths.cast("B"), ARROW_BUFFER)
        else:
            views = _arrow_views(self.source, offsets, lengths)
        source = pyarrow.py_buffer(self.source)
        parts = [source.slice(start) for start in range(0, len(self.source), ARROW_BUFFER)]
        buffers = [None, pyarrow.py_buffer(views), *parts]
        return pyarrow.Array.from_buffers(pyarrow.binary_view(), len(self), buffers)


def scan(
    source: Buffer | str | PathLike[str],
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    threads: int = 1,
) -> Frames:
    """Find the frames of a whole source at once, up to its end or the first that is wrong.

    ``source`` is bytes-like (``bytes``, ``bytearray``, ``memoryview``, ``mmap``), the path of a file, which is mapped,
    or a URL (extra ``fsspec``), at which all is read first. Frames are good by the rules of a reader (R3, R13);
    payloads over ``max_frame_len`` bytes are refused. An error ends the scan and is kept in ``Frames.error``: the good
    frames before it are not lost. ``threads`` verify checksums side by side, in the native engine, and change nothing
    in the result.

    ``OSError`` if the file cannot be opened, ``ValueError`` for a bound or a number of threads that makes no sense,
    ``BufferError`` for bytes that do not lie in one piece.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, not {threads}")
    algorithm = by_name(checksum)
    bound = limit(max_frame_len, "max_frame_len")
    view = mapped(source) if isinstance(source, str | PathLike) else flat_view(memoryview(source))
    native = engine.native
    if native is None or algorithm is not BUILT_IN.get(algorithm.name):
        return _scan_by_the_rules(view, algorithm, bound)
    offsets, lengths, last_good_offset, why = native.scan(view, algorithm.name, bound, threads)
    error: FlatStreamError | None = None
    if why is not None:
        kind, field, first, second = why
        if kind == UnexpectedEof.kind:
            error = UnexpectedEof(field or "", first, second)
        elif kind == InvalidFrame.kind:
            error = InvalidFrame(first, bound)
        else:
            error = ChecksumMismatch(algorithm.name, algorithm.width, first, second)
        error.offset = last_good_offset
    places = memoryview(offsets).cast("q"), memoryview(lengths).cast("I")
    return Frames(view, places, LENGTH_SIZE + algorithm.width, last_good_offset, error)


def frame_many(payloads: Iterable[Buffer], checksum: str | Checksum = "none") -> bytearray:
    """The frames of all payloads, one behind the other.

    ``InvalidFrame`` for a payload of 2^32 bytes or more (W8), ``BufferError`` for one that does not lie in one piece,
    ``TypeError`` for one that has no bytes.
    """
    batch = payloads if isinstance(payloads, list) else list(payloads)
    algorithm = by_name(checksum)
    frames, stop = frame_some(batch, 0, _NO_BOUND, algorithm)
    if stop < len(batch):
        frame_some(batch, stop, _NO_BOUND, algorithm)  # raises
    return frames


def frame_some(payloads: list[Buffer], start: int, enough: int, checksum: Checksum) -> tuple[bytearray, int]:
    """The frames of the payloads from ``start`` on, up to ``enough`` bytes or a frame more; the index behind the last.

    It stops in front of a payload that is refused; if that is the first one, it raises what `frame_many` does.
    """
    native = engine.native
    if native is not None and checksum is BUILT_IN.get(checksum.name):
        try:
            return native.frame_some(payloads, start, enough, checksum.name, _flat)
        except OverflowError as error:
            raise too_long(error.args[0]) from None
    header = ChecksumFramer(checksum).header
    frames = bytearray()
    index = start
    while index < len(payloads) and len(frames) < enough:
        payload = payloads[index]
        try:
            data: Payload = payload if type(payload) is bytes else _flat(payload)
            frames += header(data)
        except Exception:  # whatever refuses it; an interruption goes through
            if index == start:
                raise
            break
        frames += data
        index += 1
    return frames, index


def frame_array(rows: np.ndarray[Any, np.dtype[Any]], checksum: str | Checksum = "none") -> bytearray:
    """The frames of the rows of an array, each row a payload: its bytes as they lie in memory.

    ``rows`` has one dimension and any dtype, such as a structured one, or two of any number type; one that does not lie
    in one piece is copied first. ``ValueError`` for another shape, or for Python objects, which have no bytes;
    ``InvalidFrame`` for rows of 2^32 bytes or more. Needs NumPy.
    """
    algorithm = by_name(checksum)
    numpy = _numpy()
    rows = numpy.ascontiguousarray(rows)
    if rows.ndim not in {1, 2} or rows.dtype.hasobject:
        raise ValueError(f"rows have one or two dimensions and no Python objects, not {rows.ndim} of {rows.dtype}")
    count, row_len = len(rows), rows.itemsize * (rows.shape[1] if rows.ndim == 2 else 1)
    if row_len > MAX_PAYLOAD_LEN:
        raise too_long(row_len)
    data = memoryview(rows.view(numpy.uint8).reshape(-1)) if rows.nbytes else memoryview(b"")
    native = engine.native
    if native is not None and algorithm is BUILT_IN.get(algorithm.name):
        return native.frame_rows(data, count, row_len, algorithm.name)
    return frame_many([data[row * row_len :][:row_len] for row in range(count)], algorithm)


def _scan_by_the_rules(source: memoryview, checksum: Checksum, bound: int) -> Frames:
    """The scan of the reference: by the one parser."""
    offsets, lengths = array("q"), array("I")
    parser = Parser(ChecksumDeframer(checksum, bound), MemoryFeed(), source)
    error: FlatStreamError | None = None
    try:
        for payload in parser:
            length = len(cast("Payload", payload))  # all that there is has arrived: there is no None
            offsets.append(parser.offset - length)
            lengths.append(length)
    except FlatStreamError as found:
        error = found.with_traceback(None)  # whose frames would keep the source
    header = LENGTH_SIZE + checksum.width
    last_good_offset = parser.offset
    parser.close()  # its parts know each other, and would keep the source until they are collected
    if isinstance(error, ChecksumMismatch) and error.offset is not None:
        last_good_offset = error.offset  # the parser stands behind the bad frame, since a reader could go on there
    places = memoryview(offsets).toreadonly(), memoryview(lengths).toreadonly()
    return Frames(source, places, header, last_good_offset, error)


def mapped(path: str | PathLike[str]) -> memoryview:
    """A file's bytes, of which only those are read that are looked at. The mapping goes with the last view of it.

    What is at a URL is read whole.
    """
    if is_url(path):
        return memoryview(read_whole(path))
    with Path(path).open("rb") as file:
        if fstat(file.fileno()).st_size == 0:
            return memoryview(b"")  # nothing can be mapped of nothing
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _flat(payload: Buffer) -> memoryview:
    return flat_view(memoryview(payload))


def _arrow_views(source: memoryview, offsets: memoryview, lengths: memoryview) -> bytearray:
    """Arrow's views of the payloads, 16 bytes each.

    A payload of up to 12 bytes stands in its view. Of a longer one the view has the first four bytes, the number of its
    buffer, and an offset of 31 bits in that: buffers begin at each GiB of the source.
    """
    views = bytearray(_VIEW.size * len(lengths))
    for index, (start, length) in enumerate(zip(offsets, lengths, strict=True)):
        payload = source[start : start + length]
        if length > _ARROW_MAX:
            raise ValueError(f"payload {index} has {length} bytes, over the {_ARROW_MAX} that Arrow can say")
        if length > _INLINE:
            buffer, offset = divmod(start, ARROW_BUFFER)
            _VIEW.pack_into(views, index * _VIEW.size, length, bytes(payload[:4]), buffer, offset)
        else:
            _SHORT_VIEW.pack_into(views, index * _VIEW.size, length, bytes(payload))
    return views


def _numpy() -> ModuleType:
    with needing():
        return import_module("numpy")


def _pyarrow() -> ModuleType:
    with needing():
        return import_module("pyarrow")
