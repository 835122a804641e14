"""A journal as a state machine: opened, written, synced, killed and crashed in any order, it keeps its promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flatstream import ChecksumDeframer, ChecksumFramer, ChecksumMismatch, GroupCommit, InvalidFrame, StreamIOError
from flatstream.journal import JournalWriter, open_journal
from flatstream.tests.crashes import Judge, Loss
from flatstream.tests.simdisk import JOURNAL, SimDisk

if TYPE_CHECKING:
    from random import Random

    from flatstream.commit import Durability

DURABILITIES = st.sampled_from(["fsync", "fsync", "flush", "none"])
GROUPS = st.none() | st.builds(GroupCommit, frames=st.integers(1, 4), bytes=st.none() | st.integers(1, 200))
PAYLOADS = st.binary(max_size=70)


class Journal(RuleBasedStateMachine):
    """The judge of `flatstream.tests.crashes`, with steps that hypothesis chooses, and makes few when one fails."""

    journal: JournalWriter | None = None
    refused = False

    @initialize(random=st.randoms(use_true_random=False), algorithm=st.sampled_from(["xxh3_64", "crc32", "none"]))
    def start(self, random: Random, algorithm: str) -> None:
        ordered = algorithm != "xxh3_64"  # the others tell no hole from a frame
        self.disk = SimDisk(random, ordered=ordered)
        self.judge = Judge(algorithm, strict=True)

    @precondition(lambda self: self.journal is None and not self.refused)
    @rule(durability=DURABILITIES, group=GROUPS, short=st.booleans())
    def open(self, durability: Durability, group: GroupCommit | None, short: bool) -> None:
        self.disk.short_writes = short
        options: dict[str, Any] = {} if durability == "none" else {"group_commit": group}
        name = self.judge.algorithm
        try:
            journal = open_journal(
                JOURNAL,
                ChecksumFramer(name),
                ChecksumDeframer(name),
                durability=durability,
                truncate_torn_tail=True,
                disk=self.disk,
                **options,
            )
        except (ChecksumMismatch, InvalidFrame) as error:
            self.refused = True
            assert error.offset is not None
            assert error.offset >= (self.judge.ends[: self.judge.acknowledged] or [0])[-1]
            return
        journal._finalizer.detach()  # a process that is killed runs nothing any more
        self.journal = journal
        self.judge.start(self.disk.content(), journal.durable_offset)

    @precondition(lambda self: self.journal is not None)
    @rule(payloads=st.lists(PAYLOADS, min_size=1, max_size=4))
    def write(self, payloads: list[bytes]) -> None:
        assert self.journal is not None
        for payload in payloads:
            self.judge.attempt(payload, self.journal.offset)
        if len(payloads) == 1:
            self.journal.write_payload(payloads[0])
        else:
            self.journal.write_many(payloads)
        self.judge.durable(self.journal.durable_offset)

    @precondition(lambda self: self.journal is not None)
    @rule()
    def flush(self) -> None:
        assert self.journal is not None
        self.journal.flush()
        assert self.journal.flushed_offset == self.journal.offset == len(self.disk.content())

    @precondition(lambda self: self.journal is not None)
    @rule()
    def sync(self) -> None:
        assert self.journal is not None
        self.journal.sync()
        assert self.journal.durable_offset == self.journal.offset
        self.judge.durable(self.journal.offset)

    @precondition(lambda self: self.journal is not None)
    @rule(payload=PAYLOADS)
    def fail_to_sync(self, payload: bytes) -> None:
        assert self.journal is not None
        self.judge.attempt(payload, self.journal.offset)
        self.disk.failing_sync = 1
        try:
            self.journal.write_payload(payload)
            self.journal.sync()
        except StreamIOError:
            self.judge.durable(self.journal.durable_offset)
            self.journal.close()
            self.end()
        else:
            raise AssertionError("a failed sync was taken for a good one")

    @precondition(lambda self: self.journal is not None)
    @rule()
    def close(self) -> None:
        assert self.journal is not None
        self.journal.close()
        assert len(self.disk.content()) == self.journal.offset
        self.judge.durable(self.journal.durable_offset)
        self.end()

    @precondition(lambda self: self.journal is not None)
    @rule()
    def kill(self) -> None:
        assert self.journal is not None
        flushed = self.journal.flushed_offset
        self.disk.die()
        assert len(self.disk.content()) == flushed
        self.end()

    @rule()
    def crash(self) -> None:
        self.disk.crash()
        self.end()

    def end(self) -> None:
        """A process is no more."""
        self.journal = None
        self.judge.look(self.disk.content(), "the end of a process")


def test_the_promises_hold_in_any_order_of_steps() -> None:
    run_state_machine_as_test(Journal)


def test_the_machine_finds_a_journal_that_does_not_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(disk: SimDisk, _fd: int) -> None:
        if disk.failing_sync:
            disk.failing_sync = 0
            raise OSError("the sync failed")

    monkeypatch.setattr(SimDisk, "sync", forgotten)
    few = settings(max_examples=200, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(Loss, match="were acknowledged"):
        run_state_machine_as_test(Journal, settings=few)
