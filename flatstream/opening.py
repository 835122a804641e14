"""``flatstream.open``: a file by its path, as a reader or a writer that owns it.

For example:

    with flatstream.open("telemetry.bin", "wb", checksum="xxh3_64") as writer:
        writer.write("a message")

With a ``durability``, appending is that of `flatstream.journal`.
"""

from __future__ import annotations

import io
import mmap
import stat
from contextlib import suppress
from itertools import islice
from os import PathLike, fspath, fstat, getpid
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias, TypeVar, overload

from flatstream import locking
from flatstream.deframer import ChecksumDeframer, Deframer, Parser
from flatstream.errors import AppendRefused
from flatstream.feed import READAHEAD, AheadFeed, MemoryFeed
from flatstream.follow import FollowingReader
from flatstream.framer import ChecksumFramer, Framer
from flatstream.index import NO_MARKS, Index, sidecar
from flatstream.journal import JournalWriter, open_journal
from flatstream.reader import StreamReader
from flatstream.recovery import RecoveryEnd, recover_file
from flatstream.remote import is_url, opened
from flatstream.wire import DEFAULT_MAX_FRAME_LEN
from flatstream.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.checksum import Checksum
    from flatstream.commit import Background, Durability, GroupCommit
    from flatstream.policy import MemoryPolicy

__all__ = ["FileReader", "FileWriter", "open_stream"]

StrPath: TypeAlias = str | PathLike[str]
ReadMode: TypeAlias = Literal["r", "rb"]
AppendMode: TypeAlias = Literal["a", "ab", "x", "xb"]
WriteMode: TypeAlias = Literal["w", "wb", "a", "ab", "x", "xb"]
P = TypeVar("P", bytes, memoryview)

_BUFFER_SIZE = 256 * 1024
"""Bytes that a writer gathers before it hands them to the operating system."""


class FileReader(StreamReader[P]):
    """A `StreamReader` that owns the file it reads."""

    _file: BinaryIO
    _index: Index | None
    _whole: memoryview | None
    """All of the file, if it is mapped."""
    _parser_at: Callable[[memoryview | None, int], Parser]

    def seek_frame(self, number: int) -> None:
        """Go to the frame of that number, counted from 0, so that it is read next; one past the last is the end.

        With an index, reading begins at the mark before it, and without one at the first frame. What is wrong with a
        frame that is passed is raised, as by reading it; ``IndexError`` if there are not so many, which leaves the
        reader at the end. Iterators of before are closed with what they read from: take a new one.
        """
        iter(self)  # which a closed reader refuses
        index = self._index if self._index is not None else NO_MARKS
        known, offset = index.locate(number)
        self._parser.close()
        self._parser = self._parser_at(self._whole, offset)
        passed = sum(1 for _ in islice(self, number - known))
        if known + passed < number:
            raise IndexError(f"there are {known + passed} frames, and no frame {number}")

    def close(self) -> None:
        """Stop reading and close the file. Payloads that were borrowed from a mapping stay valid."""
        super().close()
        self._whole = None
        self._file.close()


class FileWriter(StreamWriter):
    """A `StreamWriter` that owns the file it writes."""

    _file: io.BufferedWriter[io.FileIO]
    _locker: int | None = None
    """The process that took the file's lock, if this is an appending writer."""

    def close(self) -> None:
        """Flush and close the file, also if flushing fails, which raises ``StreamIOError``."""
        try:
            super().close()
        finally:
            if self._locker == getpid() and not self._file.closed:
                with suppress(OSError):  # where there are no locks
                    locking.unlock(self._file.fileno())  # which a process forked from this one would keep
            if self._sink.error is not None:
                self._file.raw.close()  # what the buffer still holds belongs to a frame that is lost
            self._file.close()


