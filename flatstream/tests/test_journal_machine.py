"""A journal as a state machine: opened, written, synced, killed and crashed in any order, it keeps its promises.

`Followed` adds whoever follows it. What the simulated disk shows is put into a real file after each step, in place, and
a follower of that must give each frame once, in order, as soon as it is whole: through the end of the writer in the
middle of a frame, through the recovery that cuts this off, and on into the file that takes the name.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import flatstream
from flatstream import ChecksumDeframer, ChecksumFramer, ChecksumMismatch, GroupCommit, InvalidFrame, StreamIOError
from flatstream.batch import ScanEnd
from flatstream.errors import FileTruncated, UnexpectedEof
from flatstream.follow import FollowingReader
from flatstream.journal import JournalWriter, open_journal
from flatstream.tests.crashes import CORRUPT, Judge, Loss, frames_of
from flatstream.tests.simdisk import JOURNAL, SimDisk

if TYPE_CHECKING:
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


class Followed(Journal):
    """The same, and a follower, who has been given ``given`` frames of the file number ``at``."""

    follower: FollowingReader[bytes] | None = None
    at = given = 0
    seen = b""
    """The bytes of these frames."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "journal.bin")
        self.files = [b""]
        """What the files held that had the name, one after the other; the last one has it now."""

    @precondition(lambda self: self.follower is None and self.path.exists())
    @rule()
    def follow(self) -> None:
        self.follower = flatstream.open(self.path, checksum=self.judge.algorithm, follow=True, copy=True)
        self.at, self.given = len(self.files) - 1, 0

    @precondition(lambda self: self.follower is not None)
    @rule()
    def look(self) -> None:
        """Everything that is whole is given, and nothing else."""
        while self.follower is not None:
            content = self.files[self.at]
            end = flatstream.scan(content, self.judge.algorithm).end
            replaced = self.at < len(self.files) - 1 and self.files[-1] != b""
            for payload in frames_of(content, self.judge.algorithm)[self.given :]:
                assert self.follower.poll() == payload
                self.given += 1
                self.seen = content[: self.follower.offset]
            if end is ScanEnd.ERROR:
                self.leave(*CORRUPT)
            elif replaced and end is ScanEnd.TORN:  # nobody will complete it
                self.leave(UnexpectedEof)
            elif replaced:
                self.at, self.given, self.seen = len(self.files) - 1, 0, b""
            else:
                assert self.follower.poll() is None
                return

    @precondition(lambda self: self.journal is not None)
    @rule(payload=PAYLOADS, share=st.floats(0, 1))
    def write_in_two_steps(self, payload: bytes, share: float) -> None:
        """The follower looks in the middle of a write."""
        self.write([payload])
        self.flush()
        content, shown = self.disk.content(), len(self.files[-1])
        self.show(content[: shown + int(share * (len(content) - shown))])
        if self.follower is not None:
            self.look()

    @precondition(lambda self: self.journal is not None)
    @rule(payload=PAYLOADS, share=st.floats(0, 1))
    def kill_in_the_middle_of_a_write(self, payload: bytes, share: float) -> None:
        self.flush()
        frame = ChecksumFramer(self.judge.algorithm).header(payload) + payload
        self.judge.attempt(payload, len(self.disk.content()))
        inode = self.disk.names[JOURNAL]
        self.disk._change(inode, (len(inode.cache), frame[: int(share * len(frame))]))
        self.show(self.disk.content())
        if self.follower is not None:
            self.look()  # and so has a part of a frame that will never be whole
        self.disk.die()
        self.end()

    @precondition(lambda self: self.journal is None)
    @rule()
    def rotate(self) -> None:
        """Another file gets the name."""
        if os.name == "nt":  # which lets nobody rename a file that is open
            self.leave()
        for names in (self.disk.names, self.disk.durable_names):
            names.pop(JOURNAL, None)
        if self.path.exists():
            self.path.rename(self.path.with_suffix(f".{len(self.files)}"))
        self.files.append(b"")
        self.judge = Judge(self.judge.algorithm, strict=True)
        self.refused = False

    @rule()
    def crash(self) -> None:
        """The follower is on the same machine."""
        self.leave()
        super().crash()

    @invariant()
    def the_file_is_what_the_system_shows(self) -> None:
        if JOURNAL in self.disk.names:
            self.show(self.disk.content())
        else:
            self.path.unlink(missing_ok=True)
            self.files[-1] = b""

    def show(self, content: bytes) -> None:
        """Let the file hold that, in place."""
        self.path.touch()
        with self.path.open("r+b") as file:
            file.write(content)
            file.truncate()
        self.files[-1] = content
        if self.at == len(self.files) - 1 and not content.startswith(self.seen):
            # After a failed sync the system may show less than it did; only what is cut must be noticed at once.
            self.leave(*[FileTruncated] * (len(content) < len(self.seen)))

    def leave(self, *errors: type[Exception]) -> None:
        """The follower is no more, after one of these errors if there are any."""
        if self.follower is not None:
            if errors:
                with pytest.raises(errors):
                    self.follower.poll()
            self.follower.close()
        self.follower = None
        self.seen = b""

    def teardown(self) -> None:
        self.leave()
        self.folder.cleanup()


def test_the_promises_hold_in_any_order_of_steps() -> None:
    run_state_machine_as_test(Journal)


def test_who_follows_sees_each_frame_once_and_in_order() -> None:
    run_state_machine_as_test(Followed)


def begins_anew(follower: FollowingReader[bytes]) -> None:
    """In place of going on where the last whole frame ended."""
    follower._file.seek(0)
    follower._enter(follower._file)


def a_night(machine: Followed) -> None:
    """Steps in which a follower must notice a recovery, and then a new file."""

    def opened(payload: bytes) -> None:
        machine.open("flush", None, short=False)
        machine.write([payload])
        machine.the_file_is_what_the_system_shows()

    machine.start(Random(1), "xxh3_64")
    opened(b"first")
    machine.follow()
    machine.look()
    machine.kill_in_the_middle_of_a_write(b"never whole", 0.9)
    opened(b"second, behind the recovery")
    machine.look()
    machine.close()
    machine.rotate()
    opened(b"third, in a new file")
    machine.look()
    assert machine.given == 1
    assert machine.at == 1
    machine.close()


@pytest.mark.skipif(os.name == "nt", reason="a follower sees no file replaced there")
@pytest.mark.parametrize(
    ("method", "wrong"), [("_restart", begins_anew), ("_replaced", lambda _: False), ("_awaited", lambda *_: None)]
)
def test_the_machine_finds_a_follower_that_is_wrong(method: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Followed()
    a_night(machine)
    machine.teardown()
    monkeypatch.setattr(FollowingReader, method, wrong)
    machine = Followed()
    with pytest.raises(AssertionError):
        a_night(machine)
    machine.teardown()


def test_the_machine_finds_a_journal_that_does_not_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(disk: SimDisk, _fd: int) -> None:
        if disk.failing_sync:
            disk.failing_sync = 0
            raise OSError("the sync failed")

    monkeypatch.setattr(SimDisk, "sync", forgotten)
    few = settings(max_examples=200, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(Loss, match="were acknowledged"):
        run_state_machine_as_test(Journal, settings=few)
