"""What a journal promises, kept over a disk that loses power; and a judge who would have seen it broken."""

from __future__ import annotations

import os
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from flatstream.tests.crashes import Loss, Outcome, run
from flatstream.tests.simdisk import FOLDER, JOURNAL, SimDisk

SEEDS = range(600)
"""``tests/long`` has many more."""

FOUND_LOSSES = [11324, 19286]
"""Seeds of schedules under which a journal lost something; they stay, with the fault: `IgnoresFailedAdvice`."""


def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_made_up() -> None:
    outcomes = [run(seed) for seed in (*FOUND_LOSSES, *SEEDS)]
    # A schedule that does nothing proves nothing: all that can happen did, and often.
    for what in vars(Outcome()):
        assert sum(getattr(outcome, what) for outcome in outcomes) >= 20, what


def test_the_same_holds_in_the_background() -> None:
    outcomes = [run(seed, threads=True) for seed in range(200)]
    assert sum(outcome.acknowledged for outcome in outcomes) > 1000


class NoSync(SimDisk):
    """A journal that forgets to sync."""

    def sync(self, fd: int) -> None:
        if self.descriptors[fd].inode is None:
            super().sync(fd)


class NoDirectorySync(SimDisk):
    """One that syncs the file and not its name."""

    syncs_directories = False


class SyncsTwice(SimDisk):
    """One that tries again when a sync has failed, and believes the second."""

    def sync(self, fd: int) -> None:
        try:
            super().sync(fd)
        except OSError:
            super().sync(fd)


class BelievesTheCache(SimDisk):
    """One that takes for durable, when it opens, what the system shows it after a failed sync."""

    def drop_cache(self, fd: int) -> None:
        pass


class IgnoresFailedAdvice(SimDisk):
    """One that goes on where the system refuses to forget: so the journal was, until the seeds in `FOUND_LOSSES`."""

    def drop_cache(self, fd: int) -> None:
        with suppress(OSError):
            super().drop_cache(fd)


class LeavesTheTail(SimDisk):
    """One that appends behind a torn tail."""

    def truncate(self, fd: int, size: int) -> None:
        pass


class TakesShortForWhole(SimDisk):
    """One that does not look how many bytes were taken."""

    def write(self, fd: int, data: Any) -> int:
        super().write(fd, data)
        return len(data)


class NoLock(SimDisk):
    """One whose lock keeps nobody out; no schedule has two writers, so that this one must pass."""

    def claim(self, fd: int, path: str) -> None:
        pass


@pytest.mark.parametrize(
    "mutant", [NoSync, NoDirectorySync, SyncsTwice, BelievesTheCache, LeavesTheTail, TakesShortForWhole]
)
def test_the_judge_finds_what_a_wrong_journal_loses(mutant: type[SimDisk]) -> None:
    with pytest.raises(Loss, match=r"seed \d+, "):
        for seed in SEEDS:
            run(seed, mutant)


@pytest.mark.parametrize("seed", FOUND_LOSSES)
def test_a_found_loss_is_one_with_the_fault_that_it_was(seed: int) -> None:
    run(seed)
    with pytest.raises(Loss, match=f"seed {seed}, "):
        run(seed, IgnoresFailedAdvice)


def test_the_judge_blames_nobody_for_what_is_no_loss() -> None:
    for seed in range(100):
        run(seed, NoLock)


def test_the_simulated_disk_loses_what_was_not_synced_and_only_that() -> None:
    kept = set()
    for seed in range(200):
        disk = SimDisk(Random(seed))
        fd = disk.open(JOURNAL, os.O_RDWR | os.O_CREAT)
        disk.write(fd, b"synced")
        disk.sync(fd)
        directory = disk.open(FOLDER, 0)
        disk.sync(directory)
        disk.write(fd, b"x" * 40)
        disk.crash()
        kept.add(disk.content())
        assert disk.content().startswith(b"synced")
    assert {b"synced", b"synced" + b"x" * 40} < kept
