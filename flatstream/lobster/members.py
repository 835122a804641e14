"""Which files of a ZIP are LOBSTER's, and which of them belong together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flatstream.lobster.errors import LobsterError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Pair", "pairs"]

_NAME: Final = re.compile(r"(?P<head>.+)_(?P<kind>message|orderbook)_(?P<tail>[^/]*)\.csv")


class Pair(NamedTuple):
    """A message file and the book file of the same events; ``None`` for one that is missing."""

    message: str | None
    orderbook: str | None


def pairs(names: Iterable[str], archive: str) -> list[Pair]:
    """The files ``*_message_*.csv`` and ``*_orderbook_*.csv`` among ``names``, paired, in the order of their names.

    Two files belong together if their names, folders included, differ in that word only. ``LobsterError`` if there are
    none, or if a name occurs twice. What macOS adds to its ZIPs is passed over.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or name.startswith("__MACOSX/"):
            continue
        kinds = found.setdefault((match["head"], match["tail"]), {})
        if match["kind"] in kinds:
            raise LobsterError("the ZIP holds this file twice", f"{archive}/{name}")
        kinds[match["kind"]] = name
    if not found:
        raise LobsterError("holds no file *_message_*.csv or *_orderbook_*.csv", archive)
    return [Pair(kinds.get("message"), kinds.get("orderbook")) for _, kinds in sorted(found.items())]
