"""Mutants of the memory policies."""

from __future__ import annotations

from flatstream_conformance.mutants.base_policies import DEFAULT_BASELINE, Adaptive, Policies, Threshold
from flatstream_conformance.mutants.mutant import Catalogue

ASKING = Catalogue("policies")
ADAPTIVE = Catalogue("adaptive")
THRESHOLD = Catalogue("threshold")


def _zero_is_ignored(self: Adaptive, capacity: int, size: int, now: float) -> str | None:
    return Adaptive.told(self, capacity, size, now) if size else None


def _large_is_ignored(self: Adaptive, capacity: int, size: int, now: float) -> str | None:
    return Adaptive.told(self, capacity, size, now) if size == 0 or self.over_provisioned(capacity, size) else None


def _timer_from_any_message(self: Adaptive, capacity: int, size: int, now: float) -> str | None:
    reason = Adaptive.told(self, capacity, size, now)
    if reason is None and self.began is None:
        self.began = now
    return reason


def _time_alone(self: Adaptive, capacity: int, size: int, now: float) -> str | None:
    if self.cooled_down(now):
        self.clear()
        return "cooldown"
    return Adaptive.told(self, capacity, size, now)


def _clears_count_only(self: Adaptive) -> None:
    self.count = 0


def _clears_timer_only(self: Adaptive) -> None:
    self.began = None


def _count_keeps_timer(self: Adaptive, reason: str) -> None:
    began = self.began
    self.clear()
    if reason == "count":
        self.began = began


def _cooldown_keeps_count(self: Adaptive, reason: str) -> None:
    count = self.count
    self.clear()
    if reason == "cooldown":
        self.count = count


def _cooldown_keeps_timer(self: Adaptive, reason: str) -> None:
    began = self.began
    self.clear()
    if reason == "cooldown":
        self.began = began


def _starts_anew(self: Adaptive, now: float) -> None:
    self.began = now


def _count_wins(self: Adaptive, now: float) -> str | None:
    if self.counted_enough():
        return "count"
    return "cooldown" if self.cooled_down(now) else None


def _needs_both(self: Adaptive, now: float) -> str | None:
    if self.cooldown_ms is None:
        return "count" if self.counted_enough() else None
    return "cooldown" if self.cooled_down(now) and self.counted_enough() else None


def _only_cooldown_if_set(self: Adaptive, now: float) -> str | None:
    if self.cooldown_ms is not None:
        return "cooldown" if self.cooled_down(now) else None
    return "count" if self.counted_enough() else None


def _stays_armed(self: Threshold) -> None:
    self.count = 0


def _arms_without_restart(self: Threshold) -> None:
    self.armed = True


def _disarms(self: Threshold) -> None:
    self.armed = False
    self.count = 0


def _zero_is_not_small(self: Threshold, size: int) -> bool:
    return 0 < size < self.shrink_below


def _counts_from_the_start(self: Threshold, capacity: int, size: int, now: float) -> str | None:
    self.armed = True
    return Threshold.told(self, capacity, size, now)


def _one_more_small(self: Threshold, capacity: int, size: int, now: float) -> str | None:
    before = self.count
    if self.armed and not self.is_large(size) and self.is_small(size) and before < self.messages_to_wait:
        self.count += 1
        return None
    return Threshold.told(self, capacity, size, now)


BASELINE = "policy-baseline"
ASKING.add(
    "policy-asked-at-baseline",
    "P1",
    BASELINE,
    "a policy is asked at a capacity of exactly the baseline",
    ask=lambda _, policy, baseline, capacity, size, now: (
        policy.told(capacity, size, now) if capacity >= baseline else None
    ),
)
ASKING.add(
    "policy-always-asked",
    "P1",
    BASELINE,
    "a policy is asked below its baseline too",
    ask=lambda _self, policy, _baseline, capacity, size, now: policy.told(capacity, size, now),
)
ASKING.add(
    "policy-fixed-baseline",
    "P1",
    BASELINE,
    "the baseline of the policy is ignored for the default",
    ask=lambda self, policy, _baseline, capacity, size, now: Policies.ask(
        self, policy, DEFAULT_BASELINE, capacity, size, now
    ),
)
ASKING.add(
    "policy-told-below-baseline",
    "P1",
    BASELINE,
    "below the baseline a policy is told, and only its answer is not followed",
    ask=lambda _, policy, baseline, capacity, size, now: (
        policy.told(capacity, size, now) if capacity > baseline else policy.told(capacity, size, now) and None
    ),
)
ASKING.add(
    "policy-none-fires",
    "P1",
    BASELINE,
    "without a policy the buffer is shrunk by the default one",
    make=lambda self, spec: Policies.make(self, spec) if spec != "none" else Adaptive(4, 5, None),
)

