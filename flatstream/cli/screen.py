"""What goes to the terminal: text that cannot steer it, sizes, tables, JSON."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import RenderableType

__all__ = [
    "abandon_stdout",
    "binary_stdout",
    "can_ask",
    "console",
    "describe_os_error",
    "emit",
    "facts",
    "inert_json",
    "note",
    "offset",
    "plural",
    "printable",
    "show",
    "size",
    "stderr_is_terminal",
]

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def printable(text: str | os.PathLike[str]) -> str:
    r"""``text`` with escapes in place of what a terminal would act on or could not show.

    Bytes that were decoded with ``surrogateescape`` appear as ``\xNN``. Backslashes stay, as paths have them.
    """
    text = os.fspath(text)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


class _Console(Console):
    """Rich ends the program with status 1 when a pipe is closed; the command has its own way."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal (or ``COLUMNS``), which marks up nothing by itself."""
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)


def show(renderable: RenderableType) -> None:
    """Print on stdout, without the spaces with which tables fill their lines."""
    out = console()
    with out.capture() as lines:
        out.print(renderable)
    out.file.write("".join(f"{line.rstrip(' ')}\n" for line in lines.get().splitlines()))


def stderr_is_terminal() -> bool:
    """Whether a person may be watching."""
    return sys.stderr is not None and sys.stderr.isatty()


def can_ask() -> bool:
    """Whether a question would reach a person, and the answer come back."""
    return sys.stdin is not None and sys.stdin.isatty() and stderr_is_terminal()


def describe_os_error(error: OSError) -> str:
    """What the system refused, and for which file."""
    reason = error.strerror or str(error) or type(error).__name__
    return printable(reason if error.filename is None else f"{os.fsdecode(error.filename)}: {reason}")


def emit(result: Mapping[str, object]) -> None:
    """One JSON object on stdout."""
    click.echo(inert_json(json.dumps(result, indent=2)))


def inert_json(text: str) -> str:
    """The same JSON, with escapes for what a terminal would act on or could not show, but for ends of lines.

    `json.dumps` leaves DEL as it is, and, if it is to keep letters readable, all that is not ASCII: U+009B, with which
    sequences of control begin, and marks that turn the direction of text around.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _json_escaped(char) for char in text)


def _json_escaped(char: str) -> str:
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def binary_stdout() -> BinaryIO:
    """Stdout for bytes. ``OSError`` if the command was started with a closed one."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed")
    return sys.stdout.buffer


def note(text: str) -> None:
    """One line on stderr, beside the result, whatever names of files or schemas are in it."""
    click.echo(f"flatstream: {printable(text)}", err=True)


def plural(count: int, noun: str) -> str:
    """``1 frame``, ``2,000 frames``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """Bytes, exactly, and readably where that differs: ``36,000 bytes (35.2 KiB)``."""
    exact = plural(count, "byte")
    if count < 1024:
        return exact
    power = min((count.bit_length() - 1) // 10, len(_UNITS))
    return f"{exact} ({count / 1024**power:.1f} {_UNITS[power - 1]})"


def offset(position: int) -> str:
    """A place in a file."""
    return f"offset {position:,}"


def facts(rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and values in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), value if isinstance(value, Text) else Text(value))
    return table


def abandon_stdout() -> None:
    """If stdout cannot take what is still buffered, let that go nowhere: Python would complain while it exits."""
    try:
        sys.stdout.flush()
    except AttributeError:  # there is none at all
        return
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):  # a stdout that is no file of the system's
            os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
