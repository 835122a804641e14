"""Rendered parts of a hand-written page, between markers.

A block stands on lines of its own, a single number inside of a sentence:

    <!-- benchmarks:NAME -->
    <!-- /benchmarks:NAME -->
    It takes <!-- n:tel-100k/F0/flatstream/ns -->445<!-- /n --> ns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MarkerError", "block_names", "filled", "without_rendered"]

BLOCK: Final = re.compile(
    r"^<!-- benchmarks:(?P<name>[a-z0-9-]+) -->\n.*?^<!-- /benchmarks:(?P=name) -->$", re.MULTILINE | re.DOTALL
)
SPAN: Final = re.compile(r"<!-- n:(?P<path>[A-Za-z0-9_/-]+) -->(?P<body>[^<\n]*)<!-- /n -->")
ANY: Final = re.compile(r"<!-- (?:/?benchmarks:[^>]*|n:[^>]*|/n) -->")


class MarkerError(Exception):
    """A marker without its other half, one that stands twice, or one that is misspelt."""


def block_names(page: str) -> list[str]:
    """The names of the blocks of a page. ``MarkerError`` if a marker is left over."""
    names = [match["name"] for match in BLOCK.finditer(page)]
    if len(set(names)) < len(names):
        raise MarkerError(f"a block stands twice: {', '.join(names)}")
    stray = ANY.search(without_rendered(page))
    if stray is not None:
        raise MarkerError(f"a marker without its other half: {stray.group()}")
    return names


def filled(page: str, block: Callable[[str], str], number: Callable[[str], str]) -> str:
    """The page with every block and every number rendered anew."""
    block_names(page)

    def marked(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- benchmarks:{name} -->\n{block(name)}\n<!-- /benchmarks:{name} -->"

    page = BLOCK.sub(marked, page)
    return SPAN.sub(lambda match: f"<!-- n:{match['path']} -->{number(match['path'])}<!-- /n -->", page)


def without_rendered(page: str) -> str:
    """The hand-written rest of a page, with the same number of lines."""
    page = BLOCK.sub(lambda match: "\n" * match.group().count("\n"), page)
    return SPAN.sub("", page)
