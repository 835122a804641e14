"""Payloads of one size each, from bytes to megabytes: framing and finding them, with each checksum and beside peers.

All groups of a tier together give cost models: nanoseconds a message, nanoseconds a byte.
"""

from __future__ import annotations

import pickle
import platform
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

import flatstream
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.contenders.prefixed import LENGTH, prefixed
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.paths.floors import RAW, copy_of, hashes_of
from benchmarks.read_paths import read_paths
from benchmarks.tiers import TITLES, Absent, Group, Lane, iterate, lane
from benchmarks.workloads import Workload, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.contenders.contender import Written

__all__ = ["CHECKED", "FRAME_4K", "SWEPT", "checksum_group", "deframe_group", "messages_of", "sweep_group"]

SWEPT: Final = tuple(4**power for power in range(2, 13))
"""Bytes of a payload in the sweep: 16 bytes to 16 MiB."""

CHECKED: Final = (32, 256, 4096, 65536, 2**20)
"""Bytes of a payload in the groups that set checksums beside each other."""

FRAME_4K: Final = 4112
"""Bytes of a whole frame, without a checksum, of ``deframe-4k``."""

ALGORITHMS: Final = ("none", "crc16", "crc32", "xxh3_64")

AT_ONCE: Final = 2**20
"""Bytes of all payloads of a group together, where the number of messages does not decide."""


