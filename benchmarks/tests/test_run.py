from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.assemble import assembled
from benchmarks.contenders.contender import Codec
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.pickle_stream import PickleStream
from benchmarks.faults import faults
from benchmarks.measure import Effort
from benchmarks.paths.contending import tier_group
from benchmarks.records import Record, RecordError, load, measured, read, save
from benchmarks.run import run_group
from benchmarks.tiers import TITLES, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.contenders.contender import Written
    from benchmarks.records import Row as Recorded
    from benchmarks.workloads import Row, Shape


ONCE = Effort(least=2, most=2, seconds=0, sample_ns=1)


class LazyCodec(Codec):
    """Leaves out the last message."""

    def __init__(self, whole: Codec) -> None:
        super().__init__(whole.shape)
        self._whole = whole

    def frame(self, payloads: Sequence[bytes]) -> Written:
        return self._whole.frame(payloads[:-1])

    def build(self, rows: Sequence[Row]) -> Written:
        return self._whole.build(rows[:-1])

    def payloads(self, stream: bytes) -> Iterable[bytes | memoryview]:
        return self._whole.payloads(stream)

    def messages(self, stream: bytes) -> Iterable[object]:
        return self._whole.messages(stream)


class Lazy(PickleStream):
    """Its codec is lazy."""

    name = "lazy"

    def codec(self, shape: Shape) -> Codec:
        return LazyCodec(super().codec(shape))


class BrokenCodec(LazyCodec):
    """Cannot build at all."""

    def build(self, rows: Sequence[Row]) -> Written:
        raise RuntimeError(f"no {len(rows)} rows today")


class Broken(PickleStream):
    """Cannot build at all, though it says it can."""

    name = "broken"

    def codec(self, shape: Shape) -> Codec:
        return BrokenCodec(super().codec(shape))


@pytest.mark.parametrize("tier", TITLES)
def test_wrong_output_blanks_the_row_and_no_other(tier: str) -> None:
    group = run_group(tier_group(tier, 4, [Lazy(), MessagePack()]), ONCE)
    lazy, right = group["rows"]
    assert (lazy["status"], "ns" in lazy, "samples" in lazy) == ("wrong", False, False)
    assert lazy["note"] == "its output is not the one expected"
    assert right["status"] == "measured"


@pytest.mark.parametrize("tier", [tier for tier in TITLES if tier not in {"F0", "R0"}])
def test_contender_that_raises_blanks_its_row(tier: str) -> None:
    group = run_group(tier_group(tier, 4, [Broken(), MessagePack()]), ONCE)
    assert group["rows"][0]["status"] == "wrong"
    assert group["rows"][0]["note"] == "RuntimeError: no 4 rows today"
    assert [row["name"] for row in measured(group)] == ["msgpack"]


def test_without_its_reference_nothing_is_measured() -> None:
    group = run_group(tier_group("F0", 4, [PickleStream()]), ONCE)
    assert (group["rounds"], group["rows"][0]["status"]) == (0, "cannot")
    assert group["rows"][0]["note"] == "the reference that it is measured beside has no right output"


def test_group_in_which_nobody_is_right_has_no_rounds() -> None:
    group = run_group(tier_group("F0", 4, [Lazy()]), ONCE)
    assert (group["rounds"], measured(group)) == (0, [])


def test_reference_ties_with_itself(records: dict[str, Record]) -> None:
    for record in records.values():
        for group in record["groups"]:
            (row,) = [row for row in group["rows"] if row["name"] == group["reference"]]
            # Some groups are of the native engine alone; without it, they have no reference either.
            assert row["tie"] if row["status"] == "measured" else record["scenario"] == "engine"


def test_a_lane_of_picoseconds_has_a_ratio_of_its_own() -> None:
    """An array over the stream takes 0.012 ns a message where another takes 250."""
    group = run_group(tier_group("F0", 4, [MessagePack()]), ONCE)
    base = group["rows"][0]
    reference: Recorded = {**base, "samples": [[250.0, 250.0]], "beside": [[250.0, 250.0]]}
    quick: Recorded = {**base, "name": "quick", "samples": [[0.0124, 0.0125]], "beside": [[250.0, 250.0]]}
    made = assembled([{**group, "rows": [reference, quick]}])["rows"][1]
    assert (made["ns"], made["ratio"]) == (0.01245, 4.98e-05)


def test_bars_are_recorded_with_bound_and_verdict(records: dict[str, Record]) -> None:
    bars = [bar for group in records["bars"]["groups"] for bar in group["bars"]]
    assert [(bar["name"], bar["bound"]) for bar in bars] == [
        ("write-bytesio", 4.0),
        ("write-bytearray", 4.0),
        ("read-exact", 8.0),
    ]
    for bar in bars:
        assert (bar["verdict"] == "met") == (bar["ratio"] <= bar["bound"])


def test_records_follow_the_schema_and_their_own_samples(records: dict[str, Record], tmp_path: Path) -> None:
    for name, record in records.items():
        save(record, tmp_path / f"{name}.json")
        assert list(faults(record)) == []
    assert load(tmp_path) == records


def test_broken_records_are_refused(tmp_path: Path, records: dict[str, Record]) -> None:
    path = tmp_path / "x.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match=r"x\.json cannot be read"):
        read(path)
    path.write_text(json.dumps({**records["bars"], "suite": "other"}), encoding="utf-8")
    with pytest.raises(RecordError, match=r"does not follow the schema at \$\.suite"):
        read(path)
    with pytest.raises(RecordError, match="no records"):
        load(tmp_path / "nowhere")


def test_saving_leaves_no_half_of_a_record(tmp_path: Path, records: dict[str, Record]) -> None:
    path = tmp_path / "bars.json"
    save(records["bars"], path)
    before = path.read_bytes()
    unwritable: Record = {**records["bars"], "title": object()}  # type: ignore[typeddict-item]  # cannot become JSON
    with pytest.raises(TypeError):
        save(unwritable, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["bars.json"]


def test_a_device_is_written_to_and_not_replaced(records: dict[str, Record]) -> None:
    save(records["bars"], Path(os.devnull))
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a device that is always full")
def test_a_full_device_is_an_error(tmp_path: Path, records: dict[str, Record]) -> None:
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        save(records["bars"], link)
    assert link.is_symlink()


def test_groups_are_lazy() -> None:
    group = tier_group("F0", 2, [MessagePack()])
    assert isinstance(group, Group)
    assert len(group.lanes) == 1