@overload
def open_stream(
    path: StrPath,
    mode: ReadMode = ...,
    *,
    checksum: str | Checksum = ...,
    max_frame_len: int = ...,
    deframer: Deframer | None = ...,
    copy: Literal[False] = ...,
    mapped: bool = ...,
    index: Index | bool = ...,
) -> FileReader[memoryview]: ...
@overload
def open_stream(
    path: StrPath,
    mode: ReadMode = ...,
    *,
    checksum: str | Checksum = ...,
    max_frame_len: int = ...,
    deframer: Deframer | None = ...,
    copy: Literal[True],
    mapped: bool = ...,
    index: Index | bool = ...,
) -> FileReader[bytes]: ...
@overload
def open_stream(
    path: StrPath,
    mode: ReadMode = ...,
    *,
    checksum: str | Checksum = ...,
    max_frame_len: int = ...,
    deframer: Deframer | None = ...,
    copy: Literal[False] = ...,
    follow: Literal[True],
    timeout: float | None = ...,
) -> FollowingReader[memoryview]: ...
@overload
def open_stream(
    path: StrPath,
    mode: ReadMode = ...,
    *,
    checksum: str | Checksum = ...,
    max_frame_len: int = ...,
    deframer: Deframer | None = ...,
    copy: Literal[True],
    follow: Literal[True],
    timeout: float | None = ...,
) -> FollowingReader[bytes]: ...
@overload
def open_stream(
    path: StrPath,
    mode: WriteMode,
    *,
    checksum: str | Checksum = ...,
    framer: Framer | None = ...,
    policy: MemoryPolicy | None = ...,
) -> FileWriter: ...
@overload
def open_stream(
    path: StrPath,
    mode: AppendMode,
    *,
    checksum: str | Checksum = ...,
    framer: Framer | None = ...,
    policy: MemoryPolicy | None = ...,
    durability: Durability,
    group_commit: GroupCommit | None = ...,
    background: Background | None = ...,
    truncate_torn_tail: bool = ...,
) -> JournalWriter: ...
def open_stream(
    path: StrPath,
    mode: str = "rb",
    *,
    checksum: str | Checksum = "none",
    max_frame_len: int | None = None,
    deframer: Deframer | None = None,
    framer: Framer | None = None,
    copy: bool = False,
    mapped: bool = False,
    index: Index | bool = False,
    follow: bool = False,
    timeout: float | None = None,
    policy: MemoryPolicy | None = None,
    durability: Durability | None = None,
    group_commit: GroupCommit | None = None,
    background: Background | None = None,
    truncate_torn_tail: bool = False,
) -> (
    FileReader[memoryview]
    | FileReader[bytes]
    | FollowingReader[memoryview]
    | FollowingReader[bytes]
    | FileWriter
    | JournalWriter
):
    """Open the stream at ``path``: a reader for mode "rb", a writer for "wb", "xb" (must be new) and "ab" (append).

    ``checksum`` names the algorithm or is one; ``deframer`` or ``framer`` take its place where adapters are wanted. For
    reading, ``path`` may be a URL (`flatstream.remote`), ``max_frame_len`` bounds payloads (bytes), ``copy`` gives
    ``bytes`` instead of views, ``mapped`` reads the file through a memory mapping. Views that are not copied stay
    valid, also after closing. ``index`` (`flatstream.index`; True for the sidecar beside the file) makes seeking quick.
    ``follow`` waits at the end for what is written later, and goes on when the file is replaced, as `flatstream.follow`
    says; ``timeout`` is the longest wait for a frame, in seconds. For writing, ``policy`` governs the builder of the
    simple mode.

    Appending takes the file's lock, where there are locks, and scans it first, with the same checksum:
    ``JournalLocked`` if another appending writer has it, ``AppendRefused`` if it ends in a torn tail, and whatever
    corruption the scan finds.

    ``durability`` ("none", "flush" or "fsync") makes a journal of what mode "ab" or "xb" opens, with a
    `flatstream.JournalWriter` that says what survives a crash; ``group_commit`` (a `flatstream.GroupCommit`),
    ``background`` (a `flatstream.Background`) and ``truncate_torn_tail`` (cut it off, instead of ``AppendRefused``) are
    for it alone.

    ``OSError`` if the file cannot be opened; ``IndexStale`` or ``IndexInvalid`` for an index that is not its own;
    ``ValueError`` for a mode or a combination of arguments that makes no sense.
    """
    plain = mode.replace("b", "", 1)
    if plain not in {"r", "w", "a", "x"}:
        raise ValueError(f"mode must be 'rb', 'wb', 'xb' or 'ab', not {mode!r}")
    if durability is None and (group_commit is not None or background is not None or truncate_torn_tail):
        raise ValueError("group_commit, background and truncate_torn_tail are for a journal: say its durability")
    if durability is not None and plain not in {"a", "x"}:
        raise ValueError(f"durability is for a journal, which is opened with mode 'ab' or 'xb', not {mode!r}")
    if plain == "r":
        if framer is not None or policy is not None:
            raise ValueError("framer and policy are for writing")
        if deframer is None:
            limit = DEFAULT_MAX_FRAME_LEN if max_frame_len is None else max_frame_len
            deframer = ChecksumDeframer(checksum, limit)
        elif checksum != "none" or max_frame_len is not None:
            raise ValueError("a deframer has its own checksum and bound")
        if follow:
            if mapped or index is not False or is_url(path):
                raise ValueError("what is followed is a file that is neither mapped nor indexed")
            return FollowingReader(path, deframer, copy=copy, timeout=timeout)
        if timeout is not None:
            raise ValueError("timeout is for following")
        if mapped and is_url(path):
            raise ValueError("only a file can be mapped")
        return _reader(path, deframer, _index_of(path, deframer, index), copy=copy, mapped=mapped)
    if deframer is not None or max_frame_len is not None or copy or mapped or follow or timeout is not None:
        raise ValueError("deframer, max_frame_len, copy, mapped, follow and timeout are for reading")
    if index is not False or is_url(path):
        raise ValueError("what is at a URL, or indexed, is only read")
    if framer is not None and checksum != "none":
        raise ValueError("a framer has its own checksum")
    if framer is not None and plain == "a":
        raise ValueError("appending scans the file by its checksum: give that, not a framer")
    framer, deframer = framer or ChecksumFramer(checksum), ChecksumDeframer(checksum)
    if durability is None:
        return _writer(path, plain, framer, deframer, policy)
    return open_journal(
        path,
        framer,
        deframer,
        durability=durability,
        group_commit=group_commit,
        background=background,
        truncate_torn_tail=truncate_torn_tail,
        new=plain == "x",
        policy=policy,
    )


