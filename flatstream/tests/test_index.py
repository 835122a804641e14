"""Indexes: every mark is true, seeking gives what reading gives, parts make the whole, and a stale one is refused."""

from __future__ import annotations

import io
import os
import struct
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import (
    ChecksumMismatch,
    Index,
    IndexInvalid,
    IndexStale,
    InvalidFrame,
    StreamIOError,
    build_index,
    index,
)
from flatstream.checksum import CRC32, Checksum
from flatstream.index import Mark, Part, sidecar

ALGORITHMS = ["none", "crc16", "crc32", "xxh3_64"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


def write(path: Path, payloads: list[bytes], checksum: str = "crc32", mode: Any = "wb") -> Path:
    with flatstream.open(path, mode, checksum=checksum) as writer:
        writer.write_many(payloads)
    return path


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number * (number % 7) for number in range(count)]


@given(st.lists(st.binary(max_size=100), max_size=30), st.sampled_from(ALGORITHMS), st.integers(1, 300))
def test_marks_are_true_and_as_far_apart_as_asked_for(payloads: list[bytes], name: str, step: int) -> None:
    stream = bytes(flatstream.frame_many(payloads, name))
    made = build_index(io.BytesIO(stream), name, step=step)
    frames = flatstream.scan(stream, name)
    starts = [start - frames.header for start in frames.starts]
    assert (made.frames, made.end, made.checksum) == (len(payloads), len(stream), name)
    assert [starts[mark.frame] for mark in made.marks] == [mark.offset for mark in made.marks]
    if payloads:
        assert (made.marks[0].frame, made.marks[0].offset) == (0, 0)
    for mark, later in pairwise(made.marks):
        assert later.offset == next(start for start in starts if start >= mark.offset + step)
    if made.marks:
        assert not [start for start in starts if start >= made.marks[-1].offset + step]
    assert made.check(io.BytesIO(stream)) == 0


@given(st.lists(st.binary(max_size=100), max_size=30), st.integers(1, 300), st.integers(1, 10))
def test_parts_make_the_whole(payloads: list[bytes], step: int, count: int) -> None:
    stream = bytes(flatstream.frame_many(payloads, "crc16"))
    parts = build_index(io.BytesIO(stream), "crc16", step=step).parts(count)
    assert len(parts) <= count
    read: list[bytes] = []
    for part in parts:
        frames = flatstream.scan(stream[part.start : part.stop], "crc16").checked()
        assert (part.first, part.frames) == (len(read), len(frames))
        assert part.frames > 0
        read += list(map(bytes, frames))
    assert read == payloads


def test_parts_have_about_the_same_size(path: Path) -> None:
    made = build_index(write(path, [b"x" * 96] * 1000), "crc32", step=1000)
    assert [part.stop - part.start for part in made.parts(4)] == [26000, 26000, 26000, 26000]
    assert made.parts(1) == [Part(0, 104_000, 0, 1000)]
    with pytest.raises(ValueError, match="at least 1 part"):
        made.parts(0)


# seeking


@pytest.mark.parametrize("options", [{}, {"copy": True}, {"mapped": True}, {"mapped": True, "copy": True}])
@pytest.mark.parametrize("indexed", [False, True])
def test_seeking_gives_what_reading_gives(path: Path, options: Any, indexed: bool) -> None:
    payloads = numbered(200)
    made = build_index(write(path, payloads), "crc32", step=100)
    with flatstream.open(path, checksum="crc32", index=made if indexed else False, **options) as reader:
        for number in (0, 150, 3, 199, 200, 77):
            reader.seek_frame(number)
            assert [bytes(payload) for payload in reader] == payloads[number:]
        with pytest.raises(IndexError, match="there are 200 frames, and no frame 201"):
            reader.seek_frame(201)
        with pytest.raises(ValueError, match="counted from 0"):
            reader.seek_frame(-1)
    with pytest.raises(ValueError, match="closed"):
        reader.seek_frame(0)


def test_with_an_index_what_stands_before_is_not_read(path: Path) -> None:
    made = build_index(write(path, numbered(200)), "crc32", step=100)
    made.save(sidecar(path))
    marked = {mark.frame for mark in made.marks}
    frames = flatstream.scan(path.read_bytes(), "crc32")
    victim = next(number for number in range(20, 100) if number not in marked and len(frames[number]))
    data = bytearray(path.read_bytes())
    data[frames.starts[victim]] ^= 1
    path.write_bytes(data)
    with flatstream.open(path, checksum="crc32", index=True) as reader:
        reader.seek_frame(150)
        assert reader.read_message() == numbered(200)[150]
    with flatstream.open(path, checksum="crc32") as reader, pytest.raises(ChecksumMismatch):
        reader.seek_frame(150)


