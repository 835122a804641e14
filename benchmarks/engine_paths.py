"""What the native engine promises: its batch paths and single-message paths, beside msgpack and the raw libraries.

A speed of "20 times" is a ratio of at most 1/20. Some lanes promise nothing: they are floors, which show what a path
costs at least with the memory and the interpreter of the machine.
"""

from __future__ import annotations

import mmap
import tempfile
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import fastcrc
import numpy as np
import xxhash

import flatstream
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.tiers import REFERENCE, TITLES, Absent, Group, Lane, iterate, lane
from benchmarks.workloads import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.workloads import Workload

__all__ = ["KIB", "MIB", "large_group", "read_group", "scale_group", "sparse_group", "thread_group", "write_group"]

KIB: Final = 1024
MIB: Final = 1024 * KIB

SCAN: Final = {"none": 20.0, "xxh3_64": 8.0, "crc32": 6.0, "crc16": 6.0}
"""How many times as fast as msgpack's Unpacker a scan is to be."""

FRAME_MANY: Final = {"none": 6.0, "xxh3_64": 4.0}
FRAME_ARRAY: Final = {"none": 15.0, "xxh3_64": 8.0}
"""How many times as fast as msgpack's Packer and an append."""

ITERATED: Final = {"copied": 1.2, "borrowed": 0.4}
WRITTEN: Final = 1.2
OF_THE_RAW: Final = 0.9
TWO_THREADS: Final = 1.7
SPARSE: Final = 1 / 3
SCALED: Final = 1 / 1.3

VERIFIED: Final = "verify each payload"


def _native(
    name: str,
    label: str,
    note: str,
    call: Callable[[], object],
    output: Callable[[], object],
    times: float | None = None,
) -> Lane | Absent:
    if NATIVE is None:
        return Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE)
    bound = None if times is None else 1 / times
    return Lane(name, label, flatstream.__version__, note, on("native", call), on("native", output), bound)


def _payloads(frames: Iterable[bytes | memoryview]) -> list[bytes]:
    return list(map(bytes, frames))


def _msgpack(tier: str, workload: Workload) -> Lane:
    peer = lane(MessagePack(appended=True), tier, workload)
    if isinstance(peer, Absent):
        raise TypeError(peer.reason)
    return peer


def read_group(count: int) -> Group:
    """R0: scans, iteration, and what these cost at least."""
    workload = telemetry(count)
    lanes: list[Lane | Absent] = []
    for algorithm, times in SCAN.items():
        stream = bytes(flatstream.frame_many(workload.payloads, algorithm))
        scan = partial(flatstream.scan, stream, algorithm)
        note = "offsets and lengths of all frames; no object a frame"
        output = partial(_scanned, scan)
        lanes.append(_native(f"scan-{algorithm}", f"scan, {algorithm}", note, scan, output, times))
    stream = bytes(flatstream.frame_many(workload.payloads))
    for name, times in ITERATED.items():
        frames = partial(flatstream.StreamReader, stream, flatstream.DefaultDeframer(), copy=name == "copied")
        note = "for payload in StreamReader(data, DefaultDeframer())"
        lanes.append(
            _native(
                f"iterate-{name}", f"StreamReader, {name}", note, partial(iterate, frames), partial(_all, frames), times
            )
        )
    lanes += [*_floors(stream, workload), _msgpack("R0", workload)]
    return Group("read", "R0", TITLES["R0"], count, REFERENCE, lanes, workload.payloads)


def _all(frames: Callable[[], Iterable[bytes | memoryview]]) -> list[bytes]:
    return _payloads(frames())


def _scanned(scan: Callable[[], flatstream.Frames]) -> list[bytes]:
    return _payloads(scan().checked())


def _floors(stream: bytes, workload: Workload) -> list[Lane]:
    size = 4 + len(workload.payloads[0])
    lengths = np.ndarray(len(workload), "<u4", stream, 0, (size,))
    places = [slice(start + 4, start + size) for start in range(0, len(stream), size)]
    view = memoryview(stream)
    numpy = f"NumPy {np.__version__}"

    def payloads() -> list[bytes]:
        return [stream[place] for place in places]

    return [
        Lane("floor-touch", "floor: add up the length fields", numpy, "reads each header once", lengths.sum, payloads),
        Lane(
            "floor-views",
            "floor: slices of a memoryview",
            "CPython",
            "map(view.__getitem__, slices that exist already): what CPython takes for a borrowed payload",
            partial(iterate, lambda: map(view.__getitem__, places)),
            payloads,
        ),
    ]


def write_group(count: int) -> Group:
    """F0: many payloads, rows of an array, one payload at a time."""
    workload = telemetry(count)
    rows = np.frombuffer(b"".join(workload.payloads), f"V{len(workload.payloads[0])}")
    lanes: list[Lane | Absent] = []
    for title, bars, make in (
        ("frame_many", FRAME_MANY, partial(flatstream.frame_many, workload.payloads)),
        ("frame_array", FRAME_ARRAY, partial(flatstream.frame_array, rows)),
    ):
        for algorithm, times in bars.items():
            call = partial(make, algorithm)
            output = partial(_reread, call, algorithm)
            note = {"frame_many": "a list of bytes", "frame_array": "a NumPy array of rows"}[title] + " in one call"
            name, label = f"{title.replace('_', '-')}-{algorithm}", f"{title}, {algorithm}"
            lanes.append(_native(name, label, note, call, output, times))
    sinks: list[tuple[type[bytearray | BytesIO], float | None]] = [(bytearray, WRITTEN), (BytesIO, None)]
    for sink, promise in sinks:
        write = partial(_written, workload, sink)
        note = f"StreamWriter.write_payload into a {sink.__name__}, a call a payload"
        label = f"write_payload into a {sink.__name__}"
        output = partial(_reread, write, "none")
        lanes.append(_native(f"write-{sink.__name__.lower()}", label, note, write, output, promise))
    lanes.append(_msgpack("F0", workload))
    return Group("write", "F0", TITLES["F0"], count, REFERENCE, lanes, workload.payloads)


