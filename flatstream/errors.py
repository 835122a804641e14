"""The errors of the format: one base, one class a kind (E1).

Each carries its facts as attributes and the absolute offset of the frame that it is about (E2); the text is made only
when somebody prints it, so that a reader that counts mismatches pays for no formatting.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AppendRefused",
    "ChecksumMismatch",
    "EngineUnavailable",
    "FileTruncated",
    "FlatBuffersError",
    "FlatStreamError",
    "IndexInvalid",
    "IndexStale",
    "InvalidFrame",
    "JournalLocked",
    "MissingExtra",
    "SchemaError",
    "StreamIOError",
    "StreamTimeout",
    "SyncFailed",
    "TruncationRefused",
    "UnexpectedEof",
    "ValidationFailed",
    "VerificationFailed",
]


class FlatStreamError(Exception):
    """Base of all that this library raises about a stream.

    Wrong use (a bad argument, a closed file, text where bytes belong) is ``ValueError`` or ``TypeError`` instead.
    """

    kind: ClassVar[str] = "error"

    offset: int | None = None
    """Absolute offset in bytes of the frame that the error is about; ``None`` if there is no such frame."""

    def facts(self) -> dict[str, object]:
        """The facts of this kind by name, as the testee protocol spells them."""
        return {}

    def describe(self) -> str:
        """What happened, without the place."""
        return " ".join(map(str, self.args)) or self.kind

    def __str__(self) -> str:
        place = "" if self.offset is None else f" (frame at offset {self.offset})"
        return f"{self.describe()}{place}"

    def __reduce__(self) -> tuple[object, ...]:
        """As exceptions do it; said here, since tblib, which Dask brings, lets copies of others share their facts."""
        return type(self), self.args, vars(self).copy()


class UnexpectedEof(FlatStreamError):
    """The source ended after at least one byte of a frame (R2). The only error that makes a torn tail (C2)."""

    kind = "unexpected_eof"

    def __init__(self, field: str, needed: int, available: int) -> None:
        super().__init__(field, needed, available)
        self.field = field
        """``length``, ``checksum`` or ``payload``."""
        self.needed = needed
        """Bytes of that field."""
        self.available = available
        """Bytes of that field that were there."""

    def describe(self) -> str:
        """What happened, with the facts."""
        return f"unexpected end of the stream: {self.available} of {self.needed} bytes of the {self.field}"


class InvalidFrame(FlatStreamError):
    """A length over the limit, declared by a header (R3) or offered to a writer (W8, S2)."""

    kind = "invalid_frame"

    def __init__(self, declared_len: int, limit: int) -> None:
        super().__init__(declared_len, limit)
        self.declared_len = declared_len
        self.limit = limit

    def facts(self) -> dict[str, object]:
        """The facts by name."""
        return {"declared_len": self.declared_len, "limit": self.limit}

    def describe(self) -> str:
        """What happened, with the facts."""
        return f"invalid frame: a payload of {self.declared_len} bytes, over the limit of {self.limit}"


class ChecksumMismatch(FlatStreamError):
    """The checksum field of a whole frame is not that of its payload (R13)."""

    kind = "checksum_mismatch"

    def __init__(self, algorithm: str, width: int, expected: int, calculated: int) -> None:
        super().__init__(algorithm, width, expected, calculated)
        self.algorithm = algorithm
        self.width = width
        """Bytes of the checksum field."""
        self.expected = expected
        """The value on the wire."""
        self.calculated = calculated
        """The value of the payload that arrived, masked to the width."""

    def facts(self) -> dict[str, object]:
        """The facts by name."""
        return {
            "expected": self.expected.to_bytes(self.width, "little").hex(),
            "calculated": self.calculated.to_bytes(self.width, "little").hex(),
        }

    def describe(self) -> str:
        """What happened, with the facts."""
        digits = 2 * self.width
        return (
            f"checksum mismatch: {self.algorithm} 0x{self.expected:0{digits}x} on the wire, "
            f"0x{self.calculated:0{digits}x} calculated"
        )


class ValidationFailed(FlatStreamError):
    """A validator refused a payload (V1 to V5)."""

    kind = "validation_failed"

    def __init__(self, validator: str, reason: str) -> None:
        super().__init__(validator, reason)
        self.validator = validator
        """Name of the validator that refused, in a composite the child's (V3)."""
        self.reason = reason

    def facts(self) -> dict[str, object]:
        """The facts by name."""
        return {"validator": self.validator}

    def describe(self) -> str:
        """What happened, with the facts."""
        return f"validation failed: {self.validator}: {self.reason}"


class StreamIOError(FlatStreamError):
    """The source or the sink failed (R8, S4); ``__cause__`` is its own error. Never taken for an end."""

    kind = "io"

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.action = action

    def describe(self) -> str:
        """What failed, and the error of the source or sink."""
        why = "" if self.__cause__ is None else f": {type(self.__cause__).__name__}: {self.__cause__}"
        return f"{self.action} failed{why}"


class SyncFailed(StreamIOError):
    """The system could not make written bytes durable, and asking it again would tell nothing.

    After a failed ``fsync`` the system may take the lost bytes for clean, so that a second one succeeds without them.
    The writer is failed for good. Frames up to ``durable_offset`` are safe; whether those behind it are, only reopening
    tells.
    """

    def __init__(self, durable_offset: int) -> None:
        super().__init__("syncing")
        self.args = (durable_offset,)
        self.durable_offset = durable_offset
        """One past the last byte that is known to be on the medium."""

    def describe(self) -> str:
        """What failed, and what is safe."""
        return f"{super().describe()}; what was written before offset {self.durable_offset} is durable"


