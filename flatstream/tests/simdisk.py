"""A simulated disk: what was written and not synced, a loss of power may drop, tear or reorder.

`SimDisk` takes the place of `flatstream.disk.Disk`. It keeps, for each file, what the system shows (``cache``) apart
from what the medium holds, and the changes between the two; likewise for the names in its one directory. It is as bad
as a disk under a POSIX system may be: `crash` makes real any part of the changes, in units of a small sector or less,
in any order; a name can be lost that was not synced, with all that its file holds; a sync that fails may have done a
part, and the system then takes the rest for clean, shows it, and never writes it again.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from flatstream.disk import Disk
from flatstream.errors import JournalLocked

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Buffer

__all__ = ["FOLDER", "JOURNAL", "PowerCut", "SimDisk"]

SECTOR: Final = 16
"""Bytes that reach the medium at once; small, so that small frames lie across many."""

FOLDER: Final = os.path.realpath("/simulated")
JOURNAL: Final = os.path.join(FOLDER, "journal.bin")  # noqa: PTH118  (what the code makes of it is a string as well)


class PowerCut(BaseException):
    """The power fails: no code of the process runs after this, so that nothing may catch it."""


@dataclass(eq=False)
class Inode:
    """A file. ``changes`` are those since the last sync: bytes at an offset, or a new size."""

    cache: bytearray = field(default_factory=bytearray)
    medium: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes] | int] = field(default_factory=list)
    owner: int | None = None


@dataclass(eq=False)
class Open:
    """A descriptor; of the directory if there is no file."""

    inode: Inode | None
    cursor: int = 0


def apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    """Make one change to what a file holds; a gap is filled with zeros."""
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class SimDisk(Disk):
    """One directory, `FOLDER`. ``calls`` counts; the power fails at the call number ``cut_at``, if that is set, and no
    later call does anything. With ``threads``, which a `PowerCut` could not end, it is an ``OSError`` that says so.

    ``ordered`` makes it a better disk, which keeps a prefix of the changes, of which only the last can be torn, and
    after a sync that fails tries again. ``failing`` holds numbers of calls that fail with the given error number,
    ``failing_sync`` is how many syncs of a file are left up to one that fails; writes may also be short.
    """

    syncs_directories = True

    def __init__(self, random: Random, *, ordered: bool = False, threads: bool = False) -> None:
        self.random = random
        self.ordered = ordered
        self.threads = threads
        self.calls = 0
        self.cut_at: int | None = None
        self.failing: dict[int, int] = {}
        self.failing_sync = 0
        self.short_writes = False
        self.names: dict[str, Inode] = {}
        self.durable_names: dict[str, Inode] = {}
        self.descriptors: dict[int, Open] = {}
        self._next = 3

    # What the process calls.

    def open(self, path: str, flags: int) -> int:
        self._called("open")
        if path == FOLDER:
            return self._opened(Open(None))
        if path not in self.names:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, "no such file", path)
            self.names[path] = Inode()
        elif flags & os.O_EXCL:
            raise FileExistsError(errno.EEXIST, "file exists", path)
        return self._opened(Open(self.names[path]))

    def close(self, fd: int) -> None:
        inode = self.descriptors.pop(fd).inode  # also if it fails
        if inode is not None and inode.owner == fd:
            inode.owner = None
        self._called("close")

    def is_regular(self, fd: int) -> bool:
        self._called("fstat")
        return self.descriptors[fd].inode is not None

    def read(self, fd: int, size: int) -> bytes:
        self._called("read")
        opened, inode = self.descriptors[fd], self._inode(fd)
        data = bytes(inode.cache[opened.cursor : opened.cursor + size])
        opened.cursor += len(data)
        return data

    def write(self, fd: int, data: Buffer) -> int:
        inode = self._inode(fd)
        taken = bytes(data)
        if self.short_writes and len(taken) > 1 and self.random.random() < 0.2:
            taken = taken[: self.random.randrange(1, len(taken))]
        try:
            self._called("write")
        except (PowerCut, OSError):
            if self.calls == self.cut_at:  # in the middle of it
                self._change(inode, (len(inode.cache), taken[: self.random.randrange(len(taken) + 1)]))
            raise
        self._change(inode, (len(inode.cache), taken))
        return len(taken)

    def seek(self, fd: int, offset: int, whence: int) -> int:
        self._called("lseek")
        opened = self.descriptors[fd]
        base = {os.SEEK_SET: 0, os.SEEK_CUR: opened.cursor, os.SEEK_END: len(self._inode(fd).cache)}[whence]
        opened.cursor = base + offset
        return opened.cursor

    def truncate(self, fd: int, size: int) -> None:
        self._called("ftruncate")
        self._change(self._inode(fd), size)

    def sync(self, fd: int) -> None:
        inode = self.descriptors[fd].inode
        if inode is None:
            self._called("fsync of the directory")
            self.durable_names = dict(self.names)
            return
        try:
            self._called("fsync")
            self.failing_sync -= 1
            if self.failing_sync == 0:
                raise OSError(errno.EIO, "the sync failed")
        except OSError:
            if self.cut:
                raise
            self._persist_some(inode)
            if not self.ordered and self.random.random() < 0.8:  # as ext4 does; others keep them dirty
                inode.changes.clear()
            raise
        for change in inode.changes:
            apply(inode.medium, change)
        apply(inode.medium, len(inode.cache))
        inode.changes.clear()

    def drop_cache(self, fd: int) -> None:
        self._called("fadvise")
        inode = self._inode(fd)
        size = len(inode.cache)
        inode.cache[:] = inode.medium
        for change in inode.changes:
            apply(inode.cache, change)
        apply(inode.cache, size)

    def claim(self, fd: int, path: str) -> None:
        self._called("flock")
        inode = self._inode(fd)
        if inode.owner not in {None, fd}:
            raise JournalLocked(path, None)
        inode.owner = fd

    def unlock(self, fd: int) -> None:
        inode = self._inode(fd)
        self._called("unlock")
        inode.owner = None

    # What happens to it.

    @property
    def cut(self) -> bool:
        """Whether the power is gone."""
        return self.cut_at is not None and self.calls >= self.cut_at

    def die(self) -> None:
        """The process is killed: its descriptors and locks are gone, and what the system had, it has."""
        self.descriptors.clear()
        for inode in self.names.values():
            inode.owner = None
        self.cut_at = None
        self.failing.clear()
        self.failing_sync = 0

    def crash(self) -> None:
        """The power fails, and comes back: what the medium has is all that there is."""
        self.die()
        for name, inode in self.names.items():
            if self.random.random() < 0.5:
                self.durable_names.setdefault(name, inode)
            self._persist_some(inode)
            inode.changes.clear()
            inode.cache[:] = inode.medium
        self.names = dict(self.durable_names)

    def content(self) -> bytes:
        """What the system shows of the journal now; nothing if its name is gone."""
        return bytes(self.names[JOURNAL].cache) if JOURNAL in self.names else b""

    def _persist_some(self, inode: Inode) -> None:
        """Make real a part of the changes, the kind of which is chosen at random."""
        random, changes = self.random, inode.changes
        kind: Literal["none", "all", "prefix", "any"]
        kind = random.choice(("none", "all", "prefix") if self.ordered else ("none", "all", "prefix", "any", "any"))
        if kind in {"none", "prefix"}:
            changes = changes[: 0 if kind == "none" else random.randrange(len(changes) + 1)]
        sizes = [len(inode.medium)]
        chance = random.choice((0.1, 0.5, 0.9))
        for number, change in enumerate(changes):
            last = number == len(changes) - 1
            if isinstance(change, int):
                if kind != "any" or random.random() < chance:
                    apply(inode.medium, change)
            elif kind == "prefix" and last:
                offset, data = change
                apply(inode.medium, (offset, data[: random.randrange(len(data) + 1)]))
            else:
                for piece in pieces(change):
                    if kind != "any" or random.random() < chance:
                        apply(inode.medium, self._torn(piece) if kind == "any" else piece)
            sizes.append(len(inode.medium))
        if kind == "any" and random.random() < 0.3:  # bytes are there, but the new size is not, or only the size is
            apply(inode.medium, random.choice([*sizes, len(inode.cache)]))

    def _torn(self, piece: tuple[int, bytes]) -> tuple[int, bytes]:
        """A sector, of which now and then only the first bytes are new."""
        offset, data = piece
        return (offset, data[: self.random.randrange(len(data) + 1)]) if self.random.random() < 0.1 else piece

    def _change(self, inode: Inode, change: tuple[int, bytes] | int) -> None:
        apply(inode.cache, change)
        inode.changes.append(change)

    def _opened(self, opened: Open) -> int:
        self._next += 1
        self.descriptors[self._next] = opened
        return self._next

    def _inode(self, fd: int) -> Inode:
        inode = self.descriptors[fd].inode
        assert inode is not None, "this is the directory"
        return inode

    def _called(self, call: str) -> None:
        """Count a call, which then may fail, or be the last."""
        self.calls += 1
        if self.cut:
            raise OSError(errno.EIO, "the power is gone") if self.threads else PowerCut(call)
        number = self.failing.pop(self.calls, None)
        if number is not None and call != "unlock":
            raise OSError(number, os.strerror(number), call)


def pieces(change: tuple[int, bytes]) -> list[tuple[int, bytes]]:
    """A write by the sectors that it touches."""
    offset, data = change
    edges = sorted({offset, offset + len(data), *range(offset - offset % SECTOR + SECTOR, offset + len(data), SECTOR)})
    return [(start, data[start - offset : stop - offset]) for start, stop in pairwise(edges)]
