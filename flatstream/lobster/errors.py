"""What is wrong with a LOBSTER file, and where."""

from __future__ import annotations

__all__ = ["LobsterError"]


class LobsterError(ValueError):
    """A ZIP, a CSV file in it, or a list of digests that is not what it should be."""

    def __init__(self, reason: str, file: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason, file, line, column)
        self.reason = reason
        self.file = file
        """Name of the file; of a file in a ZIP, ``archive.zip/member.csv``."""
        self.line = line
        """Line of the file, from 1; ``None`` if the error is about no line."""
        self.column = column
        """Field of that line, from 1; ``None`` if the error is about no single field."""

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        column = "" if self.column is None else f", column {self.column}"
        return f"{self.file}{line}{column}: {self.reason}"
