"""Mutants of the reader: what comes after an error, and where it says that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flatstream_conformance.mutants.base_reading import Reader
from flatstream_conformance.mutants.base_wire import LENGTH_SIZE, FrameError, Payload
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

ERRORS = Catalogue("reader")


# After an error.


def _sticks(*kinds: str) -> dict[str, Any]:
    return {"sticking": kinds}


def _repeats_as(again: Callable[[Reader], Payload | None]) -> Callable[[Reader], Payload | None]:
    def next_payload(self: Reader) -> Payload | None:
        return Reader.next_payload(self) if self.failure is None else again(self)

    return next_payload


def _again_io(self: Reader) -> Payload | None:
    raise self.error("io")


def _again_without_facts(self: Reader) -> Payload | None:
    error = self.failure
    if error is None or error.kind != "invalid_frame":
        return Reader.next_payload(self)
    raise self.error("invalid_frame", declared_len=0, limit=self.limit)


def _clean_end_sticks(self: Reader) -> Payload | None:
    if self.__dict__.get("ended"):
        return None
    payload = Reader.next_payload(self)
    self.__dict__["ended"] = payload is None
    return payload


def _after(kind: str, then: Callable[[Reader], object]) -> Callable[[Reader], Payload | None]:
    """Something is done after an error of a kind, before it is reported."""

    def read_frame(self: Reader) -> Payload | None:
        try:
            return Reader.read_frame(self)
        except FrameError as error:
            if error.kind == kind:
                then(self)
            raise

    return read_frame


def _skips_silently(kind: str) -> Callable[[Reader], Payload | None]:
    def read_frame(self: Reader) -> Payload | None:
        while True:
            try:
                return Reader.read_frame(self)
            except FrameError as error:
                if error.kind != kind:
                    raise
                self.frame_start = self.position

    return read_frame


ERRORS.add("nothing-sticks", "R10", "resume", "no error sticks", **_sticks())
ERRORS.add(
    "invalid-frame-does-not-stick",
    "R10",
    "resume",
    "after `invalid_frame` reading goes on",
    **_sticks("unexpected_eof", "io"),
)
ERRORS.add(
    "torn-does-not-stick", "R10", "resume", "after `unexpected_eof` reading goes on", **_sticks("invalid_frame", "io")
)
ERRORS.add(
    "io-does-not-stick", "R10", "resume", "after `io` reading goes on", **_sticks("invalid_frame", "unexpected_eof")
)
ERRORS.add(
    "mismatch-sticks",
    "R10",
    "resume",
    "after `checksum_mismatch` nothing can be read",
    **_sticks(*Reader.sticking, "checksum_mismatch"),
)
ERRORS.add(
    "refusal-sticks",
    "R10",
    "resume",
    "after `validation_failed` nothing can be read",
    **_sticks(*Reader.sticking, "validation_failed"),
)
ERRORS.add(
    "sticks-as-clean",
    "R10",
    "resume",
    "after an error that sticks comes the clean end",
    next_payload=_repeats_as(lambda _: None),
)
ERRORS.add(
    "sticks-as-io", "R10", "resume", "an error that sticks is repeated as `io`", next_payload=_repeats_as(_again_io)
)
ERRORS.add(
    "sticks-without-facts",
    "R10",
    "resume",
    "`invalid_frame` is repeated with another declared_len",
    next_payload=_repeats_as(_again_without_facts),
)
ERRORS.add(
    "clean-end-sticks", "R1", "appended", "after a clean end nothing more is read", next_payload=_clean_end_sticks
)
ERRORS.add(
    "mismatch-skips-a-frame",
    "R10",
    "resume",
    "after a mismatch the next frame is skipped",
    read_frame=_after("checksum_mismatch", Reader.read_frame),
)
ERRORS.add(
    "mismatch-skips-a-byte",
    "R10",
    "resume",
    "after a mismatch one byte more is taken",
    read_frame=_after("checksum_mismatch", lambda self: self.read(1)),
)
ERRORS.add(
    "refusal-skips-a-frame",
    "R10",
    "resume",
    "after a refusal the next frame is skipped",
    read_frame=_after("validation_failed", Reader.read_frame),
)
ERRORS.add(
    "mismatch-not-reported",
    "R10",
    "corruption resume",
    "a damaged frame is passed over",
    read_frame=_skips_silently("checksum_mismatch"),
)
ERRORS.add(
    "refusal-not-reported",
    "R10",
    "size-validator resume",
    "a refused payload is passed over",
    read_frame=_skips_silently("validation_failed"),
)


# Offsets.
OFFSETS = "error-offsets"
ERRORS.add(
    "offset-of-the-checksum",
    "E2",
    OFFSETS,
    "the offset is that of the field after the length",
    error_offset=lambda self: self.frame_start + LENGTH_SIZE,
)
ERRORS.add(
    "offset-of-the-payload",
    "E2",
    OFFSETS,
    "the offset is that of the payload",
    error_offset=lambda self: self.frame_start + LENGTH_SIZE + self.wire.width,
)
ERRORS.add(
    "offset-of-the-trouble",
    "E2",
    OFFSETS,
    "the offset is that of the last byte that was taken",
    error_offset=lambda self: self.source.tell(),
)
ERRORS.add(
    "offset-of-the-next-frame",
    "E2",
    OFFSETS,
    "the offset is that of the frame to come",
    error_offset=lambda self: self.position,
)
ERRORS.add(
    "offset-of-the-last-good",
    "E2",
    OFFSETS,
    "frames with errors do not count for the offset",
    error_offset=lambda self: self.last_good,
)
ERRORS.add("offset-always-0", "E2", OFFSETS, "the offset is counted from the frame itself", error_offset=lambda _: 0)
ERRORS.add(
    "offset-without-headers",
    "E2",
    OFFSETS,
    "only payloads count for the offset",
    size_of_frame=lambda _, payload: len(payload),
)
