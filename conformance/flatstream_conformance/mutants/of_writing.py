"""Mutants of the writer: the shape of what is written, bounds and validators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.base_wire import FrameError
from flatstream_conformance.mutants.base_writing import Writer
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream_conformance.mutants.base_doubles import File, Sink
    from flatstream_conformance.mutants.base_wire import Wire
    from flatstream_conformance.mutants.base_writing import WriteSettings

WRITER = Catalogue("writer")

BOUNDS = "writing-bounds writing-on"
VALIDATED = "size-validator-writing table-root-writing"


# The shape of what is written.


def _checksum_last(self: Writer, payload: bytes) -> None:
    self.hand_over(self.wire.length_field(len(payload)))
    self.hand_over(payload)
    self.hand_over(self.wire.checksum_field(payload))


def _followed_by(extra: Callable[[bytes], bytes]) -> Callable[[Writer, bytes], None]:
    def hand_over_frame(self: Writer, payload: bytes) -> None:
        Writer.hand_over_frame(self, payload)
        self.hand_over(extra(payload))

    return hand_over_frame


def _magic_on_opening(self: Writer, wire: Wire, sink: Sink | File, settings: WriteSettings) -> None:
    Writer.__init__(self, wire, sink, settings)
    sink.write(b"FSTR")


def _magic_first(self: Writer, payload: bytes) -> None:
    if self.position == 0:
        self.hand_over(b"FSTR")
    Writer.hand_over_frame(self, payload)


WRITER.add("checksum-last", "W1", "frames", "the checksum stands behind the payload", hand_over_frame=_checksum_last)
WRITER.add("magic-on-opening", "W1", "frames", "a stream without frames has a magic number", __init__=_magic_on_opening)
WRITER.add("magic-first", "W1", "frames", "the stream begins with a magic number", hand_over_frame=_magic_first)
WRITER.add(
    "newline-after-frame",
    "W1",
    "frames",
    "a separator follows each frame",
    hand_over_frame=_followed_by(lambda _: b"\n"),
)
WRITER.add(
    "padded-to-4",
    "W1",
    "frames",
    "payloads are padded to 4 bytes",
    hand_over_frame=_followed_by(lambda p: bytes(-len(p) % 4)),
)
WRITER.add(
    "empty-not-written",
    "W5",
    "frames",
    "an empty payload is not written",
    write=lambda self, p: Writer.write(self, p) if p else None,
)
WRITER.add(
    "terminator-after-frame",
    "W5",
    "frames",
    "a length of zero follows each frame, as if it meant an end",
    hand_over_frame=_followed_by(lambda _: bytes(4)),
)


# Bounds and validators.


def _header_first(self: Writer, payload: bytes) -> None:
    self.hand_over(self.wire.header(payload))
    self.check_bound(payload)
    self.hand_over(payload)


def _header_before_validator(self: Writer, payload: bytes) -> None:
    self.hand_over(self.wire.header(payload))
    self.check_validator(payload)
    self.hand_over(payload)


def _refusal_fails(check: Callable[[Writer, bytes], None]) -> Callable[[Writer, bytes], None]:
    def checked(self: Writer, payload: bytes) -> None:
        try:
            check(self, payload)
        except FrameError:
            self.failed = True
            raise

    return checked


def _cut_to_the_bound(self: Writer, payload: bytes) -> None:
    Writer.hand_over_frame(self, payload[: self.bound])


def _modulo(self: Writer, payload: bytes) -> None:
    length = len(payload) % 2**32
    self.hand_over(self.wire.length_field(length))
    self.hand_over(self.wire.checksum_field(payload))
    self.hand_over(payload)


WRITER.add(
    "writer-bound-exclusive",
    "S2",
    BOUNDS,
    "a payload of exactly the bound is refused",
    is_over=lambda self, n: n >= self.bound,
)
WRITER.add(
    "writer-bound-one-more",
    "S2",
    BOUNDS,
    "one byte over the bound is written",
    is_over=lambda self, n: n > self.bound + 1,
)
WRITER.add(
    "writer-bound-counts-header",
    "S2",
    BOUNDS,
    "the header is held against the bound",
    is_over=lambda self, n: n + 4 + self.wire.width > self.bound,
)
WRITER.add("writer-bound-ignored", "S2", BOUNDS, "the bound is not looked at", bound_of=lambda *_: 2**32 - 1)
WRITER.add(
    "writer-bound-0-is-none", "S2", BOUNDS, "a bound of 0 is taken for no setting", bound_of=lambda _, n: n or 2**32 - 1
)
WRITER.add(
    "writer-default-2-31",
    "W8",
    "huge-payloads",
    "the default bound is 2^31",
    bound_of=lambda _, n: 2**31 if n is None else n,
)
WRITER.add(
    "writer-default-2-32",
    "W8",
    "huge-payloads",
    "the largest length is taken to be 2^32",
    bound_of=lambda _, n: 2**32 if n is None else n,
)
WRITER.add(
    "length-modulo-2-32",
    "W8",
    "huge-payloads",
    "a longer payload is written with its length modulo 2^32",
    is_over=lambda self, n: self.bound < 2**32 - 1 and n > self.bound,
    hand_over_frame=_modulo,
)
WRITER.add(
    "writer-declares-modulo-2-32",
    "W8",
    "huge-payloads",
    "the refusal reports the length modulo 2^32",
    error=lambda self, kind, **facts: Writer.error(
        self, kind, **{name: value % 2**32 if name == "declared_len" else value for name, value in facts.items()}
    ),
)
WRITER.add(
    "writer-cuts",
    "S2",
    BOUNDS,
    "a payload over the bound is cut to it",
    check_bound=lambda *_: None,
    hand_over_frame=_cut_to_the_bound,
)
WRITER.add(
    "header-before-bound",
    "S2",
    BOUNDS,
    "the header is written before the bound is checked",
    steps=("show_observer", "check_validator", "hand_over_frame"),
    hand_over_frame=_header_first,
)
WRITER.add(
    "header-before-validator",
    "S2",
    VALIDATED,
    "the header is written before the validator is asked",
    steps=("show_observer", "check_bound", "hand_over_frame"),
    hand_over_frame=_header_before_validator,
)
WRITER.add(
    "payload-before-bound",
    "S2",
    BOUNDS,
    "the bound is checked when the frame is written",
    steps=("show_observer", "check_validator", "hand_over_frame", "check_bound"),
)
WRITER.add(
    "payload-before-validator",
    "S2",
    VALIDATED,
    "the validator is asked when the frame is written",
    steps=("show_observer", "check_bound", "hand_over_frame", "check_validator"),
)
WRITER.add("writer-validator-not-asked", "S2", VALIDATED, "the validator is not asked", check_validator=lambda *_: None)
WRITER.add(
    "bound-fails-writer",
    "S2",
    "writing-on",
    "a payload over the bound fails the writer",
    check_bound=_refusal_fails(Writer.check_bound),
)
WRITER.add(
    "validator-fails-writer",
    "S2",
    "size-validator-writing",
    "a refused payload fails the writer",
    check_validator=_refusal_fails(Writer.check_validator),
)
WRITER.add(
    "writer-reports-limit-one-more",
    "S2",
    BOUNDS,
    "the limit reported is the first that is refused",
    error=lambda self, kind, **facts: Writer.error(
        self, kind, **{name: value + 1 if name == "limit" else value for name, value in facts.items()}
    ),
)
