"""Mutants of the reader: limits, and the facts of a frame over one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flatstream_conformance.mutants.base_reading import Reader
from flatstream_conformance.mutants.base_wire import LENGTH_SIZE, FrameError, Payload
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS = Catalogue("reader")

LIMITS = "reading-bounds default-limit"


def _header_as_one_unit(self: Reader) -> Payload | None:
    header = self.take(LENGTH_SIZE + self.wire.width)
    if not header:
        return None
    self.require(header, LENGTH_SIZE + self.wire.width)
    length = self.wire.length_of(header[:LENGTH_SIZE])
    self.check_bound(length)
    return self.finish(header[LENGTH_SIZE:], self.take_payload(length))


def _checksum_taken_first(self: Reader) -> Payload | None:
    header = self.take(LENGTH_SIZE + self.wire.width)
    if not header:
        return None
    self.require(header, LENGTH_SIZE)
    length = self.wire.length_of(header[:LENGTH_SIZE])
    self.check_bound(length)
    self.require(header, LENGTH_SIZE + self.wire.width)
    return self.finish(header[LENGTH_SIZE:], self.take_payload(length))


def _bound_after_payload(self: Reader, stored: bytes, payload: Payload) -> Payload | None:
    Reader.check_bound(self, len(payload))
    return Reader.finish(self, stored, payload)


def _bound_after_checksum(self: Reader, stored: bytes, payload: Payload) -> Payload | None:
    self.check_checksum(stored, payload)
    return _bound_after_payload(self, stored, payload)


def _over_what_is_left(self: Reader, length: int) -> bool:
    wire: bytes = getattr(self.source, "wire", b"")
    return length > self.limit or length > len(wire)


def facts_changed(**change: Callable[[Reader, Any], Any]) -> Callable[..., FrameError]:
    """Facts of errors are changed, by name."""

    def error(self: Reader, kind: str, **facts: int | str) -> FrameError:
        changed = {name: change[name](self, value) if name in change else value for name, value in facts.items()}
        return Reader.error(self, kind, **changed)

    return error


BOUNDS.add(
    "bound-exclusive", "R3", LIMITS, "a length equal to the limit is refused", is_over=lambda self, n: n >= self.limit
)
BOUNDS.add("bound-one-more", "R3", LIMITS, "one byte over the limit passes", is_over=lambda self, n: n > self.limit + 1)
BOUNDS.add(
    "bound-counts-header",
    "R3",
    LIMITS,
    "the header is held against the limit too",
    is_over=lambda self, n: n + LENGTH_SIZE + self.wire.width > self.limit,
)
BOUNDS.add(
    "bound-counts-length",
    "R3",
    LIMITS,
    "the four length bytes are held against the limit too",
    is_over=lambda self, n: n + LENGTH_SIZE > self.limit,
)
BOUNDS.add("bound-never", "R3", LIMITS, "no length is refused", is_over=lambda *_: False)
BOUNDS.add(
    "bound-0-is-none",
    "R3",
    LIMITS,
    "a limit of 0 is taken for no setting",
    limit_of=lambda self, n: n or self.default_limit,
)
BOUNDS.add(
    "bound-0-lets-all-through",
    "R3",
    LIMITS,
    "with a limit of 0 everything passes",
    is_over=lambda self, n: n > self.limit > 0,
)
BOUNDS.add("default-2-31-less-1", "R4", "default-limit", "the default limit is 2^31 - 1", default_limit=2**31 - 1)
BOUNDS.add("default-2-32-less-1", "R4", "default-limit", "the default limit is 2^32 - 1", default_limit=2**32 - 1)
BOUNDS.add("default-none", "R4", "default-limit", "there is no default limit", default_limit=2**64)
BOUNDS.add("default-64-mib", "R4", "default-limit", "the default limit is 64 MiB", default_limit=2**26)
BOUNDS.add(
    "limit-up-to-2-31",
    "R4",
    "default-limit",
    "a limit over 2^31 is cut to that",
    limit_of=lambda self, n: min(Reader.limit_of(self, n), 2**31),
)
BOUNDS.add(
    "limit-of-31-bits",
    "R4",
    "default-limit",
    "a limit over 2^31 - 1 is cut to that",
    limit_of=lambda self, n: min(Reader.limit_of(self, n), 2**31 - 1),
)
BOUNDS.add(
    "bound-after-header",
    "R3",
    "hostile-lengths recovery-errors",
    "length and checksum are read as one unit, as the original does, so a torn header hides its length",
    read_frame=_header_as_one_unit,
)
BOUNDS.add(
    "takes-checksum-first",
    "R3",
    "source-faults recovery-faults",
    "the checksum is taken from the source before the bound is checked",
    read_frame=_checksum_taken_first,
)
BOUNDS.add(
    "bound-after-payload",
    "R3",
    "hostile-lengths check-order",
    "the bound is checked when the payload has arrived",
    check_bound=lambda *_: None,
    finish=_bound_after_payload,
)
BOUNDS.add(
    "bound-after-mismatch",
    "R5",
    "check-order hostile-lengths",
    "the bound is checked after the checksum",
    check_bound=lambda *_: None,
    finish=_bound_after_checksum,
)
BOUNDS.add(
    "bound-by-what-is-left",
    "R2",
    "truncation hostile-lengths",
    "a length that the rest of the source cannot hold is `invalid_frame`",
    is_over=_over_what_is_left,
)
BOUNDS.add(
    "declared-len-counts-header",
    "R3",
    LIMITS,
    "declared_len is the length of the whole frame",
    error=facts_changed(declared_len=lambda self, n: n + LENGTH_SIZE + self.wire.width),
)
BOUNDS.add(
    "declared-len-is-the-limit",
    "R3",
    LIMITS,
    "declared_len is the limit",
    error=facts_changed(declared_len=lambda self, _: self.limit),
)
BOUNDS.add(
    "limit-is-the-default",
    "R3",
    "reading-bounds",
    "the limit reported is the default",
    error=facts_changed(limit=lambda self, _: self.default_limit),
)
BOUNDS.add(
    "limit-is-one-more",
    "R3",
    LIMITS,
    "the limit reported is the first that is refused",
    error=facts_changed(limit=lambda _, n: n + 1),
)
