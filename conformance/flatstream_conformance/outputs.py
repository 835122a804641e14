"""The files that a run is rendered into, all of them from the same records."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flatstream_conformance import badge, files, junit, page, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flatstream_conformance.records import Records
    from flatstream_conformance.suite import Suite

STDOUT = "-"
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=str)

json_option = click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Records to write; - is stdout.")
junit_option = click.option("--junit", "junit_file", type=_FILE, metavar="FILE", help="JUnit XML to write.")
html_option = click.option("--html", "html_file", type=_FILE, metavar="FILE", help="Page for a browser to write.")
badge_option = click.option("--badge", "badge_file", type=_FILE, metavar="FILE", help="SVG badge to write.")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where each rendering goes: a path, `-` for stdout, or None for not at all."""

    json_file: str | None = None
    junit_file: str | None = None
    html_file: str | None = None
    badge_file: str | None = None

    @property
    def takes_stdout(self) -> bool:
        """Whether stdout is taken, so that the report for a person goes to stderr."""
        return STDOUT in self._named()

    def check(self) -> None:
        """Refuse what cannot be written: before a long run, not after. Raises ConformanceError or UsageError."""
        named = list(self._named())
        if named.count(STDOUT) > 1:
            raise click.UsageError("only one of --json, --junit, --html and --badge can be written to stdout")
        for file in named:
            if file != STDOUT:
                files.refuse_unwritable(Path(file))

    def write(self, runs: Sequence[Records], suite: Suite) -> None:
        """Write them all, the records first: nothing that goes wrong later may cost these.

        The page shows any number of runs; the other files are of the only one.
        """
        if self.json_file is not None:
            _write(self.json_file, records.dump(runs[0]))
        if self.junit_file is not None:
            _write(self.junit_file, junit.render(runs[0]))
        if self.badge_file is not None:
            _write(self.badge_file, badge.render(runs[0]))
        if self.html_file is not None:
            _write(self.html_file, page.render(runs, suite))

    def _named(self) -> Iterator[str]:
        for file in (self.json_file, self.junit_file, self.html_file, self.badge_file):
            if file is not None:
                yield file


def _write(file: str, text: str) -> None:
    if file == STDOUT:
        # Bytes, since a record is UTF-8 whatever the console's encoding is.
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
    else:
        files.write_atomically(Path(file), text)