COUNT = "policy-adaptive"
COOLDOWN = "policy-cooldown"
ADAPTIVE.add(
    "adaptive-ratio-exclusive",
    "P2",
    COUNT,
    "a capacity of exactly size times ratio does not count",
    over_provisioned=lambda self, capacity, size: size > 0 and capacity > size * self.shrink_ratio,
)
ADAPTIVE.add(
    "adaptive-ratio-fixed",
    "P2",
    COUNT,
    "the ratio that was given is ignored for 4",
    over_provisioned=lambda _, capacity, size: size > 0 and capacity >= size * 4,
)
ADAPTIVE.add(
    "adaptive-product-wraps",
    "P2",
    COUNT,
    "size times ratio wraps around at 32 bits",
    over_provisioned=lambda self, capacity, size: size > 0 and capacity >= size * self.shrink_ratio % 2**32,
)
ADAPTIVE.add(
    "adaptive-ratio-rounded",
    "P2",
    COUNT,
    "the capacity is divided by the ratio, and the quotient rounded up",
    over_provisioned=lambda self, capacity, size: 0 < size <= capacity // self.shrink_ratio + 1,
)
ADAPTIVE.add(
    "adaptive-quotient",
    "P2",
    COUNT,
    "the capacity is divided and rounded down first, then compared with a strict sign",
    over_provisioned=lambda self, capacity, size: size > 0 and capacity // size > self.shrink_ratio,
)
ADAPTIVE.add(
    "adaptive-zero-counts",
    "P2",
    COUNT,
    "a size of 0 counts as the most over-provisioned of all",
    over_provisioned=lambda self, capacity, size: capacity >= size * self.shrink_ratio,
)
ADAPTIVE.add("adaptive-zero-ignored", "P2", COUNT, "a size of 0 leaves the run as it is", told=_zero_is_ignored)
ADAPTIVE.add("adaptive-large-ignored", "P2", COUNT, "a large message leaves the run as it is", told=_large_is_ignored)
ADAPTIVE.add(
    "adaptive-one-late",
    "P2",
    COUNT,
    "the policy fires one message late",
    counted_enough=lambda self: self.count > self.messages_to_wait,
)
ADAPTIVE.add(
    "adaptive-one-early",
    "P2",
    COUNT,
    "the policy fires one message early",
    counted_enough=lambda self: self.count + 1 >= self.messages_to_wait,
)
ADAPTIVE.add(
    "adaptive-fires-on",
    "P2",
    COUNT,
    "firing does not end the run",
    fired=lambda *_arguments: None,
)
ADAPTIVE.add(
    "adaptive-fires-once",
    "P2",
    COUNT,
    "the policy fires only at the very message that completes the first run",
    counted_enough=lambda self: self.count == self.messages_to_wait,
    fired=lambda *_arguments: None,
)
ADAPTIVE.add(
    "adaptive-reason-cooldown",
    "P3",
    f"{COUNT} {COOLDOWN}",
    "the reason is always the cooldown",
    reason=lambda self, now: Adaptive.reason(self, now) and "cooldown",
)
ADAPTIVE.add(
    "adaptive-reason-count",
    "P3",
    COOLDOWN,
    "the reason is always the count",
    reason=lambda self, now: Adaptive.reason(self, now) and "count",
)
ADAPTIVE.add("cooldown-loses", "P3", COOLDOWN, "the count wins over the cooldown", reason=_count_wins)
ADAPTIVE.add("cooldown-needs-count", "P3", COOLDOWN, "both conditions must hold", reason=_needs_both)
ADAPTIVE.add(
    "cooldown-replaces-count", "P3", COOLDOWN, "with a cooldown the count is dead", reason=_only_cooldown_if_set
)
ADAPTIVE.add(
    "cooldown-exclusive",
    "P3",
    COOLDOWN,
    "more than the cooldown must have passed",
    cooled_down=lambda self, now: self.cooldown_ms is not None and now - self.began > self.cooldown_ms,
)
ADAPTIVE.add(
    "cooldown-early",
    "P3",
    COOLDOWN,
    "a millisecond less than the cooldown is enough",
    cooled_down=lambda self, now: self.cooldown_ms is not None and now - self.began + 1 >= self.cooldown_ms,
)
ADAPTIVE.add(
    "cooldown-never",
    "P3",
    COOLDOWN,
    "the cooldown is ignored",
    cooled_down=lambda *_arguments: False,
)
ADAPTIVE.add(
    "cooldown-in-seconds",
    "P3",
    COOLDOWN,
    "the cooldown is taken for seconds",
    cooled_down=lambda self, now: self.cooldown_ms is not None and now - self.began >= self.cooldown_ms * 1000,
)
ADAPTIVE.add(
    "cooldown-by-the-clock",
    "P3",
    COOLDOWN,
    "the clock itself is compared with the cooldown, not the time since the timer started",
    cooled_down=lambda self, now: self.cooldown_ms is not None and now >= self.cooldown_ms,
)
ADAPTIVE.add(
    "cooldown-restarts", "P3", COOLDOWN, "each message that counts restarts the timer", start_timer=_starts_anew
)
ADAPTIVE.add(
    "cooldown-from-any-message",
    "P3",
    COOLDOWN,
    "the timer starts with the first message, whether it counts or not",
    told=_timer_from_any_message,
)
ADAPTIVE.add("cooldown-by-time-alone", "P3", COOLDOWN, "the time fires whatever the message is", told=_time_alone)
ADAPTIVE.add("run-keeps-timer", "P3", COOLDOWN, "clearing the run leaves the timer", clear=_clears_count_only)
ADAPTIVE.add("run-keeps-count", "P2", COUNT, "clearing the run leaves the count", clear=_clears_timer_only)
ADAPTIVE.add("count-keeps-timer", "P3", COOLDOWN, "firing by count leaves the timer", fired=_count_keeps_timer)
ADAPTIVE.add("cooldown-keeps-count", "P3", COOLDOWN, "firing by cooldown leaves the count", fired=_cooldown_keeps_count)
ADAPTIVE.add("cooldown-keeps-timer", "P3", COOLDOWN, "firing by cooldown leaves the timer", fired=_cooldown_keeps_timer)

