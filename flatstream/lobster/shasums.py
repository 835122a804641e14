"""Lists of SHA-256 digests, as ``sha256sum`` writes them, to tell a real LOBSTER ZIP from a damaged one."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from flatstream.lobster.errors import LobsterError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SHASUMS", "read_shasums", "verify"]

SHASUMS: Final = "SHASUMS.txt"
"""The name of the list that is looked for beside a ZIP."""

_LINE: Final = re.compile(r"(?P<digest>[0-9a-fA-F]{64}) [ *](?P<name>.+)")


def read_shasums(path: Path) -> dict[str, str]:
    """Digests in lower case by file name, folders left out. Empty lines and lines that start with ``#`` are comments.

    ``LobsterError`` for any other line that is no digest and name, and for two digests of one name.
    """
    digests: dict[str, str] = {}
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise LobsterError("no line of sha256sum: 64 hex digits, two spaces, a name", path.name, number)
        name, digest = PurePosixPath(match["name"]).name, match["digest"].lower()
        if digests.setdefault(name, digest) != digest:
            raise LobsterError(f"a second, different digest of {name}", path.name, number)
    return digests


def verify(source: Path, shasums: Path | None = None) -> bool:
    """Compare ``source`` with the list ``shasums``, or with the one beside it if there is one and it names it.

    Returns whether there was a digest to compare with. ``LobsterError`` if the digest differs, or if a list that was
    given does not name the file.
    """
    beside = source.with_name(SHASUMS)
    if shasums is None and not beside.exists():
        return False
    expected = read_shasums(shasums or beside).get(source.name)
    if expected is None:
        if shasums is None:
            return False
        raise LobsterError(f"not named in {shasums.name}", source.name)
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        raise LobsterError(f"SHA-256 {digest}, but {(shasums or beside).name} says {expected}", source.name)
    return True
