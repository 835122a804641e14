"""Journals: what each durability promises, who may write, and what becomes of errors, threads and forks."""

from __future__ import annotations

import errno
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import flatbuffers
import numpy as np
import pytest

import flatstream
from flatstream import (
    AppendRefused,
    Background,
    ChecksumDeframer,
    ChecksumFramer,
    ChecksumMismatch,
    GroupCommit,
    InvalidFrame,
    JournalLocked,
    JournalWriter,
    Record,
    RecoveryEnd,
    StreamIOError,
    SyncFailed,
    scan,
)
from flatstream.disk import Disk
from flatstream.journal import BATCH, open_journal
from flatstream.log import BUFFER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typing_extensions import Buffer

FRAME = 4 + 8 + 3  # of a payload of three bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


def opened(path: Path, disk: Disk | None = None, **options: Any) -> JournalWriter:
    """A journal with ``xxh3_64``, durable on request, on a disk of the test's."""
    options = {"durability": "fsync", **options}
    return open_journal(path, ChecksumFramer("xxh3_64"), ChecksumDeframer("xxh3_64"), disk=disk, **options)


def payloads(path: Path) -> list[bytes]:
    with flatstream.open(path, checksum="xxh3_64", copy=True) as reader:
        return list(reader)


class Watched(Disk):
    """The system's files; what is written and synced is noted, and can be held up, or fail."""

    def __init__(self) -> None:
        self.writes: list[int] = []
        self.synced: list[str] = []
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.reached = threading.Event()
        self.fails: dict[str, BaseException] = {}
        self._names: dict[int, str] = {}

    def open(self, path: str, flags: int) -> int:
        fd = super().open(path, flags)
        self._names[fd] = path
        return fd

    def write(self, fd: int, data: Buffer) -> int:
        self.reached.set()
        assert self.open_gate.wait(30)
        self._fail("write")
        self.writes.append(len(memoryview(data)))
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self.synced.append(self._names[fd])
        self._fail("sync")
        super().sync(fd)

    def unlock(self, fd: int) -> None:
        super().unlock(fd)
        self._fail("unlock")

    def _fail(self, call: str) -> None:
        if call in self.fails:
            raise self.fails[call]


# What returning means


@pytest.mark.parametrize(("durability", "flushed", "durable"), [("none", 0, 0), ("flush", 1, 0), ("fsync", 1, 1)])
def test_returning_means_what_the_durability_says(path: Path, durability: Any, flushed: int, durable: int) -> None:
    with flatstream.open(path, "ab", checksum="xxh3_64", durability=durability) as journal:
        for count in (1, 2, 3):
            journal.write_payload(b"abc")
            end = count * FRAME
            assert (journal.offset, journal.flushed_offset, journal.durable_offset) == (
                end,
                flushed * end,
                durable * end,
            )
            assert len(payloads(path)) == flushed * count
        journal.flush()
        assert (journal.flushed_offset, journal.durable_offset) == (end, durable * end)
        assert len(payloads(path)) == 3
        journal.sync()
        assert journal.durable_offset == end
    assert journal.closed
    assert journal.dropped == 0


def test_everything_that_a_stream_writer_writes(path: Path) -> None:
    event = Record("Event", time="u64")
    builder = flatbuffers.Builder(0)
    builder.Finish(builder.CreateString("finished"))
    with flatstream.open(path, "xb", checksum="xxh3_64", durability="flush") as journal:
        journal.write("text")
        journal.write_finished(builder)
        journal.write_payload(memoryview(b"view"))
        journal.write_payload(b"x" * 20_000)
        assert journal.write_many([b"one", b"two"]) == 2
        assert journal.write_records(event, {"time": np.arange(5, dtype=np.uint64)}) == 5
        assert journal.flushed_offset == journal.offset == path.stat().st_size
    found = payloads(path)
    assert len(found) == 11
    assert found[2:6] == [b"view", b"x" * 20_000, b"one", b"two"]
    assert [event.decode(each)["time"] for each in found[6:]] == list(range(5))


def test_a_journal_goes_on_where_it_ended_and_says_what_it_found(path: Path) -> None:
    for count in range(4):
        with opened(path) as journal:
            assert (journal.offset, journal.durable_offset) == (count * FRAME, count * FRAME)
            assert (journal.recovered.frames, journal.recovered.end) == (count, RecoveryEnd.CLEAN_EOF)
            journal.write_payload(b"abc")
    assert payloads(path) == [b"abc"] * 4


