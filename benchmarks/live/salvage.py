"""What salvage saves of streams that were damaged by a seed, and how often it is wrong."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict

import numpy as np

import flatstream
from flatstream.salvaging import Kept, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SalvageRow", "measured"]

STREAM: Final = 256 * 1024
"""Bytes of the payloads of a stream, about."""

DAMAGES: Final = 4
"""Damages of one kind to a stream."""

BLOCK: Final = 4096
"""Bytes of a page that is lost as a whole."""

MAX_FRAME_LEN: Final = 64 * 1024
"""What the streams are salvaged with, in payload bytes."""


class SalvageRow(TypedDict):
    """All streams of one algorithm with one kind of damage and one kind of payload."""

    algorithm: str
    payloads: str
    damage: str
    streams: int
    intact: int
    """Frames that the damage has not touched."""
    saved: int
    """Of these, those that were kept."""
    altered: int
    """Frames that were kept at their place, and hold bytes that were not written there."""
    false: int
    """Frames that were kept, and begin where none was written."""


Places: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
"""For each byte of a damaged stream the offset at which it was written, and -1 for what was never written."""


class _Damaged:
    """A stream, and where its bytes come from."""

    def __init__(self, stream: bytes) -> None:
        self.data = bytearray(stream)
        self.places: Places = np.arange(len(stream), dtype=np.int64)

    def replace(self, start: int, stop: int, data: bytes) -> None:
        """Put other bytes there, as many or not. One that is what it was is not damaged."""
        new = np.full(len(data), -1, dtype=np.int64)
        if len(data) == stop - start:
            same = np.frombuffer(bytes(self.data[start:stop]), np.uint8) == np.frombuffer(data, np.uint8)
            new[same] = self.places[start:stop][same]
        self.data[start:stop] = data
        self.places = np.concatenate([self.places[:start], new, self.places[stop:]])


def _flip(stream: _Damaged, random: Random) -> None:
    at = random.randrange(len(stream.data))
    stream.replace(at, at + 1, bytes([stream.data[at] ^ 1 << random.randrange(8)]))


def _page(stream: _Damaged, random: Random, fill: Callable[[int], bytes]) -> None:
    start = random.randrange(0, len(stream.data), BLOCK)
    stop = min(start + BLOCK, len(stream.data))
    stream.replace(start, stop, fill(stop - start))


def _cut(stream: _Damaged, random: Random) -> None:
    start = random.randrange(len(stream.data))
    stream.replace(start, start + random.randrange(1, BLOCK), b"")


def _insert(stream: _Damaged, random: Random) -> None:
    start = random.randrange(len(stream.data))
    stream.replace(start, start, random.randbytes(random.randrange(1, BLOCK)))


DAMAGE: Final[dict[str, Callable[[_Damaged, Random], None]]] = {
    "a bit flipped": _flip,
    "a page of noise": lambda stream, random: _page(stream, random, random.randbytes),
    "a page of zeros": lambda stream, random: _page(stream, random, bytes),
    "bytes cut out": _cut,
    "noise between": _insert,
}


def _telemetry(random: Random) -> Iterator[bytes]:
    event = flatstream.Record("Event", device_id="u64", timestamp="u64", value="f64", tag="string")
    for number in range(STREAM // 72):
        yield event.encode(
            device_id=random.randrange(100), timestamp=1_700_000_000 + number, value=random.random(), tag="boiler"
        )


def _mixed(random: Random) -> Iterator[bytes]:
    size = 0
    while size < STREAM:
        payload = random.randbytes(min(int(random.lognormvariate(5, 1.5)), MAX_FRAME_LEN))
        size += len(payload)
        yield payload


PAYLOADS: Final[dict[str, Callable[[Random], Iterator[bytes]]]] = {"telemetry": _telemetry, "noise": _mixed}
"""FlatBuffers tables of about 70 bytes, full of zeros and small numbers; and random bytes of very different sizes."""


def measured(streams: int, progress: Callable[[str], object]) -> list[SalvageRow]:
    """A row for each algorithm, kind of payload and damage, over so many streams each."""
    rows: list[SalvageRow] = []
    for algorithm in flatstream.checksum.BUILT_IN:
        for kind, make in PAYLOADS.items():
            progress(f"{algorithm}, {kind}")
            originals = [list(make(Random(f"{kind} {seed}"))) for seed in range(min(streams, 8))]
            for damage, harm in DAMAGE.items():
                counts = np.zeros(4, dtype=np.int64)
                for seed in range(streams):
                    counts += _counts(algorithm, originals[seed % len(originals)], harm, Random(f"{damage} {seed}"))
                intact, saved, altered, false = map(int, counts)
                rows.append(
                    SalvageRow(
                        algorithm=algorithm, payloads=kind, damage=damage, streams=streams,
                        intact=intact, saved=saved, altered=altered, false=false,
                    )
                )  # fmt: skip
    return rows


def _counts(
    algorithm: str, payloads: list[bytes], harm: Callable[[_Damaged, Random], None], random: Random
) -> tuple[int, int, int, int]:
    """Frames intact, saved, altered, false, of one stream."""
    whole = flatstream.frame_many(payloads, algorithm)
    header = 4 + flatstream.checksum.by_name(algorithm).width
    stream = _Damaged(bytes(whole))
    for _ in range(DAMAGES):
        harm(stream, random)
    starts = np.cumsum([0, *(header + len(payload) for payload in payloads)])
    lengths = {int(start): int(stop - start) for start, stop in pairwise(starts)}
    places = stream.places
    follows = np.concatenate([[0], np.cumsum((places[1:] == places[:-1] + 1) & (places[:-1] >= 0))])

    def untouched(at: int, length: int) -> bool:
        """Whether so many bytes from there on are what was written, one behind the other."""
        return places[at] >= 0 and at + length <= len(places) and follows[at + length - 1] - follows[at] == length - 1

    found = {int(places[at]): int(at) for at in np.flatnonzero(np.isin(places, starts[:-1]))}
    intact = sum(untouched(found[start], length) for start, length in lengths.items() if start in found)
    saved = altered = false = 0
    for at, length in _kept(stream.data, algorithm):
        if untouched(at, length) and lengths.get(int(places[at])) == length:
            saved += 1
            continue
        written = [int(start) for start in np.unique(places[at : at + length] - np.arange(length))]
        own = [start for start in written if lengths.get(start) == length]
        if any(whole[start : start + length] == stream.data[at : at + length] for start in own):
            continue  # bytes of others, as between two frames that begin alike, make it what was written
        altered += bool(own)
        false += not own
    return intact, saved, altered, false


def _kept(data: bytearray, algorithm: str) -> Iterator[tuple[int, int]]:
    """Offset and bytes of each frame that salvage keeps."""
    view = memoryview(data)
    for piece in pieces(view, algorithm, MAX_FRAME_LEN):
        if isinstance(piece, Kept):
            frames = flatstream.scan(view[piece.offset : piece.offset + piece.length], algorithm, MAX_FRAME_LEN)
            for start, length in zip(frames.checked().starts, frames.sizes, strict=True):
                yield piece.offset + start - frames.header, frames.header + length
