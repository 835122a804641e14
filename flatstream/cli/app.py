"""The group of all commands, and what becomes of their errors: one line and an exit status, never a traceback."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

import flatstream
from flatstream.cli.cat import cat_command
from flatstream.cli.convert import convert_command
from flatstream.cli.doctor import doctor_command
from flatstream.cli.durability import durability_command
from flatstream.cli.ingest import ingest_table_command
from flatstream.cli.inspect import inspect_command
from flatstream.cli.lobster import ingest_command, sample_command
from flatstream.cli.recover import recover_command
from flatstream.cli.screen import abandon_stdout, describe_os_error, note, printable
from flatstream.cli.verify import verify_command
from flatstream.errors import FlatStreamError
from flatstream.lobster.errors import LobsterError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cli"]

UNUSABLE = 2
"""Wrong usage, or a file that cannot be read or written."""
INTERRUPTED = 130
"""As shells report a program that Ctrl-C ended."""
CLOSED_PIPE = 141
"""As shells report a program whose reader went away."""


class _Commands(click.Group):
    """A group whose commands return their exit status."""

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run one command and leave with its status."""
        settings.update(standalone_mode=False, prog_name="flatstream")
        try:
            status = super().main(*args, **settings) or 0
        except click.Abort:
            note("interrupted")
            status = INTERRUPTED
        except click.UsageError as error:
            note(f"error: {_usage(error)}")
            status = UNUSABLE
        except click.ClickException as error:
            note(f"error: {error.format_message()}")
            status = UNUSABLE
        sys.exit(status)

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        """Parse; --help and --version print already here."""
        with _said_in_a_line():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one command."""
        with _said_in_a_line():
            status = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return status


@contextmanager
def _said_in_a_line() -> Iterator[None]:
    """What went wrong becomes an exception of click's, before click can say it in its own way."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.Abort from None
    except BrokenPipeError:
        abandon_stdout()
        raise click.exceptions.Exit(CLOSED_PIPE) from None
    except OSError as error:
        abandon_stdout()
        raise click.ClickException(describe_os_error(error)) from error
    except (FlatStreamError, LobsterError) as error:
        raise click.ClickException(printable(str(error))) from error
    except MemoryError as error:
        raise click.ClickException("not enough memory for a frame of this size") from error


def _usage(error: click.UsageError) -> str:
    command = "flatstream" if error.ctx is None else error.ctx.command_path
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{printable(message)} (see '{command} --help')"


@click.group(
    cls=_Commands,
    no_args_is_help=False,  # which would be a page where a line is promised
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 good; 1 the data is torn, corrupt or refused; 2 wrong usage, or a file that cannot be read "
    "or written; 130 interrupted; 141 the reader of the output went away.",
)
@click.version_option(flatstream.__version__, "-V", "--version", message="flatstream %(version)s")
def cli() -> None:
    """FlatStream: framed FlatBuffers streams. Look at files, check them, repair their ends."""


for command in (
    inspect_command,
    cat_command,
    verify_command,
    recover_command,
    convert_command,
    ingest_table_command,
    ingest_command,
    sample_command,
    durability_command,
    doctor_command,
):
    cli.add_command(command)
