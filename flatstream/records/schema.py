"""`Schema`: the types of a binary schema by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flatstream.errors import SchemaError, VerificationFailed
from flatstream.records.record import Record
from flatstream.records.reflection import SCHEMA, Types

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Schema"]


class Schema:
    """What ``flatc -b --schema`` made of a ``.fbs`` file: the tables, as records by their names.

    >>> Schema.load(b"no schema")
    Traceback (most recent call last):
    flatstream.errors.SchemaError: no binary schema: reflection.Schema, at byte 0 of the payload: 9 bytes hold no table
    """

    def __init__(self, decoded: dict[str, Any]) -> None:
        self._decoded = decoded
        self._types = Types(decoded)

    @classmethod
    def load(cls, source: str | PathLike[str] | bytes) -> Self:
        """The binary schema at a path, or in ``bytes``.

        ``SchemaError`` if it is none, ``OSError`` if the file cannot be read.
        """
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        try:
            return cls(SCHEMA.decode(data))
        except VerificationFailed as cause:
            raise SchemaError(f"no binary schema: {cause.describe()}") from cause

    @property
    def tables(self) -> list[str]:
        """The names of all tables, with their namespaces."""
        return [spec["name"] for spec in self._decoded["objects"] if not spec["is_struct"]]

    @property
    def root(self) -> str | None:
        """The name of the root type, if the schema names one."""
        spec = self._decoded["root_table"]
        return None if spec is None else spec["name"]

    def record(self, name: str | None = None, *, force_defaults: bool = False) -> Record:
        """The record of the table ``name`` (with its namespace), or of the schema's root type.

        The root type's payloads have the schema's file identifier. ``SchemaError`` names the field of which no record
        can be made; ``LookupError`` says which tables there are.
        """
        wanted = self.root if name is None else name
        if wanted is None:
            raise LookupError(f"the schema names no root type; its tables are {', '.join(self.tables)}")
        if wanted not in self.tables:
            raise LookupError(f"the schema has no table {wanted!r}; its tables are {', '.join(self.tables)}")
        index = [spec["name"] for spec in self._decoded["objects"]].index(wanted)
        identifier = self._decoded["file_ident"] if wanted == self.root else None
        return Record.of_table(
            self._types.table(index), file_identifier=identifier or "", force_defaults=force_defaults
        )
