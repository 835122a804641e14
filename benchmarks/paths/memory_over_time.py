"""Mixed sizes and memory policies: what building costs, and how much a writer's builder keeps after a large message."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

import flatbuffers
import msgpack

import flatstream
from benchmarks.engines import BEST, on
from benchmarks.tiers import TITLES, Group, Lane
from benchmarks.workloads import SEED
from flatstream import (
    AdaptiveWatermarkPolicy,
    MemoryPolicy,
    NoOpPolicy,
    SizeThresholdPolicy,
    StreamReader,
    StreamWriter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from benchmarks.measure import Effort

__all__ = ["mixed_group", "mixed_messages", "mixed_timelines", "policy_group", "policy_messages", "policy_timelines"]

MB: Final = 10**6
MIB: Final = 2**20
KIB: Final = 2**10

POLICIES: Final[Mapping[str, tuple[str, Callable[[], MemoryPolicy | None]]]] = {
    "none": ("no policy", lambda: None),
    "no-op": ("NoOpPolicy", NoOpPolicy),
    "adaptive": ("AdaptiveWatermarkPolicy", AdaptiveWatermarkPolicy),
    "threshold": ("SizeThresholdPolicy", partial(SizeThresholdPolicy, grow_above=MIB // 2, shrink_below=2 * KIB)),
}
"""Label, and what makes one, by name."""


@dataclass
class Blob:
    """A message of bytes, as a vector that is the root; it notes how much memory the builder has that it goes into."""

    data: bytes
    capacity: int = 0

    def serialize(self, builder: flatbuffers.Builder) -> None:
        """Build this message."""
        self.capacity = len(builder.Bytes)
        builder.Finish(builder.CreateByteVector(self.data))


@cache
def mixed_messages() -> list[Blob]:
    """1000 messages of 24 bytes, and 10 of 1 MB: one after each hundred."""
    chance = Random(SEED)
    large = chance.randbytes(MB)
    return [Blob(blob) for _ in range(10) for blob in (*(chance.randbytes(24) for _ in range(100)), large)]


@cache
def policy_messages() -> list[Blob]:
    """10 times a message of 1 MiB and 1100 of 1 KiB."""
    chance = Random(SEED)
    large, small = chance.randbytes(MIB), [chance.randbytes(KIB) for _ in range(1100)]
    return [Blob(blob) for _ in range(10) for blob in (large, *small)]


def mixed_group(sink: str) -> Group:
    """Ways of building small and large messages, into memory or into a file."""
    messages = mixed_messages()
    where = _Sink(sink)
    ways: list[tuple[str, str, str, Callable[[Any], None]]] = [
        ("simple", "simple mode", "StreamWriter.write: the writer's own builder", _simple),
        (
            "one-builder",
            "expert mode, one builder",
            "write_finished: a builder that has grown stays large",
            _one_builder,
        ),
        (
            "size-class",
            "expert mode, a builder a size class",
            "write_finished: one builder for small messages, one for large ones",
            _builder_a_class,
        ),
        ("msgpack", "msgpack", "Packer.pack of a bin, then write", _packed),
    ]
    lanes = []
    for name, label, note, way in ways:
        own = name != "msgpack"
        call = partial(where.filled, way)
        output = partial(_contents, where, way, own=own)
        version = flatstream.__version__ if own else ".".join(map(str, msgpack.version))
        lanes.append(Lane(name, label, version, note, on(BEST, call), on(BEST, output)))
    title = f"{TITLES['F1']}: 1000 of 24 bytes and 10 of 1 MB, into {'memory' if sink == 'memory' else 'a file'}"
    expected = [message.data for message in messages]
    return Group(f"F1-{sink}", "F1", title, len(messages), "simple", lanes, expected, sum(map(len, expected)))


def policy_group() -> Group:
    """Simple mode under each policy."""
    messages = policy_messages()
    lanes = []
    for name, (label, make) in POLICIES.items():
        call = partial(_under, make)
        output = partial(_unwrapped, call)
        note = f"StreamWriter(bytearray(), policy={label})"
        lanes.append(Lane(name, label, flatstream.__version__, note, on(BEST, call), on(BEST, output)))
    title = f"{TITLES['F1']}: 10 x (1 MiB, then 1100 of 1 KiB)"
    expected = [message.data for message in messages]
    return Group("F1", "F1", title, len(messages), "none", lanes, expected, sum(map(len, expected)))


def policy_timelines(_effort: Effort, _moved: Callable[[float], object]) -> Mapping[str, Sequence[Any]]:
    """Bytes that the builder of simple mode has after each message, under each policy."""
    messages = policy_messages()
    burst = [[place + 1, place + 1] for place, message in enumerate(messages) if len(message.data) == MIB]
    lines = []
    for name, (label, make) in POLICIES.items():
        _under(make)
        note = "capacity of the builder in simple mode when a message is built; 10 x (1 MiB, then 1100 of 1 KiB)"
        held = [message.capacity for message in messages]
        lines.append(_timeline(name, label, note, burst, held))
    return {"timelines": lines}


def mixed_timelines(_effort: Effort, _moved: Callable[[float], object]) -> Mapping[str, Sequence[Any]]:
    """Bytes that the builders have after each message, by the way of building."""
    messages = mixed_messages()
    burst = [[place + 1, place + 1] for place, message in enumerate(messages) if len(message.data) == MB]
    note = "capacity of all builders when a message is built; 1000 of 24 bytes and 10 of 1 MB"
    _simple(bytearray())
    simple = [message.capacity for message in messages]
    one, small, large = flatbuffers.Builder(64), flatbuffers.Builder(64), flatbuffers.Builder(MB + KIB)
    held: dict[str, list[int]] = {"one-builder": [], "size-class": []}
    for message in messages:
        held["one-builder"].append(len(one.Bytes))
        held["size-class"].append(len(small.Bytes) + len(large.Bytes))
        for builder in (one, large if len(message.data) > KIB else small):
            builder.Clear()
            message.serialize(builder)
    return {
        "timelines": [
            _timeline("simple", "simple mode", note, burst, simple),
            _timeline("one-builder", "expert mode, one builder", note, burst, held["one-builder"]),
            _timeline("size-class", "expert mode, a builder a size class", note, burst, held["size-class"]),
        ]
    }


def _timeline(name: str, label: str, note: str, burst: list[list[int]], held: Sequence[int]) -> dict[str, Any]:
    """The points where what is held changes, and the last one."""
    points = [
        [number, capacity]
        for number, capacity in enumerate(held, 1)
        if number in {1, len(held)} or capacity != held[number - 2]
    ]
    return {"tier": "F1", "name": name, "label": label, "note": note, "burst": burst, "points": points}


class _Sink:
    """Memory that is fresh, or one file that is written from its start, for each call."""

    def __init__(self, kind: str) -> None:
        self._file: BinaryIO | None = tempfile.TemporaryFile() if kind == "file" else None  # noqa: SIM115  (open as long as the group)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def filled(self, way: Callable[[Any], None]) -> bytearray | None:
        if self._file is None:
            sink = bytearray()
            way(sink)
            return sink
        self._file.seek(0)
        self._file.truncate()
        way(self._file)
        self._file.flush()
        return None

    def bytes_of(self, way: Callable[[Any], None]) -> bytes:
        made = self.filled(way)
        if made is not None or self._file is None:
            return bytes(made or b"")
        self._file.seek(0)
        return self._file.read()


def _contents(where: _Sink, way: Callable[[Any], None], *, own: bool) -> list[bytes]:
    stream = where.bytes_of(way)
    if own:
        return _vectors(stream)
    unpacker = msgpack.Unpacker(max_buffer_size=len(stream))
    unpacker.feed(stream)
    return list(unpacker)


def _vectors(stream: bytes | bytearray) -> list[bytes]:
    """The content of each vector that is a root."""
    found = []
    for payload in StreamReader(bytes(stream)):
        length = int.from_bytes(payload[4:8], "little")
        found.append(bytes(payload[8 : 8 + length]))
    return found


def _simple(sink: Any) -> None:
    write = StreamWriter(sink).write
    for message in mixed_messages():
        write(message)


def _one_builder(sink: Any) -> None:
    write, builder = StreamWriter(sink).write_finished, flatbuffers.Builder(64)
    for message in mixed_messages():
        builder.Clear()
        message.serialize(builder)
        write(builder)


def _builder_a_class(sink: Any) -> None:
    write = StreamWriter(sink).write_finished
    small, large = flatbuffers.Builder(64), flatbuffers.Builder(MB + KIB)
    for message in mixed_messages():
        builder = large if len(message.data) > KIB else small
        builder.Clear()
        message.serialize(builder)
        write(builder)


def _packed(sink: Any) -> None:
    pack = msgpack.Packer().pack
    put = sink.extend if isinstance(sink, bytearray) else sink.write
    for message in mixed_messages():
        put(pack(message.data))


def _under(make: Callable[[], MemoryPolicy | None]) -> bytearray:
    sink = bytearray()
    write = StreamWriter(sink, policy=make()).write
    for message in policy_messages():
        write(message)
    return sink


def _unwrapped(call: Callable[[], bytearray]) -> list[bytes]:
    return _vectors(call())
