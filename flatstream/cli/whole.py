"""Files that appear when they are whole, or not at all, and never in place of what they are made of."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from flatstream.cli.screen import printable
from flatstream.whole import written_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["refuse_source", "whole_file"]


def refuse_source(path: Path, source: Path) -> None:
    """``UsageError`` if ``path`` is the ``source`` of the work, which would be lost."""
    if path.exists() and path.samefile(source):
        raise click.UsageError(f"{printable(path)} would be written over itself: name another file with --out")


@contextmanager
def whole_file(path: Path, source: Path, *, replace: bool = True) -> Iterator[BinaryIO]:
    """What `flatstream.whole.written_whole` does, but for what `refuse_source` refuses."""
    refuse_source(path, source)
    with written_whole(path, replace=replace, like=source) as file:
        yield file
