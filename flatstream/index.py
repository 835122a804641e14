"""An index: where some of the frames of a journal begin, so that a reader can seek, and many can share the work.

    index = build_index("telemetry.bin", checksum="crc32")
    index.save("telemetry.bin.fsindex")
    with flatstream.open("telemetry.bin", checksum="crc32", index=True) as reader:
        reader.seek_frame(1_000_000)

It holds a *mark* for the first frame of about each MiB, and is kept small whatever the journal's size: at `MARKS` marks
every other one goes, and they stand twice as far apart. What lies between two marks is read to find a frame there.

The sidecar, ``FILE.fsindex``, is itself a stream of frames with ``xxh3_64``, integers little-endian:

| frame       | payload                                                                                          |
|-------------|--------------------------------------------------------------------------------------------------|
| the first   | ``FSINDEX`` and the byte 1; step u64 (bytes between marks), frames u64, end u64 (one past the    |
|             | last whole frame), seal u64 (XXH3-64 of the up to 64 bytes before the end), number of marks u64, |
|             | max_frame_len u64; the name of the checksum in ASCII, to the payload's end                       |
| each other  | up to 4096 marks, each frame u64 (its number, from 0), offset u64, seal u64 (XXH3-64 of the up   |
|             | to 64 first bytes of the frame)                                                                  |

Numbers and offsets rise, and the first mark, of a journal that is not empty, is that of frame 0 at offset 0. An index
is *stale* when the journal is shorter than its end, or other bytes than the sealed ones stand where the index says. A
journal that was appended to has not made it stale: it is true of the part that it knows, and can be extended.
"""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

import xxhash

from flatstream import remote
from flatstream.batch import frame_many
from flatstream.checksum import BUILT_IN, by_name
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import FlatStreamError, IndexInvalid, IndexStale, StreamIOError, UnexpectedEof
from flatstream.reader import StreamReader
from flatstream.whole import written_whole
from flatstream.windows import windows
from flatstream.wire import DEFAULT_MAX_FRAME_LEN, LENGTH_FIELD, LENGTH_SIZE, limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flatstream.checksum import Checksum
    from flatstream.windows import Window

__all__ = ["Index", "Mark", "Part", "build_index", "check_mark", "replaceable", "sidecar"]

Place: TypeAlias = str | os.PathLike[str]
"""Path or URL."""

SUFFIX: Final = ".fsindex"
"""What a sidecar's name has behind that of its journal."""

STEP: Final = 2**20
"""Bytes from one mark to the next, at least, unless told otherwise."""

MARKS: Final = 2**16
"""An index has fewer marks than this: 24 bytes each."""

SEALED: Final = 64
"""Bytes that a seal is about, at most."""

CHECKED: Final = 8
"""Marks whose seals are looked at before an index is used."""

