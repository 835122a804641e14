"""Salvage: what is kept is good, what is lost is said, and nobody can make it work without end."""

from __future__ import annotations

import io
import random
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import ChecksumMismatch, InvalidFrame, SalvageReport, UnexpectedEof, salvage
from flatstream.checksum import CRC16, CRC32, NONE, XXH3_64, Checksum
from flatstream.salvaging import AT_END, HASHED, HEADERS, Gap, Kept, Work, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALGORITHMS = [NONE, CRC16, CRC32, XXH3_64]


def salvaged(data: bytes, checksum: str | Checksum, *arguments: Any, **options: Any) -> tuple[bytes, SalvageReport]:
    sink = io.BytesIO()
    report = salvage(data, sink, checksum, *arguments, **options)
    return sink.getvalue(), report


def kept(data: bytes, checksum: str | Checksum, *arguments: Any, **options: Any) -> list[bytes]:
    """Payloads of what is kept."""
    stream, _ = salvaged(data, checksum, *arguments, **options)
    return list(map(bytes, flatstream.scan(stream, checksum).checked()))


def gaps(data: bytes, checksum: str | Checksum, *arguments: Any) -> list[tuple[int, int, type[Exception]]]:
    _, report = salvaged(data, checksum, *arguments)
    return [(gap.offset, gap.length, type(gap.error)) for gap in report.gaps]


def numbered(count: int, size: int = 20) -> list[bytes]:
    """Payloads that differ, and hold nothing that looks like a header."""
    return [b"%04d" % number + b"\xee" * (size - 4) for number in range(count)]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, Checksum]:
    """A stream of any algorithm to which things were done."""
    checksum = draw(st.sampled_from([*ALGORITHMS, Checksum("sum8", 1, sum)]))
    stream = flatstream.frame_many(draw(st.lists(st.binary(max_size=30) | st.just(bytes(40)), max_size=12)), checksum)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(stream)))
        stop = draw(st.integers(start, min(start + 20, len(stream))))
        stream[start:stop] = draw(st.binary(max_size=12) | st.just(bytes(stop - start)))
    return bytes(stream), checksum


@given(damaged(), st.integers(1, 5) | st.none(), st.sampled_from([16, 100, 2**31]), st.sampled_from([13, 64, 2**20]))
def test_kept_and_lost_make_the_whole_and_what_is_kept_is_good(
    stream: tuple[bytes, Checksum], row: int | None, bound: int, window: int
) -> None:
    data, checksum = stream
    pos = 0
    before: Kept | Gap | None = None
    work = Work()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flatstream.salvaging.WINDOW", window)
        found = list(pieces(data, checksum, bound, in_a_row=row, work=work))
    for piece in found:
        assert piece.offset == pos
        assert piece.length > 0
        if isinstance(piece, Kept):
            frames = flatstream.scan(data[pos : pos + piece.length], checksum, bound).checked()
            assert len(frames) == piece.frames > 0
        else:
            assert not isinstance(before, Gap)
            assert piece.error.offset is not None
            assert not any(data[pos : piece.error.offset])
        before = piece
        pos += piece.length
    assert pos == len(data)
    if flatstream.scan(data, checksum, bound).error is None:
        assert not [piece for piece in found if isinstance(piece, Gap)]
    assert work.hashed <= HASHED * len(data)
    assert work.headers <= (HEADERS + (row or 8)) * len(data) + len(found) + len(data) // window + 1


def test_a_good_stream_is_kept_whole(algorithm: Checksum) -> None:
    stream = bytes(flatstream.frame_many([*numbered(100), b"", b"\0" * 300_000, b"", b""], algorithm))
    result, report = salvaged(stream, algorithm)
    assert result == stream
    assert (report.frames, report.kept, report.lost, report.gaps) == (104, len(stream), 0, [])
    assert salvaged(b"", algorithm)[1] == SalvageReport(0)


# gaps


@pytest.mark.parametrize("checksum", [CRC16, CRC32, XXH3_64])
@pytest.mark.parametrize("victim", [0, 5, 9])
def test_of_a_wrong_payload_its_frame_is_lost_and_no_other(checksum: Checksum, victim: int) -> None:
    payloads = numbered(10)
    stream = flatstream.frame_many(payloads, checksum)
    size = len(stream) // 10
    stream[victim * size + 15] ^= 1
    assert kept(bytes(stream), checksum) == payloads[:victim] + payloads[victim + 1 :]
    assert gaps(bytes(stream), checksum) == [(victim * size, size, ChecksumMismatch)]


