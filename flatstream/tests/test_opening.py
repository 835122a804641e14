"""``flatstream.open``: files by their path."""

from __future__ import annotations

import errno
import gc
import io
import os
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream import AppendRefused, ChecksumMismatch, JournalLocked, StreamIOError, locking

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


@pytest.mark.parametrize("options", [{}, {"copy": True}, {"mapped": True}, {"mapped": True, "copy": True}])
def test_what_is_written_is_read_back(path: Path, algorithm: flatstream.Checksum, options: Any) -> None:
    payloads = [b"", b"a" * 5, b"b" * 300_000, b"c"]
    with flatstream.open(path, "wb", checksum=algorithm) as writer:
        for payload in payloads:
            writer.write_payload(payload)
    with flatstream.open(str(path), checksum=algorithm.name, **options) as reader:
        read = list(reader)
    assert [bytes(payload) for payload in read] == payloads
    assert writer.closed
    assert reader.closed


def test_borrowed_payloads_stay_valid_after_closing(path: Path) -> None:
    path.write_bytes(b"\x03\0\0\0abc")
    for mapped in (False, True):
        with flatstream.open(path, mapped=mapped) as reader:
            payload = reader.read_message()
        gc.collect()
        assert payload == b"abc"


@pytest.mark.parametrize("mapped", [False, True])
def test_an_empty_file_is_an_empty_stream(path: Path, mapped: bool) -> None:
    path.touch()
    with flatstream.open(path, mapped=mapped) as reader:
        assert list(reader) == []


def test_appending_goes_on_behind_the_last_frame(path: Path) -> None:
    for mode, count in (("ab", 1), ("a", 2), ("ab", 3)):
        with flatstream.open(path, mode, checksum="crc32") as writer:  # type: ignore[call-overload]  # a str variable
            assert writer.offset == 11 * (count - 1)
            writer.write_payload(b"abc")
            assert writer.offset == 11 * count
        with flatstream.open(path, checksum="crc32", copy=True) as reader:
            assert list(reader) == [b"abc"] * count


def test_appending_to_a_torn_tail_is_refused(path: Path) -> None:
    path.write_bytes(b"\x01\0\0\0a\x05\0\0\0b")
    with pytest.raises(AppendRefused, match="torn tail begins at offset 5 of 10 bytes") as caught:
        flatstream.open(path, "ab")
    assert (caught.value.last_good_offset, caught.value.size) == (5, 10)
    assert path.read_bytes() == b"\x01\0\0\0a\x05\0\0\0b"


def test_appending_to_a_corrupt_file_is_refused(path: Path) -> None:
    path.write_bytes(bytes(12))
    with pytest.raises(ChecksumMismatch):
        flatstream.open(path, "ab", checksum="xxh3_64")


def test_exclusive_creation_refuses_an_existing_file(path: Path) -> None:
    flatstream.open(path, "xb").close()
    with pytest.raises(FileExistsError):
        flatstream.open(path, "x")


def test_a_missing_file_and_a_folder_are_os_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flatstream.open(tmp_path / "none")
    with pytest.raises(OSError, match="irectory"):
        flatstream.open(tmp_path)


def test_adapters_take_the_place_of_a_checksum(path: Path) -> None:
    seen: list[bytes] = []
    framer = flatstream.ChecksumFramer("crc16").observed(lambda payload: seen.append(bytes(payload)))
    with flatstream.open(path, "w", framer=framer, policy=flatstream.NoOpPolicy()) as writer:
        writer.write_payload(b"abc")
    deframer = flatstream.ChecksumDeframer("crc16").observed(lambda payload: seen.append(bytes(payload)))
    with flatstream.open(path, "r", deframer=deframer) as reader:
        assert reader.read_message() == b"abc"
    assert seen == [b"abc", b"abc"]


