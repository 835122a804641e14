"""Measured numbers in prose: all of them must be rendered spans, so that none outlives its record.

A number is taken for a measured one by its unit (a time, a rate, a factor, a percentage). Code is not prose.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from benchmarks.markers import without_rendered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from benchmarks.records import Record

__all__ = ["held", "unheld"]

MEASURED: Final = re.compile(
    r"(?<![\w.,])(?P<number>\d[\d,]*(?:\.\d+)?)\s?-?(?P<unit>"
    r"(?:ns|µs|us|ms)\b|[kMGT]i?B/s|[kM]?\s?(?:messages|frames|events)(?:/s| a second| per second)"
    r"|\N{MULTIPLICATION SIGN}|x\b(?!\d)|times\b|-?fold\b|%|(?:percent|per cent)\b)"
)
CODE: Final = re.compile(r"^```.*?^```[^\S\n]*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def held(records: Mapping[str, Record]) -> set[str]:
    """The numbers that stand in the records as they are, and may be written by hand: the promised bounds."""
    bars = [bar["bound"] for record in records.values() for group in record["groups"] for bar in group["bars"]]
    return {f"{bound:.4g}" for bound in bars} | {f"{1 / bound:.4g}" for bound in bars}


def unheld(page: str, allowed: Collection[str]) -> list[tuple[int, str]]:
    """Line and text of each number of the prose that looks measured and is not held."""
    prose = CODE.sub(lambda match: "\n" * match.group().count("\n"), without_rendered(page))
    return [
        (prose.count("\n", 0, match.start()) + 1, match.group())
        for match in MEASURED.finditer(prose)
        if match["number"].replace(",", "") not in allowed
    ]
