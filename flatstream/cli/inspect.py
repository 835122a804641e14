"""``flatstream inspect``: what is in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click
from rich.table import Table
from rich.text import Text

from flatstream.checksum import BUILT_IN
from flatstream.cli import options
from flatstream.cli.guess import Guess, chosen
from flatstream.cli.screen import console, emit, facts, offset, plural, printable, show, size
from flatstream.cli.sizes import Sizes
from flatstream.cli.survey import Survey, fault, survey
from flatstream.deframer import ChecksumDeframer
from flatstream.wire import LENGTH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flatstream.cli.source import Url

__all__ = ["inspect_command"]

_BAR: Final = 30
"""Characters of the longest bar."""
_BLOCKS: Final = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
"""Blocks of 0 to 8 eighths of a character."""


@click.command("inspect", short_help="Frames, sizes and the end of a file.")
@options.place
@options.checksum
@options.max_frame_len
@options.as_json
def inspect_command(*, path: Path | Url, checksum: str | None, max_frame_len: int, as_json: bool) -> int:
    """Show what is in FILE: frames, payload sizes, and how it ends.

    A stream does not say which checksum it has. Without --checksum the start of FILE is read under each of the four
    algorithms, and the likeliest is taken.

    \b
    Example:
      flatstream inspect telemetry.bin

    Keys of --json: file, size, checksum, guess (null, or sure, reason, also_fit, verified_frames, tried_frames),
    frames, payload_bytes, overhead_bytes, payload_min, payload_median, payload_max, histogram (from, to, frames),
    bad_frames, end (clean_eof, torn_tail, corrupt), end_offset, tail_bytes, empty_tail, error (null, or kind, offset,
    message and the facts of the kind).

    Exit status: 0 every frame is good; 1 the file is torn or corrupt; 2 it cannot be read.
    """
    name, guessed = chosen(path, checksum)
    found, length = survey(path, ChecksumDeframer(name, max_frame_len), keep_going=True)
    view = _View(path, length, name, guessed, found, Sizes(found.payload_sizes))
    if as_json:
        emit(view.as_json())
    else:
        show(Text(printable(path), style="bold"))
        show(facts(view.rows()))
        if found.frames:
            show(_histogram(view.sizes, ascii_only=console().options.ascii_only))
    return 0 if found.good else 1


@dataclass(frozen=True, slots=True)
class _View:
    """What is shown of a file."""

    path: Path | Url
    length: int
    name: str
    guessed: Guess | None
    found: Survey
    sizes: Sizes

    @property
    def header(self) -> int:
        """Bytes in front of each payload."""
        return LENGTH_SIZE + BUILT_IN[self.name].width

    def as_json(self) -> dict[str, object]:
        found, sizes = self.found, self.sizes
        least, median, largest = sizes.summary() or (None, None, None)
        return {
            "file": str(self.path),
            "size": self.length,
            "checksum": self.name,
            "guess": self.guessed and self.guessed.as_json(),
            "frames": found.frames,
            "payload_bytes": sizes.total,
            "overhead_bytes": found.frames * self.header,
            "payload_min": least,
            "payload_median": median,
            "payload_max": largest,
            "histogram": [{"from": low, "to": high, "frames": count} for low, high, count in sizes.histogram()],
            "bad_frames": found.bad_frames,
            "end": found.end,
            "end_offset": found.end_offset,
            "tail_bytes": self.length - found.end_offset,
            "empty_tail": found.empty_tail,
            "error": fault(found.first_fault),
        }

    def rows(self) -> Iterator[tuple[str, str | Text]]:
        """Names and values, without the histogram."""
        found, sizes = self.found, self.sizes
        yield "size", size(self.length)
        yield "checksum", _checksum(self.name, self.guessed)
        yield "frames", f"{found.frames:,}"
        summary = sizes.summary()
        if summary is not None:
            least, median, largest = summary
            yield "payload", f"{size(sizes.total)}, {sizes.total / self.length:.1%} of the file"
            yield "overhead", f"{size(found.frames * self.header)}, {self.header} for each frame"
            yield "payload sizes", f"least {least:,}, median {median:,.10g}, largest {largest:,} bytes"
        if found.bad_frames and found.first_fault is not None:
            yield "bad frames", Text(f"{found.bad_frames:,}; the first: {found.first_fault}", style="red")
        if found.empty_tail:
            yield "empty tail", f"{plural(found.empty_tail, 'empty frame')} at the end"
        yield "end", self._end()

    def _end(self) -> Text:
        found = self.found
        place = offset(found.end_offset)
        if found.end == "clean_eof":
            return Text(f"clean, at {place}", style="green")
        why = "" if found.bad_frames or found.first_fault is None else f": {found.first_fault.describe()}"
        tail = plural(self.length - found.end_offset, "byte")
        word = "torn" if found.end == "torn_tail" else "corrupt"
        return Text(f"{word}, {tail} from {place} on{why}", style="red")


def _checksum(name: str, guessed: Guess | None) -> Text:
    if guessed is None:
        return Text(name)
    text = Text.assemble(name, (f"  guessed, {guessed.sure}: ", "yellow"), guessed.reason)
    if guessed.also_fit:
        text.append(f"; {', '.join(guessed.also_fit)} would also fit")
    return text


def _histogram(sizes: Sizes, *, ascii_only: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title_justify="left", pad_edge=False)
    table.add_column("\npayload bytes", justify="right", no_wrap=True)
    table.add_column("\nframes", justify="right", no_wrap=True)
    table.add_column("\nshare", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    classes = sizes.histogram()
    highest = max(count for _, _, count in classes)
    for low, high, count in classes:
        span = f"{low:,}" if low == high else f"{low:,} - {high:,}"
        table.add_row(
            span, f"{count:,}", f"{count / sizes.frames:.1%}", Text(_bar(count / highest, ascii_only), "cyan")
        )
    return table


def _bar(share: float, ascii_only: bool) -> str:  # noqa: FBT001  (private, and called once)
    """A bar of at most `_BAR` characters; something, however little, is never nothing."""
    if ascii_only:
        return "#" * max(round(share * _BAR), share > 0)
    eighths = max(round(share * _BAR * 8), share > 0)
    return _BLOCKS[8] * (eighths // 8) + _BLOCKS[eighths % 8].strip()