def test_what_was_appended_is_found_behind_the_last_mark(path: Path) -> None:
    made = build_index(write(path, numbered(50)), "crc32", step=100)
    write(path, numbered(200)[50:], mode="ab")
    with flatstream.open(path, checksum="crc32", index=made) as reader:
        reader.seek_frame(170)
        assert reader.read_message() == numbered(200)[170]


def test_after_a_torn_tail_one_can_seek_back(path: Path) -> None:
    write(path, numbered(20))
    os.truncate(path, path.stat().st_size - 1)
    with flatstream.open(path, checksum="crc32", copy=True) as reader:
        with pytest.raises(flatstream.UnexpectedEof):
            list(reader)
        reader.seek_frame(0)
        assert reader.read_message() == numbered(20)[0]


def test_an_index_of_another_checksum_is_refused(path: Path) -> None:
    made = build_index(write(path, [b"abc"]), "crc32")
    with pytest.raises(ValueError, match="the index is of a stream of crc32, not none"):
        flatstream.open(path, index=made)


# growing, and getting stale


@given(st.lists(st.binary(max_size=100), max_size=20), st.integers(0, 20), st.integers(1, 200), st.integers(0, 9))
def test_an_extended_index_is_one_of_the_whole(payloads: list[bytes], cut: int, step: int, torn: int) -> None:
    stream = bytes(flatstream.frame_many(payloads, "crc32"))
    first = bytes(flatstream.frame_many(payloads[:cut], "crc32"))
    made = build_index(io.BytesIO(stream[: len(first) + torn]), "crc32", step=step)
    assert made.extended(io.BytesIO(stream)) == build_index(io.BytesIO(stream), "crc32", step=step)


def test_a_torn_tail_is_left_out(path: Path) -> None:
    write(path, [b"abc", b"def"])
    os.truncate(path, 20)
    made = build_index(path, "crc32")
    assert (made.frames, made.end, made.check(path)) == (1, 11, 9)


