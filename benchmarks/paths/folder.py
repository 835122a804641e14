"""A temporary folder that lives as long as the lanes that use it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

__all__ = ["Folder"]


class Folder:
    """Goes, with all that is in it, when the last lane that holds it goes, or with the process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="flatstream-benchmarks-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def holding(self, name: str, content: bytes) -> None:
        """Write a file with this content."""
        (self.path / name).write_bytes(content)
