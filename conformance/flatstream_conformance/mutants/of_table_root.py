"""Mutants of the nine checks of TableRootValidator."""

from __future__ import annotations

from typing import Any

from flatstream_conformance.mutants.base_validators import TableRoot
from flatstream_conformance.mutants.mutant import Catalogue

TABLE_ROOT = Catalogue("table_root")


def _without(check: str) -> dict[str, Any]:
    return {"checks": tuple(name for name in TableRoot.checks if name != check)}


ROOT = "table-root"
LIMITS = "table-root-limits"
for _number, _check in enumerate(TableRoot.checks, start=1):
    TABLE_ROOT.add(
        f"table-root-without-check-{_number}",
        "V5",
        LIMITS if _number >= 8 else ROOT,
        f"check {_number} is missing ({_check.replace('_', ' ')})",
        **_without(_check),
    )
TABLE_ROOT.add(
    "table-root-5-bytes", "V5", ROOT, "check 1 wants more than 4 bytes", holds_a_root=lambda self: self.length > 4
)
TABLE_ROOT.add(
    "table-root-aligned-to-2",
    "V5",
    ROOT,
    "check 2 is content with even",
    root_is_aligned=lambda self: self.root % 2 == 0,
)
TABLE_ROOT.add(
    "table-root-aligned-to-8",
    "V5",
    ROOT,
    "check 2 wants multiples of 8",
    root_is_aligned=lambda self: self.root % 8 == 0,
)
TABLE_ROOT.add(
    "table-root-not-zero",
    "V5",
    ROOT,
    "a root at position 0 is refused",
    root_is_aligned=lambda self: self.root > 0 and self.root % 4 == 0,
)
TABLE_ROOT.add(
    "table-root-ends-before-the-end",
    "V5",
    ROOT,
    "check 3 wants root + 4 below the length",
    root_is_inside=lambda self: self.root + 4 < self.length,
)
TABLE_ROOT.add(
    "table-root-inside-only",
    "V5",
    ROOT,
    "check 3 is content with the root itself",
    root_is_inside=lambda self: self.root < self.length,
)
TABLE_ROOT.add(
    "table-root-sum-wraps",
    "V5",
    ROOT,
    "root + 4 of check 3 wraps around at 32 bits",
    root_is_inside=lambda self: (self.root + 4) % 2**32 <= self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-positive",
    "V5",
    ROOT,
    "a vtable at position 0 is refused",
    vtable_is_inside=lambda self: 0 < self.vtable < self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-negative",
    "V5",
    ROOT,
    "check 4 lets a vtable before the start pass",
    vtable_is_inside=lambda self: self.vtable < self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-after-root",
    "V5",
    ROOT,
    "a vtable behind the table is refused",
    vtable_is_inside=lambda self: 0 <= self.vtable <= self.root,
)
TABLE_ROOT.add(
    "table-root-soffset-unsigned", "V5", ROOT, "the offset of the vtable is read unsigned", soffset_format="<I"
)
TABLE_ROOT.add(
    "table-root-soffset-16-bits", "V5", ROOT, "the offset of the vtable is read as 16 bits", soffset_format="<h"
)
TABLE_ROOT.add(
    "table-root-soffset-big-endian", "V5", ROOT, "the offset of the vtable is read big-endian", soffset_format=">i"
)
TABLE_ROOT.add(
    "table-root-soffset-added",
    "V5",
    ROOT,
    "the offset of the vtable is added to the root",
    vtable=property(lambda self: 2 * self.root - TableRoot.vtable.fget(self)),  # type: ignore[attr-defined]  # mypy takes a property for its value
)
TABLE_ROOT.add(
    "table-root-vtable-odd",
    "V5",
    ROOT,
    "check 5 lets an odd vtable pass",
    vtable_can_be_read=lambda self: self.vtable + 2 <= self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-unread",
    "V5",
    ROOT,
    "check 5 asks only for an even vtable",
    vtable_can_be_read=lambda self: self.vtable % 2 == 0,
)
TABLE_ROOT.add(
    "table-root-vtable-before-the-end",
    "V5",
    ROOT,
    "check 5 wants vtable + 2 below the length",
    vtable_can_be_read=lambda self: self.vtable % 2 == 0 and self.vtable + 2 < self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-length-signed", "V5", ROOT, "the length of the vtable is read signed", vtable_length_format="<h"
)
TABLE_ROOT.add(
    "table-root-vtable-length-8-bits",
    "V5",
    ROOT,
    "the length of the vtable is read as 8 bits",
    vtable_length_format="<B",
)
TABLE_ROOT.add(
    "table-root-vtable-length-big-endian",
    "V5",
    ROOT,
    "the length of the vtable is read big-endian",
    vtable_length_format=">H",
)
TABLE_ROOT.add(
    "table-root-vtable-at-least-4",
    "V5",
    ROOT,
    "a vtable of less than 4 bytes is refused",
    vtable_length_is_even=lambda self: self.vtable_length % 2 == 0 and self.vtable_length >= 4,
)
TABLE_ROOT.add(
    "table-root-vtable-ends-before-the-end",
    "V5",
    ROOT,
    "check 7 wants vtable + vtable_len below the length",
    vtable_fits=lambda self: self.vtable + self.vtable_length < self.length,
)
TABLE_ROOT.add(
    "table-root-vtable-length-alone",
    "V5",
    ROOT,
    "check 7 forgets where the vtable begins",
    vtable_fits=lambda self: self.vtable_length <= self.length,
)
TABLE_ROOT.add(
    "table-root-2-tables", "V5", LIMITS, "check 8 wants two tables", tables_are_allowed=lambda self: self.max_tables > 1
)
TABLE_ROOT.add(
    "table-root-depth-2", "V5", LIMITS, "check 9 wants a depth of two", depth_is_allowed=lambda self: self.max_depth > 1
)
TABLE_ROOT.add(
    "table-root-no-bytes-beyond",
    "V5",
    ROOT,
    "a payload that is not a multiple of 4 long is refused",
    holds_a_root=lambda self: self.length >= 4 and self.length % 4 == 0,
)
