"""Files, mappings and sockets: the same frames through the operating system, buffered and not; beside msgpack."""

from __future__ import annotations

import mmap
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import msgpack

import flatstream
from benchmarks.contenders.flatstream_vector import FlatStreamVector
from benchmarks.contenders.messagepack import MessagePack
from benchmarks.engines import BEST, on
from benchmarks.paths.folder import Folder
from benchmarks.read_paths import READAHEAD
from benchmarks.tiers import TITLES, Group, Lane, codec, iterate
from benchmarks.workloads import telemetry
from flatstream import StreamReader, StreamWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.workloads import Workload

__all__ = ["file_read_group", "file_write_group", "socket_read_group", "socket_write_group"]

WRITTEN: Final = "written"
"""Name of the file that is written."""

MSGPACK: Final = ".".join(map(str, msgpack.version))

Consumer: TypeAlias = Callable[[Iterable[Any]], object]
"""What is done with the frames, as long as their file is open: a generator around them would be work of its own."""


def file_write_group(count: int) -> Group:
    """F0 into a file that exists, from its start, up to the operating system (S5), not to the disk."""
    workload, files = telemetry(count), Folder()

    def own(buffering: int) -> None:
        with (files.path / WRITTEN).open("wb", buffering) as file:
            put = StreamWriter(file).write_payload
            for payload in workload.payloads:
                put(payload)

    def many() -> None:
        with (files.path / WRITTEN).open("wb", 0) as file:
            StreamWriter(file).write_many(workload.payloads)

    def peer(buffering: int) -> None:
        pack = msgpack.Packer().pack
        with (files.path / WRITTEN).open("wb", buffering) as file:
            for payload in workload.payloads:
                file.write(pack(payload))

    lanes = [
        _writing("buffered", "FlatStream: buffered file", "a BufferedWriter of 64 KiB", partial(own, READAHEAD), files),
        _writing("unbuffered", "FlatStream: unbuffered file", "a call of the system a frame", partial(own, 0), files),
        _writing("many", "FlatStream: unbuffered file, write_many", "all payloads in one call", many, files),
        _writing("msgpack", "msgpack: buffered file", "a BufferedWriter of 64 KiB", partial(peer, READAHEAD), files),
        _writing(
            "msgpack-unbuffered", "msgpack: unbuffered file", "a call of the system a message", partial(peer, 0), files
        ),
    ]
    return _group("F0-file", "F0", "into a file", workload, lanes)


def _writing(name: str, label: str, note: str, call: Callable[[], None], files: Folder) -> Lane:
    own = label.startswith("FlatStream")

    def output() -> list[bytes]:
        call()
        return _payloads_of((files.path / WRITTEN).read_bytes(), own=own)

    version = flatstream.__version__ if own else MSGPACK
    return Lane(name, label, version, note, on(BEST, call), on(BEST, output))


def _payloads_of(stream: bytes, *, own: bool) -> list[bytes]:
    contender = FlatStreamVector(engine=BEST) if own else MessagePack()
    return list(map(bytes, codec(contender, telemetry(1).shape).payloads(stream)))


def file_read_group(count: int) -> Group:
    """R0 from a file that is in the system's cache."""
    workload, files = telemetry(count), Folder()
    shape = workload.shape
    files.holding("framed", bytes(codec(FlatStreamVector(engine=BEST), shape).frame(workload.payloads)))
    files.holding("packed", bytes(codec(MessagePack(), shape).frame(workload.payloads)))

    def over(name: str, buffering: int, read: Callable[[BinaryIO], Iterable[Any]], consume: Consumer) -> object:
        with (files.path / name).open("rb", buffering) as file:
            return consume(read(file))

    def mapped(consume: Consumer) -> object:
        with (files.path / "framed").open("rb") as file:
            return consume(StreamReader(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))

    ways: list[tuple[str, str, str, Callable[[Consumer], object]]] = [
        (
            "buffered",
            "FlatStream: buffered file",
            "a BufferedReader of 64 KiB, no byte more than the frame; fresh bytes",
            partial(over, "framed", READAHEAD, partial(StreamReader, copy=True)),
        ),
        (
            "unbuffered",
            "FlatStream: unbuffered file",
            "two calls of the system a frame; fresh bytes",
            partial(over, "framed", 0, partial(StreamReader, copy=True)),
        ),
        (
            "ahead",
            "FlatStream: unbuffered file, reads ahead",
            f"readahead={READAHEAD}; fresh bytes",
            partial(over, "framed", 0, partial(StreamReader, copy=True, readahead=READAHEAD)),
        ),
        ("mapped", "FlatStream: mapped file", "views on the mapping", mapped),
        (
            "scan",
            "FlatStream: scan of a path",
            "maps the file and finds all frames at once",
            lambda consume: consume(flatstream.scan(files.path / "framed")),
        ),
        (
            "msgpack",
            "msgpack: unbuffered file",
            "Unpacker over the file, which reads ahead",
            partial(over, "packed", 0, msgpack.Unpacker),
        ),
    ]
    lanes = []
    for name, label, note, way in ways:
        call, output = partial(way, _drained), partial(way, _listed)
        version = MSGPACK if name == "msgpack" else flatstream.__version__
        lanes.append(Lane(name, label, version, note, on(BEST, call), on(BEST, output)))
    return _group("R0-file", "R0", "from a file", workload, lanes)


