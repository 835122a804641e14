"""Many files, many machines: streams as Dask's collections (extra ``dask``).

    from flatstream import dask as many

    urls = ["s3://bucket/day1.bin", "s3://bucket/day2.bin"]
    bad = many.verify(urls, checksum="crc32").filter(lambda verdict: not verdict.good).compute()
    events = many.records(event, urls, checksum="crc32")  # a Dask DataFrame
    events.groupby("device_id").value.mean().compute()

A file that has an index beside it (``flatstream index``) is shared out in parts of about ``part_size`` bytes, of which
each begins at a mark; one that has none is a part of its own. What was appended to a file since it was indexed belongs
to its last part. A stale index is an error, now or when its part is read; only `verify` then reads the file without
it, and says so.

Collections are lazy: they are computed by Dask's own schedulers on this machine, or by a cluster as soon as there is a
``dask.distributed.Client``. A part is read from its file by whoever computes it, so that the part of a worker that dies
is read again by another one. Paths must lead to the same files everywhere. Each worker needs the memory of a few
windows of a MiB, and of two frames if they are larger, for `verify`; and that of the decoded parts for the others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from flatstream import remote
from flatstream.checksum import by_name
from flatstream.errors import FlatStreamError, IndexStale, UnexpectedEof, VerificationFailed
from flatstream.extras import needing
from flatstream.index import Index, check_mark, sidecar
from flatstream.windows import windows
from flatstream.wire import DEFAULT_MAX_FRAME_LEN

with needing():
    import dask.bag as dask_bag
    import dask.dataframe as dask_dataframe
    import pandas as pd
    import pyarrow as pa
    from dask.delayed import delayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flatstream.checksum import Checksum
    from flatstream.index import Mark
    from flatstream.records import Record
    from flatstream.windows import Window

__all__ = ["Verdict", "records", "scan", "verify"]

Places: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"
"""Paths and URLs, or one of them."""

PART_SIZE = 64 * 2**20
"""Bytes of a part, about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file. Sizes and offsets are bytes."""

    url: str
    frames: int
    """Good frames, also behind a fault, as far as they lie in other parts."""
    payload_bytes: int
    end: int
    """One past the last good frame in front of the first fault."""
    error: FlatStreamError | None
    """The first fault; ``UnexpectedEof`` is a torn tail (C2)."""
    stale: IndexStale | None = None
    """Why the index of the file was not used, if it has one that is not, or no longer, its own."""

    @property
    def good(self) -> bool:
        """Whether there is no fault."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a file, that begins and ends between two frames."""

    url: str
    checksum: Checksum
    max_frame_len: int
    call: str
    """Different each time that a collection is made: what was computed of a file is not what it holds now."""
    start: int = 0
    stop: int | None = None
    """``None`` for the end of the file."""
    frames: int | None = None
    """How many there are by the index; ``None`` if that is not known."""
    mark: Mark | None = None
    """The mark at ``start``, if there is an index."""
    stale: IndexStale | None = None
    """Why the index was not used, if that is so."""

    def __dask_tokenize__(self) -> tuple[str, str, int]:
        return self.call, self.url, self.start

    def windows(self) -> Iterator[Window]:
        """Its frames; an ``IndexStale`` in place of an error if there are not those that the index knows."""
        frames = 0
        with remote.opened(self.url) as file:
            if self.mark is not None:
                try:
                    check_mark(file, self.mark, self.checksum.name)
                except IndexStale as error:
                    raise _of(self.url, error) from error
            file.seek(self.start)
            for window in windows(file, self.checksum, self.max_frame_len, offset=self.start, stop=self.stop):
                frames += len(window.frames)
                if isinstance(window.error, UnexpectedEof) and self.stop is not None:
                    raise self._stale()
                yield window
        if self.frames is not None and window.error is None and frames != self.frames:
            raise self._stale()

    def good_windows(self, *, torn_tail: bool) -> Iterator[Window]:
        """Its frames; what is wrong with one is raised, but for a torn tail if that is allowed."""
        for window in self.windows():
            yield window
            if window.error is not None and not (torn_tail and isinstance(window.error, UnexpectedEof)):
                raise window.error

    def without(self, stale: IndexStale) -> _Part:
        """All of its file."""
        return replace(self, start=0, stop=None, frames=None, mark=None, stale=stale)

    def _stale(self) -> IndexStale:
        return IndexStale(f"{self.url}: the index knows other frames from {self.start} to {self.stop}")


def _of(url: str, error: IndexStale) -> IndexStale:
    return IndexStale(f"{url}: {error}")


def verify(
    urls: Places,
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    part_size: int = PART_SIZE,
) -> Any:
    """A ``dask.bag.Bag`` with a `Verdict` for each file, in their order: every frame is read and its checksum verified.

    Faults are results, and a file whose index is stale is read without it; ``OSError``, ``StreamIOError`` and
    ``IndexInvalid`` are raised.
    """
    judge, sum_up = delayed(_judged), delayed(_summed_up)
    files = [
        sum_up(parts[0], [judge(part) for part in parts])
        for parts in _parts(urls, checksum, max_frame_len, part_size, stale=True).values()
    ]
    return dask_bag.from_delayed(files) if files else dask_bag.from_sequence([], npartitions=1)