@pytest.mark.parametrize(("stream", "kind"), [(bytes(12), ChecksumMismatch), (b"\xff\0\0\0", InvalidFrame)])
def test_what_is_corrupt_gets_no_index(stream: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        build_index(io.BytesIO(stream), "xxh3_64", 16)


def test_a_changed_journal_makes_the_index_stale(path: Path) -> None:
    made = build_index(write(path, numbered(100)), "crc32", step=10**6)
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    with pytest.raises(IndexStale, match=f"knows {len(good)} bytes of the journal, which has {len(good) - 1}"):
        made.check(path)
    for at in (0, 5, len(good) - 1):
        changed = bytearray(good)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(IndexStale, match="other bytes stand at"):
            flatstream.open(path, checksum="crc32", index=made)
    path.write_bytes(good + b"more")
    assert made.check(path) == 4


def test_of_many_marks_some_are_looked_at_and_the_last_one_always(path: Path) -> None:
    made = build_index(write(path, [b"x" * 100] * 100), "crc32", step=1)
    looked = 0

    class Counted(io.BytesIO):
        def seek(self, *place: int) -> int:
            nonlocal looked
            looked += 1
            return super().seek(*place)

    made.check(Counted(path.read_bytes()))
    assert looked <= index.CHECKED + 4
    data = bytearray(path.read_bytes())
    data[-108] ^= 1  # the header of the last frame, in front of the bytes that the end's seal is about
    with pytest.raises(IndexStale):
        made.check(io.BytesIO(data))


def test_a_large_journal_has_a_small_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MARKS", 8)
    stream = flatstream.frame_many([b"x" * 6] * 1000)
    made = build_index(io.BytesIO(stream), step=10)
    assert len(made.marks) < 8
    assert made.step == 10 * 2**8
    assert [mark.offset % 10 for mark in made.marks] == [0] * len(made.marks)
    assert made.marks[0].offset == 0
    for mark, later in pairwise(made.marks):
        assert later.offset - mark.offset >= made.step


# the sidecar


@given(st.lists(st.binary(max_size=50), max_size=30), st.sampled_from(ALGORITHMS), st.integers(1, 100))
def test_a_sidecar_holds_the_whole_index(payloads: list[bytes], name: str, step: int) -> None:
    made = build_index(io.BytesIO(flatstream.frame_many(payloads, name)), name, 1000, step=step)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sidecar")
        made.save(path)
        assert Index.load(path) == made
        assert [file.name for file in Path(folder).iterdir()] == ["sidecar"]


def test_a_sidecar_has_the_documented_form(path: Path) -> None:
    made = build_index(write(path, [b"abc"] * 5000), "crc32", step=1)
    made.save(sidecar(path))
    head, *chunks = flatstream.scan(sidecar(path), "xxh3_64").checked()
    assert bytes(head[:8]) == b"FSINDEX\x01"
    assert struct.unpack_from("<6Q", head, 8) == (1, 5000, 55_000, made.seal, 5000, 2**31)
    assert bytes(head[56:]) == b"crc32"
    assert [len(chunk) for chunk in chunks] == [4096 * 24, 904 * 24]
    assert struct.unpack_from("<3Q", chunks[1]) == (4096, 4096 * 11, made.marks[0].seal)


@given(st.data())
def test_a_damaged_sidecar_is_refused(data: st.DataObject) -> None:
    made = build_index(io.BytesIO(flatstream.frame_many(numbered(20))), step=20)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sidecar")
        made.save(path)
        content = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        else:
            del content[data.draw(st.integers(0, len(content) - 1)) :]
        path.write_bytes(content)
        with pytest.raises(IndexInvalid):
            Index.load(path)


MADE = build_index(io.BytesIO(flatstream.frame_many(numbered(20))), step=20)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(MADE, marks=MADE.marks[::-1]),
        replace(MADE, marks=MADE.marks[1:]),
        replace(MADE, marks=()),
        replace(MADE, frames=MADE.marks[-1].frame),
        replace(MADE, end=MADE.marks[-1].offset),
        replace(MADE, step=0),
        replace(MADE, max_frame_len=2**32),
        replace(MADE, checksum="crc64"),
        replace(MADE, frames=0, end=0),
        replace(MADE, marks=(Mark(0, 0, 0), Mark(1, 0, 0))),
    ],
)
def test_a_sidecar_that_contradicts_itself_is_refused(tmp_path: Path, wrong: Index) -> None:
    wrong.save(tmp_path / "sidecar")
    with pytest.raises(IndexInvalid, match="no index, or a damaged one"):
        Index.load(tmp_path / "sidecar")


@pytest.mark.parametrize("count", [0, 1, 500])
def test_another_stream_is_no_sidecar(path: Path, count: int) -> None:
    write(path, [b"\x01"] * count, "xxh3_64")
    with pytest.raises(IndexInvalid):
        Index.load(path)


# errors


def test_a_disk_that_fails_is_an_io_error() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    for work in (lambda: build_index(Failing(b"x")), lambda: MADE.check(Failing(bytes(MADE.end)))):
        with pytest.raises(StreamIOError, match="gone"):
            work()


def test_a_disk_that_fails_under_a_sidecar_is_an_io_error(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    monkeypatch.setattr(Path, "open", lambda *_args, **_options: Failing())
    with pytest.raises(StreamIOError, match="gone"):
        Index.load(path)


def test_what_makes_no_sense_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="step must be 1 byte or more"):
        build_index(io.BytesIO(), step=0)
    with pytest.raises(ValueError, match="known to nobody else"):
        build_index(io.BytesIO(), Checksum("crc32", 4, CRC32.compute))
    with pytest.raises(ValueError, match="only read"):
        flatstream.open(path, "wb", index=True)  # type: ignore[call-overload]  # that is the point
    assert not path.exists()


def test_short_reads_are_invisible(path: Path, trickle: Any) -> None:
    stream = bytes(flatstream.frame_many(numbered(50), "crc32"))

    class Short(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    made = build_index(Short(stream), "crc32", step=100)
    assert made == build_index(io.BytesIO(stream), "crc32", step=100)
    assert made.check(Short(stream)) == 0


def test_progress_is_told(path: Path) -> None:
    done: list[int] = []
    build_index(write(path, [b"x" * 1000] * 3000), "crc32", progress=done.append)
    assert done[-1] == path.stat().st_size
    assert len(done) > 2
    assert done == sorted(done)