class StreamTimeout(FlatStreamError, TimeoutError):
    """A peer that was too slow (`flatstream.aio`). Nothing is lost: what was waited for can be waited for again."""

    kind = "timeout"

    def __init__(self, waited_for: str, seconds: float, arrived: int = 0) -> None:
        super().__init__()  # `OSError` would take the facts for a number, a text and a file
        self.args = (waited_for, seconds, arrived)
        self.waited_for = waited_for
        """``first byte`` or ``rest`` of a frame, or ``room`` to write."""
        self.seconds = seconds
        """The longest that was to be waited."""
        self.arrived = arrived
        """Bytes of the frame that have arrived."""

    def describe(self) -> str:
        """What happened, with the facts."""
        what = "room to write" if self.waited_for == "room" else f"the {self.waited_for} of a frame"
        arrived = f", of which {self.arrived} bytes have arrived" if self.arrived else ""
        return f"timeout: {self.seconds:g} s without {what}{arrived}"


class FlatBuffersError(FlatStreamError):
    """A payload that a typed reader cannot open as its FlatBuffers type, or a builder that is not finished."""

    kind = "flatbuffers"


class VerificationFailed(FlatBuffersError):
    """A payload that is no sound buffer of its record: reading it could lead outside of it, or round in circles."""

    def __init__(self, record: str, field: str, position: int, reason: str) -> None:
        super().__init__(record, field, position, reason)
        self.record = record
        """Name of the root table."""
        self.field = field
        """Path of the field from the root table, as ``legs[3].name``; empty for the root table itself."""
        self.position = position
        """Where it is wrong, in bytes from the payload's start."""
        self.reason = reason

    def describe(self) -> str:
        """What happened, with the facts."""
        where = f"{self.record}.{self.field}" if self.field else self.record
        return f"{where}, at byte {self.position} of the payload: {self.reason}"


class SchemaError(FlatStreamError):
    """A schema that cannot be read, or a record that cannot be made of one."""

    kind = "schema"

    def __init__(self, reason: str, record: str = "", field: str = "") -> None:
        super().__init__(reason, record, field)
        self.reason = reason
        self.record = record
        """Name of the table or struct; empty if the error is about the whole schema."""
        self.field = field
        """Name of its field; empty if the error is about no single field."""

    def describe(self) -> str:
        """What happened, with the facts."""
        where = f"{self.record}.{self.field}" if self.field else self.record
        return f"{where}: {self.reason}" if where else self.reason


class MissingExtra(FlatStreamError, ImportError):
    """What was asked for needs a package that an extra of this one brings."""

    kind = "missing_extra"

    def __init__(self, package: str, extra: str = "") -> None:
        super().__init__(package, extra)
        self.package = package
        self.extra = extra
        """Name of the extra: ``pip install 'flatstream[extra]'``; empty if no extra brings the package."""

    def describe(self) -> str:
        """What to do."""
        return f"this needs {self.package}" + (f": pip install 'flatstream[{self.extra}]'" if self.extra else "")


class AppendRefused(FlatStreamError):
    """A file that ends in a torn tail was opened for appending, which would bury the tail inside the stream (S4)."""

    kind = "append_refused"

    def __init__(self, last_good_offset: int, size: int | None) -> None:
        super().__init__(last_good_offset, size)
        self.last_good_offset = last_good_offset
        """One past the last whole frame, in bytes."""
        self.size = size
        """Size of the file in bytes."""

    def describe(self) -> str:
        """What happened, with the facts."""
        return (
            f"appending refused: a torn tail begins at offset {self.last_good_offset} of {self.size} bytes; "
            "recover and truncate the file first"
        )


class JournalLocked(FlatStreamError):
    """Another writer has the journal open: two of them would write into each other's frames."""

    kind = "locked"

    def __init__(self, path: str, holder: str | None) -> None:
        super().__init__(path, holder)
        self.path = path
        self.holder = holder
        """Who holds the lock, as ``process 1234 (name)``; ``None`` where the system does not tell."""

    def describe(self) -> str:
        """What happened, with the facts."""
        return f"{self.path} is locked: {self.holder or 'another process'} has it open for writing"


class FileTruncated(FlatStreamError):
    """A file that is followed was cut or overwritten below what was read of it."""

    kind = "file_truncated"

    def __init__(self, read: int, size: int) -> None:
        super().__init__(read, size)
        self.read = read
        """Bytes of whole frames that were read, from the start of the file."""
        self.size = size
        """Size of the file in bytes now."""

    def describe(self) -> str:
        """What happened, with the facts."""
        return (
            f"the file was cut or overwritten below what was read: {self.read} bytes were, and it has {self.size} now"
        )


class IndexInvalid(FlatStreamError):
    """A sidecar that is no index, or a damaged one: see `flatstream.index`."""

    kind = "index_invalid"


class IndexStale(FlatStreamError):
    """An index of a file that is not the one before us: other bytes stand where it says that frames do."""

    kind = "index_stale"


class TruncationRefused(FlatStreamError):
    """Truncation was asked for where no torn tail authorises it (C5)."""

    kind = "truncation_refused"


class EngineUnavailable(FlatStreamError, ImportError):
    """An engine was asked for that there is not: see `flatstream.engine`."""

    kind = "engine_unavailable"
