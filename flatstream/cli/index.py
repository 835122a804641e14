"""``flatstream index``: a sidecar by which readers seek, and by which the work on a file is shared out."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click
from click.core import ParameterSource
from rich.text import Text

from flatstream.cli import options
from flatstream.cli.guess import chosen
from flatstream.cli.screen import console, describe_os_error, emit, note, plural, printable, size
from flatstream.cli.source import LARGE, opened, progress_bar
from flatstream.cli.survey import fault
from flatstream.cli.whole import refuse_source
from flatstream.errors import ChecksumMismatch, FlatStreamError, IndexInvalid, IndexStale, InvalidFrame, StreamIOError
from flatstream.index import STEP, Index, build_index, replaceable, sidecar

if TYPE_CHECKING:
    from flatstream.cli.source import Url

__all__ = ["index_command"]


@dataclass(frozen=True, slots=True)
class _State:
    """How a sidecar and its file stand to each other."""

    name: str
    index: Index | None = None
    rest: int = 0
    """Bytes of the file behind those that the index knows."""
    reason: str | None = None
    error: FlatStreamError | None = None

    @property
    def good(self) -> bool:
        return self.index is not None

    def as_json(self) -> dict[str, object]:
        index = self.index
        return {
            "state": self.name,
            "reason": self.reason,
            "checksum": index and index.checksum,
            "frames": index and index.frames,
            "marks": index and len(index.marks),
            "end": index and index.end,
            "rest": self.rest if index else None,
            "error": fault(self.error),
        }

    def as_text(self, path: Path | Url) -> Text:
        told = Text.assemble((self.name, "bold green" if self.good else "bold red"), f"  {printable(path)}")
        if self.index is not None:
            told.append(f": {plural(self.index.frames, 'frame')}, {size(self.index.end)}")
            told.append(f" ({self.index.checksum}, {plural(len(self.index.marks), 'mark')})", "dim")
        if self.reason is not None:
            told.append(f"\n      {printable(self.reason)}", "dim")
        if self.rest:
            told.append(f"\n      {size(self.rest)} behind its end are not in it", "dim")
        return told


@click.command("index", short_help="Write a sidecar for seeking and sharing out.")
@options.places
@options.checksum
@options.max_frame_len
@click.option(
    "--step",
    type=click.IntRange(1),
    default=STEP,
    metavar="BYTES",
    show_default=True,
    help="Bytes from one mark to the next, at least.",
)
@click.option("--out", type=options.path, metavar="FILE", help="The sidecar of a single FILE  [default: FILE.fsindex]")
@click.option("--rebuild", is_flag=True, help="Read all again, whatever a sidecar says.")
@click.option("--check", is_flag=True, help="Only say whether the sidecar is that of FILE.")
@options.as_json
def index_command(
    *,
    paths: tuple[Path | Url, ...],
    checksum: str | None,
    max_frame_len: int,
    step: int,
    out: Path | None,
    rebuild: bool,
    check: bool,
    as_json: bool,
) -> int:
    """Read every frame of each FILE, and write into a sidecar where some of them begin.

    A sidecar that was made with another --checksum, --step or --max-frame-len than the one that is given is made anew.

    A sidecar that is there is extended by what was appended to FILE since, or made anew if it is stale: not that of
    FILE, or of what FILE was before it was changed. A torn tail is left out. A FILE that is corrupt gets no sidecar. A
    FILE may be a URL; --out says where its sidecar goes. Only an index, whole or damaged, is ever replaced.

    \b
    Examples:
      flatstream index --checksum crc32 day1.bin day2.bin
      flatstream index --check day1.bin

    Keys of --json: files. Of each file: file, index (path), state (built, extended, current; with --check current,
    grown, stale or missing; refused if corrupt), reason (null, or why it is stale, or was made anew), checksum, frames,
    marks, end, rest (bytes behind the end), error (null, or kind, offset, message and the facts of the kind); of an
    unreadable one: file, index, state, reason.

    Exit status: 0 good; 1 a FILE is corrupt, or with --check a sidecar is stale or missing; 2 a FILE cannot be read, or
    a sidecar not be written.
    """
    if out is not None and len(paths) > 1:
        raise click.UsageError("--out is for a single FILE")
    if out is None and not all(isinstance(path, Path) for path in paths):
        raise click.UsageError("say with --out where the index of a URL goes")
    asked = checksum, _given("max_frame_len", max_frame_len), _given("step", step)
    screen = console()
    records: list[dict[str, object]] = []
    status = 0
    for path in paths:
        target = Path(sidecar(path)) if out is None else out
        record: dict[str, object] = {"file": str(path), "index": str(target)}
        records.append(record)
        try:
            if not check:
                _refuse(path, target)
            state = _found(path, target)
            if not check:
                state = _agreeing(state, *asked)
                state = _made(
                    path, target, state, checksum=checksum, max_frame_len=max_frame_len, step=step, again=rebuild
                )
        except (OSError, StreamIOError) as error:
            reason = describe_os_error(error) if isinstance(error, OSError) else printable(str(error))
            note(f"error: {reason}")
            record |= {"state": "unreadable", "reason": reason}
            status = 2
            continue
        record |= state.as_json()
        status = max(status, 0 if state.good else 1)
        if not as_json:
            screen.print(state.as_text(path), soft_wrap=True)
    if as_json:
        emit({"files": records})
    return status


def _refuse(path: Path | Url, target: Path) -> None:
    """See that nothing is lost by writing the sidecar: neither the file that it is of, nor any other that is no index.

    ``UsageError`` or ``OSError`` if something would be.
    """
    if isinstance(path, Path):
        refuse_source(target, path)
    if not replaceable(target):
        raise FileExistsError(errno.EEXIST, "it is there already, is no index, and is not replaced", str(target))


def _found(path: Path | Url, target: Path) -> _State:
    """What the sidecar that is there is worth."""
    with opened(path) as (file, _):
        try:
            index = Index.load(target)
            rest = index.check(cast("BinaryIO", file))
        except FileNotFoundError:
            return _State("missing")
        except (IndexInvalid, IndexStale) as error:
            return _State("stale", reason=str(error))
    return _State("grown" if rest else "current", index, rest)


def _given(name: str, value: int) -> int | None:
    """The value of an option, if it is not the default."""
    source = click.get_current_context().get_parameter_source(name)
    return None if source is ParameterSource.DEFAULT else value


def _agreeing(found: _State, checksum: str | None, max_frame_len: int | None, step: int | None) -> _State:
    """The same; stale if the index is not as it was asked for."""
    index = found.index
    if index is None:
        return found
    reason = None
    if checksum not in {None, index.checksum}:
        reason = f"the index is of a stream of {index.checksum}, not {checksum}"
    elif max_frame_len not in {None, index.max_frame_len}:
        reason = f"the index is of payloads of up to {index.max_frame_len} bytes, not {max_frame_len}"
    elif step is not None and not index.has_step(step):
        reason = f"the index has a mark each {index.step} bytes, not {step}"
    return found if reason is None else _State("stale", reason=reason)


def _made(
    path: Path | Url, target: Path, found: _State, *, checksum: str | None, max_frame_len: int, step: int, again: bool
) -> _State:
    """The index as it should be, written if it was not there."""
    known = None if again else found.index
    if known is not None and not found.rest:
        return found
    with opened(path) as (raw, length), progress_bar(f"indexing {path.name}", length, large=LARGE) as advance:
        file = cast("BinaryIO", raw)

        def progress(done: int) -> None:
            if advance is not None:
                advance(done, length)

        try:
            if known is not None:
                index = known.extended(file, progress)
            else:
                name, guessed = chosen(path, checksum)
                if guessed is not None:
                    note(f"note: {printable(path)} taken for {name} ({guessed.sure}: {guessed.reason})")
                index = build_index(file, name, max_frame_len, step=step, progress=progress)
        except (ChecksumMismatch, InvalidFrame) as error:
            return _State("refused", reason=str(error), error=error)
    index.save(target, like=path if isinstance(path, Path) else None)
    return _State("built" if known is None else "extended", index, max(length - index.end, 0), found.reason)
