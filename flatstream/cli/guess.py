"""Guessing the algorithm of a stream, which does not say it itself (W7).

A checksum that fits by chance has one chance in 2^(8N) for each frame, so that few frames make it as good as certain.
``none`` proves nothing: all that can be said is that the lengths lead from frame to frame to the end of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flatstream.checksum import BUILT_IN, NONE
from flatstream.cli.screen import plural
from flatstream.cli.source import opened
from flatstream.deframer import ChecksumDeframer
from flatstream.errors import ChecksumMismatch, InvalidFrame, StreamIOError, UnexpectedEof
from flatstream.feed import reading
from flatstream.reader import StreamReader
from flatstream.wire import LENGTH_FIELD, LENGTH_SIZE, MAX_CHECKSUM_WIDTH

if TYPE_CHECKING:
    from pathlib import Path

    from flatstream.checksum import Checksum
    from flatstream.cli.source import Url

__all__ = ["Guess", "chosen", "guess"]

SAMPLE: Final = 8 * 2**20
"""Bytes that are looked at, or the first frame if it is larger, up to `LARGEST`."""
LARGEST: Final = 256 * 2**20
FRAMES: Final = 1000
"""Frames that are looked at."""

_LEVELS: Final = ((64, "certain"), (32, "very likely"), (16, "likely"))
"""From that many bits of checksum that fitted."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest algorithm, and how likely it is."""

    algorithm: str
    sure: str
    """``certain``, ``very likely``, ``likely``, or ``open``: then it is no more than the first that may be."""
    reason: str
    also_fit: tuple[str, ...]
    """Other algorithms under which what was looked at is faultless too."""
    verified: int
    """Frames whose checksum is right and not zero, since zeros are right too easily."""
    tried: int
    """Frames that were looked at under this algorithm."""

    @property
    def proven(self) -> bool:
        """Whether checksums speak for it, and not only lengths."""
        return self.verified > 0 and self.sure != "open"

    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "sure": self.sure,
            "reason": self.reason,
            "also_fit": list(self.also_fit),
            "verified_frames": self.verified,
            "tried_frames": self.tried,
        }


@dataclass(slots=True)
class _Trial:
    """The start of the file, read under one algorithm."""

    checksum: Checksum
    verified: int = 0
    right: int = 0
    filled: int = 0
    wrong: int = 0
    whole: bool = True
    """Whether the lengths lead to the end of what was looked at, and not beyond the file."""

    @property
    def fits(self) -> bool:
        return self.whole and not self.wrong

    @property
    def bits(self) -> int:
        return 8 * self.checksum.width * self.verified


def chosen(path: Path | Url, name: str | None) -> tuple[str, Guess | None]:
    """The algorithm that was named, or else the one guessed, and the guess."""
    if name is not None:
        return name, None
    guessed = guess(path)
    return guessed.algorithm, guessed


def guess(path: Path | Url) -> Guess:
    """Try the four algorithms on the start of the file. ``OSError`` or ``StreamIOError`` if it cannot be read."""
    with opened(path) as (file, size):
        read = reading(file)
        try:
            file.seek(0)
            head = read(LENGTH_SIZE)
            first = LENGTH_FIELD.unpack(head)[0] if len(head) == LENGTH_SIZE else 0
            head += read(max(SAMPLE, min(first + MAX_CHECKSUM_WIDTH, LARGEST)))
        except Exception as cause:  # distant file systems have kinds of their own
            raise StreamIOError("reading") from cause
    if not head:
        names = tuple(BUILT_IN)
        return Guess(NONE.name, "open", "an empty file is a stream of every algorithm", names[1:], 0, 0)
    trials = [_tried(head, size, checksum) for checksum in BUILT_IN.values()]
    best = max(trials, key=lambda trial: trial.bits)
    if best.bits and best.verified >= best.wrong:
        sure = next(name for bits, name in _LEVELS if best.bits >= bits)
        return _guess(best, trials, sure, f"the checksum is right in {best.right:,} of {_tested(best)}")
    fitting = [trial for trial in trials if trial.fits]
    if not fitting:
        furthest = max(trials, key=lambda trial: trial.right)
        alone = furthest.filled > 1 and not any(trial.right for trial in trials if trial is not furthest)
        reason = "not one frame is whole under any algorithm"
        if furthest.right:
            reason = f"the lengths lead through {plural(furthest.right, 'frame')}, and under no algorithm to the end"
        return _guess(furthest, trials, "likely" if alone else "open", reason)
    likely = "likely" if len(fitting) == 1 and fitting[0].filled else "open"
    if len(fitting) == 1 and fitting[0].checksum is NONE:
        reason = f"the lengths of {plural(fitting[0].right, 'frame')} lead on without a fault, and no checksum is right"
    else:
        reason = "the lengths lead on without a fault, but no checksum says anything"
    return _guess(fitting[0], trials, likely, reason)


def _tested(trial: _Trial) -> str:
    return plural(trial.right + trial.wrong, "frame")


def _guess(taken: _Trial, trials: list[_Trial], sure: str, reason: str) -> Guess:
    also = tuple(trial.checksum.name for trial in trials if trial.fits and trial is not taken)
    return Guess(taken.checksum.name, sure, reason, also, taken.verified, taken.right + taken.wrong)


def _tried(head: bytes, size: int, checksum: Checksum) -> _Trial:
    trial = _Trial(checksum)
    reader = StreamReader(head, ChecksumDeframer(checksum))
    while trial.right + trial.wrong < FRAMES:
        try:
            payload = reader.read_message()
        except ChecksumMismatch:
            trial.wrong += 1
            continue
        except InvalidFrame:
            trial.whole = False
            break
        except UnexpectedEof as error:
            # Where what was looked at ends, a frame may be cut; a file that is read to its end has none.
            begin = (error.offset or 0) + LENGTH_SIZE + checksum.width
            trial.whole = len(head) < size and (error.field != "payload" or begin + error.needed <= size)
            break
        if payload is None:
            break
        trial.right += 1
        trial.filled += bool(payload)
        start = reader.offset - len(payload)
        trial.verified += any(head[start - checksum.width : start])
    return trial