@pytest.mark.parametrize("length", [2, 21, 50, 2**20, 2**32 - 1])
def test_behind_a_wrong_length_the_next_frame_is_found(algorithm: Checksum, length: int) -> None:
    payloads = numbered(20)
    stream = flatstream.frame_many(payloads, algorithm)
    size = len(stream) // 20
    struct.pack_into("<I", stream, 5 * size, length)
    saved = kept(bytes(stream), algorithm)
    if algorithm is not NONE:  # which cannot tell, as long as lengths lead on
        assert saved == payloads[:5] + payloads[6:]
    else:
        assert saved[:5] == payloads[:5]
        assert saved[-5:] == payloads[-5:]


def test_what_is_wrong_at_a_gap_is_said() -> None:
    good = bytes(flatstream.frame_many(numbered(3), "crc32"))
    assert gaps(good + b"\xff" * 9 + good, "crc32", 100) == [(len(good), 9, InvalidFrame)]
    assert gaps(good + good[:-1], "crc32") == [(len(good) // 3 * 5, 27, UnexpectedEof)]
    assert gaps(b"\x01", "crc32") == [(0, 1, UnexpectedEof)]


@pytest.mark.parametrize("size", range(1, 14))
def test_a_place_may_be_at_any_byte(algorithm: Checksum, size: int) -> None:
    stream = bytes(flatstream.frame_many(numbered(10), algorithm))
    assert kept(b"\xff" * size + stream, algorithm, 1000) == numbered(10)


@pytest.mark.parametrize(("checksum", "row"), [(XXH3_64, 1), (CRC32, 2), (CRC16, 4), (NONE, 8)])
def test_so_many_frames_in_a_row_make_a_place(checksum: Checksum, row: int) -> None:
    noise = b"\xff" * 50
    for count in (row - 1, row):
        payloads = numbered(count)
        stream = bytes(flatstream.frame_many(payloads, checksum))
        assert kept(noise + stream + noise, checksum, 1000) == (payloads if count == row else [])
        assert kept(noise + stream + noise, checksum, 1000, in_a_row=count + 1) == []
        if count:
            assert kept(noise + stream + noise, checksum, 1000, in_a_row=count) == payloads


@pytest.mark.parametrize(("checksum", "enough"), [(XXH3_64, 1), (CRC32, 1), (CRC16, 1), (NONE, AT_END)])
def test_up_to_the_end_fewer_are_enough(checksum: Checksum, enough: int) -> None:
    for count in range(enough + 1):
        payloads = numbered(count)
        stream = b"\xff" * 50 + bytes(flatstream.frame_many(payloads, checksum))
        assert kept(stream, checksum, 1000) == (payloads if count == enough else [])


def test_a_stream_in_a_damaged_payload_is_not_taken_for_the_stream() -> None:
    inner = bytes(flatstream.frame_many(numbered(5), "crc32"))
    stream = flatstream.frame_many([b"first", inner, b"last"], "crc32")
    stream[13 + 8 + len(inner) - 1] ^= 1
    assert kept(bytes(stream), "crc32") == [b"first", b"last"]


def test_empty_frames_in_front_of_a_gap_are_lost_with_it(algorithm: Checksum) -> None:
    payloads = numbered(10)
    good = bytes(flatstream.frame_many(payloads, algorithm))
    header = 4 + algorithm.width
    zeros = bytes(5 * header)
    if algorithm is XXH3_64:  # of which an empty frame is not made of zeros
        zeros = bytes(flatstream.frame_many([b""] * 5, algorithm))
        assert kept(good + zeros + b"\xff" * 9 + good, algorithm, 100) == payloads + [b""] * 5 + payloads
        return
    assert kept(good + zeros + b"\xff" * 9 + good, algorithm, 100) == payloads * 2
    assert gaps(good + zeros + b"\xff" * 9 + good, algorithm, 100) == [(len(good), len(zeros) + 9, InvalidFrame)]
    assert kept(good + zeros + good + zeros, algorithm, 100) == [*payloads, *[b""] * 5] * 2


def test_zeros_in_a_payload_are_no_empty_frames() -> None:
    payloads = [*numbered(3), bytes(64)]
    stream = bytes(flatstream.frame_many(payloads, "crc32"))
    assert kept(stream + b"\xff" * 9, "crc32", 100) == payloads


def test_a_block_of_zeros_is_no_place() -> None:
    payloads = numbered(10)
    good = bytes(flatstream.frame_many(payloads, "crc32"))
    assert kept(good + b"\xff" * 9 + bytes(4096) + good, "crc32", 100) == payloads * 2
    assert gaps(good + b"\xff" * 9 + bytes(4096) + good, "crc32", 100) == [(len(good), 9 + 4096, InvalidFrame)]


def test_empty_frames_may_stand_between_those_in_a_row() -> None:
    payloads = [b"one", *[b""] * HEADERS, b"two"]
    stream = bytes(flatstream.frame_many(payloads, "crc32"))
    assert kept(b"\xff" * 9 + stream + b"\xff", "crc32", 100) == payloads
    payloads.insert(1, b"")
    stream = bytes(flatstream.frame_many(payloads, "crc32"))
    assert kept(b"\xff" * 9 + stream + b"\xff", "crc32", 100) == []


def test_the_first_frame_behind_a_gap_is_not_much_larger_than_those_before() -> None:
    large = [b"\xee" * 70_000, b"end"]
    noise = b"\xff" * 9
    assert kept(noise + flatstream.frame_many(large, "xxh3_64"), "xxh3_64", 10**6) == [b"end"]
    seen = [b"\xee" * 17_500, *large]
    stream = flatstream.frame_many(seen[:1], "xxh3_64") + noise + flatstream.frame_many(large, "xxh3_64")
    assert kept(bytes(stream), "xxh3_64", 10**6) == seen


def test_a_large_frame_behind_a_gap_is_kept() -> None:
    payloads = [b"\xee" * 60_000, b"end"]
    stream = b"\xff" * 9 + bytes(flatstream.frame_many(payloads, "xxh3_64"))
    assert kept(stream, "xxh3_64") == payloads
    assert kept(b"\xff" + stream[9:-1], "xxh3_64") == payloads[:1]


def test_the_bound_holds_for_every_frame() -> None:
    stream = bytes(flatstream.frame_many([b"\xee" * 10, b"\xee" * 11, b"\xee" * 10], "xxh3_64"))
    assert kept(stream, "xxh3_64", 10) == [b"\xee" * 10] * 2
    row = bytes(flatstream.frame_many([b"\xee" * 10, b"\xee" * 11, b"\xee" * 10], "crc32"))
    assert kept(b"\xff" * 9 + row, "crc32", 10) == [b"\xee" * 10]


# work


def hostile(size: int) -> Iterator[tuple[str, bytes]]:
    """Sources that are made to cost much."""
    few = bytes(flatstream.frame_many([b"x"] * 4, "crc32"))
    yield "each word is a large length", struct.pack("<I", 60_000) * (size // 4)
    yield "each byte begins a length", b"\x05\0\0" * (size // 3)
    yield (
        "lengths that lead to the end",
        b"".join(struct.pack("<I", max(size - at - 12, 0)) for at in range(0, size, 4)),
    )
    yield "zeros", bytes(size)
    yield "zeros and a wrong end", bytes(size - 1) + b"\xff"
    yield (
        "good frames, each followed by one that is as large as all",
        (few + struct.pack("<I", size // 2) + b"ABCD") * (size // (len(few) + 8)),
    )
    yield "noise", random.Random(1).randbytes(size)


@pytest.mark.parametrize("name", [name for name, _ in hostile(100)])
def test_work_is_linear_in_the_size_whatever_that_holds(algorithm: Checksum, name: str) -> None:
    works = []
    for size in (30_000, 60_000, 120_000):
        _, report = salvaged(dict(hostile(size))[name], algorithm)
        works.append(report.work)
        assert report.work.hashed <= HASHED * size
        assert report.work.headers <= (HEADERS + 8) * size
    for half, whole in pairwise(works):
        assert whole.headers <= 2.1 * half.headers + 1000
        assert whole.hashed <= HASHED * 120_000


def test_places_that_would_cost_too_much_are_counted() -> None:
    sources = dict(hostile(120_000))
    _, report = salvaged(sources["each word is a large length"], "crc32")
    assert report.work.untried > 0
    _, report = salvaged(sources["good frames, each followed by one that is as large as all"], "crc32")
    assert report.work.untried > 0
    assert report.frames == 4 * (120_000 // 44)
    _, report = salvaged(sources["noise"], "crc32")
    assert report.work.untried == 0
    assert isinstance(report.gaps[0].error, UnexpectedEof)


def test_a_stream_of_one_large_frame_is_not_too_much_work(algorithm: Checksum) -> None:
    payload = b"\xee" * 3_000_000
    assert kept(bytes(flatstream.frame_many([payload, b"1"], algorithm)), algorithm) == [payload, b"1"]


# sources


def test_a_file_is_salvaged_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    stream = bytes(flatstream.frame_many(numbered(5), "crc32")) + b"torn"
    path.write_bytes(stream)
    done: list[int] = []
    sink = io.BytesIO()
    report = salvage(path, sink, "crc32", progress=done.append)
    assert sink.getvalue() == stream[:-4]
    assert (report.size, report.lost, done) == (len(stream), 4, [len(stream) - 4, len(stream)])
    path.write_bytes(b"")
    assert salvage(str(path), sink, "crc32") == SalvageReport(0)


@pytest.mark.parametrize("row", [0, -1])
def test_a_row_of_no_frames_is_refused(row: int) -> None:
    with pytest.raises(ValueError, match="in_a_row must be 1 frame or more"):
        salvage(b"", io.BytesIO(), "crc32", in_a_row=row)