def test_the_bound_is_for_reading(path: Path) -> None:
    path.write_bytes(b"\x03\0\0\0abc")
    with flatstream.open(path, max_frame_len=2) as reader, pytest.raises(flatstream.InvalidFrame):
        reader.read_message()


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("rt", {}),
        ("r+b", {}),
        ("", {}),
        ("b", {}),
        ("rb", {"framer": flatstream.DefaultFramer()}),
        ("rb", {"policy": flatstream.NoOpPolicy()}),
        ("rb", {"deframer": flatstream.DefaultDeframer(), "checksum": "crc32"}),
        ("rb", {"deframer": flatstream.DefaultDeframer(), "max_frame_len": 5}),
        ("rb", {"checksum": "crc64"}),
        ("rb", {"max_frame_len": -1}),
        ("rb", {"follow": True, "mapped": True}),
        ("rb", {"timeout": 1}),
        ("wb", {"follow": True}),
        ("wb", {"timeout": 1}),
        ("wb", {"deframer": flatstream.DefaultDeframer()}),
        ("wb", {"max_frame_len": 5}),
        ("wb", {"copy": True}),
        ("wb", {"mapped": True}),
        ("wb", {"framer": flatstream.DefaultFramer(), "checksum": "crc32"}),
        ("ab", {"framer": flatstream.DefaultFramer()}),
        ("wb", {"checksum": "crc64"}),
    ],
)
def test_modes_and_arguments_that_make_no_sense_are_refused_and_touch_no_file(
    path: Path, mode: str, options: Any
) -> None:
    path.write_bytes(b"\x03\0\0\0abc")
    with pytest.raises(ValueError):  # noqa: PT011  (each has a text of its own)
        flatstream.open(path, mode, **options)  # type: ignore[call-overload]  # that is the point
    assert path.read_bytes() == b"\x03\0\0\0abc"


def test_no_file_is_emptied_or_left_open_when_the_policy_is_wrong(path: Path) -> None:
    path.write_bytes(b"\x03\0\0\0abc")
    policy = flatstream.NoOpPolicy()
    policy.baseline = -1
    with pytest.raises(ValueError, match="baseline"):
        flatstream.open(path, "wb", policy=policy)
    gc.collect()  # a file that was left open would warn, and warnings are errors here
    assert path.read_bytes() == b"\x03\0\0\0abc"


def test_no_file_is_left_open_when_it_cannot_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"\x03\0\0\0abc")

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError("no mapping")

    monkeypatch.setattr("mmap.mmap", refuse)
    with pytest.raises(OSError, match="no mapping"):
        flatstream.open(path, mapped=True)
    gc.collect()  # as above


class FullDisk(io.FileIO):
    """A file on a disk without room."""

    def write(self, _data: Any, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_an_error_at_the_flush_and_closing_raises_nothing_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flatstream.opening.io.FileIO", FullDisk)
    with pytest.raises(StreamIOError, match="flushing failed: OSError"), flatstream.open(path, "wb") as writer:
        writer.write_payload(b"abc")
        writer.flush()
    assert writer.closed


def test_a_full_disk_is_an_error_at_closing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flatstream.opening.io.FileIO", FullDisk)
    writer = flatstream.open(path, "wb")
    writer.write_payload(b"abc")
    with pytest.raises(StreamIOError, match="No space left on device"):
        writer.close()
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_the_lock_of_an_appending_writer_ends_when_its_own_process_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    writer = flatstream.open(path, "ab")
    go, ready = os.pipe(), os.pipe()
    child = os.fork()
    if not child:  # nothing but `_exit` may leave this block: it would run the tests twice
        writer.close()
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    try:
        assert os.read(ready[0], 1) == b"x"
        with pytest.raises(JournalLocked):
            flatstream.open(path, "ab")
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
    child = os.fork()
    if not child:
        os.read(go[0], 1)
        os._exit(0)
    try:
        writer.close()
        writer.close()
        flatstream.open(path, "ab").close()  # although the child has the descriptor
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
        for fd in (*go, *ready):
            os.close(fd)


def test_a_file_that_cannot_be_unlocked_is_closed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(locking, "unlock", refuse)
    with flatstream.open(tmp_path / "file", "ab") as writer:
        writer.write_payload(b"abc")
    assert writer._file.closed