def messages_of(size: int) -> int:
    """How many messages of a size a call works on: 1 to 1000, about a megabyte together."""
    return max(1, min(1000, AT_ONCE // size))


def checksum_group(tier: str, size: int) -> Group:
    """Every checksum over payloads of one size, a message at a time and all at once, beside the raw checksums."""
    workload = blocks(size, messages_of(size))
    lanes = [lane(FlatStreamVector(algorithm), tier, workload) for algorithm in ALGORITHMS]
    lanes += [_whole(tier, algorithm, workload) for algorithm in ALGORITHMS]
    lanes.append(lane(FlatStreamVector("xxh3_64", engine="python"), tier, workload))
    lanes += [hashes_of(algorithm, workload.payloads) for algorithm in RAW]
    return _group(tier, size, workload, lanes, "flatstream")


def sweep_group(tier: str, size: int) -> Group:
    """FlatStream, peers and limits over payloads of one size."""
    workload = blocks(size, messages_of(size))
    lanes = [
        lane(FlatStreamVector(), tier, workload),
        lane(FlatStreamVector("xxh3_64"), tier, workload),
        lane(FlatStreamVector(engine="python"), tier, workload),
        _whole(tier, "none", workload),
        _whole(tier, "xxh3_64", workload),
        lane(MessagePack(), tier, workload),
        _peer(tier, "pickle-out-of-band", "pickle 5, out of band", _pickled, _unpickled, workload),
        _peer(tier, "arrow-batches", "Arrow IPC, a batch each", _batched, _unbatched, workload),
        copy_of(workload.payloads),
        hashes_of("xxh3_64", workload.payloads),
    ]
    return _group(tier, size, workload, lanes, "msgpack")


def deframe_group(count: int) -> Group:
    """The ways of reading over frames of 4112 bytes, beside a copy of the same bytes."""
    workload = blocks(FRAME_4K - 4, count)
    lanes = [*read_paths(workload), _whole("R0", "none", workload), copy_of(workload.payloads)]
    title = f"find {count} frame{'s' if count > 1 else ''} of {FRAME_4K} bytes"
    return Group(f"R0-{count}", "R0", title, count, "memcpy", lanes, workload.payloads, workload.payload_bytes)


def _group(tier: str, size: int, workload: Workload, lanes: Sequence[Lane | Absent], reference: str) -> Group:
    title = f"{TITLES[tier]}: {size:,} bytes each"
    count, payloads = len(workload), workload.payloads
    return Group(f"{tier}-{size}", tier, title, count, reference, lanes, payloads, workload.payload_bytes)


def _whole(tier: str, algorithm: str, workload: Workload) -> Lane | Absent:
    """FlatStream's batch paths, one call for all messages."""
    name, label = f"whole-{algorithm}", f"FlatStream, whole buffers, {algorithm}"
    if NATIVE is None:
        return Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE)
    stream = bytes(flatstream.frame_many(workload.payloads, algorithm))
    frame, scan = (
        partial(flatstream.frame_many, workload.payloads, algorithm),
        partial(flatstream.scan, stream, algorithm),
    )

    def reread(source: Callable[[], bytes | bytearray]) -> list[bytes]:
        return list(map(bytes, flatstream.StreamReader(bytes(source()), flatstream.ChecksumDeframer(algorithm))))

    note = {"F0": "frame_many, in one call", "R0": "scan, in one call: offsets and lengths, no object a frame"}[tier]
    call: Callable[[], object] = frame if tier == "F0" else scan
    output: Callable[[], object] = (
        partial(reread, frame) if tier == "F0" else lambda: list(map(bytes, scan().checked()))
    )
    return Lane(
        name, label, flatstream.__version__, note, on("native", call), on("native", output), wire_bytes=len(stream)
    )


def _peer(
    tier: str,
    name: str,
    label: str,
    write: Callable[[Sequence[bytes]], Written],
    read: Callable[[bytes], Iterable[Any]],
    workload: Workload,
) -> Lane:
    stream = bytes(write(workload.payloads))
    version, notes = PEERS[name]
    if tier == "F0":
        call: Callable[[], object] = partial(write, workload.payloads)
        return Lane(
            name,
            label,
            version,
            notes[0],
            call,
            lambda: list(map(bytes, read(bytes(write(workload.payloads))))),
            wire_bytes=len(stream),
        )
    frames = partial(read, stream)
    output = lambda: list(map(bytes, frames()))  # noqa: E731  (a line, as everywhere here)
    return Lane(name, label, version, notes[1], partial(iterate, frames), output, wire_bytes=len(stream))


PEERS: Final = {
    "pickle-out-of-band": (
        platform.python_version(),
        (
            "PickleBuffer and buffer_callback; the pickle and its buffer behind a length of 4 bytes each",
            "pickle.loads with a view on the source as buffer: nothing is copied",
        ),
    ),
    "arrow-batches": (
        pa.__version__,
        (
            "a record batch with one binary value a message, over the payload without a copy",
            "each batch of a stream, its value as a buffer over the source",
        ),
    ),
}
"""Version, and a note for F0 and for R0."""


def _pickled(payloads: Sequence[bytes]) -> bytearray:
    sink = bytearray()
    pack, dumps, buffer = LENGTH.pack, pickle.dumps, pickle.PickleBuffer
    for payload in payloads:
        buffers: list[pickle.PickleBuffer] = []
        data = dumps(buffer(payload), 5, buffer_callback=buffers.append)
        sink += pack(len(data))
        sink += data
        sink += pack(len(payload))
        sink += buffers[0].raw()
    return sink


def _unpickled(stream: bytes) -> Iterator[memoryview]:
    loads, parts = pickle.loads, prefixed(stream)
    for data in parts:
        yield memoryview(loads(data, buffers=[next(parts)]))


ONE_VALUE: Final = pa.schema([pa.field("payload", pa.binary())])


def _batched(payloads: Sequence[bytes]) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ONE_VALUE) as writer:
        for payload in payloads:
            ends = pa.py_buffer(b"\0\0\0\0" + LENGTH.pack(len(payload)))
            value = pa.BinaryArray.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(payload)])
            writer.write_batch(pa.record_batch([value], schema=ONE_VALUE))
    return memoryview(sink.getvalue())


def _unbatched(stream: bytes) -> Iterator[Any]:
    for batch in pa.ipc.open_stream(stream):
        yield batch.column(0)[0].as_buffer()
