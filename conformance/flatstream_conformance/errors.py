"""What can go wrong outside of the verdicts, with the exit status that belongs to it."""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_TESTEE = 3
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141


class ConformanceError(Exception):
    """One clear line for a person; `exit_status` is the status of the command that it ends."""

    exit_status: ClassVar[int] = EXIT_USAGE


class VectorsError(ConformanceError):
    """The vectors cannot be read, or are not those that the manifest names."""


class KnownFailuresError(ConformanceError):
    """The file of known failures is not in its format."""


class CatalogueError(ConformanceError):
    """There are no testees where they were looked for, or a `testee.toml` is not in its format."""


class RecordsError(ConformanceError):
    """A file of records is broken, or has no footer."""


class UnusableTesteeError(ConformanceError):
    """The testee cannot be started, does not come up, or speaks another protocol."""

    exit_status: ClassVar[int] = EXIT_NO_TESTEE