_MAGIC: Final = b"FSINDEX\x01"
_HEAD: Final = struct.Struct("<8sQQQQQQ")
_MARK: Final = struct.Struct("<QQQ")
_CHUNK: Final = 4096
"""Marks in a frame of the sidecar."""
_FRAMES: Final = 2 + MARKS // _CHUNK
"""More frames than a sidecar has."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a frame begins."""

    frame: int
    """Its number, from 0."""
    offset: int
    """Absolute offset in bytes."""
    seal: int
    """XXH3-64 of its first 64 bytes, or of all of them if they are fewer."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some frames of a journal, one behind the other."""

    start: int
    """Absolute offset in bytes of the first one."""
    stop: int
    """Absolute offset one past the last one."""
    first: int
    """Number of the first one."""
    frames: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class Index:
    """Where frames begin in the first ``end`` bytes of a journal, all of which were whole and good."""

    checksum: str
    """Name of the journal's algorithm."""
    max_frame_len: int
    """Bound on payloads, in bytes, by which it was read."""
    step: int
    """Bytes from one mark to the next, at least."""
    frames: int
    """How many whole frames there are."""
    end: int
    """Absolute offset in bytes one past the last of them."""
    seal: int
    """XXH3-64 of the up to 64 bytes before ``end``."""
    marks: tuple[Mark, ...] = field(repr=False)

    def locate(self, number: int) -> tuple[int, int]:
        """Number and offset of the last mark at or before that frame; of the end, if the frame is not known yet.

        ``ValueError`` for a negative number.
        """
        if number < 0:
            raise ValueError(f"frames are counted from 0, and {number} is below that")
        if number >= self.frames:
            return self.frames, self.end
        mark = self.marks[bisect_right(self.marks, number, key=lambda mark: mark.frame) - 1]
        return mark.frame, mark.offset

    def parts(self, count: int) -> list[Part]:
        """The journal in up to ``count`` parts of about the same number of bytes: fewer if there are fewer marks."""
        if count < 1:
            raise ValueError(f"there is at least 1 part, not {count}")
        wanted = (self.end * number // count for number in range(1, count))
        found = {bisect_left(self.marks, offset, key=lambda mark: mark.offset) for offset in wanted}
        marks = [self.marks[at] for at in sorted(found | {0}) if at < len(self.marks)]
        cuts = [*((mark.offset, mark.frame) for mark in marks), (self.end, self.frames)]
        return [Part(start, stop, first, behind - first) for (start, first), (stop, behind) in pairwise(cuts)]

    def has_step(self, step: int) -> bool:
        """Whether one that was asked for such a step is like this one: marks of a large journal stand further apart."""
        ratio, rest = divmod(self.step, step)
        thinned_out = len(self.marks) >= MARKS // 2 and not rest and ratio.bit_count() == 1
        return self.step == step or thinned_out

    def fitting(self, journal: Place, checksum: str) -> Index:
        """The same, once it is seen to be that of a journal with this checksum; ``ValueError`` for another one.

        Raises what `check` does.
        """
        if self.checksum != checksum:
            raise ValueError(f"{os.fspath(journal)}: the index is of a stream of {self.checksum}, not {checksum}")
        self.check(journal)
        return self

    def check(self, journal: Place | BinaryIO) -> int:
        """See that this is the index of that journal; how many bytes of the journal stand behind those that it knows.

        ``IndexStale`` if it is not, as far as the size, the end, and up to 8 marks tell. ``OSError`` or
        ``StreamIOError`` if the journal cannot be read. An open file is left with its cursor anywhere.
        """
        with _opened(journal) as file:
            size = file.seek(0, os.SEEK_END)
            if size < self.end:
                raise IndexStale(f"the index knows {self.end} bytes of the journal, which has {size}")
            start = max(self.end - SEALED, 0)
            if _seal(_read(file, start, self.end - start)) != self.seal:
                raise _stale(start)
            step = max(len(self.marks) // CHECKED, 1)
            for mark in chain(self.marks[::step], self.marks[-1:]):
                check_mark(file, mark, self.checksum)
        return size - self.end

    def extended(self, journal: Place | BinaryIO, progress: Callable[[int], object] = lambda _done: None) -> Index:
        """The same, and what has been appended to the journal since. Raises what `check` and `build_index` do."""
        with _opened(journal) as file:
            self.check(file)
            return _Building(self).read(file, progress)

    def save(self, path: str | os.PathLike[str], *, like: Path | None = None) -> None:
        """Write the sidecar, whole or not at all. ``OSError`` if that cannot be done.

        A new one has the permissions of the file ``like``, its journal, less what the umask takes.
        """
        name = self.checksum.encode("ascii")
        head = _HEAD.pack(_MAGIC, self.step, self.frames, self.end, self.seal, len(self.marks), self.max_frame_len)
        chunks = [self.marks[start : start + _CHUNK] for start in range(0, len(self.marks), _CHUNK)]
        payloads = [b"".join(_MARK.pack(mark.frame, mark.offset, mark.seal) for mark in chunk) for chunk in chunks]
        with written_whole(Path(path), like=like) as file:
            file.write(frame_many([head + name, *payloads], "xxh3_64"))

    @classmethod
    def load(cls, path: Place) -> Index:
        """Read a sidecar. ``IndexInvalid`` if it is none, or damaged; ``OSError`` if it cannot be read."""
        with _opened(path) as file:
            deframer = ChecksumDeframer("xxh3_64", _CHUNK * _MARK.size)
            try:
                head, *chunks = islice(StreamReader(file, deframer, copy=True, readahead=2**18), _FRAMES)
                return _parsed(head, chunks)
            except StreamIOError:
                raise
            except (FlatStreamError, ValueError, struct.error) as cause:
                raise IndexInvalid(f"this is no index, or a damaged one: {cause}") from cause


NO_MARKS: Final = Index("none", 0, STEP, 0, 0, xxhash.xxh3_64_intdigest(b""), ())
"""What is known of a journal without an index."""


def sidecar(journal: Place) -> str:
    """Path or URL of the index of a journal."""
    return os.fspath(journal) + SUFFIX


def replaceable(path: Path) -> bool:
    """Whether an index may take the place of what is at ``path``: nothing, an index, also a damaged one, or no bytes.

    ``OSError`` if it cannot be read.
    """
    if not path.is_file():
        return True  # nothing is lost there: `written_whole` refuses a folder, and writes into a pipe or a device
    with path.open("rb") as file:
        start = file.read(LENGTH_SIZE + by_name("xxh3_64").width + len(_MAGIC))
    return not start or start.endswith(_MAGIC)


def check_mark(file: BinaryIO, mark: Mark, checksum: str) -> None:
    """See that the frame of ``mark`` stands where it says; ``IndexStale`` if not. The cursor is left anywhere."""
    head = _read(file, mark.offset, SEALED)
    header = LENGTH_SIZE + by_name(checksum).width
    length = LENGTH_FIELD.unpack_from(head)[0] if len(head) >= LENGTH_SIZE else 0
    if _seal(head[: header + length]) != mark.seal:
        raise _stale(mark.offset)


def build_index(
    journal: Place | BinaryIO,
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    step: int = STEP,
    progress: Callable[[int], object] = lambda _done: None,
) -> Index:
    """Read a whole journal and index it: a path, a URL, or an open file that can seek.

    A torn tail is left out: ``end`` is where it begins. Whatever else is wrong is raised (C3): ``ChecksumMismatch``,
    ``InvalidFrame``, ``StreamIOError``; or ``OSError`` if it cannot be opened. ``progress`` is told, now and then, how
    many bytes are done. Memory is constant.
    """
    if step < 1:
        raise ValueError(f"step must be 1 byte or more, not {step}")
    algorithm = by_name(checksum)
    if algorithm is not BUILT_IN.get(algorithm.name):
        raise ValueError(f"an index names its checksum, and {algorithm.name!r} is known to nobody else")
    with _opened(journal) as file:
        return _Building(Index(algorithm.name, max_frame_len, step, 0, 0, _seal(b""), ())).read(file, progress)


class _Building:
    """An index that grows with what is read."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._numbers = array("Q", (mark.frame for mark in index.marks))
        self._offsets = array("Q", (mark.offset for mark in index.marks))
        self._seals = array("Q", (mark.seal for mark in index.marks))
        self._step = index.step
        self._frames = index.frames

    def read(self, file: BinaryIO, progress: Callable[[int], object]) -> Index:
        """Index what stands behind the part that is known."""
        index = self._index
        end = file.seek(index.end)
        for window in windows(file, index.checksum, index.max_frame_len, offset=index.end):
            self._add(window)
            end = window.end
            progress(end)
            if window.error is not None and not isinstance(window.error, UnexpectedEof):
                raise window.error
        start = max(end - SEALED, 0)
        marks = map(Mark, self._numbers, self._offsets, self._seals)
        seal = _seal(_read(file, start, end - start))
        return replace(index, step=self._step, frames=self._frames, end=end, seal=seal, marks=tuple(marks))

    def _add(self, window: Window) -> None:
        frames, header = window.frames, window.frames.header
        starts = frames.starts
        due = self._offsets[-1] + self._step - window.base if self._offsets else 0
        at = 0
        while (at := bisect_left(starts, due + header, at)) < len(frames):
            start = starts[at] - header
            self._numbers.append(self._frames + at)
            self._offsets.append(window.base + start)
            length = min(header + len(frames[at]), SEALED)
            self._seals.append(_seal(frames.source[start : start + length]))
            if len(self._numbers) == MARKS:
                self._thin_out()
            due = self._offsets[-1] + self._step - window.base
        self._frames += len(frames)

    def _thin_out(self) -> None:
        """Every other mark goes."""
        self._step *= 2
        self._numbers, self._offsets, self._seals = self._numbers[::2], self._offsets[::2], self._seals[::2]


def _parsed(head: bytes, chunks: Sequence[bytes]) -> Index:
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise ValueError("it does not begin as one")
    _, step, frames, end, seal, count, max_frame_len = _HEAD.unpack_from(head)
    checksum = by_name(head[_HEAD.size :].decode("ascii")).name
    limit(max_frame_len, "max_frame_len")
    marks = tuple(Mark(*values) for chunk in chunks for values in _MARK.iter_unpack(chunk))
    if len(marks) != count or (not marks) != (not frames) or step < 1:
        raise ValueError("marks are missing")
    places = [(-1, -1), *((mark.frame, mark.offset) for mark in marks), (frames, end)]
    if not all(frame < later and offset < behind for (frame, offset), (later, behind) in pairwise(places)):
        raise ValueError("its marks are out of order")
    if marks and places[1] != (0, 0):
        raise ValueError("its first mark is not the journal's first frame")
    return Index(checksum, max_frame_len, step, frames, end, seal, marks)


@contextmanager
def _opened(place: Place | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(place, str | os.PathLike):
        yield place
        return
    with remote.opened(place) as file:
        yield file


def _stale(offset: int) -> IndexStale:
    return IndexStale(f"the index is of another journal, or of what this one was: other bytes stand at {offset}")


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    data = b""
    try:
        file.seek(offset)
        while len(data) < size and (more := file.read(size - len(data))):
            data += more
    except Exception as cause:
        raise StreamIOError("reading") from cause
    return data


def _seal(data: bytes | memoryview) -> int:
    return xxhash.xxh3_64_intdigest(data)
