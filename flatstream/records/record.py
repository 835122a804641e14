"""`Record`: a type of message, and all that can be done with its messages."""

from __future__ import annotations

import copy
from functools import cached_property
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final, Self

from flatstream import engine
from flatstream.errors import FlatBuffersError, SchemaError
from flatstream.extras import needing
from flatstream.records.accelerated import decoder_of, verifier_of
from flatstream.records.declaration import declared_table
from flatstream.records.decode import Reader, TableView
from flatstream.records.encode import Encoder
from flatstream.records.standing import in_engine
from flatstream.records.verify import MAX_APPARENT_SIZE, MAX_DEPTH, MAX_TABLES, plan_of, verify
from flatstream.wire import flat_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    import numpy as np
    import pyarrow as pa
    from typing_extensions import Buffer

    from flatstream.batch import Frames
    from flatstream.checksum import Checksum
    from flatstream.records.declaration import Spec
    from flatstream.records.types import TableType
    from flatstream.records.verify import Plan
    from flatstream.wire import Payload

    class PayloadWriter(Protocol):
        """A ``StreamWriter``, or anything else that takes payloads."""

        def write_payload(self, payload: Buffer, /) -> None:
            """Write one frame."""


__all__ = ["Record"]

_CACHED: Final = ("_encoder", "_reader", "_plan", "_engine", "decode", "encode")
"""Attributes that are made when they are first needed, and are another record's no more."""


