"""Deframing: bytes in, payloads out. The one parser of the format; no I/O happens here.

The parser works on a *window*, a run of bytes of the stream. When the window holds no whole field, it asks its `Feed`
for exactly the bytes that the field needs, so that a reader can take these and no more (R9). The feed gives fewer at
the end of the input, and says so where they have merely not arrived yet.

    LENGTH -> CHECKSUM -> PAYLOAD -> LENGTH -> ...
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from operator import length_hint
from typing import TYPE_CHECKING, Final, Protocol

from flatstream import engine
from flatstream.adapters import Deframer
from flatstream.checksum import BUILT_IN, NONE, by_name
from flatstream.errors import (
    ChecksumMismatch,
    FlatStreamError,
    InvalidFrame,
    StreamIOError,
    UnexpectedEof,
    ValidationFailed,
)
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_FIELD, LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from flatstream.checksum import Checksum
    from flatstream.engine import WholeFrames
    from flatstream.wire import Payload

__all__ = ["ChecksumDeframer", "DefaultDeframer", "Deframer", "Feed", "Parser"]

GULP: Final = 2**18
"""R6: at most this many bytes are asked for ahead of their arrival, so that a few copies of them stay under 1 MiB."""


class DefaultDeframer(Deframer):
    """Frames without a checksum."""

    def __init__(self, max_frame_len: int = DEFAULT_MAX_FRAME_LEN) -> None:
        super().__init__(NONE, max_frame_len)


class ChecksumDeframer(Deframer):
    """Frames with a checksum, given as such or by name."""

    def __init__(self, checksum: Checksum | str, max_frame_len: int = DEFAULT_MAX_FRAME_LEN) -> None:
        super().__init__(by_name(checksum), max_frame_len)


class Feed(Protocol):
    """Where a parser's bytes come from."""

    def take(self, need: int) -> Payload:
        """The next bytes of the stream: ``need`` if they are at hand, else fewer, or none."""

    def complete(self, rest: Payload, need: int) -> Payload | None:
        """What was taken short, and the bytes that follow it: ``need`` or more, fewer only at the end of the input.

        ``None`` if these have not arrived yet: the parser then asks again, with the same ``rest``.
        """