SIZES = "policy-threshold"
THRESHOLD.add(
    "threshold-arms-at", "P4", SIZES, "a size of exactly grow_above arms", is_large=lambda self, n: n >= self.grow_above
)
THRESHOLD.add(
    "threshold-counts-at",
    "P4",
    SIZES,
    "a size of exactly shrink_below counts",
    is_small=lambda self, n: n <= self.shrink_below,
)
THRESHOLD.add("threshold-zero-is-not-small", "P4", SIZES, "a size of 0 does not count", is_small=_zero_is_not_small)
THRESHOLD.add("threshold-always-armed", "P4", SIZES, "the policy is armed from the start", told=_counts_from_the_start)
THRESHOLD.add("threshold-stays-armed", "P4", SIZES, "firing leaves the policy armed", fired=_stays_armed)
THRESHOLD.add("threshold-no-restart", "P4", SIZES, "a size between leaves the run", interrupted=lambda _: None)
THRESHOLD.add("threshold-disarms", "P4", SIZES, "a size between disarms the policy", interrupted=_disarms)
THRESHOLD.add("threshold-large-no-restart", "P4", SIZES, "a large size leaves the run", arm=_arms_without_restart)
THRESHOLD.add("threshold-one-late", "P4", SIZES, "the policy fires one message late", told=_one_more_small)
THRESHOLD.add(
    "threshold-small-first",
    "P4",
    SIZES,
    "a size that is large and small counts as small",
    is_large=lambda self, size: size > self.grow_above and not (self.armed and self.is_small(size)),
)
