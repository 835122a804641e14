"""Reading streams: the loop between a source, the parser and you.

    reader = StreamReader(source, ChecksumDeframer("crc32"))
    for payload in reader:
        ...

The four ways of the read path follow from the source and from ``copy``:

| source           | ``copy=False``                              | ``copy=True``                |
|------------------|---------------------------------------------|------------------------------|
| bytes-like, mmap | view on the source, valid as long as that is | fresh ``bytes``              |
| file-like        | view on a reused buffer, valid until the next read | fresh ``bytes``        |
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar, cast, overload

from flatstream.adapters import checked_deframer
from flatstream.arguments import whole_number
from flatstream.deframer import DefaultDeframer, Parser
from flatstream.errors import FlatBuffersError
from flatstream.feed import MAX_READAHEAD, AheadFeed, ExactFeed, MemoryFeed, ReusedFeed
from flatstream.policy import NoOpPolicy
from flatstream.typed import opener
from flatstream.wire import LENGTH_SIZE, flat_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Buffer

    from flatstream.deframer import Deframer, Feed
    from flatstream.feed import Readable
    from flatstream.policy import MemoryPolicy
    from flatstream.wire import Payload

__all__ = ["StreamReader"]

P = TypeVar("P", bytes, memoryview)
T = TypeVar("T")


class StreamReader(Generic[P]):
    """Reads the payloads of a stream.

    ``source`` is bytes-like (``bytes``, ``bytearray``, ``memoryview``, ``mmap``, read in place) or file-like (has
    ``read``). From a file-like it takes exactly the bytes of the frames that it gives (R9), unless ``readahead`` (0 to
    1 MiB) allows it to take as many more at a time. ``offset`` is the absolute offset of the source's first byte, to
    which errors add. ``policy`` governs the reused buffer; with another way of reading there is none: ``ValueError``.

    Iterating raises what `flatstream.deframer.Parser` says, in the order of R5; after a ``ChecksumMismatch`` or a
    refusal by a validator it can go on with the next frame, after any other error of the stream it raises that again.
    The source stays the caller's: closing the reader does not close it.
    """

    @overload
    def __init__(
        self: StreamReader[bytes],
        source: Buffer | Readable,
        deframer: Deframer | None = ...,
        *,
        copy: Literal[True],
        readahead: int = ...,
        policy: MemoryPolicy | None = ...,
        offset: int = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: StreamReader[memoryview],
        source: Buffer | Readable,
        deframer: Deframer | None = ...,
        *,
        copy: Literal[False] = ...,
        readahead: int = ...,
        policy: MemoryPolicy | None = ...,
        offset: int = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        source: Buffer | Readable,
        deframer: Deframer | None = ...,
        *,
        copy: bool,
        readahead: int = ...,
        policy: MemoryPolicy | None = ...,
        offset: int = ...,
    ) -> None: ...
    def __init__(
        self,
        source: Buffer | Readable,
        deframer: Deframer | None = None,
        *,
        copy: bool = False,
        readahead: int = 0,
        policy: MemoryPolicy | None = None,
        offset: int = 0,
    ) -> None:
        if not 0 <= whole_number(readahead, "readahead") <= MAX_READAHEAD:
            raise ValueError(f"readahead must be from 0 to {MAX_READAHEAD} bytes, not {readahead}")
        self._closed = False
        in_place_copy = False
        deframer = DefaultDeframer() if deframer is None else checked_deframer(deframer)
        window: Payload = b""
        feed: Feed
        view = _in_place(source)
        if view is not None:
            # Slices of bytes are copies already; slices of any other view become bytes one by one.
            window = source if copy and isinstance(source, bytes) else view
            in_place_copy = copy and window is view
            feed = MemoryFeed()
        else:
            readable = _readable(source)
            if readahead:
                feed = AheadFeed(readable, readahead, borrow=not copy)
            elif copy:
                feed = ExactFeed(readable)
            else:
                feed = ReusedFeed(readable, policy or NoOpPolicy())
                if policy is not None:
                    deframer = deframer.observed(feed.consider)
        if policy is not None and not isinstance(feed, ReusedFeed):
            raise ValueError("a memory policy needs a reused buffer: a file-like source, copy=False and no readahead")
        self._header = LENGTH_SIZE + deframer.checksum.width
        self._parser = Parser(deframer, feed, window, whole_number(offset, "offset"), copy=in_place_copy)

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was taken whole."""
        return self._parser.offset

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def __iter__(self) -> Iterator[P]:
        """Payloads up to the clean end. A later ``iter`` reads what was appended since (R1)."""
        if self._closed:
            raise ValueError("this reader is closed")
        # The feeds of this module wait for what they are asked for, so that there is no None among the payloads.
        return cast("Iterator[P]", iter(self._parser))

    def read_message(self) -> P | None:
        """The next payload, or ``None`` at the clean end."""
        return next(iter(self), None)

    def messages(self) -> Iterator[P]:
        """Payloads one at a time, for loops that stop early; the same as iterating."""
        return iter(self)

    def process_all(self, callback: Callable[[P], object]) -> int:
        """Call ``callback`` with each payload up to the clean end; returns how many there were.

        What the callback raises comes out unchanged and stops the loop; a later call goes on with the next frame (R12).
        """
        return _process(self, callback)

    def typed_messages(self, message_type: type[T]) -> Iterator[T]:
        """Messages opened as ``message_type``: a ``StreamDeserialize``, a class that ``flatc`` generated, or ``str``.

        A payload that cannot be opened raises ``FlatBuffersError`` with the offset of its frame.
        """
        open_payload = opener(message_type)
        header = self._header

        def opened(payload: P) -> T:
            try:
                return open_payload(memoryview(payload))
            except FlatBuffersError as error:
                error.offset = self.offset - header - len(payload)
                raise

        return map(opened, self)  # which, unlike a generator, goes on after a message that could not be opened

    def process_typed(self, message_type: type[T], callback: Callable[[T], object]) -> int:
        """`process_all` over `typed_messages`."""
        return _process(self.typed_messages(message_type), callback)

    def close(self) -> None:
        """Stop reading. The source stays open, but a source in memory is no longer held."""
        self._closed = True
        self._parser.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _process(messages: Iterable[T], callback: Callable[[T], object]) -> int:
    count = 0
    for message in messages:
        callback(message)
        count += 1
    return count


def _in_place(source: Buffer | Readable) -> memoryview | None:
    """The bytes of a source in memory, or ``None`` for a file-like."""
    try:
        view = memoryview(cast("Buffer", source))
    except TypeError:
        return None
    return flat_view(view)


def _readable(source: Buffer | Readable) -> Readable:
    """The source, if bytes can be read from it."""
    if isinstance(source, io.TextIOBase):
        raise TypeError("the source is open in text mode; open it with mode 'rb'")
    if not hasattr(source, "read"):
        hint = "; use socket.makefile('rb')" if hasattr(source, "recv") else ""
        raise TypeError(f"a source is bytes-like or has read(), which {type(source).__name__} has not{hint}")
    if getattr(source, "closed", False) is True:
        raise ValueError("the source is closed")
    readable = getattr(source, "readable", None)
    if readable is not None and not readable():
        raise io.UnsupportedOperation("the source is not open for reading")
    return cast("Readable", source)