class Record:
    """A type of message: a root table, made from a declaration in Python or by `Schema.record`.

    ``fields`` are the types of the fields by name, as `flatstream.records.declaration` lists them:

    >>> event = Record("TelemetryEvent", device_id="u64", timestamp="u64", value="f64")
    >>> payload = event.encode(device_id=7, value=1.5)
    >>> event.decode(payload)
    {'device_id': 7, 'timestamp': 0, 'value': 1.5}
    >>> event.view(payload).value
    1.5

    Payloads are FlatBuffers that every official reader reads; `flatstream.records.layout` says how they lie.
    """

    def __init__(self, name: str, /, **fields: Spec) -> None:
        self.name = name
        """Name of the root table, with its namespace."""
        self.table: TableType = declared_table(name, fields)
        self.file_identifier = ""
        """Four characters that each payload has behind its root offset; or none."""
        self.force_defaults = False
        """Whether fields are written that have their default as value."""

    @classmethod
    def of_table(cls, table: TableType, *, file_identifier: str = "", force_defaults: bool = False) -> Self:
        """A record whose root table is described already."""
        record = cls(table.name)
        record.table = table
        return record.replace(file_identifier=file_identifier, force_defaults=force_defaults)

    def replace(self, *, file_identifier: str | None = None, force_defaults: bool | None = None) -> Self:
        """The same record with another file identifier (4 bytes as UTF-8, or none), or with defaults written."""
        record = copy.copy(self)
        if file_identifier is not None:
            if len(file_identifier.encode("utf-8")) not in {0, 4}:
                raise SchemaError(f"a file identifier has 4 bytes, which {file_identifier!r} has not", self.name)
            record.file_identifier = file_identifier
        if force_defaults is not None:
            record.force_defaults = force_defaults
        return record

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again: copies and pickles have the schema alone."""
        return {name: value for name, value in self.__dict__.items() if name not in _CACHED}

    def __repr__(self) -> str:
        return f"<Record {self.name}: {', '.join(field.name for field in self.table.fields)}>"

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(self.table, identifier=self._identifier, force_defaults=self.force_defaults)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.table)

    @cached_property
    def _plan(self) -> Plan:
        return plan_of(self.table)

    @property
    def is_verified_by_the_rules(self) -> bool:
        """Whether nothing but `flatstream.records.verify` has a say: a subclass may be stricter, and must be asked."""
        return type(self).verify is Record.verify

    @cached_property
    def _engine(self) -> tuple[engine.Native, engine.Verifier | None, engine.Decoder | None] | None:
        """The native engine, and what it made for this record."""
        native = engine.native
        if native is None:
            return None
        limits = MAX_DEPTH, MAX_TABLES, MAX_APPARENT_SIZE
        verifier = None
        if self.is_verified_by_the_rules:
            verifier = verifier_of(native, self._plan, self._identifier, limits)
        return native, verifier, decoder_of(native, self.table, verifier, self._decode)

    def _current_engine(self) -> tuple[engine.Native, engine.Verifier | None, engine.Decoder | None] | None:
        made = self._engine
        if (made and made[0]) is not engine.native:  # it was switched, as tests and benchmarks do
            del self._engine
            made = self._engine
        return made

    def engine_verifier(self) -> engine.Verifier | None:
        """What the engine verifies payloads with, by the limits that `verify` has if none are given; or ``None``."""
        made = self._current_engine()
        return made[1] if made else None

    @property
    def _identifier(self) -> bytes:
        return self.file_identifier.encode("utf-8")

    def _engine_encode(self) -> Callable[..., bytes] | None:
        rows = self._encoder.engine_rows()
        return None if rows is None else rows.function()

    @in_engine(_engine_encode)
    def encode(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> bytes:
        """A payload with these values by field name, or of a mapping, or of both; ``None`` is the same as not given.

        A mapping is best given as it is: what ``encode(**mapping)`` takes longer, Python takes before this is called.

        A struct is a mapping or a sequence of its fields, a nested table a mapping, a vector a sequence (of numbers
        also anything that has them in a buffer), an enum its number or a member's name, a union's value comes with its
        tag in ``NAME_type``. ``TypeError`` or ``ValueError`` names the field whose value does not fit.
        """
        return self._encoder.call(fields, **more)

    def encode_into(self, writer: PayloadWriter, fields: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """`encode`, and write the payload as one frame."""
        writer.write_payload(self.encode(more) if fields is None else self.encode(fields, **more))

    def encode_many(self, table: Any) -> Iterator[bytes | memoryview]:
        """The payloads of all rows of a table, of any kind that `flatstream.records.intake` lists.

        Columns are taken by the names of the fields; a field without one, a null and ``None`` are absent. Payloads are
        the same bytes as `encode` makes one at a time. ``TypeError`` or ``ValueError`` names field and row of a value
        that does not fit, before any payload is given.
        """
        with needing():
            from flatstream.records.batch_encode import encode_table  # noqa: PLC0415  (an extra)
        return encode_table(self._encoder, table)

    def frame_many(self, table: Any, checksum: str | Checksum = "none") -> bytearray:
        """The frames of all rows of a table, one after the other: `encode_many`, and framed in the same pass."""
        with needing():
            from flatstream.records.batch_encode import frame_table  # noqa: PLC0415  (an extra)
        return frame_table(self._encoder, table, checksum)

    def frame_parts(
        self, table: Any, checksum: str | Checksum = "none", into: bytearray | None = None
    ) -> Iterator[tuple[bytearray, int]]:
        """`frame_many` in parts, each with the number of its frames; or appended to ``into``, as one part.

        Nothing is given or appended before all rows are known to fit. ``BufferError`` if ``into`` cannot be resized.
        """
        with needing():
            from flatstream.records.batch_encode import frame_parts  # noqa: PLC0415  (an extra)
        return frame_parts(self._encoder, table, checksum, into)

    def verify(
        self,
        payload: Buffer,
        *,
        max_depth: int = MAX_DEPTH,
        max_tables: int = MAX_TABLES,
        max_apparent_size: int = MAX_APPARENT_SIZE,
    ) -> None:
        """Raise ``VerificationFailed`` unless the payload can be read as this record without leaving it.

        Tables may be nested ``max_depth`` deep and be ``max_tables`` in all; what reading all of them would touch,
        shared parts as often as they are referred to, may be ``max_apparent_size`` bytes.
        """
        data = _flat(payload)
        if (max_depth, max_tables, max_apparent_size) == (MAX_DEPTH, MAX_TABLES, MAX_APPARENT_SIZE):
            verifier = self.engine_verifier()
            if verifier is not None and verifier.accepts(data):
                return
        verify(self._plan, self.name, data, self._identifier, max_depth, max_tables, max_apparent_size)

    def verify_many(self, frames: Frames | Iterable[Buffer]) -> int:
        """Verify all payloads of `flatstream.scan`, of a reader, or of any iterable; returns how many there are.

        ``VerificationFailed`` carries the offset of the first frame that is corrupt, if the frames know theirs.
        """
        with needing():
            from flatstream.records.columns import verify_frames  # noqa: PLC0415  (an extra)
        return verify_frames(self, self._identifier, frames)

    def columns(
        self, frames: Frames | Iterable[Buffer], names: Sequence[str] | None = None
    ) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
        """An array for each field, or for those of ``names``, with a value for each frame.

        Numbers (enums as such) have the field's own dtype, bools ``bool``, structs a structured dtype; a field with
        no default and not required comes as a masked array, masked where it is absent. Strings, vectors (of numbers and
        structs as arrays), tables and unions are arrays of objects, ``None`` where absent.

        ``frames`` is what `flatstream.scan` gives, a reader, or any iterable of payloads. Everything that is read is
        verified before; ``VerificationFailed`` carries the offset of the first frame that is corrupt. What is wrong in
        fields that ``names`` leaves out is not looked at. Of a scan that ended in an error, the good frames are read.
        The arrays are copies, and do not keep the source.
        """
        with needing():
            from flatstream.records import columns  # noqa: PLC0415  (an extra)
        fields = columns.chosen_fields(self, names)
        return columns.as_arrays(fields, columns.decode_columns(self, self._identifier, frames, fields))

    def to_arrow(self, frames: Frames | Iterable[Buffer], names: Sequence[str] | None = None) -> pa.RecordBatch:
        """`columns` as a PyArrow RecordBatch: strings, lists and structs, null where absent without a default.

        A union is a struct with a field for each member. ``SchemaError`` for tables that nest in themselves.
        """
        with needing():
            from flatstream.records import arrow_out, columns  # noqa: PLC0415  (an extra)
        fields = columns.chosen_fields(self, names)
        return arrow_out.as_batch(self.name, fields, columns.decode_columns(self, self._identifier, frames, fields))

    def _engine_decode(self) -> Callable[[Buffer], dict[str, Any]] | None:
        made = self._current_engine()
        return made[2].decode if made and made[2] else None

    @in_engine(_engine_decode)
    def decode(self, payload: Buffer) -> dict[str, Any]:
        """All fields by name, after verifying the payload: defaults where absent, ``None`` where there is none.

        Structs and tables become dicts, vectors lists, vectors of ``u8`` bytes.
        """
        return self._decode(payload)

    def _decode(self, payload: Buffer) -> dict[str, Any]:
        view = memoryview(_flat(payload))
        self.verify(view)
        return self._reader.decode(view, _root(view))

    def view(self, payload: Buffer, *, verified: bool = False) -> TableView:
        """The fields as attributes, each read when it is asked for. The view lives as long as the payload.

        The payload is verified first, unless the caller says that it was ``verified``: then reading a corrupt one never
        leaves it, and gives nonsense or ``FlatBuffersError``.
        """
        view = memoryview(_flat(payload))
        if not verified:
            self.verify(view)
        try:
            return TableView(self._reader, view, _root(view))
        except struct_error as cause:
            raise FlatBuffersError(f"{self.name} cannot be read: {cause}") from cause


def _flat(payload: Buffer) -> Payload:
    return payload if isinstance(payload, bytes) else flat_view(memoryview(payload))


def _root(payload: memoryview) -> int:
    return int.from_bytes(payload[:4], "little")
