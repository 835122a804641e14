"""Validators of payloads (V1 to V5), by the descriptions of the protocol."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flatstream_conformance.mutants.base_wire import Payload

DEFAULT_MAX_DEPTH = 64
DEFAULT_MAX_TABLES = 1_000_000


class TableRoot:
    """The nine checks of TableRootValidator on one payload (V5).

    Each check may rely on those before it, as numbers are read only where the earlier ones have found them to be.
    """

    checks: ClassVar[Sequence[str]] = (
        *("holds_a_root", "root_is_aligned", "root_is_inside", "vtable_is_inside", "vtable_can_be_read"),
        *("vtable_length_is_even", "vtable_fits", "tables_are_allowed", "depth_is_allowed"),
    )
    soffset_format: ClassVar[str] = "<i"
    vtable_length_format: ClassVar[str] = "<H"

    def __init__(self, payload: Payload, max_depth: int, max_tables: int) -> None:
        self.payload = payload
        self.length = len(payload)
        self.max_depth = max_depth
        self.max_tables = max_tables

    def accepts(self) -> bool:
        """Whether all checks pass, asked in their order."""
        return all(getattr(self, check)() for check in self.checks)

    @property
    def root(self) -> int:
        """The position of the table."""
        return int(struct.unpack_from("<I", self.payload, 0)[0])

    @property
    def vtable(self) -> int:
        """The position of the vtable."""
        return int(self.root - struct.unpack_from(self.soffset_format, self.payload, self.root)[0])

    @property
    def vtable_length(self) -> int:
        """The length that the vtable says that it has."""
        return int(struct.unpack_from(self.vtable_length_format, self.payload, self.vtable)[0])

    def holds_a_root(self) -> bool:
        """Check 1."""
        return self.length >= 4

    def root_is_aligned(self) -> bool:
        """Check 2."""
        return self.root % 4 == 0

    def root_is_inside(self) -> bool:
        """Check 3."""
        return self.root + 4 <= self.length

    def vtable_is_inside(self) -> bool:
        """Check 4."""
        return 0 <= self.vtable < self.length

    def vtable_can_be_read(self) -> bool:
        """Check 5."""
        return self.vtable % 2 == 0 and self.vtable + 2 <= self.length

    def vtable_length_is_even(self) -> bool:
        """Check 6."""
        return self.vtable_length % 2 == 0

    def vtable_fits(self) -> bool:
        """Check 7."""
        return self.vtable + self.vtable_length <= self.length

    def tables_are_allowed(self) -> bool:
        """Check 8."""
        return self.max_tables >= 1

    def depth_is_allowed(self) -> bool:
        """Check 9."""
        return self.max_depth >= 1


class Validators:
    """Asks the validator that a description names; the answer is the name of the one that refuses, or None."""

    def __init__(self, table_root: type[TableRoot] = TableRoot) -> None:
        self.table_root_checks = table_root

    def refusal(self, spec: Any, payload: Payload) -> str | None:
        """Ask the validator `spec`."""
        if spec == "none":
            return None
        if spec == "table_root":
            spec = {"table_root": {"max_depth": DEFAULT_MAX_DEPTH, "max_tables": DEFAULT_MAX_TABLES}}
        ((kind, settings),) = spec.items()
        answer: str | None = getattr(self, kind)(settings, payload)
        return answer

    def size(self, bounds: list[int], payload: Payload) -> str | None:
        """SizeValidator (V2)."""
        return None if bounds[0] <= len(payload) <= bounds[1] else "SizeValidator"

    def table_root(self, limits: dict[str, int], payload: Payload) -> str | None:
        """TableRootValidator (V5)."""
        return None if self.table_root_checks(payload, **limits).accepts() else "TableRootValidator"

    def typed(self, settings: dict[str, str], payload: Payload) -> str | None:
        """TypedValidator (V4), whose callable asks for a file identifier."""
        return None if bytes(payload[4:8]) == settings["file_identifier"].encode("ascii") else settings["name"]

    def composite(self, children: list[Any], payload: Payload) -> str | None:
        """CompositeValidator (V3)."""
        for child in children:
            refused_by = self.refusal(child, payload)
            if refused_by is not None:
                return refused_by
        return None