def _written(workload: Workload, make: Callable[[], bytearray | BytesIO]) -> bytes | bytearray:
    sink = make()
    write = flatstream.StreamWriter(sink).write_payload
    for payload in workload.payloads:
        write(payload)
    return sink if isinstance(sink, bytearray) else sink.getvalue()


def _reread(make: Callable[[], bytes | bytearray], algorithm: str) -> list[bytes]:
    return _payloads(flatstream.StreamReader(bytes(make()), flatstream.ChecksumDeframer(algorithm)))


def large_group(algorithm: str, size: int, count: int) -> Group:
    """R1: frames so large that the checksum is all that counts, beside the raw library over the same payloads."""
    raw = {"xxh3_64": xxhash.xxh3_64_intdigest, "crc32": fastcrc.crc32.iso_hdlc}[algorithm]
    library = {"xxh3_64": f"xxhash {xxhash.VERSION}", "crc32": "fastcrc"}[algorithm]
    block = np.random.default_rng(size).bytes(size)
    stream = bytes(flatstream.frame_many([block] * count, algorithm))
    header = len(stream) // count - size
    views = [memoryview(stream)[n * (header + size) + header :][:size] for n in range(count)]
    scan = partial(flatstream.scan, stream, algorithm)
    lanes = [
        _native(
            f"scan-{algorithm}",
            f"scan, {algorithm}, {_size(size)}",
            "finds and verifies all frames",
            scan,
            lambda: [raw(payload) for payload in scan().checked()],
            OF_THE_RAW,
        ),
        Lane("raw", library, library, "a call a payload", partial(_each, raw, views), partial(_each, raw, views)),
    ]
    return Group(f"{algorithm}-{size // KIB}k", "R1", VERIFIED, count, "raw", lanes, [raw(block)] * count)


def _each(hashed: Callable[[memoryview], int], views: Sequence[memoryview]) -> list[int]:
    return [hashed(view) for view in views]


def sparse_group(count: int) -> Group:
    """R0: a mapped file of frames of 1 MiB, beside as many frames of 1 KiB: no page of a payload is touched."""
    mapped = {size: _mapped(size, count) for size in (MIB, KIB)}
    small, large = (partial(flatstream.scan, mapped[size]) for size in (KIB, MIB))
    lanes = [
        _native(
            "sparse",
            f"scan, mapped, {count} frames of 1 MiB",
            "touches no page of a payload",
            large,
            partial(_found, large),
            SPARSE,
        ),
        _native("dense", f"{count} frames of 1 KiB", "touches every page", small, partial(_found, small)),
    ]
    return Group("sparse", "R0", "find each frame of a mapped file", count, "dense", lanes, count)


def _found(scan: Callable[[], flatstream.Frames]) -> int:
    return len(scan().checked())


def _mapped(size: int, count: int) -> mmap.mmap:
    """Frames of zeros in a temporary file, of which only the headers are written."""
    with tempfile.TemporaryFile() as file:
        file.truncate((4 + size) * count)
        for index in range(count):
            file.seek((4 + size) * index)
            file.write(size.to_bytes(4, "little"))
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def thread_group(size: int, count: int) -> Group:
    """R1: checksums verified by two threads, beside one.

    Four scans a call, since the second processor of a virtual machine takes milliseconds to wake.
    """
    block = np.random.default_rng(size).bytes(size)
    stream = bytes(flatstream.frame_many([block] * count, "xxh3_64"))
    one, two = (partial(_scans, stream, "xxh3_64", threads, 4) for threads in (1, 2))
    title = f"scan, xxh3_64, {_size(size * count)} in frames of {_size(size)}"
    lanes = [
        _native("threads-2", f"{title}, 2 threads", "threads=2", two, two, TWO_THREADS),
        _native("threads-1", "1 thread", "threads=1", one, one),
    ]
    return Group("threads", "R1", VERIFIED, 4 * count, "threads-1", lanes, 4 * count)


def scale_group(few: int, many: int) -> Group:
    """R0: one scan of many frames, beside as many frames in scans of few."""
    payloads = telemetry(few).payloads
    small = bytes(flatstream.frame_many(payloads))
    large = small * (many // few)
    scan, scans = partial(flatstream.scan, large), partial(_scans, small, "none", 1, many // few)
    lanes = [
        _native("many", f"scan, {many:,} frames at once", "one scan", scan, partial(_found, scan), SCALED),
        _native("few", f"{few:,} frames at a time", f"{many // few} scans", scans, scans),
    ]
    return Group("scale", "R0", TITLES["R0"], many, "few", lanes, many)


def _scans(stream: bytes, algorithm: str, threads: int, count: int) -> int:
    """The number of frames that so many scans find."""
    return sum(len(flatstream.scan(stream, algorithm, threads=threads).checked()) for _ in range(count))


def _size(size: int) -> str:
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"
