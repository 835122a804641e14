"""Seeded schedules of crashes over a simulated disk, and the judge of what they leave.

A schedule is some lives of a process: each opens the journal, writes, and ends by a close, a kill, or a loss of power,
which can strike at any system call; calls fail as well. After each life the judge reads what the system shows. Whatever
happened:

- each frame that was acknowledged as durable is there, in order, byte for byte;
- what follows them was written, in this order: nothing is there that nobody wrote, and nothing is missing in between.

The second holds for ``xxh3_64``; the other algorithms take a hole of zeros for empty frames, or for whatever it seems
to say (C6), and keep it only on a disk that writes in order. `Loss` is raised with the seed if either is broken.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from flatstream import Background, ChecksumDeframer, ChecksumFramer, FlatStreamError, GroupCommit, StreamReader
from flatstream.errors import ChecksumMismatch, InvalidFrame, StreamIOError, UnexpectedEof
from flatstream.journal import open_journal
from flatstream.tests.simdisk import JOURNAL, PowerCut, SimDisk

if TYPE_CHECKING:
    from flatstream import JournalWriter
    from flatstream.commit import Durability

__all__ = ["Judge", "Loss", "Outcome", "frames_of", "run"]

ALGORITHMS: Final = ("xxh3_64", "xxh3_64", "crc32", "crc16", "none")
CORRUPT: Final = (ChecksumMismatch, InvalidFrame)


class Loss(AssertionError):  # noqa: N818  (what it is)
    """A promise was broken."""


@dataclass
class Outcome:
    """What a schedule did: for the figures, and so that nobody takes a schedule that does nothing for a success."""

    frames: int = 0
    """Written since the journal was last opened, and what it held then."""
    acknowledged: int = 0
    """Of them, frames that the writer said were durable."""
    kept: int = 0
    """Of them, frames that were there at the end."""
    crashes: int = 0
    kills: int = 0
    errors: int = 0
    torn: int = 0
    refused: int = 0
    """Journals that were refused as corrupt, with all that was acknowledged in front of the fault."""


def frames_of(content: bytes, algorithm: str) -> list[bytes]:
    """The frames up to the end, a torn tail, or corruption."""
    found: list[bytes] = []
    try:
        found.extend(StreamReader(content, ChecksumDeframer(algorithm), copy=True))
    except (UnexpectedEof, *CORRUPT):
        # What a reader gives before it raises, `extend` has taken.
        pass
    return found


@dataclass
class Judge:
    """What was written and what was acknowledged, and whether that is what is there."""

    algorithm: str
    strict: bool
    written: list[bytes] = field(default_factory=list)
    """Payloads in the order of the journal. Behind the acknowledged ones, some may be missing at the end."""
    ends: list[int] = field(default_factory=list)
    """For each of them one past its frame."""
    acknowledged: int = 0

    def attempt(self, payload: bytes, start: int) -> None:
        """A payload is about to be written, at the offset ``start`` or behind what was attempted there before."""
        header = len(ChecksumFramer(self.algorithm).header(payload))
        self.written.append(payload)
        self.ends.append(max(start, self.ends[-1] if self.ends else 0) + header + len(payload))

    def withdraw(self, count: int) -> None:
        """The last payloads that were attempted were not taken."""
        del self.written[-count:], self.ends[-count:]

    def durable(self, offset: int) -> None:
        """The writer says that the journal is durable up to ``offset``."""
        self.acknowledged = max(self.acknowledged, sum(end <= offset for end in self.ends))

    def look(self, content: bytes, after: str) -> int:
        """Compare with what is there, and give the number of frames; `Loss` if a promise is broken."""
        found = frames_of(content, self.algorithm)
        sure = self.acknowledged
        if found[:sure] != self.written[:sure]:
            good = next((n for n, (a, b) in enumerate(zip(found, self.written, strict=False)) if a != b), len(found))
            raise Loss(f"after {after}: {sure} frames were acknowledged, and {good} are there")
        if self.strict and found != self.written[: len(found)]:
            raise Loss(f"after {after}: a frame is there that nobody wrote, or one is missing in front of others")
        return len(found)

    def start(self, content: bytes, offset: int) -> None:
        """A journal was opened: what it holds is what there is, and durable, as the writer says."""
        self.look(content, "opening")
        self.written = frames_of(content, self.algorithm)
        self.ends.clear()
        payloads, self.written = self.written, []
        for payload in payloads:
            self.attempt(payload, 0)
        if (self.ends or [0])[-1] != offset:
            raise Loss(f"the writer goes on at {offset}, and the frames end at {(self.ends or [0])[-1]}")
        self.acknowledged = len(payloads)


def run(seed: int, make: type[SimDisk] = SimDisk, *, threads: bool = False) -> Outcome:
    """Run the schedule of this seed; `Loss` with the seed if the journal does not keep its promises.

    With ``threads`` journals write in the background, so that a seed no longer says all that happens.
    """
    random = Random(seed)
    algorithm = random.choice(ALGORITHMS)
    disk = make(random, ordered=algorithm != "xxh3_64" and random.random() < 0.5, threads=threads)
    judge = Judge(algorithm, strict=algorithm == "xxh3_64" or disk.ordered)
    outcome = Outcome()
    try:
        for _ in range(random.randint(1, 4)):
            if not _life(random, disk, judge, outcome):
                break
    except Loss as loss:
        raise Loss(f"seed {seed}, {algorithm}{', ordered' * disk.ordered}: {loss}") from loss
    outcome.acknowledged, outcome.frames = judge.acknowledged, len(judge.written)
    return outcome


def _life(random: Random, disk: SimDisk, judge: Judge, outcome: Outcome) -> bool:
    """One process, from opening to its end; ``False`` if the journal was refused as corrupt, and so is left alone."""
    disk.cut_at = disk.calls + random.randint(1, 60) if random.random() < 0.6 else None
    disk.short_writes = random.random() < 0.3
    disk.failing_sync = random.randint(2, 9) if random.random() < 0.2 else 0
    if random.random() < 0.3:
        disk.failing[disk.calls + random.randint(1, 40)] = random.choice((errno.EIO, errno.ENOSPC))
    going, journal = True, None
    try:
        journal = _opened(random, disk, judge)
        outcome.torn += journal.recovered.end.value == "torn_tail"
        _work(random, journal, judge)
        end = "a power cut" if disk.cut else "closing"
    except PowerCut:
        end = "a power cut"
    except CORRUPT:
        going, end = False, "corruption"
        outcome.refused += 1
    except (FlatStreamError, OSError):
        outcome.errors += not disk.cut
        end = "a power cut" if disk.cut else "an error"
    if disk.threads and journal is not None:
        _ended(journal, disk, judge)
    if end == "a power cut" or random.random() < 0.5:
        disk.crash()
        outcome.crashes += 1
        end += " and a crash"
    else:
        disk.die()
        outcome.kills += 1
    outcome.kept = judge.look(disk.content(), end)
    return going


def _opened(random: Random, disk: SimDisk, judge: Judge) -> JournalWriter:
    durability: Durability = random.choice(("fsync", "fsync", "fsync", "flush", "none"))
    group = None
    if durability != "none" and random.random() < 0.4:
        group = random.choice((GroupCommit(frames=random.randint(1, 5)), GroupCommit(bytes=random.randint(1, 200))))
    journal = open_journal(
        JOURNAL,
        ChecksumFramer(judge.algorithm),
        ChecksumDeframer(judge.algorithm),
        durability=durability,
        group_commit=group,
        truncate_torn_tail=True,
        background=_background(random) if disk.threads else None,
        disk=disk,
    )
    journal._finalizer.detach()  # a process that is killed runs nothing any more
    judge.start(disk.content(), journal.durable_offset)
    return journal


def _background(random: Random) -> Background:
    return Background(random.choice((1, 100, 2**20)), random.choice(("wait", "drop")))


def _ended(journal: JournalWriter, disk: SimDisk, judge: Judge) -> None:
    """End the thread of a process that ends: none of its calls does anything any more."""
    disk.cut_at = disk.calls
    with suppress(StreamIOError):
        journal.close()
    judge.durable(journal.durable_offset)


def _work(random: Random, journal: JournalWriter, judge: Judge) -> None:
    """Write until the process ends by itself, or by what the disk raises."""
    try:
        for _ in range(random.randint(0, 12)):
            payloads = [random.randbytes(random.choice((0, 3, 20, 90))) for _ in range(random.choice((1, 1, 1, 4)))]
            before = journal.offset
            for payload in payloads:
                judge.attempt(payload, before)
            if len(payloads) == 1:
                journal.write_payload(payloads[0])
            else:
                journal.write_many(payloads)
            if journal.offset == before:  # dropped
                judge.withdraw(len(payloads))
            judge.durable(journal.durable_offset)
            action = random.random()
            if action < 0.1:
                journal.flush()
            elif action < 0.25:
                journal.sync()
                judge.durable(journal.offset)
        if random.random() < 0.5:
            journal.close()
    except StreamIOError as error:
        _refuses(journal, error)
        raise
    finally:
        judge.durable(journal.durable_offset)


def _refuses(journal: JournalWriter, error: StreamIOError) -> None:
    """A writer that has failed goes on to fail, and writes nothing."""
    if journal.closed:
        return
    for call in (journal.sync, journal.flush, lambda: journal.write_payload(b"never")):
        try:
            call()
        except StreamIOError as again:
            if again is not error:
                raise Loss(f"a failed writer says something else: {again}") from again
        else:
            raise Loss(f"a failed writer goes on after: {error}")
    journal.close()