def scan(
    urls: Places,
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    torn_tail: bool = False,
    part_size: int = PART_SIZE,
) -> Any:
    """A ``dask.bag.Bag`` of all payloads, as ``bytes``, in the order of the files and of the frames in them.

    What is wrong with a frame is raised when it is computed; with ``torn_tail`` a file may end in one (C2).
    """
    read = delayed(_payloads)
    bags = [
        read(part, torn_tail=torn_tail)
        for parts in _parts(urls, checksum, max_frame_len, part_size).values()
        for part in parts
    ]
    return dask_bag.from_delayed(bags) if bags else dask_bag.from_sequence([], npartitions=1)


def records(
    record: Record,
    urls: Places,
    checksum: str | Checksum = "none",
    max_frame_len: int = DEFAULT_MAX_FRAME_LEN,
    *,
    names: list[str] | None = None,
    torn_tail: bool = False,
    part_size: int = PART_SIZE,
) -> Any:
    """A ``dask.dataframe.DataFrame`` of all messages, a row each, with the columns of `Record.to_arrow`.

    Columns have Arrow's types, whatever a part holds; ``names`` are the fields that are wanted. Each payload is
    verified. What is wrong with one, or with a frame, is raised when it is computed, as `scan` does.
    """
    empty = _frame([record.to_arrow([], names)])
    found = [part for parts in _parts(urls, checksum, max_frame_len, part_size).values() for part in parts]
    if not found:
        return dask_dataframe.from_pandas(empty, npartitions=1)
    return dask_dataframe.from_map(_rows, found, record=record, names=names, torn_tail=torn_tail, meta=empty)


def _parts(
    urls: Places, checksum: str | Checksum, max_frame_len: int, part_size: int, *, stale: bool = False
) -> dict[int, list[_Part]]:
    """The parts of each file, by its number; with ``stale`` one part if its index is stale, else that is raised."""
    if part_size < 1:
        raise ValueError(f"part_size must be 1 byte or more, not {part_size}")
    algorithm = by_name(checksum)
    places = [urls] if isinstance(urls, str | os.PathLike) else urls
    call = uuid4().hex
    return {
        number: _shared_out(_Part(_everywhere(place), algorithm, max_frame_len, call), part_size, stale=stale)
        for number, place in enumerate(places)
    }


def _shared_out(whole: _Part, part_size: int, *, stale: bool) -> list[_Part]:
    beside = sidecar(whole.url)
    if not remote.exists(beside):
        return [whole]
    try:
        index = Index.load(beside).fitting(whole.url, whole.checksum.name)
    except IndexStale as error:
        if stale:
            return [whole.without(_of(whole.url, error))]
        raise _of(whole.url, error) from error
    marks = {mark.offset: mark for mark in index.marks}
    parts = [
        replace(whole, start=part.start, stop=part.stop, frames=part.frames, mark=marks[part.start])
        for part in index.parts(max(index.end // part_size, 1))
    ]
    if not parts:
        return [whole]
    parts[-1] = replace(parts[-1], stop=None, frames=None)  # and what was appended
    return parts


def _everywhere(place: str | os.PathLike[str]) -> str:
    """A URL as it is; a path from the root, since workers stand in other folders."""
    return place if remote.is_url(place) else str(Path(place).absolute())


def _judged(part: _Part) -> Verdict:
    frames = payload_bytes = 0
    end, error, stale = part.start, None, part.stale
    try:
        for window in part.windows():
            count = len(window.frames)
            frames += count
            payload_bytes += window.frames.last_good_offset - count * window.frames.header
            end, error = window.end, window.error
    except IndexStale as cause:
        stale = cause
    return Verdict(part.url, frames, payload_bytes, end, error, stale)


def _summed_up(begin: _Part, parts: list[Verdict]) -> list[Verdict]:
    """The verdict on a file from those on its parts, as the only item of a partition."""
    stale = next((part.stale for part in parts if part.stale is not None), None)
    if stale is not None and begin.mark is not None:
        return [_judged(begin.without(stale))]  # no part can be believed
    first = next((part for part in parts if part.error is not None), parts[-1])
    frames, payload_bytes = sum(part.frames for part in parts), sum(part.payload_bytes for part in parts)
    return [replace(first, frames=frames, payload_bytes=payload_bytes)]


def _payloads(part: _Part, *, torn_tail: bool) -> list[bytes]:
    return [bytes(payload) for window in part.good_windows(torn_tail=torn_tail) for payload in window.frames]


def _rows(part: _Part, *, record: Record, names: list[str] | None, torn_tail: bool) -> pd.DataFrame:
    batches = [record.to_arrow([], names)]
    for window in part.good_windows(torn_tail=torn_tail):
        try:
            batches.append(record.to_arrow(window.frames, names))
        except VerificationFailed as error:
            if error.offset is not None:
                error.offset += window.base
            raise
    return _frame(batches)


def _frame(batches: list[pa.RecordBatch]) -> pd.DataFrame:
    return pa.Table.from_batches(batches).to_pandas(types_mapper=pd.ArrowDtype)
