"""`python -m flatstream_conformance`, and the installed command of the same name."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from flatstream_conformance import cli

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line; being terminated ends the testee too, like an interrupt."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A console without Unicode shows an escape, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    cli.main()


def _terminated(number: int, _frame: FrameType | None) -> NoReturn:
    """By raising, every `with` on the way out is left, and so the testee is killed."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
