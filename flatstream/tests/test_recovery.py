"""Recovery: C1 to C6."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    ChecksumMismatch,
    DefaultDeframer,
    FlatStreamError,
    InvalidFrame,
    JournalLocked,
    RecoveryEnd,
    RecoveryReport,
    SizeValidator,
    StreamIOError,
    StreamReader,
    StreamWriter,
    TruncationRefused,
    ValidationFailed,
    recover,
    recover_file,
    truncate,
)
from flatstream.checksum import CRC32, NONE, Checksum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLEAN, TORN = RecoveryEnd.CLEAN_EOF, RecoveryEnd.TORN_TAIL
PAYLOADS = (b"", b"a", b"bcd", b"x" * 24)


@pytest.fixture(params=["path", "text path", "open file"])
def given_as(request: pytest.FixtureRequest) -> Callable[[Path], Any]:
    """A file by its path or open."""
    kinds: dict[str, Callable[[Path], Any]] = {
        "path": lambda path: path,
        "text path": str,
        "open file": lambda path: path.open("r+b"),
    }
    return kinds[request.param]


def test_an_empty_stream_is_clean() -> None:
    assert recover(b"") == RecoveryReport(0, 0, CLEAN, 0)
    assert recover_file(io.BytesIO()) == RecoveryReport(0, 0, CLEAN, 0, 0)


def test_every_cut_is_clean_or_a_torn_tail_behind_the_last_whole_frame(algorithm: Checksum, framed: Any) -> None:
    stream = framed(algorithm, *PAYLOADS)
    edges = [len(framed(algorithm, *PAYLOADS[:count])) for count in range(len(PAYLOADS) + 1)]
    for cut in range(len(stream) + 1):
        frames = max(count for count, edge in enumerate(edges) if edge <= cut)
        expected = RecoveryReport(frames, edges[frames], CLEAN if cut in edges else TORN, int(frames == 1))
        deframer = ChecksumDeframer(algorithm)
        assert recover(stream[:cut], deframer) == expected
        file = io.BytesIO(stream[:cut])
        file.seek(cut // 2)
        report = recover_file(file, deframer)
        assert (report.frames, report.last_good_offset, report.end) == (
            expected.frames,
            expected.last_good_offset,
            expected.end,
        )
        assert report.size == cut
        assert file.tell() == expected.last_good_offset


@given(
    st.lists(st.binary(max_size=6) | st.just(b""), max_size=8),
    st.binary(max_size=8),
    st.integers(0, 6),
    st.sampled_from([0, 2**20 - 40, 2**20 + 5]),
)
def test_a_file_is_scanned_as_any_source_is(payloads: list[bytes], tail: bytes, bound: int, large: int) -> None:
    def said(scanned: Callable[[], RecoveryReport]) -> object:
        try:
            return dataclasses.replace(scanned(), size=None)
        except FlatStreamError as error:
            return error.kind, error.offset, error.args

    stream = bytes(flatstream.frame_many([bytes(large)] * (large > 0) + payloads, "crc16")) + tail
    for limit in (bound, 2**21):
        deframer = ChecksumDeframer("crc16", limit)
        source = io.BytesIO(stream)
        assert said(lambda: recover_file(source, deframer)) == said(lambda: recover(stream, deframer))  # noqa: B023


def test_a_source_that_fails_far_into_it_is_an_error_with_the_frame_that_it_cut() -> None:
    stream = bytes(flatstream.frame_many([b"x" * 92] * 30_000, "crc32"))

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() + (size or 0) > 2_000_050:
                size = 2_000_050 - self.tell()
            if not size:
                raise OSError("gone")
            return super().read(size)

        read1 = read

    with pytest.raises(StreamIOError, match="gone") as caught:
        recover_file(Failing(stream), ChecksumDeframer("crc32"))
    assert caught.value.offset == 2_000_000


def test_truncating_a_torn_tail_and_appending_gives_a_clean_stream(
    given_as: Any, tmp_path: Path, algorithm: Checksum, framed: Any
) -> None:
    stream = framed(algorithm, *PAYLOADS)
    path = tmp_path / "journal"
    for cut in range(len(stream)):
        path.write_bytes(stream[:cut])
        file = given_as(path)
        report = recover_file(file, ChecksumDeframer(algorithm))
        if report.end is TORN:
            assert truncate(file, report) == cut - report.last_good_offset
        assert path.read_bytes() == framed(algorithm, *PAYLOADS[: report.frames])
        if isinstance(file, io.IOBase):
            StreamWriter(file, ChecksumFramer(algorithm)).write_payload(b"more")
            file.close()
            assert path.read_bytes() == framed(algorithm, *PAYLOADS[: report.frames], b"more")
            assert recover_file(path, ChecksumDeframer(algorithm)).end is CLEAN


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        (b"\x01\0\0\0\0\0\0\0a", ChecksumMismatch),
        (b"\xff\xff\xff\xff", InvalidFrame),
        (b"\xff\xff\xff\xff\0", InvalidFrame),
    ],
)
def test_corruption_is_an_error_and_never_a_report(tail: bytes, error: Any, framed: Any) -> None:
    stream = framed(CRC32, b"good") + tail
    deframer = ChecksumDeframer("crc32", max_frame_len=16)
    for scan, source in ((recover, stream), (recover_file, io.BytesIO(stream))):
        with pytest.raises(error) as caught:
            scan(source, deframer)
        assert caught.value.offset == 12


def test_a_refusal_by_a_validator_is_an_error(framed: Any) -> None:
    stream, deframer = framed(NONE, b"toolong"), DefaultDeframer().with_validator(SizeValidator(0, 3))
    with pytest.raises(ValidationFailed):
        recover(stream, deframer)
    with pytest.raises(ValidationFailed):
        recover_file(io.BytesIO(stream), deframer)


def test_a_failing_source_is_an_error(framed: Any) -> None:
    class Failing(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            raise OSError("no")

        def seek(self, offset: int, whence: int = 0, /) -> int:
            if self.fails_to_seek:
                raise OSError("no")
            return super().seek(offset, whence)

        fails_to_seek = False

        def truncate(self, size: int | None = None, /) -> int:
            raise OSError("no")

    file = Failing(framed(NONE, b"abc"))
    with pytest.raises(StreamIOError, match="reading failed"):
        recover_file(file)
    with pytest.raises(StreamIOError, match="truncating failed"):
        truncate(file, RecoveryReport(0, 0, TORN, 0, 7))
    file.fails_to_seek = True
    with pytest.raises(StreamIOError, match="seeking failed"):
        recover_file(file)


def test_what_cannot_be_done_with_a_file_says_so() -> None:
    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

    class Fixed(io.BytesIO):
        def truncate(self, size: int | None = None, /) -> int:
            raise io.UnsupportedOperation("truncate")

    with pytest.raises(io.UnsupportedOperation):
        recover_file(Pipe())  # type: ignore[arg-type]  # that is the point
    with pytest.raises(io.UnsupportedOperation):
        truncate(Fixed(b"\x01"), RecoveryReport(0, 0, TORN, 0, 1))


def test_a_scan_from_the_current_position_is_relative_to_it(framed: Any) -> None:
    source = io.BytesIO(framed(NONE, b"first", b"second", b"third") + b"\x01")
    StreamReader(source).read_message()
    assert recover(source) == RecoveryReport(2, 19, TORN, 0)


@pytest.mark.parametrize("end", [CLEAN, TORN])
def test_truncation_refuses_anything_but_a_torn_tail_of_this_file(end: RecoveryEnd) -> None:
    file = io.BytesIO(b"\x01\0\0")
    size = None if end is TORN else 3
    with pytest.raises(TruncationRefused, match=r"clean_eof: only a torn tail|not of a whole file"):
        truncate(file, RecoveryReport(0, 0, end, 0, size))
    assert file.getvalue() == b"\x01\0\0"


def test_truncation_refuses_a_file_that_changed_since_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"\x05\0\0\0a")
    report = recover_file(path)
    path.write_bytes(b"\x05\0\0\0abcde")
    with pytest.raises(TruncationRefused, match="has 9 bytes, but had 5"):
        truncate(path, report)
    assert path.read_bytes() == b"\x05\0\0\0abcde"


def test_truncation_refuses_a_journal_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with flatstream.open(path, "ab"):
        path.write_bytes(b"\x05\0\0\0a")
        with pytest.raises(JournalLocked):
            truncate(path, recover_file(path))
    assert truncate(path, recover_file(path)) == 5


@pytest.mark.parametrize(("name", "frames"), [("none", 6), ("crc16", 4), ("crc32", 3)])
def test_a_zero_filled_tail_is_counted_as_empty_frames(name: str, frames: int) -> None:
    stream = ChecksumFramer(name).header(b"abc") + b"abc" + bytes(24)
    report = recover(stream, ChecksumDeframer(name))
    assert (report.frames, report.empty_tail, report.end) == (1 + frames, frames, CLEAN)


def test_a_zero_filled_tail_is_a_mismatch_under_xxh3_64() -> None:
    with pytest.raises(ChecksumMismatch):
        recover(bytes(24), ChecksumDeframer("xxh3_64"))


def test_the_empty_tail_is_the_run_at_the_end_also_before_a_torn_one(framed: Any) -> None:
    stream = framed(NONE, b"", b"", b"abc", b"", b"", b"")
    assert recover(stream + b"\x01").empty_tail == 3
    assert recover(framed(NONE, b"", b"abc")).empty_tail == 0
