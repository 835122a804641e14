"""Errors: E1 and E2."""

from __future__ import annotations

import copy
import pickle

import pytest
from tblib.pickling_support import pickle_exception

from flatstream import errors
from flatstream.errors import (
    AppendRefused,
    ChecksumMismatch,
    EngineUnavailable,
    FileTruncated,
    FlatBuffersError,
    FlatStreamError,
    IndexInvalid,
    IndexStale,
    InvalidFrame,
    JournalLocked,
    MissingExtra,
    SchemaError,
    StreamIOError,
    StreamTimeout,
    SyncFailed,
    TruncationRefused,
    UnexpectedEof,
    ValidationFailed,
    VerificationFailed,
)

EACH: list[tuple[FlatStreamError, str, dict[str, object], str]] = [
    (
        UnexpectedEof("payload", 32, 10),
        "unexpected_eof",
        {},
        "unexpected end of the stream: 10 of 32 bytes of the payload",
    ),
    (
        InvalidFrame(99, 16),
        "invalid_frame",
        {"declared_len": 99, "limit": 16},
        "invalid frame: a payload of 99 bytes, over the limit of 16",
    ),
    (
        ChecksumMismatch("crc16", 2, 0x1234, 0xAB),
        "checksum_mismatch",
        {"expected": "3412", "calculated": "ab00"},
        "checksum mismatch: crc16 0x1234 on the wire, 0x00ab calculated",
    ),
    (
        ValidationFailed("SizeValidator", "too long"),
        "validation_failed",
        {"validator": "SizeValidator"},
        "validation failed: SizeValidator: too long",
    ),
    (StreamIOError("reading"), "io", {}, "reading failed"),
    (SyncFailed(36), "io", {}, "syncing failed; what was written before offset 36 is durable"),
    (
        JournalLocked("a.bin", "process 12 (agent)"),
        "locked",
        {},
        "a.bin is locked: process 12 (agent) has it open for writing",
    ),
    (JournalLocked("a.bin", None), "locked", {}, "a.bin is locked: another process has it open for writing"),
    (
        StreamTimeout("first byte", 5),
        "timeout",
        {},
        "timeout: 5 s without the first byte of a frame",
    ),
    (
        StreamTimeout("rest", 0.5, 10),
        "timeout",
        {},
        "timeout: 0.5 s without the rest of a frame, of which 10 bytes have arrived",
    ),
    (StreamTimeout("room", 5), "timeout", {}, "timeout: 5 s without room to write"),
    (FlatBuffersError("no such table"), "flatbuffers", {}, "no such table"),
    (FlatBuffersError(), "flatbuffers", {}, "flatbuffers"),
    (
        VerificationFailed("ns.Monster", "weapons[2].name", 40, "too long"),
        "flatbuffers",
        {},
        "ns.Monster.weapons[2].name, at byte 40 of the payload: too long",
    ),
    (SchemaError("no binary schema"), "schema", {}, "no binary schema"),
    (SchemaError("too wide", "ns.Monster"), "schema", {}, "ns.Monster: too wide"),
    (SchemaError("no type", "ns.Monster", "hp"), "schema", {}, "ns.Monster.hp: no type"),
    (
        MissingExtra("NumPy", "numpy"),
        "missing_extra",
        {},
        "this needs NumPy: pip install 'flatstream[numpy]'",
    ),
    (TruncationRefused("no torn tail"), "truncation_refused", {}, "no torn tail"),
    (
        AppendRefused(5, 9),
        "append_refused",
        {},
        "appending refused: a torn tail begins at offset 5 of 9 bytes; recover and truncate the file first",
    ),
    (MissingExtra("another package: Install s3fs"), "missing_extra", {}, "this needs another package: Install s3fs"),
    (IndexInvalid("no index"), "index_invalid", {}, "no index"),
    (IndexStale("of another journal"), "index_stale", {}, "of another journal"),
    (
        FileTruncated(18, 5),
        "file_truncated",
        {},
        "the file was cut or overwritten below what was read: 18 bytes were, and it has 5 now",
    ),
    (EngineUnavailable("it was not built"), "engine_unavailable", {}, "it was not built"),
]


def test_every_class_is_tested() -> None:
    classes = {getattr(errors, name) for name in errors.__all__} - {FlatStreamError}
    assert {type(error) for error, *_ in EACH} == classes


@pytest.mark.parametrize(("error", "kind", "facts", "text"), EACH)
def test_kind_facts_and_text(error: FlatStreamError, kind: str, facts: dict[str, object], text: str) -> None:
    assert (error.kind, error.facts(), str(error)) == (kind, facts, text)


@pytest.mark.parametrize("error", [error for error, *_ in EACH])
def test_the_offset_is_part_of_the_text_and_survives_copies(error: FlatStreamError) -> None:
    placed = copy.copy(error)
    placed.offset = 4096
    for again in (placed, pickle.loads(pickle.dumps(placed)), copy.deepcopy(placed)):
        assert str(again) == f"{error} (frame at offset 4096)"
        assert (type(again), vars(again), again.args) == (type(placed), vars(placed), placed.args)


@pytest.mark.parametrize("error", [error for error, *_ in EACH])
def test_a_copy_has_facts_of_its_own_also_where_tblib_makes_it(error: FlatStreamError) -> None:
    make, arguments, *state = pickle_exception(error)  # as `copy` finds it once Dask was imported
    again = make(*arguments)
    for facts in state:
        again.__setstate__(facts)
    again.offset = 4096
    assert error.offset is None
    assert str(again) == f"{error} (frame at offset 4096)"


def test_an_io_error_shows_its_cause() -> None:
    error = StreamIOError("writing")
    error.__cause__ = OSError("disk full")
    assert str(error) == "writing failed: OSError: disk full"


def test_a_timeout_has_nothing_of_the_system_s() -> None:
    error = StreamTimeout("rest", 0.5, 10)
    assert (error.errno, error.strerror, error.filename) == (None, None, None)
    assert error.args == ("rest", 0.5, 10)
    assert repr(error) == "StreamTimeout('rest', 0.5, 10)"
    assert isinstance(error, TimeoutError)
