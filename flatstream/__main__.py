"""``python -m flatstream``, and the installed command of the same name."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line and leave with its exit status; 2 if what it needs is not installed."""
    try:
        from flatstream.cli.app import cli  # noqa: PLC0415  (so that one clear line can be said without click)
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write("flatstream: error: the command line needs: pip install 'flatstream[cli]'\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode shows an escape, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    cli.main()


if __name__ == "__main__":
    main()
