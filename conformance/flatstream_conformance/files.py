"""Writing result files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from flatstream_conformance.errors import ConformanceError


def write_atomically(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, through a file beside `path` that then takes its place.

    A device or a pipe is written to as it is: it could only be destroyed by being replaced. Raises
    ConformanceError if the file cannot be written; nothing is left behind then.
    """
    temporary: Path | None = None
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        _give_usual_mode(temporary)
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        if isinstance(error, OSError):
            raise ConformanceError(f"{path} cannot be written: {error}") from error
        raise


def refuse_unwritable(path: Path) -> None:
    """Raise ConformanceError if `path` cannot be a result file: better known before a long run than after."""
    if path.is_dir():
        raise ConformanceError(f"{path} is a folder")
    if not path.absolute().parent.is_dir():
        raise ConformanceError(f"there is no folder {path.parent}")


def _give_usual_mode(path: Path) -> None:
    """A temporary file is private to its owner; a result is as readable as any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
