"""Payloads of a known type, and binary schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from flatstream import Record, Schema
from flatstream.errors import FlatStreamError, SchemaError, VerificationFailed
from flatstream.records.reflection import SCHEMA
from flatstream.tests.fuzz.engines import ENGINES, on_each
from flatstream.tests.zoo import KEEPER, MONSTER, TELEMETRY, THING

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDS: Final = (TELEMETRY, MONSTER, THING, KEEPER, SCHEMA)
"""A byte in front of a payload chooses one."""

_FOR: Final = {name: [record.replace() for record in RECORDS] for name in ENGINES}
"""Records of each engine's own: they keep what an engine made for them."""


def _refusal(call: Callable[[], object]) -> object:
    """What ``call`` returns, or the facts of the refusal."""
    try:
        return call()
    except VerificationFailed as error:
        return "refused", error.offset, str(error)


def records(data: bytes) -> None:
    """Verifier, decoder, columns and views agree, on both engines; what was decoded can be encoded, to the same.

    The highest bit of the first byte asks for columns; the next one for columns of two payloads, which are the halves.
    """
    which, payload = (data[0] if data else 0), data[1:]
    number = which % 64 % len(RECORDS)

    def asked(name: str) -> tuple[str, ...]:
        record = _FOR[name][number]
        verdict = _refusal(lambda: record.verify(payload))
        decoded = _refusal(lambda: record.decode(payload))
        if verdict is not None:
            assert decoded == verdict, "a payload was refused, and yet decoded"
            view = _refusal(lambda: record.view(payload))
            assert view == verdict
        else:
            _look(record, payload, decoded)
        seen = [repr(verdict), repr(decoded)]
        if which & 128:
            columns = _refusal(lambda: _columns(record, payload))
            assert (verdict is None) == isinstance(columns, dict), "columns and verifier disagree"
            seen.append(repr(columns))
        if which & 64:
            half = len(payload) // 2
            seen.append(repr(_refusal(lambda: _columns(record, payload[:half], payload[half:]))))
        return tuple(seen)

    on_each(asked)


def _columns(record: Record, *payloads: bytes) -> dict[str, Any]:
    # Masked arrays of structs in structs have no `tolist` that works.
    return {
        name: (column.dtype, np.ma.getdata(column).tolist(), np.ma.getmaskarray(column).tolist())
        for name, column in record.columns(payloads).items()
    }


def _look(record: Record, payload: bytes, decoded: Any) -> None:
    """A view says of each field what was decoded, and encoding that makes the same message."""
    view = record.view(payload)
    for field in record.table.fields:
        getattr(view, field.name)
    try:
        again = record.encode(**decoded)
    except ValueError as error:
        # A union of a member that the schema has not got is read as nothing, and cannot be written.
        assert str(error).endswith("has a tag, and no value"), error
        return
    assert repr(record.decode(again)) == repr(decoded), "what was encoded is another message"


def schema(data: bytes) -> None:
    """A binary schema gives records, or is refused with an error of the project's own, and the same on both engines."""

    def loaded(_: str) -> object:
        try:
            found = Schema.load(data)
        except SchemaError as error:
            return "refused", str(error)
        said: list[object] = [found.root, found.tables]
        for name in found.tables[:8]:
            try:
                record = found.record(name)
                said.append([field.name for field in record.table.fields])
                payload = record.encode()
                record.verify(payload)
                said.append(repr(record.decode(payload)))
            except (FlatStreamError, LookupError, ValueError) as error:
                said.append((type(error), str(error)))
        return said

    on_each(loaded)
