"""Memory policies: when a reader's buffer or a writer's builder gives back what a burst of large messages took.

A policy is asked after a successful operation, and only while the capacity is above its baseline (P1). Sizes and
capacities are bytes; times are seconds.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from flatstream.arguments import function, instance, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_BASELINE",
    "AdaptiveWatermarkPolicy",
    "MemoryPolicy",
    "NoOpPolicy",
    "ReclamationInfo",
    "ReclamationReason",
    "SizeThresholdPolicy",
]

DEFAULT_BASELINE: Final = 16384
"""P1: the capacity in bytes that nobody asks a policy about, and that shrinking goes back to."""


class ReclamationReason(Enum):
    """Why a policy gave memory back."""

    MESSAGE_COUNT = "message_count"
    TIME_COOLDOWN = "time_cooldown"
    SIZE_THRESHOLD = "size_threshold"


@dataclass(frozen=True, slots=True)
class ReclamationInfo:
    """One reclamation, as ``MemoryPolicy.on_reclaim`` is told of it."""

    reason: ReclamationReason
    last_message_size: int
    capacity_before: int
    capacity_after: int


class MemoryPolicy(ABC):
    """When to shrink. ``baseline`` is read once, when the policy is installed."""

    baseline: int = DEFAULT_BASELINE

    @abstractmethod
    def should_reset(self, last_message_size: int, current_capacity: int) -> ReclamationReason | None:
        """The reason to shrink now, or ``None``. Called after each successful operation above the baseline."""

    def on_reclaim(self, info: ReclamationInfo) -> None:  # noqa: B027  (optional to override)
        """Called after the memory was given back; does nothing unless overridden."""


class NoOpPolicy(MemoryPolicy):
    """Never shrinks: the default."""

    def should_reset(self, last_message_size: int, current_capacity: int) -> None:  # noqa: ARG002  (the interface)
        """No reason."""
        return


class AdaptiveWatermarkPolicy(MemoryPolicy):
    """Shrinks after a run of messages that are small beside the capacity (P2), or once the run lasted long enough (P3).

    A message is small beside the capacity if ``capacity >= size * shrink_ratio``. The run ends with the first message
    that is not, or that is empty. It fires when it counts ``messages_to_wait``, or when ``cooldown`` seconds of
    ``clock`` have passed since it began, which is then the reason given; firing ends the run.
    """

    def __init__(
        self,
        shrink_ratio: int = 4,
        messages_to_wait: int = 5,
        cooldown: float | None = None,
        *,
        baseline: int = DEFAULT_BASELINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.baseline = baseline
        self._shrink_ratio = _positive(shrink_ratio, "shrink_ratio")
        self._messages_to_wait = _positive(messages_to_wait, "messages_to_wait")
        if cooldown is not None and not cooldown >= 0:
            raise ValueError(f"cooldown must be a time in seconds, not {cooldown}")
        self._cooldown = cooldown
        self._clock = function(clock, "clock")
        self._count = 0
        self._since: float | None = None

    def should_reset(self, last_message_size: int, current_capacity: int) -> ReclamationReason | None:
        """The reason to shrink, the cooldown before the count."""
        if last_message_size == 0 or current_capacity < last_message_size * self._shrink_ratio:
            self._end_run()
            return None
        self._count += 1
        if self._cooldown is not None:
            now = self._clock()
            if self._since is None:
                self._since = now
            if now - self._since >= self._cooldown:
                self._end_run()
                return ReclamationReason.TIME_COOLDOWN
        if self._count >= self._messages_to_wait:
            self._end_run()
            return ReclamationReason.MESSAGE_COUNT
        return None

    def _end_run(self) -> None:
        self._count = 0
        self._since = None


class SizeThresholdPolicy(MemoryPolicy):
    """Shrinks after a run of small messages that follows a large one (P4).

    A message over ``grow_above`` arms the policy and restarts the run. While it is armed, messages under
    ``shrink_below`` count; at ``messages_to_wait`` it fires and is disarmed. Any other size restarts the run.
    """

    def __init__(
        self,
        grow_above: int = 2**20,
        shrink_below: int = 2**10,
        messages_to_wait: int = 8,
        *,
        baseline: int = DEFAULT_BASELINE,
    ) -> None:
        self.baseline = baseline
        self._grow_above = whole_number(grow_above, "grow_above")
        self._shrink_below = whole_number(shrink_below, "shrink_below")
        self._messages_to_wait = _positive(messages_to_wait, "messages_to_wait")
        self._armed = False
        self._count = 0

    def should_reset(self, last_message_size: int, current_capacity: int) -> ReclamationReason | None:  # noqa: ARG002  (this policy goes by the sizes of messages alone)
        """The reason to shrink, once enough small messages followed a large one."""
        large = last_message_size > self._grow_above
        if large:
            self._armed = True
        if large or not self._armed or last_message_size >= self._shrink_below:
            self._count = 0
            return None
        self._count += 1
        if self._count < self._messages_to_wait:
            return None
        self._armed = False
        self._count = 0
        return ReclamationReason.SIZE_THRESHOLD


def _positive(value: int, name: str) -> int:
    """``value`` if it is a whole number that a run of messages can reach, else ``ValueError`` naming ``name``."""
    if whole_number(value, name) < 1:
        raise ValueError(f"{name} must be 1 or more, not {value}")
    return value


class Installed:
    """A policy at work on one buffer: the one place that knows when it is asked (P1)."""

    def __init__(self, policy: MemoryPolicy) -> None:
        self._policy = instance(policy, MemoryPolicy, "a memory policy")  # type: ignore[type-abstract]
        self.baseline = policy.baseline
        if self.baseline < 0:
            raise ValueError(f"the baseline of a memory policy is a capacity in bytes, not {self.baseline}")

    def ask(self, size: int, capacity: int) -> ReclamationInfo | None:
        """What to reclaim after an operation on ``size`` bytes that went well, or ``None``."""
        if capacity <= self.baseline:
            return None
        reason = self._policy.should_reset(size, capacity)
        return reason and ReclamationInfo(reason, size, capacity, self.baseline)

    def reclaimed(self, info: ReclamationInfo) -> None:
        """Tell the policy that it was done."""
        self._policy.on_reclaim(info)
