"""Following a file that grows, is replaced, is cut: every frame once, in order, and nothing else."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
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
from flatstream import (
    ChecksumMismatch,
    FileTruncated,
    FollowingReader,
    InvalidFrame,
    StreamIOError,
    UnexpectedEof,
    changes,
    follow,
)
from flatstream.changes import Polling
from flatstream.checksum import CRC32, NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOON = 30.0
"""Seconds after which a test that waits in vain fails."""

told_by_kernel = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "journal.bin"
    file.touch()
    return file


@pytest.fixture(params=["polling", pytest.param("notified", marks=told_by_kernel)])
def waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of waiting in turn."""
    if request.param == "polling":
        monkeypatch.setattr(follow, "changes_of", lambda _path, _descriptor: Polling())
    name: str = request.param
    return name


def append(path: Path, data: bytes | bytearray) -> None:
    with path.open("ab") as file:
        file.write(data)


def following(path: Path, checksum: str = "crc32", **options: Any) -> FollowingReader[bytes]:
    return flatstream.open(path, "rb", checksum=checksum, copy=True, follow=True, **options)


def polled(reader: FollowingReader[bytes]) -> list[bytes]:
    """All that can be given without waiting."""
    return list(iter(reader.poll, None))


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


# growing


def test_frames_are_given_once_they_are_whole(path: Path, framed: Any) -> None:
    stream = framed(CRC32, b"abc", b"", b"x" * 600_000)
    with following(path) as reader:
        for byte in stream[:10]:
            append(path, bytes([byte]))
            assert reader.poll() is None
        assert reader.pending == 10
        append(path, stream[10:11])
        assert polled(reader) == [b"abc"]
        assert (reader.offset, reader.pending) == (11, 0)
        append(path, stream[11:300_000])
        assert polled(reader) == [b""]
        append(path, stream[300_000:])
        assert polled(reader) == [b"x" * 600_000]
        assert (reader.offset, reader.rotations) == (len(stream), 0)


