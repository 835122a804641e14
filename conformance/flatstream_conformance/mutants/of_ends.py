"""Mutants of the reader: what ends a stream, and what is reported instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.base_reading import Reader
from flatstream_conformance.mutants.base_wire import LENGTH_SIZE, FrameError, Payload
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = Catalogue("reader")


def _end_instead(*kinds: str) -> Callable[[Reader], Payload | None]:
    """Errors of these kinds are reported as the clean end."""

    def read_frame(self: Reader) -> Payload | None:
        try:
            return Reader.read_frame(self)
        except FrameError as error:
            if error.kind in kinds:
                return None
            raise

    return read_frame


def _renamed(kind: str, instead: str, **facts: int | str) -> Callable[..., FrameError]:
    """Errors of one kind are reported as another."""

    def error(self: Reader, given: str, **given_facts: int | str) -> FrameError:
        if given == kind:
            return Reader.error(self, instead, **facts)
        return Reader.error(self, given, **given_facts)

    return error


def _no_clean_end(self: Reader) -> Payload | None:
    payload = Reader.read_frame(self)
    if payload is None:
        raise self.error("unexpected_eof")
    return payload


def _clean_if(cut: Callable[[Reader, int], bool]) -> Callable[[Reader], Payload | None]:
    """A torn frame is the clean end if so many of its bytes are there that `cut` is true of them."""

    def read_frame(self: Reader) -> Payload | None:
        try:
            return Reader.read_frame(self)
        except FrameError as error:
            if error.kind == "unexpected_eof" and cut(self, self.source.tell() - self.position):
                return None
            raise

    return read_frame


def _delivers_torn_payload(self: Reader, got: Payload, size: int) -> None:
    if not isinstance(got, memoryview) or not got:
        Reader.require(self, got, size)


def _empty_is_the_end(self: Reader) -> Payload | None:
    payload = Reader.read_frame(self)
    return payload or None


def _empty_is_skipped(self: Reader) -> Payload | None:
    while (payload := Reader.read_frame(self)) is not None:
        if payload:
            return payload
        self.frame_start = self.position
    return None


ENDS.add("torn-is-clean", "R2", "truncation", "a torn tail is the clean end", read_frame=_end_instead("unexpected_eof"))
ENDS.add(
    "torn-length-is-clean",
    "R2",
    "truncation",
    "a source that ends inside of the length has ended cleanly",
    read_frame=_clean_if(lambda _, there: there < LENGTH_SIZE),
)
ENDS.add(
    "torn-after-length-is-clean",
    "R2",
    "truncation",
    "a source that ends right after the length has ended cleanly",
    read_frame=_clean_if(lambda _, there: there == LENGTH_SIZE),
)
ENDS.add(
    "torn-checksum-is-clean",
    "R2",
    "truncation",
    "a source that ends inside of the checksum has ended cleanly",
    read_frame=_clean_if(lambda self, there: LENGTH_SIZE < there < LENGTH_SIZE + self.wire.width),
)
ENDS.add(
    "torn-after-checksum-is-clean",
    "R2",
    "truncation",
    "a source that ends right after the checksum has ended cleanly",
    read_frame=_clean_if(lambda self, there: there == LENGTH_SIZE + self.wire.width),
)
ENDS.add(
    "torn-payload-is-clean",
    "R2",
    "truncation",
    "a source that ends inside of the payload has ended cleanly",
    read_frame=_clean_if(lambda self, there: there > LENGTH_SIZE + self.wire.width),
)
ENDS.add(
    "torn-payload-is-delivered",
    "R2",
    "truncation",
    "the bytes of a torn payload are delivered if the checksum agrees",
    require=_delivers_torn_payload,
)
ENDS.add(
    "clean-is-torn", "R1", "truncation clean-streams", "the clean end is `unexpected_eof`", read_frame=_no_clean_end
)
ENDS.add("torn-is-io", "R2", "truncation", "a torn frame is reported as `io`", error=_renamed("unexpected_eof", "io"))
ENDS.add(
    "torn-is-invalid-frame",
    "R2",
    "truncation",
    "a torn frame is reported as `invalid_frame`",
    error=_renamed("unexpected_eof", "invalid_frame", declared_len=0, limit=0),
)
ENDS.add(
    "io-is-torn",
    "R8",
    "source-faults",
    "a failure of the source is `unexpected_eof`",
    error=_renamed("io", "unexpected_eof"),
)
ENDS.add(
    "io-is-clean", "R8", "source-faults", "a failure of the source is the clean end", read_frame=_end_instead("io")
)


def _io_at_boundary_is_clean(self: Reader) -> Payload | None:
    try:
        return Reader.read_frame(self)
    except FrameError as error:
        if error.kind == "io" and self.source.tell() == self.position:
            return None
        raise


ENDS.add(
    "io-at-boundary-is-clean",
    "R8",
    "source-faults",
    "a failure of the source at a boundary is the clean end",
    read_frame=_io_at_boundary_is_clean,
)
ENDS.add(
    "mismatch-is-torn",
    "E1",
    "corruption check-order",
    "a wrong checksum is reported as `unexpected_eof`",
    error=_renamed("checksum_mismatch", "unexpected_eof"),
)
ENDS.add(
    "mismatch-is-refusal",
    "E1",
    "corruption",
    "a wrong checksum is reported as `validation_failed`",
    error=_renamed("checksum_mismatch", "validation_failed", validator="checksum"),
)
ENDS.add(
    "invalid-frame-is-torn",
    "R3",
    "reading-bounds hostile-lengths",
    "a length over the limit is reported as `unexpected_eof`",
    error=_renamed("invalid_frame", "unexpected_eof"),
)
ENDS.add(
    "invalid-frame-is-clean",
    "R3",
    "reading-bounds hostile-lengths",
    "a length over the limit ends the stream",
    read_frame=_end_instead("invalid_frame"),
)
ENDS.add(
    "refusal-is-mismatch",
    "E1",
    "size-validator",
    "a refused payload is reported as `checksum_mismatch`",
    error=_renamed("validation_failed", "checksum_mismatch", expected="", calculated=""),
)
ENDS.add(
    "empty-is-the-end", "W5", "clean-streams resume", "an empty payload ends the stream", read_frame=_empty_is_the_end
)
ENDS.add("empty-is-skipped", "W5", "clean-streams", "an empty payload is not delivered", read_frame=_empty_is_skipped)