def _drained(frames: Iterable[Any]) -> None:
    for _ in frames:
        pass


def _listed(frames: Iterable[Any]) -> list[bytes]:
    return list(map(bytes, frames))


class _Pair:
    """Two connected sockets, whose buffers hold what a group sends; closed with this object."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        for end in (self.near, self.far):
            end.settimeout(10)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)

    def __del__(self) -> None:
        self.near.close()
        self.far.close()

    def drained(self, size: int) -> bytes:
        """So many bytes from the far end."""
        found = bytearray()
        while len(found) < size:
            found += self.far.recv(1 << 16)
        return bytes(found)


def socket_write_group(count: int) -> Group:
    """F0 into one end of a socket pair; taking it out of the other end is part of each row alike."""
    workload, pair = telemetry(count), _Pair()
    shape = workload.shape
    own_size = len(codec(FlatStreamVector(engine=BEST), shape).frame(workload.payloads))
    peer_size = len(codec(MessagePack(), shape).frame(workload.payloads))

    def own(buffering: int) -> bytes:
        with pair.near.makefile("wb", buffering=buffering) as file:
            put = StreamWriter(file).write_payload
            for payload in workload.payloads:
                put(payload)
            file.flush()
        return pair.drained(own_size)

    def peer(buffering: int) -> bytes:
        pack = msgpack.Packer().pack
        with pair.near.makefile("wb", buffering=buffering) as file:
            for payload in workload.payloads:
                file.write(pack(payload))
            file.flush()
        return pair.drained(peer_size)

    lanes = []
    for name, label, note, call, is_own in (
        ("buffered", "FlatStream: buffered socket", "makefile with 64 KiB", partial(own, READAHEAD), True),
        ("unbuffered", "FlatStream: unbuffered socket", "a call of the system a frame", partial(own, 0), True),
        ("msgpack", "msgpack: buffered socket", "makefile with 64 KiB", partial(peer, READAHEAD), False),
        ("msgpack-unbuffered", "msgpack: unbuffered socket", "a call of the system a message", partial(peer, 0), False),
    ):
        output = partial(_received, call, own=is_own)
        version = flatstream.__version__ if is_own else MSGPACK
        lanes.append(Lane(name, label, version, note, on(BEST, call), on(BEST, output)))
    return _group("F0-socket", "F0", "through a socket pair", workload, lanes)


def _received(call: Callable[[], bytes], *, own: bool) -> list[bytes]:
    return _payloads_of(call(), own=own)


def socket_read_group(count: int) -> Group:
    """R0 from one end of a socket pair; putting it into the other end, in one call, is part of each row alike."""
    workload, pair = telemetry(count), _Pair()
    shape = workload.shape
    framed = bytes(codec(FlatStreamVector(engine=BEST), shape).frame(workload.payloads))
    packed = bytes(codec(MessagePack(), shape).frame(workload.payloads))

    def first(stream: bytes, buffering: int, read: Callable[[Any], Iterable[Any]]) -> Iterable[Any]:
        """As many messages as were sent: the stream does not end."""
        pair.near.sendall(stream)
        with pair.far.makefile("rb", buffering=buffering) as file:
            for _, message in zip(range(count), read(file)):  # noqa: B905  (that one is longer is the point)
                yield message

    def unpacked(file: Any) -> Iterable[Any]:
        unpacker: Iterable[Any] = msgpack.Unpacker(file, read_size=len(packed))
        return unpacker

    ways: list[tuple[str, str, str, Callable[[], Iterable[Any]]]] = [
        (
            "buffered",
            "FlatStream: buffered socket",
            "makefile with 64 KiB; fresh bytes",
            partial(first, framed, READAHEAD, partial(StreamReader, copy=True)),
        ),
        (
            "unbuffered",
            "FlatStream: unbuffered socket",
            "two calls of the system a frame; fresh bytes",
            partial(first, framed, 0, partial(StreamReader, copy=True)),
        ),
        (
            "msgpack",
            "msgpack: unbuffered socket",
            "Unpacker over the socket's file, which reads ahead",
            partial(first, packed, 0, unpacked),
        ),
    ]
    lanes = []
    for name, label, note, frames in ways:
        call, output = partial(iterate, frames), lambda frames=frames: _listed(frames())
        version = MSGPACK if name == "msgpack" else flatstream.__version__
        lanes.append(Lane(name, label, version, note, on(BEST, call), on(BEST, output)))
    return _group("R0-socket", "R0", "through a socket pair", workload, lanes)


def _group(name: str, tier: str, where: str, workload: Workload, lanes: Sequence[Lane]) -> Group:
    title = f"{TITLES[tier]}, {where}"
    return Group(name, tier, title, len(workload), "msgpack", lanes, workload.payloads, workload.payload_bytes)
