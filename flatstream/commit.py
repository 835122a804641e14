"""When frames are committed: after each one, many at once, by the caller's thread or by one of the journal's own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from flatstream.arguments import instance, whole_number

__all__ = ["Background", "Durability", "GroupCommit", "check_settings"]

Durability: TypeAlias = Literal["none", "flush", "fsync"]
"""What `write` returning promises of a frame; see `flatstream.journal`."""


@dataclass(frozen=True, slots=True)
class GroupCommit:
    """Commit many frames at once: as soon as one of these limits is reached by frames that are not committed.

    ``frames`` counts them, ``bytes`` is their size with headers, ``seconds`` the age of the first; ``None`` is no
    limit. An age needs somebody who looks at the clock, so that a journal with ``seconds`` writes in the background.
    """

    frames: int | None = None
    bytes: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.frames is None and self.bytes is None and self.seconds is None:
            raise ValueError("a group commit needs a limit: frames, bytes or seconds")
        for name in ("frames", "bytes"):
            value = getattr(self, name)
            if value is not None and whole_number(value, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {value}")
        if self.seconds is not None and not 0 < self.seconds < threading.TIMEOUT_MAX:
            raise ValueError(f"seconds must be more than 0, and not endless, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class Background:
    """Write in a thread of the journal's own: while there is room, a slow disk does not hold up whoever writes.

    ``queue_bytes`` bounds the frames that wait (as many more may be on their way to the disk, and a last frame may
    exceed it). When they are that many, ``when_full="wait"`` makes `write` wait, and ``"drop"`` makes it drop the frame
    and count it.
    """

    queue_bytes: int = 4 * 2**20
    when_full: Literal["wait", "drop"] = "wait"

    def __post_init__(self) -> None:
        if whole_number(self.queue_bytes, "queue_bytes") < 1:
            raise ValueError(f"queue_bytes must be 1 or more, not {self.queue_bytes}")
        if self.when_full not in {"wait", "drop"}:
            raise ValueError(f"when_full must be 'wait' or 'drop', not {self.when_full!r}")


def check_settings(durability: object, group: object, background: object) -> None:
    """``ValueError`` or ``TypeError`` for what makes no sense."""
    if durability not in get_args(Durability):
        raise ValueError(f"durability must be 'none', 'flush' or 'fsync', not {durability!r}")
    if group is not None:
        instance(group, GroupCommit, "a GroupCommit as group_commit")
        if durability == "none":
            raise ValueError("with durability 'none' there is no commit: group_commit is for 'flush' and 'fsync'")
    if background is not None:
        instance(background, Background, "a Background as background")