def _index_of(path: StrPath, deframer: Deframer, index: Index | bool) -> Index | None:  # noqa: FBT001  (or an index)
    """The index that is to be used, once it is seen to be that of the file."""
    if index is False:
        return None
    if index is True:
        index = Index.load(sidecar(path))
    return index.fitting(path, deframer.checksum.name)


def _reader(
    path: StrPath, deframer: Deframer, index: Index | None, *, copy: bool, mapped: bool
) -> FileReader[memoryview] | FileReader[bytes]:
    file = opened(path)  # which the reader owns; it is not buffered, since the reader reads ahead itself
    whole = None
    try:
        reader: FileReader[memoryview] | FileReader[bytes]
        if mapped:
            # The mapping is never closed by hand: it goes with the last view, so that closing breaks no payload.
            empty = fstat(file.fileno()).st_size == 0
            source = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            reader = FileReader(source, deframer, copy=copy)
            whole = memoryview(source)
        else:
            reader = FileReader(file, deframer, copy=copy, readahead=READAHEAD)
    except BaseException:
        file.close()
        raise

    def parser_at(whole: memoryview | None, offset: int) -> Parser:
        if whole is not None:
            return Parser(deframer, MemoryFeed(), whole[offset:], offset, copy=copy)
        file.seek(offset)
        return Parser(deframer, AheadFeed(file, READAHEAD, borrow=not copy), offset=offset)

    # Its own factory:
    reader._file, reader._index, reader._whole, reader._parser_at = file, index, whole, parser_at  # noqa: SLF001
    return reader


def _writer(path: StrPath, mode: str, framer: Framer, deframer: Deframer, policy: MemoryPolicy | None) -> FileWriter:
    StreamWriter(bytearray(), framer, policy=policy)  # raises for a wrong one of these before it costs a file's content
    # Opened as it is, and not by Path.open, whose type says less for a mode that varies.
    raw = io.FileIO(path, mode)
    try:
        offset = _end_of_frames(raw, path, deframer) if mode == "a" else 0
    except BaseException:
        raw.close()
        raise
    file = io.BufferedWriter(raw, _BUFFER_SIZE)
    writer = FileWriter(file, framer, policy=policy, offset=offset)
    writer._file = file  # noqa: SLF001  (its own factory)
    if mode == "a":
        writer._locker = getpid()  # noqa: SLF001
    return writer


def _end_of_frames(file: io.FileIO, path: StrPath, deframer: Deframer) -> int:
    """Where to append, once nobody else does. Where a file system has no locks, a plain writer does without."""
    if not stat.S_ISREG(fstat(file.fileno()).st_mode):
        return 0  # a pipe or a device keeps nothing that could be scanned
    locking.claim_if_possible(file.fileno(), fspath(path))
    report = recover_file(path, deframer)
    if report.end is RecoveryEnd.TORN_TAIL:
        raise AppendRefused(report.last_good_offset, report.size)
    return report.last_good_offset
