"""Memory policies: P1 to P6."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import flatbuffers
import pytest

from flatstream import (
    AdaptiveWatermarkPolicy,
    ChecksumDeframer,
    ChecksumMismatch,
    DefaultDeframer,
    InvalidFrame,
    MemoryPolicy,
    NoOpPolicy,
    ReclamationInfo,
    ReclamationReason,
    SizeThresholdPolicy,
    StreamReader,
    StreamWriter,
)
from flatstream.checksum import CRC32, NONE
from flatstream.framer import DefaultFramer
from flatstream.policy import Installed

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNT, TIME, SIZE = ReclamationReason.MESSAGE_COUNT, ReclamationReason.TIME_COOLDOWN, ReclamationReason.SIZE_THRESHOLD


class Script(MemoryPolicy):
    """Notes what it is asked and told; shrinks at each question if ``shrinks``."""

    def __init__(self, baseline: int, *, shrinks: bool = False) -> None:
        self.baseline = baseline
        self._shrinks = shrinks
        self.asked: list[int] = []
        self.reclaimed: list[ReclamationInfo] = []

    def should_reset(self, last_message_size: int, current_capacity: int) -> ReclamationReason | None:
        self.asked.append(last_message_size)
        return COUNT if self._shrinks else None

    def on_reclaim(self, info: ReclamationInfo) -> None:
        self.reclaimed.append(info)


def decisions(policy: MemoryPolicy, events: Sequence[tuple[int, int]]) -> list[ReclamationReason | None]:
    return [policy.should_reset(size, capacity) for capacity, size in events]


def test_adaptive_fires_at_the_count_and_starts_again() -> None:
    policy = AdaptiveWatermarkPolicy(shrink_ratio=4, messages_to_wait=3)
    assert decisions(policy, [(400, 100)] * 7) == [None, None, COUNT, None, None, COUNT, None]


@pytest.mark.parametrize("interruption", [(399, 100), (400, 101), (400, 0)])
def test_adaptive_starts_again_after_a_large_or_an_empty_message(interruption: tuple[int, int]) -> None:
    policy = AdaptiveWatermarkPolicy(shrink_ratio=4, messages_to_wait=2)
    assert decisions(policy, [(400, 100), interruption, (400, 100), (400, 100)]) == [None, None, None, COUNT]


def test_adaptive_cooldown_wins_over_the_count_and_clears_both() -> None:
    now = [0.0]
    policy = AdaptiveWatermarkPolicy(4, 3, cooldown=10, clock=lambda: now[0])
    results = []
    for moment in (100, 105, 110, 111, 112, 113, 119, 123):
        now[0] = moment
        results.append(policy.should_reset(100, 400))
    assert results == [None, None, TIME, None, None, COUNT, None, None]


def test_adaptive_timer_starts_with_the_run() -> None:
    now = [0.0]
    policy = AdaptiveWatermarkPolicy(4, 99, cooldown=10, clock=lambda: now[0])
    results = []
    for moment, size in ((0, 100), (9, 101), (15, 100), (24, 100), (25, 100)):
        now[0] = moment
        results.append(policy.should_reset(size, 400))
    assert results == [None, None, None, None, TIME]


def test_threshold_counts_small_messages_after_a_large_one() -> None:
    policy = SizeThresholdPolicy(grow_above=100, shrink_below=10, messages_to_wait=2)
    sizes = [9, 9, 9, 101, 9, 9, 9, 9, 101, 9, 10, 9, 9, 100, 9]
    assert decisions(policy, [(400, size) for size in sizes]) == [
        *([None] * 5), SIZE, *([None] * 6), SIZE, None, None,
    ]  # fmt: skip


def test_threshold_run_restarts_with_another_large_message() -> None:
    policy = SizeThresholdPolicy(grow_above=100, shrink_below=10, messages_to_wait=2)
    assert decisions(policy, [(0, 101), (0, 9), (0, 101), (0, 9), (0, 9)]) == [None, None, None, None, SIZE]


def test_threshold_that_counts_what_is_also_large() -> None:
    policy = SizeThresholdPolicy(grow_above=5, shrink_below=100, messages_to_wait=1)
    assert decisions(policy, [(0, 50), (0, 5)]) == [None, SIZE]


def test_no_op_never_shrinks() -> None:
    assert decisions(NoOpPolicy(), [(10**9, 1)] * 5) == [None] * 5


def test_a_policy_is_asked_only_above_its_baseline() -> None:
    policy = Script(1000)
    installed = Installed(policy)
    for capacity in (999, 1000, 1001):
        installed.ask(capacity, capacity)
    assert policy.asked == [1001]


def test_the_baseline_is_read_once() -> None:
    policy = Script(1000)
    installed = Installed(policy)
    policy.baseline = 0
    installed.ask(5, 1000)
    assert policy.asked == []
    assert installed.baseline == 1000


def test_a_negative_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity in bytes, not -1"):
        Installed(Script(-1))


def test_a_reader_asks_after_each_good_frame_only(framed: Any) -> None:
    policy = Script(4)
    stream = framed(CRC32, b"x" * 100, b"y" * 50) + framed(CRC32, b"bad")[:-1] + b"?" + framed(CRC32, b"z")
    reader = StreamReader(io.BytesIO(stream), ChecksumDeframer("crc32"), policy=policy)
    for _ in range(2):
        reader.read_message()
    with pytest.raises(ChecksumMismatch):
        reader.read_message()
    assert bytes(reader.read_message() or b"") == b"z"
    assert policy.asked == [100, 50, 1]


def test_a_reader_shrinks_at_the_start_of_the_next_read(framed: Any) -> None:
    policy = Script(16, shrinks=True)
    reader = StreamReader(io.BytesIO(framed(NONE, b"x" * 100, b"small", b"z" * 40)), DefaultDeframer(), policy=policy)
    payload = reader.read_message()
    assert payload == b"x" * 100
    assert policy.reclaimed == []
    assert reader.read_message() == b"small"
    assert policy.reclaimed == [ReclamationInfo(COUNT, 100, 100, 16)]
    assert payload == b"x" * 100, "the old buffer lives as long as a view of it"
    assert reader.read_message() == b"z" * 40


def test_a_writer_asks_after_each_message_of_simple_mode_only() -> None:
    policy = Script(1)
    writer = StreamWriter(bytearray(), DefaultFramer().bounded(100), policy=policy)
    writer.write("one")
    with pytest.raises(InvalidFrame):
        writer.write("long" * 100)
    with pytest.raises(TypeError):
        writer.write(5)  # type: ignore[arg-type]  # that is the point
    builder = flatbuffers.Builder(0)
    builder.Finish(builder.CreateString("expert" * 5))
    writer.write_finished(builder)
    writer.write_payload(b"payload")
    writer.write("two")
    assert policy.asked == [12, 12]


def test_a_writer_goes_back_to_a_builder_of_the_baseline() -> None:
    policy = Script(64, shrinks=True)
    sink = bytearray()
    writer = StreamWriter(sink, policy=policy)
    for text in ("small", "x" * 500, "small"):
        writer.write(text)
    (info,) = policy.reclaimed
    assert (info.reason, info.last_message_size, info.capacity_after) == (COUNT, 512, 64)
    assert info.capacity_before >= 512
    assert list(StreamReader(sink).typed_messages(str)) == ["small", "x" * 500, "small"]


def test_a_baseline_that_no_builder_has_is_refused_with_the_first_word() -> None:
    with pytest.raises(ValueError, match="no builder has 2147483649 bytes"):
        StreamWriter(bytearray(), policy=Script(2**31 + 1))


def test_telling_a_policy_is_optional() -> None:
    class Silent(MemoryPolicy):
        baseline = 0

        def should_reset(self, last_message_size: int, current_capacity: int) -> ReclamationReason:
            return COUNT

    sink = bytearray()
    writer = StreamWriter(sink, policy=Silent())
    for _ in range(3):
        writer.write("text")
    assert list(StreamReader(sink).typed_messages(str)) == ["text"] * 3
