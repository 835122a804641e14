"""One of the mutants or liars as a testee.

python -m flatstream_conformance.mutants NAME
"""

from __future__ import annotations

import difflib
import json
import sys
from typing import TYPE_CHECKING, Any

from flatstream_conformance.errors import EXIT_USAGE
from flatstream_conformance.mutants.base import BASE
from flatstream_conformance.mutants.catalogue import MUTANTS
from flatstream_conformance.mutants.liars import LIARS, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PROGRAM = "python -m flatstream_conformance.mutants"


def main(arguments: Sequence[str]) -> int:
    """Answer each line of standard input, as the named one does; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write(f"usage: {PROGRAM} NAME\n")
        return EXIT_USAGE
    (name,) = arguments
    mutants = {mutant.name: mutant for mutant in MUTANTS}
    if name in LIARS:
        _converse(LIARS[name].lines)
        return LIARS[name].goodbye
    if name != BASE.name and name not in mutants:
        close = difflib.get_close_matches(name, [BASE.name, *mutants, *LIARS], n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        sys.stderr.write(f"{PROGRAM}: there is no {name}{hint}\n")
        return EXIT_USAGE
    implementation = BASE if name == BASE.name else mutants[name].implementation()
    _converse(lambda request: [line(implementation.answer(request))])
    return 0


def _converse(lines: Callable[[dict[str, Any]], Iterable[bytes]]) -> None:
    for text in sys.stdin.buffer:
        for each in lines(json.loads(text)):
            sys.stdout.buffer.write(each)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
