"""Dask's collections hold what is in the files, however these are shared out, and say what is wrong with them."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING

import dask
import dask.distributed
import fsspec
import pytest

import flatstream
from flatstream import (
    ChecksumMismatch,
    Index,
    IndexStale,
    InvalidFrame,
    Record,
    UnexpectedEof,
    VerificationFailed,
    build_index,
)
from flatstream import dask as many
from flatstream.index import sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENT = Record("Event", device_id="u64", value="f64", tag="string")
COUNT = 1000


@pytest.fixture(autouse=True)
def here() -> Iterator[None]:
    """All that is not said to run elsewhere runs in this thread."""
    with dask.config.set(scheduler="synchronous"):
        yield


def events(first: int, count: int = COUNT) -> list[bytes]:
    return [EVENT.encode(device_id=n, value=n / 2, tag="x" if n % 3 else None) for n in range(first, first + count)]


def write(path: Path, payloads: list[bytes], *, indexed: bool = True) -> Path:
    path.write_bytes(flatstream.frame_many(payloads, "crc32"))
    if indexed:
        build_index(path, "crc32", step=1000).save(sidecar(path))
    return path


@pytest.fixture(params=[True, False], ids=["indexed", "plain"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"{n}.bin", events(n * COUNT), indexed=request.param) for n in range(3)]


PAYLOADS = events(0, 3 * COUNT)


def damage(path: Path, *frames: int) -> int:
    """Flip a bit in the payload of each of those frames; the offset of the first one."""
    data = bytearray(path.read_bytes())
    starts = list(flatstream.scan(bytes(data), "crc32").starts)
    for frame in frames:
        data[starts[frame] + 20] ^= 1
    path.write_bytes(data)
    offset: int = starts[frames[0]] - 8
    return offset


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_collections_hold_what_is_in_the_files(files: list[Path], scheduler: str) -> None:
    with dask.config.set(scheduler=scheduler):
        verdicts = many.verify(files, "crc32", part_size=5000).compute()
        assert [(verdict.url, verdict.frames, verdict.end, verdict.good) for verdict in verdicts] == [
            (str(path), COUNT, path.stat().st_size, True) for path in files
        ]
        assert sum(verdict.payload_bytes for verdict in verdicts) == sum(map(len, PAYLOADS))
        assert many.scan(files, "crc32", part_size=5000).compute() == PAYLOADS
        table = many.records(EVENT, files, "crc32", part_size=5000).compute()
    assert list(table.device_id) == list(range(3 * COUNT))
    assert table.value.sum() == sum(range(3 * COUNT)) / 2
    assert table.tag.isna().sum() == COUNT
    assert {str(each) for each in table.dtypes} == {"uint64[pyarrow]", "double[pyarrow]", "string[pyarrow]"}


def test_processes_share_the_work(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    with dask.config.set(scheduler="processes", num_workers=2):
        assert many.records(EVENT, path, "crc32", part_size=20_000).value.sum().compute() == sum(range(COUNT)) / 2


def test_a_file_with_an_index_is_shared_out_and_one_without_is_not(tmp_path: Path) -> None:
    indexed, plain = write(tmp_path / "a", events(0)), write(tmp_path / "b", events(0), indexed=False)
    assert many.scan(indexed, "crc32", part_size=10_000).npartitions == indexed.stat().st_size // 10_000
    assert many.scan(indexed, "crc32").npartitions == 1
    assert many.scan(plain, "crc32", part_size=10_000).npartitions == 1
    assert many.records(EVENT, [indexed, plain], "crc32", part_size=10_000).npartitions == 1 + (
        indexed.stat().st_size // 10_000
    )


def test_only_the_fields_that_are_wanted_are_decoded(files: list[Path]) -> None:
    assert list(many.records(EVENT, files, "crc32", names=["value"]).compute().columns) == ["value"]


def test_no_files_are_empty_collections() -> None:
    assert many.verify([]).compute() == []
    assert many.scan([]).compute() == []
    assert len(many.records(EVENT, []).compute()) == 0


@pytest.mark.parametrize("indexed", [True, False])
def test_an_empty_file_is_good(tmp_path: Path, indexed: bool) -> None:
    path = write(tmp_path / "a", [], indexed=indexed)
    assert many.verify(path, "crc32").compute() == [many.Verdict(str(path), 0, 0, 0, None)]
    assert many.scan(path, "crc32").compute() == []


def test_a_relative_path_leads_to_the_same_file_everywhere(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files[0].parent)
    found = many.scan("0.bin", "crc32")
    monkeypatch.chdir("/")
    assert found.count().compute() == COUNT


def test_each_collection_is_of_what_the_files_hold_when_it_is_made(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0, 1), indexed=False)
    first = many.scan(path, "crc32")
    assert first.compute() == events(0, 1)
    write(path, events(0, 2), indexed=False)
    second = many.scan(path, "crc32")
    assert set(first.dask).isdisjoint(second.dask)
    assert second.compute() == events(0, 2)
    assert many.records(EVENT, path, "crc32")._name != many.records(EVENT, path, "crc32")._name


def test_urls_are_read_and_shared_out(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    path = write(tmp_path / "a", events(0))
    memory.pipe("/many/a", path.read_bytes())
    memory.pipe("/many/a.fsindex", Path(sidecar(path)).read_bytes())
    memory.pipe("/many/b", path.read_bytes())
    urls = ["memory://many/a", "memory://many/b"]
    assert many.scan(urls, "crc32", part_size=10_000).compute() == events(0) * 2
    assert [verdict.url for verdict in many.verify(urls, "crc32").compute()] == urls
    memory.rm("/many", recursive=True)


# what is wrong


def test_a_wrong_frame_is_the_verdict_on_its_file_and_an_error_to_the_others(files: list[Path]) -> None:
    offset = damage(files[1], 500)
    verdicts = many.verify(files, "crc32", part_size=5000).compute()
    assert [verdict.good for verdict in verdicts] == [True, False, True]
    assert isinstance(verdicts[1].error, ChecksumMismatch)
    assert (verdicts[1].error.offset, verdicts[1].end) == (offset, offset)
    parts = many.scan(files[1], "crc32", part_size=5000).npartitions
    assert 500 <= verdicts[1].frames < COUNT if parts > 1 else verdicts[1].frames == 500
    for found in (many.scan(files, "crc32"), many.records(EVENT, files, "crc32")):
        with pytest.raises(ChecksumMismatch) as caught:
            found.compute()
        assert caught.value.offset == offset


def test_of_several_faults_the_first_one_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    offset = damage(path, 300, 900)
    (verdict,) = many.verify(path, "crc32", part_size=5000).compute()
    assert (verdict.error.offset, verdict.end) == (offset, offset)
    assert 600 < verdict.frames < COUNT - 2


def test_a_torn_tail_is_a_verdict_and_allowed_where_it_is_said(files: list[Path]) -> None:
    with files[2].open("ab") as file:
        file.write(b"\x05\0\0\0torn")
    verdict = many.verify(files, "crc32", part_size=5000).compute()[2]
    assert isinstance(verdict.error, UnexpectedEof)
    assert (verdict.frames, verdict.end) == (COUNT, files[2].stat().st_size - 8)
    with pytest.raises(UnexpectedEof):
        many.scan(files, "crc32").compute()
    with pytest.raises(UnexpectedEof):
        many.records(EVENT, files, "crc32").compute()
    assert many.scan(files, "crc32", torn_tail=True).count().compute() == 3 * COUNT
    assert len(many.records(EVENT, files, "crc32", torn_tail=True).compute()) == 3 * COUNT


def test_the_bound_holds(files: list[Path]) -> None:
    (verdict, *_) = many.verify(files, "crc32", 8).compute()
    assert isinstance(verdict.error, InvalidFrame)


def test_a_message_that_is_none_is_said_with_its_place(tmp_path: Path) -> None:
    payloads = events(0, 30_000)  # more than a window
    payloads[29_000] = b"\xff" * 32
    path = write(tmp_path / "a", payloads)
    with pytest.raises(VerificationFailed) as caught:
        many.records(EVENT, path, "crc32").compute()
    assert caught.value.offset == flatstream.scan(path, "crc32").starts[29_000] - 8
    assert many.verify(path, "crc32").compute()[0].good


def test_an_error_without_a_place_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = many.records(EVENT, write(tmp_path / "a", events(0, 5)), "crc32")

    def refuse(_self: object, frames: object, _names: object) -> object:
        if frames:
            raise VerificationFailed("Event", "tag", 5, "wrong")
        return EMPTY

    monkeypatch.setattr(Record, "to_arrow", refuse)
    with pytest.raises(VerificationFailed) as caught:
        found.compute()
    assert caught.value.offset is None


EMPTY = EVENT.to_arrow([])


# indexes


def test_what_was_appended_since_a_file_was_indexed_is_in_its_last_part(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    with flatstream.open(path, "ab", checksum="crc32") as writer:
        writer.write_many(events(COUNT, 50))
    assert many.scan(path, "crc32", part_size=5000).compute() == events(0, COUNT + 50)
    assert many.verify(path, "crc32", part_size=5000).compute()[0].frames == COUNT + 50


def test_a_stale_index_is_an_error_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(IndexStale, match=r"a: the index knows \d+ bytes of the journal"):
        many.scan(path, "crc32")


def test_a_file_that_changes_under_its_index_is_an_error_when_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    found = many.scan(path, "crc32", part_size=5000)
    path.write_bytes(flatstream.frame_many([b"x" * 100_000], "crc32"))
    with pytest.raises(IndexStale, match=f"{re.escape(str(path))}: .* other bytes stand at"):
        found.compute()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bit_that_flipped_under_a_mark_is_a_verdict_and_stops_no_other(tmp_path: Path, when: str) -> None:
    paths = [write(tmp_path / name, events(0)) for name in "abc"]
    frame = Index.load(sidecar(paths[1])).parts(3)[1].first
    if when == "before":
        offset = damage(paths[1], frame)
        found = many.verify(paths, "crc32", part_size=5000)
    else:
        found = many.verify(paths, "crc32", part_size=5000)
        offset = damage(paths[1], frame)
    good, bad, last = found.compute()
    assert (good.good, good.stale, last.good) == (True, None, True)
    assert isinstance(bad.error, ChecksumMismatch)
    assert (bad.frames, bad.end, bad.error.offset) == (frame, offset, offset)
    assert str(bad.stale).startswith(f"{paths[1]}: the index is of another journal")


def test_a_file_that_was_written_anew_is_judged_without_its_index(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    write(path, events(5, 10), indexed=False)
    (verdict,) = many.verify(path, "crc32", part_size=5000).compute()
    assert (verdict.good, verdict.frames, verdict.end) == (True, 10, path.stat().st_size)
    assert "the index knows" in str(verdict.stale)


@pytest.mark.parametrize("second", [[b"x" * 24], [b"x" * 40]])
def test_other_frames_in_a_part_than_the_index_knows_are_an_error(tmp_path: Path, second: list[bytes]) -> None:
    path = tmp_path / "a"
    path.write_bytes(flatstream.frame_many([b"12345678"] * 6, "crc32"))
    build_index(path, "crc32", step=48).save(sidecar(path))
    found = many.scan(path, "crc32", part_size=48)
    assert found.npartitions == 2
    data = path.read_bytes()
    first = flatstream.frame_many([b"12345678", *second], "crc32")  # as long as the first part, or longer
    path.write_bytes(first[:48] + data[48:])
    with pytest.raises(IndexStale, match="the index knows other frames from 0 to 48"):
        found.compute()


def test_an_index_of_another_checksum_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a", events(0))
    with pytest.raises(ValueError, match="the index is of a stream of crc32, not none"):
        many.scan(path)


def test_parts_of_no_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="part_size must be 1 byte or more"):
        many.scan(tmp_path / "a", part_size=0)


# clusters


def test_a_cluster_computes_them_as_soon_as_there_is_a_client(files: list[Path]) -> None:
    options = {"processes": False, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with dask.config.set(scheduler=None), dask.distributed.Client(**options) as client:
        assert all(verdict.good for verdict in client.compute(many.verify(files, "crc32", part_size=5000)).result())
        assert many.scan(files, "crc32", part_size=5000).count().compute() == 3 * COUNT
        assert many.records(EVENT, files, "crc32", part_size=5000).value.sum().compute() == sum(range(3 * COUNT)) / 2


def test_verdicts_travel(files: list[Path]) -> None:
    damage(files[0], 5)
    (verdict,) = many.verify(files[0], "crc32").compute()
    again = pickle.loads(pickle.dumps(verdict))
    assert (again.end, str(again.error)) == (verdict.end, str(verdict.error))


def test_without_dask_the_extra_is_named(without: Callable[..., str]) -> None:
    code = """
import flatstream
try:
    import flatstream.dask
except flatstream.MissingExtra as error:
    print(error)
"""
    assert without(code, "dask").strip() == "this needs Dask: pip install 'flatstream[dask]'"