def test_borrowed_payloads_stay_valid(path: Path, framed: Any) -> None:
    with flatstream.open(path, follow=True) as reader:
        append(path, framed(NONE, b"one"))
        one = reader.poll()
        append(path, framed(NONE, b"two") * 1000)
        while reader.poll() is not None:
            pass
    assert isinstance(one, memoryview)
    assert one == b"one"


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_any_way_of_arriving_gives_the_same(payloads: list[bytes], data: st.DataObject) -> None:
    stream = bytes(flatstream.frame_many(payloads, "crc16"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.touch()
        with following(path, "crc16") as reader:
            read = []
            while stream:
                size = data.draw(st.integers(1, len(stream)))
                append(path, stream[:size])
                stream = stream[size:]
                read += polled(reader)
    assert read == payloads


def test_a_frame_that_is_wrong_is_an_error_at_once(path: Path, framed: Any) -> None:
    with following(path, max_frame_len=16) as reader:
        append(path, framed(CRC32, b"bad")[:-1] + b"?" + framed(CRC32, b"good"))
        with pytest.raises(ChecksumMismatch) as caught:
            reader.poll()
        assert caught.value.offset == 0
        assert polled(reader) == [b"good"]
        append(path, b"\xff\0\0\0")
        for _ in range(2):
            with pytest.raises(InvalidFrame):
                next(reader)


def test_validators_and_typed_messages_work_as_in_any_reader(path: Path) -> None:
    deframer = flatstream.DefaultDeframer().with_validator(flatstream.SizeValidator(1, 100))
    with flatstream.open(path, "wb") as writer, flatstream.open(path, deframer=deframer, follow=True) as reader:
        writer.write("text")
        writer.flush()
        assert next(reader.typed_messages(str)) == "text"


# waiting


@pytest.mark.usefixtures("waiting")
def test_iterating_waits_for_what_is_written_and_ends_when_it_is_told(path: Path, framed: Any) -> None:
    with following(path) as reader:

        def write() -> None:
            for index in range(20):
                append(path, framed(CRC32, b"%d" % index))
                time.sleep(0.001)
            reader.stop()

        with meanwhile(write):
            assert list(reader) == [b"%d" % index for index in range(20)]
        append(path, framed(CRC32, b"after"))
        assert list(reader) == [b"after"]  # what is whole is given, and nothing is waited for


@pytest.mark.usefixtures("waiting")
def test_closing_ends_a_wait_in_another_thread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = following(path)
    waits = threading.Event()
    wait = reader._changes.wait

    def seen(seconds: float | None) -> bool:
        waits.set()
        return wait(seconds)

    monkeypatch.setattr(reader._changes, "wait", seen)

    def close() -> None:
        waits.wait(SOON)
        reader.close()

    with meanwhile(close):
        assert list(reader) == []
    assert reader.closed
    reader.close()
    for use in (reader.poll, lambda: next(iter(reader))):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert next(reader, None) is None


@pytest.mark.usefixtures("waiting")
def test_a_timeout_ends_the_iteration_and_it_can_be_taken_up_again(path: Path, framed: Any) -> None:
    with following(path, timeout=0.02) as reader:
        append(path, framed(CRC32, b"one") + b"\x05")
        assert list(reader) == [b"one"]
        assert reader.pending == 1
        append(path, framed(CRC32, b"fives")[1:])
        assert list(reader) == [b"fives"]
        assert reader.read_message() is None


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_timeout_that_makes_no_sense_is_refused(path: Path, timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout must be 0 seconds or more"):
        following(path, timeout=timeout)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals are sent there")
@pytest.mark.usefixtures("waiting")
def test_ctrl_c_goes_through_and_loses_nothing(path: Path, framed: Any) -> None:
    with following(path) as reader:
        append(path, framed(CRC32, b"one") + b"\x05")
        assert next(reader) == b"one"
        timer = threading.Timer(0.02, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            next(reader)
        timer.join()
        append(path, framed(CRC32, b"fives")[1:])
        assert next(reader) == b"fives"


def test_an_interruption_in_the_middle_of_a_read_loses_nothing(
    path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with following(path) as reader:
        append(path, framed(CRC32, b"one", b"two")[:-1])
        assert next(reader) == b"one"
        read = reader._feed._read

        def interrupted(size: int) -> bytes:
            read(size)
            raise KeyboardInterrupt

        monkeypatch.setattr(reader._feed, "_read", interrupted)
        append(path, framed(CRC32, b"two")[-1:])
        with pytest.raises(KeyboardInterrupt):
            reader.poll()
        assert reader.poll() == b"two"


def test_closing_in_the_middle_of_a_frame_waits_for_its_end(path: Path, framed: Any) -> None:
    deframer = flatstream.ChecksumDeframer("crc32").observed(lambda _payload: reader.close())
    reader = flatstream.open(path, deframer=deframer, copy=True, follow=True)
    append(path, framed(CRC32, b"one", b"two"))
    assert list(reader) == [b"one"]
    assert reader._file.closed


def test_a_signal_handler_may_close(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = following(path)
    wait = reader._changes.wait

    def interrupted(seconds: float | None) -> bool:
        reader.close()  # as a handler does, in the thread that waits
        assert not reader._file.closed
        return wait(seconds)

    monkeypatch.setattr(reader._changes, "wait", interrupted)
    assert list(reader) == []
    assert reader._file.closed


@pytest.mark.skipif(sys.platform == "win32", reason="no such files are there")
def test_what_is_no_file_cannot_be_followed() -> None:
    with pytest.raises(OSError, match="not a regular file"):
        following(Path("/dev/null"))


# rotation


def rotate(path: Path, data: bytes, name: str = "old") -> None:
    path.rename(path.with_name(name))
    path.write_bytes(data)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be renamed there")
class TestRotation:
    def test_the_old_file_is_read_to_its_end_and_then_the_new_one(self, path: Path, framed: Any) -> None:
        with following(path) as reader:
            append(path, framed(CRC32, b"1"))
            assert polled(reader) == [b"1"]
            path.rename(path.with_name("old"))
            assert polled(reader) == []  # between the two steps
            append(path.with_name("old"), framed(CRC32, b"2"))
            path.touch()
            assert polled(reader) == [b"2"]
            append(path.with_name("old"), framed(CRC32, b"3"))
            assert (polled(reader), reader.rotations) == ([b"3"], 0)  # nothing is in the new one yet
            append(path.with_name("old"), framed(CRC32, b"4"))
            append(path, framed(CRC32, b"5"))
            assert polled(reader) == [b"4", b"5"]
            assert (reader.rotations, reader.offset) == (1, 9)

    def test_a_frame_that_is_torn_in_the_old_file_is_an_error(self, path: Path, framed: Any) -> None:
        append(path, framed(CRC32, b"1", b"22")[:-1])
        with following(path) as reader:
            assert polled(reader) == [b"1"]
            rotate(path, framed(CRC32, b"3"))
            for _ in range(2):
                with pytest.raises(UnexpectedEof) as caught:
                    reader.poll()
                assert caught.value.offset == 9

    @pytest.mark.usefixtures("waiting")
    def test_a_new_file_is_waited_for(self, path: Path, framed: Any) -> None:
        with following(path) as reader:
            given = threading.Semaphore(0)

            def write() -> None:
                for index in range(5):
                    append(path, framed(CRC32, b"%d" % index))
                    given.acquire(timeout=SOON)  # nobody could follow who is two files behind
                    time.sleep(0.01)  # until it waits
                    rotate(path, b"", f"old-{index}")
                append(path, framed(CRC32, b"last"))

            with meanwhile(write):
                for payload in (b"0", b"1", b"2", b"3", b"4", b"last"):
                    assert next(reader) == payload
                    given.release()

    def test_a_name_that_vanishes_again_is_no_new_file(
        self, path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with following(path) as reader:
            with monkeypatch.context() as patch:
                patch.setattr(reader, "_replaced", lambda: not reader._feed.last)
                path.rename(path.with_name("old"))
                look = reader._enter_next

                def vanished() -> None:
                    look()
                    patch.setattr(reader, "_replaced", lambda: False)

                patch.setattr(reader, "_enter_next", vanished)
                assert reader.poll() is None
            assert reader.rotations == 0
            append(path.with_name("old"), framed(CRC32, b"1"))
            assert polled(reader) == [b"1"]

    @pytest.mark.parametrize("step", ["stat", "open"])
    def test_a_system_that_fails_is_an_io_error(
        self, path: Path, framed: Any, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with following(path) as reader:
            rotate(path, framed(CRC32, b"1"))

            def refuse(*_args: object, **_options: object) -> None:
                raise PermissionError("refused")

            with monkeypatch.context() as patch:
                patch.setattr(Path, step, refuse)
                with pytest.raises(StreamIOError, match="refused"):
                    reader.poll()
            assert polled(reader) == [b"1"]

    def test_a_relative_path_is_that_of_its_time(
        self, path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(path.parent)
        with following(Path(path.name)) as reader:
            monkeypatch.chdir("/")
            rotate(path, framed(CRC32, b"1"))
            assert polled(reader) == [b"1"]


# cuts


def test_a_torn_tail_that_was_cut_off_is_forgotten(path: Path, framed: Any) -> None:
    append(path, framed(CRC32, b"1", b"22222")[:-1])
    with following(path) as reader:
        assert polled(reader) == [b"1"]
        os.truncate(path, 9)
        assert polled(reader) == []
        assert reader.pending == 0
        append(path, framed(CRC32, b"another, longer frame"))
        assert polled(reader) == [b"another, longer frame"]


def test_a_torn_tail_that_was_written_over_between_two_looks_is_forgotten(path: Path, framed: Any) -> None:
    append(path, framed(CRC32, b"1", b"2" * 100)[:-1])
    with following(path) as reader:
        assert polled(reader) == [b"1"]
        os.truncate(path, 9)
        append(path, framed(CRC32, b"3" * 200))
        assert polled(reader) == [b"3" * 200]


@pytest.mark.parametrize("checksum", ["none", "crc32"])
@pytest.mark.parametrize(("size", "have"), [(500, 4), (500, 100), (500, 400), (3_000_000, 400), (3_000_000, 2_500_000)])
def test_a_torn_tail_that_gave_way_to_one_that_ends_alike_is_forgotten(
    path: Path, checksum: str, size: int, have: int
) -> None:
    def frame(name: bytes, size: int) -> bytes:
        return bytes(flatstream.frame_many([name + bytes(size - len(name))], checksum))

    one = frame(b"one", 100)
    append(path, one + frame(b"old", size)[:have])
    with following(path, checksum) as reader:
        assert [payload[:3] for payload in polled(reader)] == [b"one"]
        os.truncate(path, len(one))
        append(path, frame(b"new", size) + frame(b"longer", size + 9))
        new, longer = polled(reader)
        assert (new[:3], len(new)) == (b"new", size)
        assert (longer[:6], len(longer)) == (b"longer", size + 9)


def test_the_length_of_what_waited_is_looked_at_again(path: Path, framed: Any) -> None:
    append(path, framed(NONE, b"one", bytes(500))[:-100])
    with following(path, "none") as reader:
        assert polled(reader) == [b"one"]
        os.truncate(path, 7)
        append(path, framed(NONE, bytes(600)))
        assert polled(reader) == [bytes(600)]


def test_what_takes_the_place_of_a_torn_tail_of_its_size_is_given(path: Path, framed: Any) -> None:
    for new in (bytes(500), b""):
        frame = framed(CRC32, new)
        append(path, framed(CRC32, b"1", bytes(600))[: 9 + len(frame)])
        with following(path) as reader:
            assert polled(reader) == [b"1"]
            os.truncate(path, 9)
            append(path, frame)
            assert polled(reader) == [new]
        os.truncate(path, 0)


def test_what_stands_before_a_long_torn_tail_is_looked_at_again(path: Path, framed: Any) -> None:
    append(path, framed(CRC32, b"1", bytes(500))[:-100])
    with following(path) as reader:
        assert polled(reader) == [b"1"]
        path.write_bytes(framed(CRC32, b"2", bytes(600)))
        with pytest.raises(FileTruncated):
            reader.poll()


@pytest.mark.parametrize("checksum", ["none", "xxh3_64"])
@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("length", [500, 400_000])
def test_another_frame_in_place_of_a_torn_one_is_not_taken_for_its_end(
    path: Path, checksum: str, looks: int, length: int
) -> None:
    def frame(name: bytes) -> bytes:
        return bytes(flatstream.frame_many([name.ljust(length, b"\0")], checksum))

    append(path, frame(b"first") + frame(b"old")[:300])
    with following(path, checksum) as reader:
        assert [reader.poll() is None for _ in range(looks)] == [False, True][:looks]
        os.truncate(path, len(frame(b"first")))
        append(path, frame(b"new") + frame(b"last"))  # the bytes just before those that are new look as they did
        assert [each.rstrip(b"\0") for each in polled(reader)] == [b"new", b"last"]


def test_a_frame_is_not_taken_for_the_end_of_one_that_had_another_length(path: Path, framed: Any) -> None:
    append(path, framed(NONE, bytes(100) + b"old")[:-3])
    with following(path, "none") as reader:
        assert polled(reader) == []
        os.truncate(path, 0)
        append(path, framed(NONE, bytes(100), b"new"))
        assert polled(reader) == [bytes(100), b"new"]


@pytest.mark.parametrize("new", [0, 5, 40])
def test_a_cut_below_what_was_given_is_an_error_of_its_own(path: Path, framed: Any, new: int) -> None:
    append(path, framed(CRC32, b"1", b"2"))
    with following(path) as reader:
        assert polled(reader) == [b"1", b"2"]
        path.write_bytes(bytes(new))
        for _ in range(2):
            with pytest.raises(FileTruncated, match=f"18 bytes were, and it has {new} now") as caught:
                reader.poll()
            assert (caught.value.read, caught.value.size) == (18, new)


def test_a_disk_that_fails_while_a_cut_is_looked_at_is_an_io_error(
    path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(path, framed(CRC32, b"1", b"22")[:-1])
    with following(path) as reader:
        assert polled(reader) == [b"1"]
        os.truncate(path, 9)

        def refuse(_descriptor: int) -> None:
            raise OSError("gone")

        with monkeypatch.context() as patch:
            patch.setattr("flatstream.follow.os.fstat", refuse)
            with pytest.raises(StreamIOError, match="gone"):
                reader._restart()
        assert polled(reader) == []


# all of it together

ENDS_ALIKE = st.builds(lambda name, size: name + bytes(size), st.binary(max_size=3), st.integers(100, 400))
"""Records of a fixed size, filled up with zeros."""


class Following(RuleBasedStateMachine):
    """Whatever a writer does that may be done to a journal, a follower gives each whole frame once and in order."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "journal")
        self.path.touch()
        self.reader = following(self.path, "xxh3_64")
        self.written: list[bytes] = []
        self.read: list[bytes] = []
        self.torn = 0
        self.files = 0

    @precondition(lambda self: not self.torn)
    @rule(payloads=st.lists(st.binary(max_size=100) | ENDS_ALIKE, max_size=3))
    def write(self, payloads: list[bytes]) -> None:
        append(self.path, flatstream.frame_many(payloads, "xxh3_64"))
        self.written += payloads

    @precondition(lambda self: not self.torn)
    @rule(payload=st.binary(max_size=100) | ENDS_ALIKE, part=st.floats(0, 1))
    def tear(self, payload: bytes, part: float) -> None:
        frame = flatstream.frame_many([payload], "xxh3_64")
        self.torn = 1 + int((len(frame) - 2) * part)
        self.rest = frame[self.torn :]
        self.payload = payload
        append(self.path, frame[: self.torn])

    @precondition(lambda self: self.torn)
    @rule()
    def complete(self) -> None:
        append(self.path, self.rest)
        self.written.append(self.payload)
        self.torn = 0

    @precondition(lambda self: self.torn)
    @rule()
    def cut(self) -> None:
        os.truncate(self.path, self.path.stat().st_size - self.torn)
        self.torn = 0

    @precondition(lambda self: self.torn)
    @rule(payload=st.binary(max_size=3), zeros=st.integers(0, 200))
    def cut_and_write(self, payload: bytes, zeros: int) -> None:
        self.cut()
        self.write([payload + bytes(zeros), b"next"])

    @precondition(lambda self: not self.torn and self.path.stat().st_size and sys.platform != "win32")
    @rule()
    def rotate(self) -> None:
        self.look()  # of a file that comes and goes unseen nobody can know
        self.files += 1
        rotate(self.path, b"", f"old-{self.files}")

    @rule()
    def look(self) -> None:
        self.read += polled(self.reader)
        assert self.read == self.written

    @invariant()
    def nothing_is_given_that_is_not_written(self) -> None:
        if hasattr(self, "read"):
            assert self.written[: len(self.read)] == self.read

    def teardown(self) -> None:
        if hasattr(self, "reader"):
            self.look()
            self.reader.close()
            self.folder.cleanup()


def test_a_follower_gives_each_whole_frame_once_and_in_order() -> None:
    run_state_machine_as_test(Following, settings=settings(stateful_step_count=20))


# how changes are noticed


def test_elsewhere_than_on_linux_it_looks_again_and_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with following(path) as reader:
        assert isinstance(reader._changes, Polling)


@told_by_kernel
class TestNotified:
    def test_it_is_used_where_it_is_there(self, path: Path) -> None:
        with following(path) as reader:
            assert isinstance(reader._changes, changes.Notified)

    @pytest.mark.parametrize("missing", ["flatstream.changes.import_module", "flatstream.changes.os.eventfd"])
    def test_polling_takes_its_place(self, path: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_args: object) -> None:
            raise ImportError if "import" in missing else OSError

        monkeypatch.setattr(missing, refuse)
        with following(path) as reader:
            assert isinstance(reader._changes, Polling)

    def test_changes_of_which_nothing_is_told_end_the_trust(
        self, path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(changes, "SAFETY", 0.001)
        with following(path) as reader:
            deaf = reader._changes

            def told_nothing(_seconds: float | None) -> bool:
                append(path, framed(CRC32, b"x"))
                return False

            for trusted in (True, False):
                monkeypatch.setattr(reader._changes, "wait", told_nothing)
                assert next(reader) == b"x"
                assert isinstance(reader._changes, changes.Notified) is trusted
            assert isinstance(reader._changes, Polling)
            deaf.wake()  # which is closed, and wakes nobody
            deaf.close()
            rotate(path, framed(CRC32, b"y"))
            assert next(reader) == b"y"
            assert isinstance(reader._changes, Polling)

    def test_being_told_to_stop_while_that_is_exchanged_is_not_lost(self, path: Path) -> None:
        with following(path) as reader:
            reader._stopped = True
            reader._listen(Polling())
            assert isinstance(reader._changes, Polling)
            assert reader._changes._woken.is_set()

    def test_waking_ends_every_wait(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(changes, "SAFETY", SOON)
        with following(path) as reader:
            reader._changes.wake()
            assert [reader._changes.wait(None), reader._changes.wait(SOON)] == [True, True]

    def test_polling_takes_its_place_when_no_watches_are_left(
        self, path: Path, framed: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with following(path) as reader:
            former = reader._changes
            assert isinstance(former, changes.Notified)

            def refuse(*_args: object) -> None:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")

            monkeypatch.setattr(former._inotify, "add_watch", refuse)
            path.rename(path.with_name("old"))
            path.touch()
            assert reader.poll() is None
            assert isinstance(reader._changes, Polling)
            append(path.with_name("old"), framed(CRC32, b"1"))
            append(path, framed(CRC32, b"2"))
            assert [next(reader), next(reader)] == [b"1", b"2"]

    def test_a_name_without_a_file_is_not_watched(self, path: Path) -> None:
        with following(path) as reader:
            path.unlink()
            reader._changes.renamed()
            assert reader.poll() is None


def test_polling_sleeps_no_longer_than_it_is_told() -> None:
    polling = Polling()
    assert polling.wait(0)
    polling.wake()
    assert polling.wait(None)
