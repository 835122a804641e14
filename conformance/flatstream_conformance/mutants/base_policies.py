"""Memory policies (P1 to P4)."""

from __future__ import annotations

from typing import Any, Protocol

DEFAULT_BASELINE = 16384


class Policy(Protocol):
    """Says whether a buffer should be shrunk, and why: `count` or `cooldown`."""

    def told(self, capacity: int, size: int, now: float) -> str | None:
        """Told of one message; `capacity` and `size` in bytes, `now` in milliseconds."""


class Adaptive:
    """AdaptiveWatermarkPolicy (P2, P3)."""

    def __init__(self, shrink_ratio: int, messages_to_wait: int, cooldown_ms: float | None) -> None:
        self.shrink_ratio = shrink_ratio
        self.messages_to_wait = messages_to_wait
        self.cooldown_ms = cooldown_ms
        self.count = 0
        self.began: float | None = None

    def told(self, capacity: int, size: int, now: float) -> str | None:
        """Told of one message."""
        if not self.over_provisioned(capacity, size):
            self.clear()
            return None
        self.count += 1
        self.start_timer(now)
        reason = self.reason(now)
        if reason is not None:
            self.fired(reason)
        return reason

    def over_provisioned(self, capacity: int, size: int) -> bool:
        """Whether the message counts; one of no bytes says nothing about the need for memory."""
        return size > 0 and capacity >= size * self.shrink_ratio

    def start_timer(self, now: float) -> None:
        """Start the timer if it is not running."""
        if self.began is None:
            self.began = now

    def reason(self, now: float) -> str | None:
        """Why the policy fires now; the cooldown wins over the count."""
        if self.cooled_down(now):
            return "cooldown"
        return "count" if self.counted_enough() else None

    def cooled_down(self, now: float) -> bool:
        """Whether the cooldown has passed since the timer started."""
        return self.cooldown_ms is not None and self.began is not None and now - self.began >= self.cooldown_ms

    def counted_enough(self) -> bool:
        """Whether the run is long enough."""
        return self.count >= self.messages_to_wait

    def fired(self, reason: str) -> None:  # noqa: ARG002  (a policy may not tell the reasons apart; a mutant does)
        """Firing for either reason ends the run."""
        self.clear()

    def clear(self) -> None:
        """End the run: count and timer."""
        self.count = 0
        self.began = None


class Threshold:
    """SizeThresholdPolicy (P4)."""

    def __init__(self, grow_above: int, shrink_below: int, messages_to_wait: int) -> None:
        self.grow_above = grow_above
        self.shrink_below = shrink_below
        self.messages_to_wait = messages_to_wait
        self.armed = False
        self.count = 0

    def told(self, capacity: int, size: int, now: float) -> str | None:  # noqa: ARG002  (the interface of a policy)
        """Told of one message."""
        if self.is_large(size):
            self.arm()
        elif self.armed and self.is_small(size):
            self.count += 1
            if self.count >= self.messages_to_wait:
                self.fired()
                return "count"
        else:
            self.interrupted()
        return None

    def is_large(self, size: int) -> bool:
        """Whether the message arms the policy."""
        return size > self.grow_above

    def is_small(self, size: int) -> bool:
        """Whether the message counts."""
        return size < self.shrink_below

    def arm(self) -> None:
        """A large message: wait for a run of small ones."""
        self.armed = True
        self.count = 0

    def interrupted(self) -> None:
        """A message of another size: the run starts anew."""
        self.count = 0

    def fired(self) -> None:
        """The policy fires once for each time it was armed."""
        self.armed = False
        self.count = 0


class Never:
    """No policy."""

    def told(self, capacity: int, size: int, now: float) -> None:
        """Told of one message."""


class Counting:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def told(self, capacity: int, size: int, now: float) -> None:  # noqa: ARG002  (the interface of a policy)
        """Told of one message."""
        self.asked += 1


class Policies:
    """Makes policies by the descriptions of the protocol, and asks them when they are to be asked (P1)."""

    def __init__(self, adaptive: type[Adaptive] = Adaptive, threshold: type[Threshold] = Threshold) -> None:
        self.adaptive = adaptive
        self.threshold = threshold

    def make(self, spec: Any) -> Policy:
        """The policy of a description."""
        if spec == "none":
            return Never()
        ((kind, settings),) = spec.items()
        return self.adaptive(**settings) if kind == "adaptive" else self.threshold(**settings)

    def ask(self, policy: Policy, baseline: int, capacity: int, size: int, now: float) -> str | None:
        """Ask, but only while the capacity is above the baseline."""
        return policy.told(capacity, size, now) if capacity > baseline else None
