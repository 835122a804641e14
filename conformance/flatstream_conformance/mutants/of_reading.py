"""Mutants of the reader: comparing checksums, taking bytes from a source, the order of the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.base_reading import Reader
from flatstream_conformance.mutants.base_wire import FrameError, Payload
from flatstream_conformance.mutants.mutant import Catalogue
from flatstream_conformance.mutants.of_bounds import facts_changed

if TYPE_CHECKING:
    from collections.abc import Callable

READER = Catalogue("reader")


# Checksums of frames that were read.


def _reversed(_self: Reader, value: str) -> str:
    return bytes.fromhex(value)[::-1].hex()


def _of_eight_bytes(_self: Reader, value: str) -> str:
    return bytes.fromhex(value).ljust(8, b"\0").hex()


def _zero_is_unset(self: Reader, stored: bytes, payload: Payload) -> None:
    if any(stored):
        Reader.check_checksum(self, stored, payload)


def _compares(size: int) -> Callable[[Reader, bytes, Payload], None]:
    def check_checksum(self: Reader, stored: bytes, payload: Payload) -> None:
        calculated = self.wire.checksum_field(payload)
        if stored[:size] != calculated[:size]:
            raise self.mismatch(stored, calculated)

    return check_checksum


def _empty_is_not_checked(self: Reader, stored: bytes, payload: Payload) -> None:
    if payload:
        Reader.check_checksum(self, stored, payload)


def _falls_back_to_none(self: Reader, stored: bytes, payload: Payload) -> Payload | None:
    try:
        return Reader.finish(self, stored, payload)
    except FrameError as error:
        if error.kind == "checksum_mismatch":
            return stored + bytes(payload)
        raise


READER.add(
    "guesses-the-algorithm",
    "W7",
    "wrong-algorithm",
    "a frame that does not match is delivered as one without a checksum",
    finish=_falls_back_to_none,
)
READER.add(
    "mismatch-ignored", "R13", "corruption check-order", "the checksum is not compared", check_checksum=lambda *_: None
)
READER.add(
    "mismatch-if-not-zero",
    "R13",
    "zero-tails wrong-algorithm",
    "a stored checksum of zero is taken for none",
    check_checksum=_zero_is_unset,
)
READER.add(
    "mismatch-in-2-bytes", "R13", "corruption", "two bytes of the checksum are compared", check_checksum=_compares(2)
)
READER.add(
    "mismatch-in-4-bytes", "R13", "corruption", "four bytes of the checksum are compared", check_checksum=_compares(4)
)
READER.add(
    "mismatch-not-in-empty",
    "W5",
    "check-order zero-tails",
    "the checksum of an empty payload is not compared",
    check_checksum=_empty_is_not_checked,
)
READER.add(
    "mismatch-swapped",
    "R13",
    "corruption check-order",
    "expected and calculated are swapped",
    mismatch=lambda self, stored, calculated: Reader.mismatch(self, calculated, stored),
)
READER.add(
    "mismatch-expected-twice",
    "R13",
    "corruption check-order",
    "the calculated value is reported as the expected one too",
    mismatch=lambda self, _, calculated: Reader.mismatch(self, calculated, calculated),
)
READER.add(
    "mismatch-big-endian",
    "R13",
    "corruption check-order",
    "the values of a mismatch are given most significant byte first",
    error=facts_changed(expected=_reversed, calculated=_reversed),
)
READER.add(
    "mismatch-of-eight-bytes",
    "R13",
    "corruption custom-reading",
    "the values of a mismatch are not masked to N bytes",
    error=facts_changed(expected=_of_eight_bytes, calculated=_of_eight_bytes),
)


# Sources.


def _one_read(self: Reader, size: int) -> bytes:
    return self.read(size) if size else b""


def _one_read_of_payload(self: Reader, length: int) -> Payload:
    payload = self.read(length) if length else b""
    self.require(payload, length)
    return payload


def _reads_ahead(self: Reader, size: int) -> bytes:
    ahead: bytearray = self.__dict__.setdefault("ahead", bytearray())
    if len(ahead) < size:
        ahead += Reader.read(self, 4096)
    data = bytes(ahead[:size])
    del ahead[:size]
    return data


def _looks_for_more(self: Reader) -> Payload | None:
    """One byte of the next frame is taken with each frame, to know whether there is one."""
    payload = Reader.read_frame(self)
    if payload is not None:
        self.__dict__["peeked"] = Reader.read(self, 1)
    return payload


def _peeked_read(self: Reader, size: int) -> bytes:
    peeked = bytes(self.__dict__.pop("peeked", b""))
    return peeked or Reader.read(self, size)


READER.add("short-read-is-the-end", "R7", "chunked-reading", "one read is made for each field", take=_one_read)
READER.add(
    "short-read-ends-payload",
    "R7",
    "chunked-reading",
    "one read is made for the payload",
    take_payload=_one_read_of_payload,
)
READER.add("reads-ahead", "R9", "exact-reads", "4096 bytes are taken at once", read=_reads_ahead)
READER.add(
    "looks-for-more",
    "R9",
    "exact-reads source-faults",
    "a byte of the next frame is taken before a frame is delivered",
    read_frame=_looks_for_more,
    read=_peeked_read,
)


def _longest_so_far(self: Reader, length: int) -> Payload:
    most: int = max(length, self.__dict__.get("most", 0))
    self.__dict__["most"] = most
    return memoryview(self.buffer)[:most]


def _noted(self: Reader, length: int) -> Payload:
    self.__dict__["most"] = length
    return Reader.filled_part(self, length)


READER.add(
    "stale-tail",
    "R11",
    "stale-tails",
    "a payload is as long as the longest one so far",
    filled_part=_longest_so_far,
)
READER.add(
    "stale-if-empty",
    "R11",
    "stale-tails",
    "an empty payload shows the bytes of the one before",
    filled_part=lambda self, length: _longest_so_far(self, length) if length == 0 else _noted(self, length),
)


# Order, observers, callbacks, policies.


def _wraps(self: Reader, callback: Callable[[Payload], None]) -> None:
    def wrapped(payload: Payload) -> None:
        try:
            callback(payload)
        except Exception as raised:
            raise self.error("io") from raised

    Reader.process_all(self, wrapped)


def _swallows(self: Reader, callback: Callable[[Payload], None]) -> None:
    while (payload := self.next_payload()) is not None:
        try:
            callback(payload)
        except Exception:  # noqa: BLE001  (that is what is wrong with it)
            return


def _goes_on(self: Reader, callback: Callable[[Payload], None]) -> None:
    raised: Exception | None = None
    while (payload := self.next_payload()) is not None:
        try:
            callback(payload)
        except Exception as error:  # noqa: BLE001  (the same)
            raised = error
    if raised is not None:
        raise raised


def _loses(self: Reader, callback: Callable[[Payload], None]) -> None:
    while (payload := self.next_payload()) is not None:
        try:
            callback(payload)
        except Exception:
            self.next_payload()
            raise


def _repeats(self: Reader, callback: Callable[[Payload], None]) -> None:
    pending = self.__dict__.pop("pending", None)
    while (payload := pending or self.next_payload()) is not None:
        pending = None
        self.__dict__["pending"] = bytes(payload)
        callback(payload)
        del self.__dict__["pending"]


def _fails_after(self: Reader, callback: Callable[[Payload], None]) -> None:
    try:
        Reader.process_all(self, callback)
    except FrameError:
        raise
    except Exception:
        self.failure = self.error("io")
        raise


def _shrinks_at_once(self: Reader, size: int) -> None:
    Reader.ask_policy(self, size)
    if self.shrink_is_due:
        self.shrink()


READER.add(
    "validator-before-checksum",
    "R5",
    "check-order",
    "the validator sees payloads whose checksum is wrong",
    steps=("check_validator", "check_checksum", "show_observer"),
)
READER.add(
    "observer-before-checksum",
    "R5",
    "observers-reading",
    "the observer sees payloads whose checksum is wrong",
    steps=("show_observer", "check_checksum", "check_validator"),
)
READER.add(
    "observer-before-validator",
    "R5",
    "observers-reading",
    "the observer sees payloads that the validator refuses",
    steps=("check_checksum", "show_observer", "check_validator"),
)
READER.add(
    "validator-not-asked",
    "R5",
    "size-validator",
    "the validator is not asked",
    steps=("check_checksum", "show_observer"),
)
READER.add(
    "observer-not-shown",
    "R5",
    "observers-reading",
    "the observer sees nothing",
    steps=("check_checksum", "check_validator"),
)
READER.add(
    "observer-shown-twice",
    "R5",
    "observers-reading",
    "the observer sees each payload twice",
    steps=(*Reader.steps, "show_observer"),
)
READER.add("callback-error-wrapped", "R12", "callbacks", "the caller's error is wrapped as `io`", process_all=_wraps)
READER.add(
    "callback-error-swallowed",
    "R12",
    "callbacks",
    "the caller's error stops the loop and is lost",
    process_all=_swallows,
)
READER.add("callback-error-late", "R12", "callbacks", "the caller's error does not stop the loop", process_all=_goes_on)
READER.add("callback-error-loses", "R12", "callbacks", "after the caller's error a frame is lost", process_all=_loses)
READER.add(
    "callback-error-repeats", "R12", "callbacks", "after the caller's error its frame comes again", process_all=_repeats
)
READER.add(
    "callback-error-sticks",
    "R12",
    "callbacks",
    "after the caller's error the reader has failed",
    process_all=_fails_after,
)
READER.add(
    "shrinks-at-once",
    "P5",
    "policy-reading",
    "the buffer is released while its payload is still in use",
    ask_policy=_shrinks_at_once,
)