def test_a_new_journal_must_be_new(path: Path) -> None:
    flatstream.open(path, "xb", durability="none").close()
    with pytest.raises(FileExistsError):
        flatstream.open(path, "x", durability="none")


def test_opening_syncs_the_file_and_the_folder_that_names_it(path: Path) -> None:
    disk = Watched()
    opened(path, disk, durability="none").close()
    assert disk.synced == [str(path), str(path.parent.resolve())]
    disk.syncs_directories = False  # as on Windows
    opened(path, disk, durability="none").close()
    assert disk.synced[2:] == [str(path)]


# Group commits


def test_a_group_is_committed_when_it_has_so_many_frames(path: Path) -> None:
    disk = Watched()
    with opened(path, disk, group_commit=GroupCommit(frames=3)) as journal:
        before = len(disk.synced)
        reached = []
        for _ in range(7):
            journal.write_payload(b"abc")
            reached.append((journal.flushed_offset, journal.durable_offset))
        assert [durable // FRAME for _, durable in reached] == [0, 0, 3, 3, 3, 6, 6]
        assert len(disk.synced) == before + 2
        journal.write_many([b"abc"] * 5)
        assert journal.durable_offset == journal.offset
        with pytest.raises(TypeError):
            journal.write_many([b"abc", b"abc", cast("Any", 5)])
        assert journal.durable_offset == journal.offset == 14 * FRAME  # a number that nobody knows is taken for enough
        journal.write_payload(b"abc")
    assert len(payloads(path)) == 15


def test_what_a_source_of_payloads_raises_comes_behind_what_it_gave(path: Path) -> None:
    def broken() -> Any:
        yield from [b"abc"] * (BATCH + 2)
        raise LookupError

    with opened(path) as journal:
        with pytest.raises(LookupError):
            journal.write_many(broken())
        assert journal.durable_offset == journal.offset == (BATCH + 2) * FRAME


@pytest.mark.parametrize("call", ["write_payload", "sync"])
def test_a_slow_source_of_payloads_holds_up_no_other_thread(path: Path, call: str) -> None:
    held_up: list[bool] = []

    def slow() -> Any:
        yield b"abc"
        other = threading.Thread(target=getattr(journal, call), args=[b"def"][: call != "sync"], daemon=True)
        other.start()
        other.join(5)
        held_up.append(other.is_alive())
        journal.flush()  # as the source itself may
        yield b"ghi"

    with opened(path) as journal:
        assert journal.write_many(slow()) == 2
    assert held_up == [False]
    assert payloads(path) == [*[b"def"][: call != "sync"], b"abc", b"ghi"]


def test_a_group_is_committed_when_it_has_so_many_bytes(path: Path) -> None:
    with opened(path, durability="flush", group_commit=GroupCommit(frames=100, bytes=2 * FRAME + 1)) as journal:
        reached = []
        for _ in range(6):
            journal.write_payload(b"abc")
            reached.append(journal.flushed_offset // FRAME)
    assert reached == [0, 0, 3, 3, 3, 6]


def test_a_group_is_committed_when_its_first_frame_is_so_old(path: Path) -> None:
    with opened(path, group_commit=GroupCommit(seconds=0.01)) as journal:
        for count in (1, 2):
            journal.write_payload(b"abc")
            _until(partial(_is_durable, journal, count * FRAME))


def _is_durable(journal: JournalWriter, offset: int) -> bool:
    return journal.durable_offset == offset


def test_an_endless_group_is_made_durable_by_sync_and_at_closing(path: Path) -> None:
    for background in (None, Background()):
        disk = Watched()
        journal = opened(path, disk, group_commit=GroupCommit(frames=10**9, seconds=10**6), background=background)
        journal.write_payload(b"abc")
        journal.flush()
        assert journal.flushed_offset == journal.offset > journal.durable_offset
        journal.sync()
        assert journal.durable_offset == journal.offset
        journal.write_payload(b"abc")
        synced = len(disk.synced)
        journal.close()
        assert len(disk.synced) == synced + 1
    assert len(payloads(path)) == 4


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (GroupCommit, "a group commit needs a limit"),
        (lambda: GroupCommit(frames=0), "frames must be 1 or more, not 0"),
        (lambda: GroupCommit(bytes=-5), "bytes must be 1 or more, not -5"),
        (lambda: GroupCommit(seconds=0), "seconds must be more than 0"),
        (lambda: GroupCommit(seconds=float("nan")), "not nan"),
        (lambda: GroupCommit(seconds=float("inf")), "not inf"),
        (lambda: Background(queue_bytes=0), "queue_bytes must be 1 or more, not 0"),
        (lambda: Background(1, cast("Any", "block")), "when_full must be 'wait' or 'drop', not 'block'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("mode", "options", "error"),
    [
        ("ab", {"durability": "sync"}, ValueError),
        ("ab", {"durability": "none", "group_commit": GroupCommit(frames=2)}, ValueError),
        ("ab", {"durability": "flush", "group_commit": 5}, TypeError),
        ("ab", {"durability": "flush", "background": True}, TypeError),
        ("ab", {"group_commit": GroupCommit(frames=2)}, ValueError),
        ("ab", {"background": Background()}, ValueError),
        ("ab", {"truncate_torn_tail": True}, ValueError),
        ("wb", {"durability": "flush"}, ValueError),
        ("rb", {"durability": "flush"}, ValueError),
    ],
)
def test_arguments_that_make_no_sense_make_no_file(path: Path, mode: Any, options: Any, error: Any) -> None:
    with pytest.raises(error):
        flatstream.open(path, mode, **options)
    assert not path.exists()


# Opening what is there


def test_a_torn_tail_is_refused_and_cut_off_only_when_that_is_asked_for(path: Path) -> None:
    path.write_bytes(torn := bytes(flatstream.frame_many([b"abc"], "xxh3_64")) + b"\x07\0\0\0torn")
    with pytest.raises(AppendRefused, match="begins at offset 15 of 23 bytes"):
        opened(path)
    assert path.read_bytes() == torn
    with opened(path, truncate_torn_tail=True) as journal:
        assert (journal.recovered.end, journal.recovered.size) == (RecoveryEnd.TORN_TAIL, 23)
        assert journal.durable_offset == 15
        journal.write_payload(b"def")
    assert payloads(path) == [b"abc", b"def"]


@pytest.mark.parametrize("tail", [bytes(12), b"\xff\xff\xff\xff"])
def test_corruption_is_refused_with_its_offset_and_never_cut_off(path: Path, tail: bytes) -> None:
    path.write_bytes(content := bytes(flatstream.frame_many([b"abc"], "xxh3_64")) + tail)
    with pytest.raises((ChecksumMismatch, InvalidFrame)) as caught:
        opened(path, truncate_torn_tail=True)
    assert caught.value.offset == 15
    assert path.read_bytes() == content
    path.write_bytes(content[:15])
    opened(path).close()  # nobody has left the lock


@pytest.mark.skipif(os.name == "nt", reason="a device of POSIX systems")
def test_a_journal_is_a_regular_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a journal is a regular file, which /dev/null is not"):
        flatstream.open("/dev/null", "ab", durability="none")
    with pytest.raises(OSError, match="irectory"):
        flatstream.open(tmp_path, "ab", durability="none")
    with flatstream.open("/dev/null", "ab") as plain:
        plain.write_payload(b"abc")


# One writer


@pytest.mark.parametrize("first", [None, "flush"])
@pytest.mark.parametrize("second", [None, "flush"])
def test_there_is_one_appending_writer(path: Path, first: Any, second: Any) -> None:
    with flatstream.open(path, "ab", durability=first):
        with pytest.raises(JournalLocked, match=r"journal\.bin is locked: ") as caught:
            flatstream.open(path, "ab", durability=second)
        assert caught.value.path == str(path)
        if sys.platform == "linux":
            assert caught.value.holder == "this process"
    flatstream.open(path, "ab", durability=second).close()


def test_a_writer_in_another_process_is_named_and_its_lock_ends_with_it(path: Path) -> None:
    code = f"""
import flatstream
writer = flatstream.open({str(path)!r}, "ab", checksum="xxh3_64", durability="flush")
writer.write_payload(b"abc")
print("ready", flush=True)
input()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(JournalLocked) as caught:
            opened(path)
        if sys.platform == "linux":
            assert caught.value.holder is not None
            assert caught.value.holder.startswith(f"process {process.pid} (")
        process.kill()
        process.wait()
    with opened(path) as journal:
        assert journal.recovered.frames == 1


# Refusals and errors


def test_what_is_refused_leaves_the_journal_as_it_is(path: Path) -> None:
    framer = ChecksumFramer("xxh3_64").bounded(3)
    with flatstream.open(path, "xb", framer=framer, durability="flush") as journal:
        journal.write_payload(b"abc")
        with pytest.raises(InvalidFrame) as caught:
            journal.write_payload(b"long")
        assert caught.value.offset == journal.offset == FRAME
        with pytest.raises(TypeError):
            journal.write_payload(5)  # type: ignore[arg-type]
        with pytest.raises(InvalidFrame):
            journal.write_many([b"def", b"long", b"never"])
        assert journal.flushed_offset == journal.offset == 2 * FRAME
        journal.write_payload(b"ghi")
    assert payloads(path) == [b"abc", b"def", b"ghi"]


def test_a_failed_sync_fails_the_writer_for_good_and_is_not_tried_again(path: Path) -> None:
    disk = Watched()
    with opened(path, disk) as journal:
        journal.write_payload(b"abc")
        disk.fails["sync"] = OSError(errno.EIO, "bad medium")
        with pytest.raises(SyncFailed, match="before offset 15 is durable") as caught:
            journal.write_payload(b"def")
        assert (caught.value.offset, caught.value.durable_offset) == (15, 15)
        assert caught.value.__cause__ is disk.fails.pop("sync")
        tries = len(disk.synced)
        for call in (journal.sync, journal.flush, lambda: journal.write("x"), lambda: journal.write_many([b"x"])):
            with pytest.raises(SyncFailed) as again:
                call()
            assert again.value is caught.value
        assert journal.durable_offset == 15
    assert len(disk.synced) == tries
    journal.close()


def test_a_full_disk_fails_the_writer_and_keeps_what_it_took(path: Path) -> None:
    disk = Watched()
    journal = opened(path, disk, durability="none")
    journal.write_payload(b"abc")
    disk.fails["write"] = OSError(errno.ENOSPC, "full")
    with pytest.raises(StreamIOError, match="writing failed: OSError"):
        journal.flush()
    journal.close()  # which has been told
    assert (journal.offset, journal.flushed_offset) == (FRAME, 0)
    assert payloads(path) == []

    disk.fails.clear()
    journal = opened(path, disk, durability="none")
    journal.write_payload(b"abc")
    disk.fails["write"] = OSError(errno.ENOSPC, "full")
    with pytest.raises(StreamIOError, match="full"):
        journal.close()
    journal.close()


@pytest.mark.parametrize("count", [0, -1, 16])
def test_a_disk_that_counts_wrong_fails_the_writer(path: Path, count: int) -> None:
    class Wrong(Disk):
        def write(self, _fd: int, _data: Buffer) -> int:
            return count

    journal = opened(path, Wrong())
    with pytest.raises(StreamIOError, match=f"took {count} of 15 bytes"):
        journal.write_payload(b"abc")
    journal.close()


@pytest.mark.parametrize("background", [None, Background()])
def test_what_fails_at_closing_is_told(path: Path, background: Background | None) -> None:
    disk = Watched()
    journal = opened(path, disk, background=background)
    journal.write_payload(b"abc")
    journal.sync()
    disk.fails["unlock"] = OSError(errno.EIO, "bad medium")
    with pytest.raises(StreamIOError, match="closing failed: OSError"):
        journal.close()
    journal.close()
    assert payloads(path) == [b"abc"]


def test_an_interruption_in_the_middle_of_a_write_goes_through_and_fails_the_writer(path: Path) -> None:
    disk = Watched()
    with pytest.raises(KeyboardInterrupt), opened(path, disk) as journal:
        journal.write_payload(b"abc")
        disk.fails["write"] = KeyboardInterrupt()
        journal.write_payload(b"def")
    with opened(path) as journal:
        assert journal.recovered.frames == 1


def test_an_exception_in_the_middle_of_a_block_keeps_what_was_written(path: Path) -> None:
    with pytest.raises(LookupError), opened(path, durability="none") as journal:
        journal.write_payload(b"abc")
        raise LookupError
    assert payloads(path) == [b"abc"]


def test_a_frame_that_was_cut_in_two_by_an_interruption_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(path, durability="none")
    journal.write_payload(b"abc")

    def interrupted(data: bytes) -> None:
        journal._log.staged += data[:7]
        raise KeyboardInterrupt

    monkeypatch.setattr(journal._stream._sink, "_write", interrupted)
    monkeypatch.setattr(journal._stream, "write_payload", type(journal._stream).write_payload.__get__(journal._stream))
    with pytest.raises(KeyboardInterrupt):
        journal.write_payload(b"def")
    with pytest.raises(StreamIOError, match="writing failed: KeyboardInterrupt"):
        journal.write_payload(b"ghi")
    journal.close()
    assert payloads(path) == [b"abc"]


def test_a_call_from_the_middle_of_a_write_is_refused(path: Path) -> None:
    inner: list[Exception] = []

    def observer(_payload: object) -> None:
        for call in (partial(journal.write_payload, b"inner"), journal.flush, journal.sync, journal.close):
            with pytest.raises(RuntimeError, match="in the middle of a write") as caught:
                call()
            inner.append(caught.value)

    framer = ChecksumFramer("xxh3_64").observed(observer)
    with flatstream.open(path, "xb", framer=framer, durability="flush") as journal:
        journal.write_payload(b"outer")
    assert len(inner) == 4
    assert payloads(path) == [b"outer"]


@pytest.mark.parametrize("call", ["write", "flush", "sync"])
def test_a_signal_handler_that_calls_while_the_disk_works_is_refused(path: Path, call: str) -> None:
    class Signalled(Disk):
        """A handler runs in the middle of the system call."""

        def write(self, fd: int, data: Buffer) -> int:
            getattr(journal, call)(*["inner"][: call == "write"])
            return super().write(fd, data)

    with opened(path, Signalled(), durability="none") as journal:
        journal.write_payload(b"abc")
        with pytest.raises(StreamIOError, match="in the middle of a write"):
            journal.flush()
    assert payloads(path) == []


def test_a_signal_handler_that_closes_in_the_middle_of_closing_changes_nothing(path: Path) -> None:
    class Signalled(Disk):
        def write(self, fd: int, data: Buffer) -> int:
            journal.close()
            return super().write(fd, data)

    journal = opened(path, Signalled(), durability="none")
    journal.write_payload(b"abc")
    journal.close()
    assert payloads(path) == [b"abc"]


def test_a_closed_journal_takes_nothing_and_closes_twice(path: Path) -> None:
    journal = opened(path)
    journal.close()
    journal.close()
    for call in (journal.sync, journal.flush, lambda: journal.write("x"), lambda: journal.write_many([])):
        with pytest.raises(ValueError, match="this writer is closed"):
            call()


# In the background


def test_a_slow_disk_holds_up_nobody_while_there_is_room_and_whoever_writes_when_there_is_none(path: Path) -> None:
    disk = Watched()
    with opened(path, disk, background=Background(queue_bytes=2 * FRAME)) as journal:
        disk.open_gate.clear()
        journal.write_payload(b"abc")
        assert disk.reached.wait(30)  # the first is on its way, and two more have room
        journal.write_payload(b"def")
        journal.write_payload(b"ghi")
        thread = threading.Thread(target=journal.write_payload, args=(b"jkl",))
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
        assert journal.offset == 3 * FRAME
        disk.open_gate.set()
        thread.join(30)
        journal.sync()
        assert journal.durable_offset == 4 * FRAME
    assert payloads(path) == [b"abc", b"def", b"ghi", b"jkl"]


def test_frames_without_room_are_dropped_and_counted_if_that_is_chosen(path: Path) -> None:
    disk = Watched()
    event = Record("Event", time="u64")
    with opened(path, disk, background=Background(2 * FRAME, "drop")) as journal:
        disk.open_gate.clear()
        journal.write_payload(b"abc")
        assert disk.reached.wait(30)
        journal.write_payload(b"def")
        assert journal.write_many([b"ghi"]) == 1
        journal.write("x")
        journal.write_payload(b"x")
        builder = flatbuffers.Builder(0)
        journal.write_finished(builder)
        assert journal.write_many([b"x"] * (BATCH + 3)) == 0
        assert journal.dropped == 3 + BATCH + 3
        assert journal.offset == 3 * FRAME
        thread = threading.Thread(target=journal.write_records, args=(event, {"time": np.arange(2, dtype="u8")}))
        thread.start()  # records wait
        disk.open_gate.set()
        thread.join(30)
    assert payloads(path)[:3] == [b"abc", b"def", b"ghi"]
    assert len(payloads(path)) == 5


@pytest.mark.parametrize("when", ["next call", "sync", "close", "waiting for room"])
def test_a_failing_disk_surfaces_at_the_next_call_or_at_closing(path: Path, when: str) -> None:
    disk = Watched()
    journal = opened(path, disk, background=Background(queue_bytes=1))
    journal.write_payload(b"abc")
    journal.sync()
    disk.open_gate.clear()
    disk.fails["write"] = OSError(errno.EIO, "bad medium")
    disk.reached.clear()
    journal.write_payload(b"def")
    assert disk.reached.wait(30)
    if when == "waiting for room":
        journal.write_payload(b"ghi")
        threading.Timer(0.05, disk.open_gate.set).start()
    else:
        disk.open_gate.set()
    if when in {"next call", "close"}:
        _until(lambda: journal._log._error is not None)
    calls: dict[str, Callable[[], Any]] = {
        "next call": lambda: journal.write_payload(b"ghi"),
        "sync": journal.sync,
        "close": journal.close,
        "waiting for room": lambda: journal.write_payload(b"jkl"),
    }
    with pytest.raises(StreamIOError, match="bad medium"):
        calls[when]()
    journal.close()
    assert journal.durable_offset == FRAME
    assert payloads(path) == [b"abc"]


def test_an_error_that_is_not_the_disk_s_ends_the_thread_and_is_told(path: Path) -> None:
    journal = opened(path, background=Background())
    journal._log._due = None  # type: ignore[assignment, method-assign]  # as a fault of our own would be
    journal.write_payload(b"abc")
    _until(lambda: journal._log._error is not None)
    with pytest.raises(StreamIOError, match="writing failed: TypeError"):
        journal.close()


@pytest.mark.parametrize("background", [None, Background(queue_bytes=100)])
def test_threads_may_share_a_writer(path: Path, background: Background | None) -> None:
    def work(name: int) -> None:
        for number in range(30):
            journal.write_payload(b"%d %d" % (name, number))
            if number % 10 == 0:
                journal.sync()

    with opened(path, durability="flush", background=background) as journal:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = [payload.split() for payload in payloads(path)]
    assert len(found) == 120
    for name in range(4):
        assert [int(number) for whose, number in found if int(whose) == name] == list(range(30))


def test_threads_that_wait_for_a_sync_share_it(path: Path) -> None:
    disk = Watched()
    with opened(path, disk, durability="flush", background=Background()) as journal:
        disk.open_gate.clear()
        journal.write_payload(b"first")
        assert disk.reached.wait(30)
        before = len(disk.synced)

        def work() -> None:
            journal.write_payload(b"abc")
            journal.sync()

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        _until(lambda: journal._log._wanted_durable == journal.offset == 4 + 8 + 5 + 5 * FRAME)
        disk.open_gate.set()
        for thread in threads:
            thread.join(30)
        assert journal.durable_offset == journal.offset
        assert len(disk.synced) == before + 1


def test_a_second_call_of_close_waits_for_the_first(path: Path) -> None:
    disk = Watched()
    journal = opened(path, disk, background=Background())
    disk.open_gate.clear()
    journal.write_payload(b"abc")
    assert disk.reached.wait(30)
    threads = [threading.Thread(target=journal.close) for _ in range(2)]
    for thread in threads:
        thread.start()
    _until(lambda: journal.closed)
    with pytest.raises(ValueError, match="closed"):
        journal.write_payload(b"def")
    disk.open_gate.set()
    for thread in threads:
        thread.join(30)
    assert journal.durable_offset == FRAME


def test_whoever_waits_for_room_in_a_journal_that_is_closed_is_told(path: Path) -> None:
    disk = Watched()
    journal = opened(path, disk, background=Background(queue_bytes=1))
    disk.open_gate.clear()
    journal.write_payload(b"abc")
    assert disk.reached.wait(30)
    journal.write_payload(b"def")
    told: list[Exception] = []

    def work() -> None:
        with pytest.raises(ValueError, match="closed") as caught:
            journal.write_payload(b"ghi")
        told.append(caught.value)

    waiting, closing = threading.Thread(target=work), threading.Thread(target=journal.close)
    waiting.start()
    _until(lambda: bool(journal._log._changed._waiters))  # type: ignore[attr-defined]  # there is no other sign
    closing.start()
    _until(lambda: journal.closed)
    disk.open_gate.set()
    for thread in (waiting, closing):
        thread.join(30)
    assert len(told) == 1
    assert payloads(path) == [b"abc", b"def"]


@pytest.mark.parametrize("background", [None, Background()])
def test_memory_is_bounded_however_many_frames_are_written_at_once(path: Path, background: Background | None) -> None:
    disk = Watched()
    payload = b"x" * 10_000
    with opened(path, disk, durability="none", background=background) as journal:
        assert journal.write_many(payload for _ in range(1000)) == 1000
    assert max(disk.writes) <= BUFFER + BATCH * 10_012 + (0 if background is None else background.queue_bytes)
    assert len(payloads(path)) == 1000


# Endings


@pytest.mark.parametrize("background", [None, Background()])
def test_a_writer_that_is_collected_commits_and_warns(path: Path, background: Background | None) -> None:
    journal = opened(path, durability="none", background=background)
    journal.write_payload(b"abc")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        del journal
        gc.collect()
    assert [(each.category, str(each.message)) for each in told] == [(ResourceWarning, "a journal was not closed")]
    opened(path).close()  # the lock is gone
    assert payloads(path) == [b"abc"]


def test_the_collector_has_nothing_to_do_with_a_journal_that_was_closed(path: Path) -> None:
    journal = opened(path)
    assert journal._finalizer.alive
    journal.close()
    assert not journal._finalizer.alive


def test_a_writer_that_is_collected_by_its_own_thread_ends_it(path: Path) -> None:
    journal = opened(path, durability="none", background=Background())
    log = journal._log
    worker = log._worker
    assert worker is not None
    journal._finalizer.detach()
    journal.write_payload(b"abc")
    due = log._due

    def collected() -> Any:
        if threading.current_thread() is worker:
            log.close()
        return due()

    log._due = collected  # type: ignore[method-assign]  # the collector may run anywhere
    journal.write_payload(b"abc")
    worker.join(30)
    assert not worker.is_alive()
    assert payloads(path) == [b"abc", b"abc"]


@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "1 / 0", "import sys; sys.exit(0)"])
@pytest.mark.parametrize("options", ["", ", background=flatstream.Background()"])
def test_an_unclosed_journal_is_committed_when_the_interpreter_exits(path: Path, ending: str, options: str) -> None:
    code = f"""
import flatstream
journal = flatstream.open({str(path)!r}, "ab", checksum="xxh3_64", durability="none"{options})
for _ in range(1000):
    journal.write_payload(b"abc")
{ending}
"""
    run = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == {"raise SystemExit(3)": 3, "1 / 0": 1}.get(ending, 0)
    assert "ResourceWarning: a journal was not closed" in run.stderr
    assert payloads(path) == [b"abc"] * 1000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("background", [None, Background()])
def test_after_a_fork_the_parent_alone_has_the_journal(path: Path, background: Background | None) -> None:
    disk = Watched()
    journal = opened(path, disk, durability="none", background=background)
    if background is not None:
        disk.open_gate.clear()  # frames that wait are the parent's to write
    journal.write_payload(b"abc")
    go, ready = os.pipe(), os.pipe()
    child = os.fork()
    if not child:  # nothing but `_exit` may leave this block: it would run the tests twice
        told = 0
        for call in (journal.sync, journal.flush, lambda: journal.write_payload(b"child")):
            try:
                call()
            except ValueError:
                told += 1
        journal.close()
        os.write(ready[1], bytes([told]))
        os.read(go[0], 1)
        os._exit(0)
    try:
        assert os.read(ready[0], 1) == b"\x03"
        with pytest.raises(JournalLocked):
            opened(path)
        journal.write_payload(b"def")
        disk.open_gate.set()
        journal.close()
        opened(path).close()  # although the child lives
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
        for fd in (*go, *ready):
            os.close(fd)
    assert payloads(path) == [b"abc", b"def"]


def test_a_copy_of_a_journal_in_a_forked_process_does_and_says_nothing(path: Path) -> None:
    journal = opened(path, durability="none")
    journal.write_payload(b"abc")
    flatstream.log._after_fork()  # as the child runs it
    for call in (journal.sync, journal.flush, lambda: journal.write("x"), lambda: journal.write_many([])):
        with pytest.raises(ValueError, match="belongs to the process that opened it"):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        journal._finalizer()
    journal.close()
    assert payloads(path) == []


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX systems")
def test_a_signal_handler_that_returns_disturbs_nothing(path: Path) -> None:
    told: list[int] = []

    def handler(number: int, _frame: object) -> None:
        told.append(number)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with opened(path, durability="flush") as journal:
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            while len(told) < 20:
                journal.write_payload(b"abc")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert scan(path, "xxh3_64").end is flatstream.ScanEnd.CLEAN
    assert path.stat().st_size == journal.offset


@contextmanager
def heard() -> Iterator[None]:
    """No garbage is collected: an interruption that comes while Python calls back about that is heard by nobody."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


INTERRUPTED: dict[str, Callable[[JournalWriter], object]] = {
    "write": lambda journal: journal.write("text"),
    "write_payload": lambda journal: journal.write_payload(b"abc"),
    "write_many": lambda journal: journal.write_many(iter([b"abc", b"def"])),
    "flush": JournalWriter.flush,
    "sync": JournalWriter.sync,
    "close": JournalWriter.close,
}


@pytest.mark.parametrize("options", [{}, {"group_commit": GroupCommit(frames=2)}, {"background": Background(1)}])
@pytest.mark.parametrize("call", INTERRUPTED)
def test_wherever_an_interruption_comes_the_journal_can_be_closed(path: Path, call: str, options: Any) -> None:
    """Python looks for signals when a function begins, and when one in C has returned: each of these places in turn."""
    left = at = 0
    done = False

    def count_down(frame: Any, event: str, _argument: object) -> None:
        nonlocal left
        if event in {"call", "c_return"} and frame.f_code is not test.__code__:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    def test() -> None:
        nonlocal done
        sys.setprofile(count_down)
        try:
            INTERRUPTED[call](journal)
            done = True
        finally:
            sys.setprofile(None)

    while not done:
        path.unlink(missing_ok=True)
        journal = opened(path, **options)
        journal.write_payload(b"before")
        at = left = at + 1
        assert at < 1000
        with heard(), suppress(KeyboardInterrupt):
            test()
        assert not journal._log._changed._is_owned(), at  # type: ignore[attr-defined]  # other threads are not held up
        with suppress(StreamIOError):  # what was interrupted while it wrote has failed
            journal.close()
        assert journal._log._file.closed, at
        with opened(path) as again:  # nobody has the lock
            assert again.recovered.end is RecoveryEnd.CLEAN_EOF, at
        assert payloads(path)[:1] == [b"before"][: again.recovered.frames]
    assert at > 3


def interrupted_at_any_time(path: Path, options: Any) -> None:
    """Write to journals, in each of which Ctrl-C comes at some time, and close them."""

    def handler(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    chance = random.Random(9)
    signal.signal(signal.SIGALRM, handler)
    for _ in range(60):
        path.unlink(missing_ok=True)
        journal = opened(path, durability="flush", **options)
        with heard(), suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.001 * chance.random())
            while True:
                journal.write_payload(b"abc")
        journal.close()
        opened(path).close()
        assert scan(path, "xxh3_64").end is flatstream.ScanEnd.CLEAN


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX systems")
@pytest.mark.parametrize("options", ["{}", "{'group_commit': GroupCommit(frames=100)}"])
def test_a_ctrl_c_at_any_time_leaves_a_journal_that_can_be_closed(path: Path, options: str) -> None:
    """In a process of its own: what measures coverage has a lock that such an interruption leaves locked."""
    code = f"""
from pathlib import Path
from flatstream import GroupCommit
from flatstream.tests.test_journal import interrupted_at_any_time
interrupted_at_any_time(Path({str(path)!r}), {options})
print("each could be closed")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (run.stdout, run.stderr, run.returncode) == ("each could be closed\n", "", 0)


def _until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it never came true")