class Parser:
    """Iterates over the payloads of a stream; ``None`` stands for one that has not arrived yet.

    What is yielded are slices of the windows: of a ``bytes`` window ``bytes``, of a ``memoryview`` a borrowed view, or
    with ``copy`` always ``bytes``, which a feed that gives ``None`` cannot be combined with.

    After a ``ChecksumMismatch``, a refusal by a validator or an error of an observer, the next call goes on at the next
    frame; any other error sticks, and each later call raises it again (R10). A clean end does not stick: a later
    ``iter`` asks the feed again (R1).
    """

    __slots__ = (
        "_closed",
        "_copy",
        "_count",
        "_deframer",
        "_ended",
        "_feed",
        "_frames",
        "_given",
        "_native",
        "_offset",
        "_pos",
        "_running",
        "_verifier",
        "_whole",
        "_window",
        "error",
    )

    def __init__(
        self, deframer: Deframer, feed: Feed, window: Payload = b"", offset: int = 0, *, copy: bool = False
    ) -> None:
        self._deframer = deframer
        self._feed = feed
        self._window = window
        self._pos = 0
        self._offset = offset
        self._copy = copy
        self._ended = self._closed = False
        self._running: Generator[Payload | None] | None = None
        self._frames = self._all_runs()
        # The engine knows neither algorithms of the caller's nor inspectors, but the validator of a record.
        checksum = deframer.checksum
        self._verifier = deframer.engine_verifier()
        known = checksum is BUILT_IN.get(checksum.name) and (not deframer.inspectors or self._verifier is not None)
        self._native = engine.native if known else None
        self._whole: WholeFrames | None = None
        self._given: Iterator[Payload] = iter(())
        self._count = 0
        self.error: FlatStreamError | None = None
        """The error that sticks, if there is one."""

    @property
    def offset(self) -> int:
        """Absolute offset in bytes one past the last frame that was taken whole, accepted or not."""
        if self._whole is None:
            return self._offset
        return self._offset - self._pos + self._whole.pos_after(self._count - length_hint(self._given))

    def __iter__(self) -> Iterator[Payload | None]:
        return self._frames

    def close(self) -> None:
        """Give up the window and whatever it borrows; iterators that are still about raise ``ValueError``."""
        self._closed = True
        self._offset, self._whole = self.offset, None
        for _ in self._given:
            pass  # whoever has the run finds nothing left in it
        if self._running is not None:
            with suppress(ValueError):  # it is running if an observer closes the reader
                self._running.close()
        self._window, self._pos = b"", 0

    def _all_runs(self) -> Iterator[Payload | None]:
        # A generator dies of the first exception that it raises. This gives each payload at the speed of the run,
        # and starts another run where an exception ended one.
        return chain.from_iterable(_Runs(self))

    def _next_run(self) -> Iterator[Payload | None] | None:
        if self._ended:
            self._ended = False
            self._frames = self._all_runs()
            return None
        if self._native is not None and self.error is None and (payloads := self._native_run(self._native)):
            return payloads
        self._running = run = self._run()
        return map(bytes, run) if self._copy else run  # type: ignore[arg-type]  # no None with copy

    def _native_run(self, native: engine.Native) -> Iterator[Payload] | None:
        """The next payloads whose frames the engine finds whole and good; ``None`` if the rules have to look at one."""
        whole = self._whole
        if whole is None:
            if self._pos == len(self._window):
                return None
            name, limit = self._deframer.checksum.name, self._deframer.max_frame_len
            whole = native.WholeFrames(self._window, self._pos, name, limit, self._copy, self._verifier)
            self._whole = whole
        payloads = next(whole, None)
        if payloads is None:
            self._offset += whole.pos - self._pos
            self._pos, self._whole, self._count = whole.pos, None, 0
            return None
        self._given, self._count = iter(payloads), len(payloads)
        return self._given

    def _run(self) -> Generator[Payload | None]:
        """Parse frames until the clean end, or until something is raised."""
        if self._closed:
            raise ValueError("this reader is closed")
        if self.error is not None:
            raise self.error.with_traceback(None)
        take = self._feed.take
        unpack_length = LENGTH_FIELD.unpack_from
        limit, inspected = self._deframer.max_frame_len, bool(self._deframer.inspectors)
        checksum = self._deframer.checksum
        width, compute, mask, unpack_checksum = checksum.width, checksum.compute, checksum.mask, checksum.unpack_from
        header = LENGTH_SIZE + width
        native = self._native is not None
        window, pos = self._window, self._pos
        end = len(window)
        try:
            while True:
                if pos < end and not native:
                    # Frames that stand whole in the window: a shortcut; what it cannot pass, it leaves to the rules.
                    base, last = self._offset - pos, end - header
                    while pos <= last:
                        (length,) = unpack_length(window, pos)
                        start = pos + header
                        stop = start + length
                        if stop > end or length > limit:
                            break
                        payload = window[start:stop]
                        pos = stop
                        self._offset = base + stop
                        if width:
                            (expected,) = unpack_checksum(window, start - width)
                            if compute(payload) & mask != expected:
                                raise self._mismatch(expected, payload)
                        if inspected:
                            self._inspect(payload)
                        yield payload

                # LENGTH
                frame = self._offset
                try:
                    if pos == end:
                        window, pos = take(LENGTH_SIZE), 0
                        end = len(window)
                    if end - pos < LENGTH_SIZE:
                        window, pos = (yield from self._completed(window[pos:], LENGTH_SIZE)), 0
                        end = len(window)
                        if end == 0:
                            self._ended = True
                            return
                        if end < LENGTH_SIZE:
                            raise self._fatal(UnexpectedEof("length", LENGTH_SIZE, end), frame)
                    (length,) = unpack_length(window, pos)
                    if length > limit:
                        raise self._fatal(InvalidFrame(length, limit), frame)

                    # CHECKSUM and PAYLOAD
                    pos += LENGTH_SIZE
                    need = width + length
                    if pos == end and need:
                        window, pos = take(need if need < GULP else GULP), 0  # noqa: FURB136  (min() costs 70 ns)
                        end = len(window)
                    if end - pos < need:
                        window, pos = (yield from self._completed(window[pos:], need)), 0
                        end = len(window)
                        if end < need:
                            raise self._fatal(_cut_short(width, length, end), frame)
                except BaseException as cause:
                    if cause is self.error:
                        raise
                    failure = self._fatal(StreamIOError("reading"), frame)
                    failure.__cause__ = cause
                    if isinstance(cause, Exception):
                        raise failure from cause
                    raise  # an interruption goes through as it is, but a frame that it cut in two is lost (R10)

                # The frame is whole: from here on, whatever is raised, reading goes on behind it (R10, R12).
                pos += need
                self._offset = frame + (LENGTH_SIZE + need)  # one large number to make, and not two
                payload = window if end == length else window[pos - length : pos]
                if width:
                    (expected,) = unpack_checksum(window, pos - need)
                    if compute(payload) & mask != expected:
                        raise self._mismatch(expected, payload)
                if inspected:
                    self._inspect(payload)
                yield payload
                if native and pos < end:
                    return  # to the engine, which takes what stands whole behind this frame
        finally:
            self._window, self._pos = window, pos

    def _completed(self, rest: Payload, need: int) -> Generator[None, None, Payload]:
        """A window of ``need`` bytes or more that starts with ``rest``; shorter only at the end of the input (R7)."""
        while (window := self._feed.complete(rest, need)) is None:
            yield None
        return window

    def _mismatch(self, expected: int, payload: Payload) -> ChecksumMismatch:
        """The error for a payload whose checksum is not the one on the wire (R13)."""
        checksum = self._deframer.checksum
        error = ChecksumMismatch(checksum.name, checksum.width, expected, checksum.value(payload))
        error.offset = self._frame_offset(payload)
        return error

    def _inspect(self, payload: Payload) -> None:
        """Run validators and observers, in the order in which they are nested (R5)."""
        try:
            for inspect in self._deframer.inspectors:
                inspect(payload)
        except ValidationFailed as error:
            error.offset = self._frame_offset(payload)
            raise

    def _frame_offset(self, payload: Payload) -> int:
        return self._offset - LENGTH_SIZE - self._deframer.checksum.width - len(payload)

    def _fatal(self, error: FlatStreamError, frame: int) -> FlatStreamError:
        """Make ``error`` the one that sticks: what follows it in the stream is not a header (R10)."""
        error.offset = frame
        self.error = error
        return error


def _cut_short(width: int, length: int, available: int) -> UnexpectedEof:
    """The error for a source that ends behind a length field, by the field in which it ends (R2)."""
    if available < width:
        return UnexpectedEof("checksum", width, available)
    return UnexpectedEof("payload", length, available - width)


class _Runs:
    """The runs of a parser one after another, up to the clean end."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def __iter__(self) -> _Runs:
        return self

    def __next__(self) -> Iterator[Payload | None]:
        run = self._parser._next_run()  # noqa: SLF001  (one class in two, since a generator cannot outlive an exception)
        if run is None:
            raise StopIteration
        return run
