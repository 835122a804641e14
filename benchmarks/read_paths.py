"""The ways to read a stream of frames: from memory, from a mapping, from a file-like, borrowed or copied.

``BytesIO`` stands for a file, so that what is timed is the reading library and not the operating system.
"""

from __future__ import annotations

import mmap
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgpack

import flatstream
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.engines import NATIVE, NO_NATIVE, use
from benchmarks.tiers import Absent, Lane, codec, iterate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.workloads import Workload

__all__ = ["READAHEAD", "read_paths"]

READAHEAD: Final = 64 * 1024
"""Bytes that the rows with readahead take at a time."""


def read_paths(workload: Workload) -> list[Lane | Absent]:
    """A lane for each way of each engine, over the same payloads. The names of pure Python's have no prefix.

    The original's deframers are among them: Default is the reused buffer, SafeTake the fresh bytes, Unsafe the borrowed
    ones, which are safe here, since a view keeps its source.
    """
    own, peer = FlatStreamVector(engine="python"), MessagePack()
    unpacked = codec(peer, workload.shape)
    framed = bytes(codec(own, workload.shape).frame(workload.payloads))
    packed = bytes(unpacked.frame(workload.payloads))
    mapped = mmap.mmap(-1, len(framed))
    mapped.write(framed)
    reader = flatstream.StreamReader
    ours: list[tuple[str, str, str, Callable[[], Iterable[bytes | memoryview]]]] = [
        ("bytes-borrowed", "bytes, borrowed", "views on the source", lambda: reader(framed)),
        ("bytes-copied", "bytes, copied", "copy=True: fresh bytes", lambda: reader(framed, copy=True)),
        ("mmap-borrowed", "mmap, borrowed", "views on the mapping", lambda: reader(mapped)),
        (
            "file-exact",
            "file-like, fresh bytes",
            "copy=True: takes no byte more than the frame, two reads a frame",
            lambda: reader(BytesIO(framed), copy=True),
        ),
        (
            "file-ahead",
            "file-like, fresh bytes, reads ahead",
            f"copy=True, readahead={READAHEAD}",
            lambda: reader(BytesIO(framed), copy=True, readahead=READAHEAD),
        ),
        (
            "file-reused",
            "file-like, reused buffer",
            "views that are valid until the next read, no byte more than the frame",
            lambda: reader(BytesIO(framed)),
        ),
    ]
    theirs: list[tuple[str, str, str, Callable[[], Iterable[bytes | memoryview]]]] = [
        ("msgpack", "bytes", "Unpacker, fed with all; fresh bytes", lambda: unpacked.payloads(packed)),
        (
            "msgpack-file",
            "file-like",
            "Unpacker over the file-like, which reads ahead; fresh bytes",
            lambda: msgpack.Unpacker(BytesIO(packed)),
        ),
    ]
    return [
        *(_native(name, label, own.version, note, frames) for name, label, note, frames in ours),
        *(
            _lane(name, f"FlatStream, pure Python: {label}", own.version, note, _of_python(frames))
            for name, label, note, frames in ours
        ),
        *(_lane(name, f"msgpack: {label}", peer.version, note, frames) for name, label, note, frames in theirs),
    ]


def _native(
    name: str, label: str, version: str, note: str, frames: Callable[[], Iterable[bytes | memoryview]]
) -> Lane | Absent:
    name, label = f"native-{name}", f"FlatStream: {label}"
    if NATIVE is None:
        return Absent(name, label, version, "cannot", NO_NATIVE)

    def of_native() -> Iterable[bytes | memoryview]:
        use("native")
        return frames()

    return _lane(name, label, version, note, of_native)


def _of_python(frames: Callable[[], Iterable[bytes | memoryview]]) -> Callable[[], Iterable[bytes | memoryview]]:
    def of_python() -> Iterable[bytes | memoryview]:
        use("python")
        return frames()

    return of_python


def _lane(name: str, label: str, version: str, note: str, frames: Callable[[], Iterable[bytes | memoryview]]) -> Lane:
    return Lane(name, label, version, note, partial(iterate, frames), lambda: list(map(bytes, frames())))
